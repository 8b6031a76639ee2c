import { expect } from "vitest";
import { addUser, disableUser, giveConsent, handMade, principalOf, renewConsent } from "../support/by-hand.ts";
import { type Scenario, sweep } from "../support/fault-sweep.ts";
import type { World } from "../support/fault-world.ts";

const rowId = "05e00000-0000-4000-8000-000000000001";

/** Every row of the application, soft-deleted ones too. `stale`: of a service principal that is not the tenant's. */
async function look(world: World) {
  const columns = "systemuserid,internalemailaddress,isdisabled,deletedstate,azureactivedirectoryobjectid";
  const found = await world.rows(
    `systemusers?$select=${columns}&$expand=businessunitid($select=name)&$filter=applicationid eq ${world.applicationId}`,
  );
  const principal = await principalOf(world);
  return found.map((row) => ({
    ours: row.systemuserid === rowId,
    email: row.internalemailaddress,
    unit: (row.businessunitid as { name: string }).name,
    enabled: row.isdisabled === false,
    softDeleted: row.deletedstate === 1,
    stale: row.azureactivedirectoryobjectid !== principal,
  }));
}

const declared = ({ target, applicationId }: World) => ({
  ...target,
  applicationId,
  primaryEmail: "orders@contoso.example",
  rowId,
});
const moved = (world: World) => ({
  ...declared(world),
  primaryEmail: "support@contoso.example",
  businessUnit: "Sales",
});
/** Of the service principal that the tenant has now. */
const ofPrincipal = async (world: World) => ({ ...declared(world), servicePrincipalId: await principalOf(world) });

const user = {
  ours: true,
  email: "orders@contoso.example",
  unit: "Fabrikam",
  enabled: true,
  softDeleted: false,
  stale: false,
};
const movedUser = { ...user, email: "support@contoso.example", unit: "Sales" };

const made: Scenario = {
  name: "an application user, disabled by somebody before it is changed",
  type: "ApplicationUser",
  prepare: giveConsent,
  declared,
  changed: moved,
  meanwhile: (world) => disableUser(world, rowId),
  look,
  expected: { before: [], made: [user], changed: [movedUser] },
};

const adopted: Scenario = {
  name: "an application user that somebody made",
  type: "ApplicationUser",
  async prepare(world) {
    await giveConsent(world);
    await addUser(world, { internalemailaddress: "by-hand@contoso.example" });
    await disableUser(world, handMade.user);
  },
  declared,
  changed: moved,
  look,
  expected: {
    before: [{ ...user, ours: false, email: "by-hand@contoso.example", enabled: false }],
    made: [{ ...user, ours: false }],
    changed: [{ ...movedUser, ours: false }],
    remains: true,
  },
  always: async (world) => expect(await look(world)).toMatchObject([{ ours: false, softDeleted: false }]),
};

const afterAnother: Scenario = {
  name: "an application user after one that was soft-deleted",
  type: "ApplicationUser",
  operations: ["create"],
  async prepare(world) {
    await giveConsent(world);
    await addUser(world);
    await disableUser(world, handMade.user);
    await world.dataverse("DELETE", `systemusers(${handMade.user})`);
  },
  declared,
  changed: moved,
  look,
  expected: {
    before: [{ ...user, ours: false, email: expect.any(String), enabled: false, softDeleted: true }],
    made: [user],
    changed: [movedUser],
    deleted: [],
  },
};

const stale: Scenario = {
  name: "an application user of a service principal that is gone, left by a run that did not come to know it",
  type: "ApplicationUser",
  operations: ["create"],
  async prepare(world) {
    await giveConsent(world);
    await addUser(world, { systemuserid: rowId });
    await renewConsent(world);
  },
  declared: ofPrincipal,
  changed: ofPrincipal,
  look,
  expected: {
    before: [{ ...user, email: expect.any(String), stale: true }],
    made: [user],
    changed: [user],
    deleted: [],
  },
};

const replaced: Scenario = {
  name: "an application user after consent was withdrawn and given again",
  type: "ApplicationUser",
  operations: ["update"],
  prepare: giveConsent,
  declared: ofPrincipal,
  meanwhile: renewConsent,
  changed: ofPrincipal,
  look,
  expected: { before: [], made: [user], changed: [user] },
};

sweep([made, adopted, afterAnother, stale, replaced]);
