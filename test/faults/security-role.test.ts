import { addRole, handMade } from "../support/by-hand.ts";
import { type Scenario, sweep } from "../support/fault-sweep.ts";
import type { World } from "../support/fault-world.ts";

const rowId = "5ec00000-0000-4000-8000-000000000001";

/** Every role of the root business unit that somebody made: whose it is, and what it allows on accounts and contacts. */
async function look(world: World) {
  const found = await world.rows(
    "roles?$select=roleid,name&$filter=startswith(name,'Orders') and parentroleid eq null",
  );
  return Promise.all(
    found.map(async ({ roleid, name }) => {
      const { RolePrivileges } = (await world.dataverse("GET", `RetrieveRolePrivilegesRole(RoleId=${roleid})`)) as {
        RolePrivileges: { PrivilegeName: string; Depth: string }[];
      };
      const counted = RolePrivileges.filter(({ PrivilegeName }) => /Account$|Contact$/.test(PrivilegeName));
      const privileges = Object.fromEntries(counted.map(({ PrivilegeName, Depth }) => [PrivilegeName, Depth]));
      return { name, ours: roleid === rowId, privileges };
    }),
  );
}

const declared = ({ target }: World) => ({
  ...target,
  name: "Orders",
  privileges: { prvReadAccount: "Global", prvWriteAccount: "Local" },
  rowId,
});
const changed = ({ target }: World) => ({
  ...target,
  name: "Orders renamed",
  privileges: { prvReadAccount: "Local", prvReadContact: "Basic" },
  rowId,
});
const expected = (ours: boolean) => ({
  made: [{ name: "Orders", ours, privileges: { prvReadAccount: "Global", prvWriteAccount: "Local" } }],
  changed: [{ name: "Orders renamed", ours, privileges: { prvReadAccount: "Local", prvReadContact: "Basic" } }],
});

const made: Scenario = {
  name: "a security role",
  type: "SecurityRole",
  declared,
  changed,
  look,
  expected: { before: [], ...expected(true) },
};

const adopted: Scenario = {
  name: "a security role that somebody made, with adopt: true",
  type: "SecurityRole",
  prepare: (world) => addRole(world, "Orders", handMade.role),
  declared: (world) => ({ ...declared(world), adopt: true }),
  changed: (world) => ({ ...changed(world), adopt: true }),
  look,
  expected: {
    before: [{ name: "Orders", ours: false, privileges: { prvReadAccount: "Global", prvReadContact: "Global" } }],
    ...expected(false),
    remains: true,
  },
};

sweep([made, adopted]);
