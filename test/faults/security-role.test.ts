import type { Scenario } from "../support/fault-sweep.ts";
import { sweep } from "../support/fault-sweep.ts";
import type { World } from "../support/fault-world.ts";

const rowId = "5ec00000-0000-4000-8000-000000000001";

/** Every role of the root business unit that somebody made, with what it allows on accounts and contacts. */
async function look(world: World) {
  const found = await world.rows(
    "roles?$select=roleid,name&$filter=startswith(name,'Orders') and parentroleid eq null",
  );
  const roles: Record<string, unknown> = {};
  for (const { roleid, name } of found) {
    const { RolePrivileges } = (await world.dataverse("GET", `RetrieveRolePrivilegesRole(RoleId=${roleid})`)) as {
      RolePrivileges: { PrivilegeName: string; Depth: string }[];
    };
    const counted = RolePrivileges.filter(({ PrivilegeName }) => /Account$|Contact$/.test(PrivilegeName));
    roles[String(name)] = Object.fromEntries(counted.map(({ PrivilegeName, Depth }) => [PrivilegeName, Depth]));
  }
  return { count: found.length, roles };
}

const made: Scenario = {
  name: "a security role",
  type: "SecurityRole",
  prepare: async () => {},
  declared: ({ target }) => ({
    ...target,
    name: "Orders",
    privileges: { prvReadAccount: "Global", prvWriteAccount: "Local" },
    rowId,
  }),
  changed: ({ target }) => ({
    ...target,
    name: "Orders renamed",
    privileges: { prvReadAccount: "Local", prvReadContact: "Basic" },
    rowId,
  }),
  look,
  expected: {
    before: { count: 0, roles: {} },
    made: { count: 1, roles: { Orders: { prvReadAccount: "Global", prvWriteAccount: "Local" } } },
    changed: { count: 1, roles: { "Orders renamed": { prvReadAccount: "Local", prvReadContact: "Basic" } } },
  },
};

sweep([made]);
