import { randomUUID } from "node:crypto";
import { tables } from "../model.ts";
import type { OrganizationData, Row } from "../organization-data.ts";
import { notServed, refuse } from "../refusal.ts";
import { fullName } from "./full-name.ts";
import type { TableRules } from "./rules.ts";

/** Application users as wire facts D6 have them. Human users come from Microsoft 365 licences, never from this API. */
export const userRules: TableRules = {
  create(data, _caller, row) {
    const clientId = row.applicationid as string | null | undefined;
    if (!clientId) notServed("creating a user that is not an application user");
    if (!row.businessunitid) {
      refuse(data.switch("missingBusinessUnitCode") === "0x80040530" ? "UserBusinessUnitMissing" : "Unexpected");
    }
    const { tenantId } = data.organization;
    const { directory } = data.context;
    const principal = directory.servicePrincipal(tenantId, clientId);
    if (!principal) {
      refuse(
        "ApplicationNotInDirectory",
        [clientId, randomUUID()],
        Number(data.switch("missingServicePrincipalStatus")),
      );
    }
    // Soft-deleted users count: the platform allows one row per application and environment.
    if ([...data.rows("systemuser").values()].some((user) => user.applicationid === clientId)) {
      const [status, code] = data.switch("duplicateApplicationUser").split(" ");
      if (code === "0x80040237") refuse("DuplicateRecord");
      refuse("ApplicationIdExists", [clientId], Number(status));
    }
    const userName = `${principal.displayName.replace(/\s+/g, "")}${clientId}@${tenantId}.com`;
    Object.assign(row, {
      accessmode: row.accessmode ?? 4, // non-interactive
      firstname: "#",
      lastname: principal.displayName,
      fullname: `# ${principal.displayName}`,
      yomifullname: `# ${principal.displayName}`,
      ownerid: row.systemuserid,
      domainname: userName,
      internalemailaddress: row.internalemailaddress ?? userName,
      applicationiduri: directory.application(clientId)?.identifierUris[0] ?? null,
      azureactivedirectoryobjectid: data.switch("objectIdFilled") === "at creation" ? principal.id : null,
      islicensed: false,
      issyncwithdirectory: false,
      identityid: data.rows("systemuser").size + 1,
    } satisfies Row);
  },

  created(data, row) {
    joinDefaultTeam(data, row);
  },

  update(_data, _caller, row, changes) {
    if (row.applicationid) checkApplicationUser(row, changes);
    else checkHumanUser(row, changes);
  },

  updated(data, row, changes) {
    if (!changes.businessunitid) return;
    const id = row.systemuserid as string;
    const isDefault = (team: unknown) => data.find("team", team as string)?.isdefault;
    const team = data.linked("teammembership", "systemuserid", id, "teamid").find(isDefault);
    if (team && data.get("team", team).businessunitid === changes.businessunitid) return;
    data.unlink("teammembership", (link) => link.systemuserid === id && link.teamid === team);
    joinDefaultTeam(data, row);
    // Roles belong to the old business unit; the organization may choose to keep them (create-edit-business-units).
    if (!data.setting("DoNotRemoveRolesOnChangeBusinessUnit")) leave(data, id, ["systemuserroles"]);
  },

  /** The first DELETE is soft, the second final; a person goes only with the Microsoft 365 account. */
  remove(data, row) {
    const id = row.systemuserid as string;
    if (!row.applicationid) refuse("UserInDirectory", [id, row.azureactivedirectoryobjectid, "Exists"]);
    if (row.deletedstate === 1) return false;
    if (!row.isdisabled) refuse("UserNotDisabled", [id], Number(data.switch("deleteEnabledUserStatus")));
    if (ownsRows(data, id)) refuse("UserOwnsRecords", [id]);
    leave(data, id, ["systemuserroles", "teammembership"]);
    data.update(row, { deletedstate: 1, modifiedon: data.now() });
    return true;
  },
};

/** Makes a user a member of its business unit's default team, as the platform does. */
export function joinDefaultTeam(data: OrganizationData, user: Row): void {
  const team = [...data.rows("team").values()].find(
    (team) => team.isdefault && team.businessunitid === user.businessunitid,
  );
  if (!team) return;
  const ids = { systemuserid: user.systemuserid as string, teamid: team.teamid as string };
  data.link("teammembership", ids);
}

/** Whether a user or team owns any row. */
export function ownsRows(data: OrganizationData, owner: string): boolean {
  return tables.some(
    ({ ownership, logicalName }) =>
      // Nothing says that the jobs it started keep a user from being deleted.
      ownership === "UserOwned" &&
      logicalName !== "asyncoperation" &&
      [...data.rows(logicalName).values()].some((row) => row.ownerid === owner),
  );
}

/** Only business unit, email and state of an application user can be changed, the state only together with applicationid. */
function checkApplicationUser(row: Row, changes: Row): void {
  const changed = (name: string) => name in changes && (changes[name] ?? null) !== (row[name] ?? null);
  if (row.deletedstate === 1) refuse("ApplicationUserReadOnly"); // a soft-deleted user cannot be restored
  if (changed("accessmode")) refuse("AccessModeFixed");
  checkDirectoryColumns(changed);
  if (["applicationid", "applicationiduri", "domainname", "firstname", "lastname"].some(changed)) {
    refuse("ApplicationUserReadOnly");
  }
  if (changed("isdisabled") && !("applicationid" in changes)) refuse("ApplicationUserReadOnly");
  if (changes.businessunitid === null) refuse("RequiredNull", ["businessunitid", "systemuser"]);
}

function checkHumanUser(row: Row, changes: Row): void {
  const changed = (name: string) => name in changes && (changes[name] ?? null) !== (row[name] ?? null);
  checkDirectoryColumns(changed);
  if (changed("applicationid")) refuse("ApplicationUserReadOnly");
  if (changes.businessunitid === null) refuse("RequiredNull", ["businessunitid", "systemuser"]);
  changes.fullname = fullName(row, changes);
  changes.yomifullname = changes.fullname;
}

function checkDirectoryColumns(changed: (name: string) => boolean): void {
  if (changed("azureactivedirectoryobjectid")) refuse("ObjectIdFixed");
  if (changed("islicensed")) refuse("IsLicensedFixed");
  if (changed("issyncwithdirectory")) refuse("IsSyncFixed");
}

function leave(data: OrganizationData, userId: string, intersects: readonly string[]): void {
  for (const intersect of intersects) data.unlink(intersect, (link) => link.systemuserid === userId);
}
