import { guidOf } from "../store.ts";
import { tableNamed } from "./model.ts";
import type { OrganizationData, Row } from "./organization-data.ts";
import { createDefaultTeam } from "./rules/business-units.ts";
import { activeSolutionId, managed, rootColumns } from "./rules/roles.ts";
import { defaultPublisherId, defaultSolutionId } from "./rules/solutions.ts";
import { joinDefaultTeam } from "./rules/users.ts";
import { callerOf } from "./security.ts";
import { systemRoles } from "./system-roles.ts";
import { createRow, initialColumns } from "./writing.ts";

/** Application users that Microsoft puts into every environment; no stack may touch them. */
const platformApplications = {
  "Power Apps Checker Application": "c9299480-c13a-49db-a7f0-cdfe54be7b5a",
  "Power Platform Dataflows Common Data Service Client": "99335b6b-7d9d-4216-8dee-883b26e0ccf7",
  "Dataverse Resource Provider": "7d0e5b4d-0a37-4f4c-9f38-3b1d4c0a4c9b",
};

const accountNames = ["Fourth Coffee", "Litware", "Adventure Works", "Fabrikam", "Blue Yonder Airlines"];

/**
 * Fills an empty organization as Microsoft hands one over: root business unit, system roles, the platform's users; with
 * the tenant's administrator (the application and the person), business units, and a few business rows that they own.
 */
export function seedOrganization(data: OrganizationData): void {
  if (data.rows("organization").size > 0) return;
  const administrator = data.context.directory.servicePrincipals.get(data.organization.administratorId)!;
  const administratorId = guidOf(`${data.organization.id} administrator`);
  const insert = (table: string, row: Row): Row => insertRow(data, administratorId, table, row);

  insert("organization", {
    organizationid: data.organization.id,
    name: `unq${data.organization.id.replaceAll("-", "").slice(0, 24)}`,
    languagecode: 1033,
  });
  const root = insert("businessunit", {
    businessunitid: guidOf(`${data.organization.id} root business unit`),
    name: data.organization.friendlyName,
  });
  createDefaultTeam(data, root, administratorId);
  seedRoles(data, insert, root.businessunitid as string);

  const administratorUser = insertUser(data, insert, ["System Administrator"], {
    ...applicationUser(administrator),
    systemuserid: administratorId,
  });
  for (const person of data.context.directory.users.values()) {
    if (person.tenantId !== data.organization.tenantId) continue;
    const [firstname, ...rest] = person.displayName.split(" ");
    insertUser(data, insert, ["System Administrator"], {
      systemuserid: guidOf(`${data.organization.id} ${person.id}`),
      azureactivedirectoryobjectid: person.id,
      domainname: person.userPrincipalName,
      internalemailaddress: person.userPrincipalName,
      fullname: person.displayName,
      firstname,
      lastname: rest.join(" "),
      accessmode: 0,
      islicensed: true,
      issyncwithdirectory: true,
    });
  }
  for (const [displayName, appId] of Object.entries(platformApplications)) {
    const id = guidOf(`principal ${data.organization.tenantId} ${appId}`);
    insertUser(data, insert, ["Service Reader", "Service Writer", "Service Deleter"], {
      ...applicationUser({ appId, displayName, id }),
      systemuserid: guidOf(`${data.organization.id} ${appId}`),
    });
  }
  seedSolutions(data, insert);
  seedRecords(data, insert, administratorId, root.businessunitid as string);
  seedBusinessUnits(data, administratorUser);
}

/** Makes the seed's business units as the administrator would: each gets its default team and a copy of every role. */
function seedBusinessUnits(data: OrganizationData, administrator: Row): void {
  const ids = new Map<string, string>();
  for (const { name, parent } of data.organization.businessUnits ?? []) {
    const parentbusinessunitid = parent ? ids.get(parent) : (data.rootBusinessUnit.businessunitid as string);
    if (!parentbusinessunitid) throw new Error(`The seed has no business unit '${parent}' before '${name}'.`);
    const id = guidOf(`${data.organization.id} business unit ${name}`);
    const payload = { columns: { name, parentbusinessunitid }, links: [] };
    createRow(data, callerOf(data, administrator), tableNamed("businessunit"), payload, id);
    ids.set(name, id);
  }
}

function insertRow(data: OrganizationData, administratorId: string, table: string, row: Row): Row {
  const { columns } = tableNamed(table);
  const now = data.now();
  return data.insert(table, {
    ...initialColumns(data, tableNamed(table)),
    ...(columns.organizationid && table !== "organization" ? { organizationid: data.organization.id } : {}),
    createdon: now,
    createdby: administratorId,
    modifiedon: now,
    modifiedby: administratorId,
    ...row,
  });
}

function applicationUser({ appId, displayName, id }: { appId: string; displayName: string; id: string }): Row {
  return {
    applicationid: appId,
    azureactivedirectoryobjectid: id,
    firstname: "#",
    lastname: displayName,
    fullname: `# ${displayName}`,
    domainname: `${displayName.replace(/\s+/g, "")}${appId}`,
    accessmode: 4,
  };
}

function insertUser(
  data: OrganizationData,
  insert: (table: string, row: Row) => Row,
  roleNames: readonly string[],
  user: Row,
): Row {
  const row = insert("systemuser", {
    ownerid: user.systemuserid,
    yomifullname: user.fullname,
    windowsliveid: user.applicationid ? null : user.domainname,
    businessunitid: data.rootBusinessUnit.businessunitid,
    identityid: data.rows("systemuser").size + 1,
    ...user,
  });
  joinDefaultTeam(data, row);
  for (const role of data.rows("role").values()) {
    if (!roleNames.includes(role.name as string)) continue;
    data.link("systemuserroles", {
      systemuserid: row.systemuserid as string,
      roleid: role.roleid as string,
    });
  }
  return row;
}

function seedRoles(data: OrganizationData, insert: (table: string, row: Row) => Row, businessUnitId: string): void {
  for (const { name, templateId, id, privileges } of systemRoles) {
    if (templateId) insert("roletemplate", { roletemplateid: templateId, name });
    const roleid = id ?? guidOf(`${data.organization.id} role ${name}`);
    const role = insert("role", {
      roleid,
      name,
      businessunitid: businessUnitId,
      roletemplateid: templateId ?? null,
      ...rootColumns(data, roleid),
      ismanaged: true,
      iscustomizable: managed("iscustomizableanddeletable", true),
      canbedeleted: managed("canbedeleted", false),
    });
    data.setPrivilegesOfRole(role, privileges);
  }
}

function seedSolutions(data: OrganizationData, insert: (table: string, row: Row) => Row): void {
  const microsoft = guidOf("publisher MicrosoftCorporation");
  insert("publisher", {
    publisherid: microsoft,
    uniquename: "MicrosoftCorporation",
    friendlyname: "MicrosoftCorporation",
    customizationprefix: "",
    isreadonly: true,
  });
  insert("publisher", {
    publisherid: defaultPublisherId,
    uniquename: "DefaultPublisher",
    friendlyname: "Default Publisher",
    customizationprefix: "new",
    customizationoptionvalueprefix: 10000,
  });
  const solution = (solutionid: string, uniquename: string, friendlyname: string) =>
    insert("solution", {
      solutionid,
      uniquename,
      friendlyname,
      version: "1.0",
      publisherid: uniquename === "Default" ? defaultPublisherId : microsoft,
      isvisible: uniquename === "Default",
      installedon: data.now(),
    });
  solution(defaultSolutionId, "Default", "Default Solution");
  solution(activeSolutionId, "Active", "Active Solution");
}

function seedRecords(
  data: OrganizationData,
  insert: (table: string, row: Row) => Row,
  administratorId: string,
  businessUnitId: string,
): void {
  const owner = { ownerid: administratorId, owninguser: administratorId, owningbusinessunit: businessUnitId };
  const account = (name: string) => guidOf(`${data.organization.id} account ${name}`);
  for (const name of accountNames) insert("account", { accountid: account(name), name, ...owner });
  for (const [index, fullname] of ["Yvonne McKay", "Susanna Stubberod"].entries()) {
    const [firstname, lastname] = fullname.split(" ");
    const parentcustomerid = account(accountNames[index]!);
    const contactid = guidOf(`${data.organization.id} contact ${fullname}`);
    insert("contact", { contactid, fullname, firstname, lastname, parentcustomerid, ...owner });
  }
}
