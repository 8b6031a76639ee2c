import { tableNamed } from "./model.ts";
import { type OrganizationData, type Row, systemAdministratorTemplate } from "./organization-data.ts";
import { DataverseError } from "./refusal.ts";
import { callerOf } from "./security.ts";
import { createRow } from "./writing.ts";

/**
 * Makes an application a System Administrator, as `addAppUser` of the Power Platform admin API does: an application user in
 * the root business unit with that role. One that is there is left as it is; where Dataverse refuses the user (an application
 * that the tenant does not know), nothing happens.
 */
export function addApplicationUser(data: OrganizationData, applicationId: string): void {
  if ([...data.rows("systemuser").values()].some((user) => user.applicationid === applicationId)) return;
  const role = [...data.rows("role").values()].find(isSystemAdministrator)!;
  const roleid = role.roleid as string;
  const [administratorId] = data.linked("systemuserroles", "roleid", roleid, "systemuserid"); // there is always one
  const columns = { applicationid: applicationId, businessunitid: role.businessunitid };
  try {
    const caller = callerOf(data, data.get("systemuser", administratorId!));
    const user = createRow(data, caller, tableNamed("systemuser"), { columns, links: [] });
    data.link("systemuserroles", { systemuserid: user.systemuserid as string, roleid });
  } catch (error) {
    if (!(error instanceof DataverseError)) throw error;
  }
}

/** Whether a role is System Administrator of the root business unit. */
function isSystemAdministrator(role: Row): boolean {
  return role.roletemplateid === systemAdministratorTemplate && role.roleid === role.parentrootroleid;
}
