import type { Row, World } from "./fault-world.ts";

/** What the subscriber's administrator does by hand in a world of faults. */

/** Ids of the rows that are made by hand. */
export const handMade = {
  user: "a0000000-0000-4000-8000-000000000001",
  role: "a0000000-0000-4000-8000-000000000002",
  otherRole: "a0000000-0000-4000-8000-000000000003",
};

/** The application's service principal in the subscriber's tenant: undefined without consent. */
export async function principalOf({ graph, applicationId }: World): Promise<string | undefined> {
  return (await graph("GET", `/servicePrincipals(appId='${applicationId}')`))?.id as string | undefined;
}

export const giveConsent = ({ graph, applicationId }: World) =>
  graph("POST", "/servicePrincipals", { appId: applicationId });

/** Withdrawn, and given again: a new service principal. */
export async function renewConsent(world: World) {
  await world.graph("DELETE", `/servicePrincipals/${await principalOf(world)}`);
  return giveConsent(world);
}

async function unitNamed({ rows }: World, name: string): Promise<string> {
  const [row] = await rows(`businessunits?$select=businessunitid&$filter=name eq '${name}'`);
  return row!.businessunitid as string;
}

/** An application user in a business unit; the root one is called Fabrikam. */
export async function addUser(world: World, row: Row = {}, unit = "Fabrikam") {
  await world.dataverse("POST", "systemusers", {
    systemuserid: handMade.user,
    applicationid: world.applicationId,
    "businessunitid@odata.bind": `/businessunits(${await unitNamed(world, unit)})`,
    ...row,
  });
}

export const disableUser = ({ dataverse, applicationId }: World, userId: string) =>
  dataverse("PATCH", `systemusers(${userId})`, { isdisabled: true, applicationid: applicationId });

/** A role in the root business unit, which reads accounts and contacts everywhere. */
export async function addRole(world: World, name: string, roleid: string) {
  await world.dataverse("POST", "roles", {
    roleid,
    name,
    "businessunitid@odata.bind": `/businessunits(${await unitNamed(world, "Fabrikam")})`,
  });
  const found = await world.rows("privileges?$filter=name eq 'prvReadAccount' or name eq 'prvReadContact'");
  const Privileges = found.map(({ privilegeid }) => ({ PrivilegeId: privilegeid, Depth: "Global" }));
  await world.dataverse("POST", `roles(${roleid})/Microsoft.Dynamics.CRM.AddPrivilegesRole`, { Privileges });
}

/** Gives the user of {@link addUser} the copy of a role that its business unit has. */
export async function assign({ dataverse, rows, target }: World, name: string) {
  const user = await dataverse("GET", `systemusers(${handMade.user})?$select=_businessunitid_value`);
  const unit = user!._businessunitid_value;
  const [role] = await rows(`roles?$select=roleid&$filter=name eq '${name}' and _businessunitid_value eq ${unit}`);
  await dataverse("POST", `systemusers(${handMade.user})/systemuserroles_association/$ref`, {
    "@odata.id": `${target.environmentUrl}/api/data/v9.2/roles(${role!.roleid})`,
  });
}

/** Names of the roles that the user of {@link addUser} holds. */
export async function rolesHeld({ rows }: World): Promise<unknown[]> {
  const held = await rows(`systemusers(${handMade.user})/systemuserroles_association?$select=name`);
  return held.map(({ name }) => name).sort();
}
