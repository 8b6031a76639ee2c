import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { isUncertain } from "../api.ts";
import type { Connection, Target } from "../connection.ts";
import { rootBusinessUnit } from "../dataverse/business-units.ts";
import { isDuplicate } from "../dataverse/client.ts";
import { depths, type Privileges, privilegeIds, replacePrivileges, rolePrivileges } from "../dataverse/privileges.ts";
import {
  createRole,
  deleteRole,
  findRoles,
  isDefaultRole,
  isDefaultRoleName,
  readRole,
  renameRole,
  type SecurityRole,
} from "../dataverse/roles.ts";
import { AccessError, VendorError } from "../errors.ts";
import { subscriberLifecycle, targetShape } from "./lifecycle.ts";

export interface SecurityRoleInputs extends Target {
  readonly name: string;
  readonly privileges: Privileges;
  /** Take over a role of this name that exists already. */
  readonly adopt: boolean;
  /** Id for the role if it has to be made. */
  readonly rowId: string;
}

export interface SecurityRoleOutputs {
  readonly roleId: string;
  readonly name: string;
  readonly privileges: Privileges;
  readonly businessUnitId: string;
  readonly adopted: boolean;
}

/** The shape of a role's declaration, for stack config too. */
export const roleShape = {
  name: z
    .string()
    .min(1, "must not be empty")
    .max(100, "must have at most 100 characters")
    .refine(
      (name) => !isDefaultRoleName(name),
      "is one of the platform's default roles: name a custom role of your own",
    ),
  privileges: z
    .record(
      z.string().regex(/^prv[A-Za-z0-9_]+$/, "must be a privilege's name, such as prvReadAccount"),
      z.enum(depths, `must be one of ${depths.join(", ")}`),
      "must be a map of privilege names to depths, such as { prvReadAccount: Global }",
    )
    .refine((privileges) => Object.keys(privileges).length > 0, "must name at least one privilege"),
  adopt: z.boolean("must be true or false").optional(),
};

/** Lifecycle of a custom security role; resources/security-role.ts has what programs declare. */
export const securityRole = subscriberLifecycle<SecurityRoleInputs, SecurityRoleOutputs>({
  kind: "security role",
  schema: z.object({ ...targetShape, ...roleShape, rowId: z.guid("must be a GUID") }),
  replaceOn: ["environmentUrl"],
  deleteBeforeReplace: true,
  updateOn: ["name", "privileges"],
  defaults: { adopt: false },

  async ensure(connection, inputs, previous) {
    const { api } = connection;
    const known = previous && (await readRole(api, previous.id));
    const { role, created } = known ? { role: known, created: false } : await findOrCreate(connection, inputs);
    refuseForeign(role, connection);
    if (role.name !== inputs.name) await renameRole(api, role.roleId, inputs.name);
    const current = await rolePrivileges(api, role.roleId);
    if (!isDeepStrictEqual(effective(current, inputs.privileges), inputs.privileges)) {
      const wanted = { ...current.implicit, ...inputs.privileges };
      await replacePrivileges(api, role, wanted, await privilegeIds(api, Object.keys(wanted)));
    }
    const adopted = known ? previous.outputs.adopted : !created;
    const { roleId, businessUnitId } = role;
    return {
      id: roleId,
      outputs: { roleId, businessUnitId, name: inputs.name, privileges: inputs.privileges, adopted },
    };
  },

  async observe({ api }, id, state) {
    const role = await readRole(api, id);
    if (!role) return undefined;
    const current = await rolePrivileges(api, id);
    return {
      roleId: id,
      businessUnitId: role.businessUnitId,
      name: role.name,
      privileges: effective(current, state.privileges),
      adopted: state.adopted,
    };
  },

  async remove({ api, say }, id, state) {
    if (state.adopted) say(`leaving security role '${state.name}' in place: it was there before this stack`);
    else await deleteRole(api, id);
  },
});

/** What a role holds as far as it counts: the implicit privileges only where they are declared. */
function effective(current: Awaited<ReturnType<typeof rolePrivileges>>, wanted: Privileges): Privileges {
  return {
    ...current.declared,
    ...Object.fromEntries(Object.entries(current.implicit).filter(([name]) => name in wanted)),
  };
}

async function findOrCreate(
  { api }: Connection,
  inputs: SecurityRoleInputs,
): Promise<{ role: SecurityRole; created: boolean }> {
  const businessUnitId = await rootBusinessUnit(api);
  const wanted = { roleId: inputs.rowId, name: inputs.name, businessUnitId };
  const found = await findRoles(api, wanted);
  if (found.byId) return { role: found.byId, created: true }; // made by this stack in a run that did not come to know it
  if (found.byName) {
    if (inputs.adopt) return { role: found.byName, created: false };
    throw new AccessError(
      `${api.environmentUrl} has a security role '${inputs.name}' already, and subscriber '${inputs.subscriber}' does not say to take it over. ` +
        "Choose another name, or set adopt: true: its privileges are then brought to the declared ones, and destroy leaves it in place.",
    );
  }
  // Names are looked up first: a role without its privileges would be left behind otherwise.
  await privilegeIds(api, Object.keys(inputs.privileges));
  try {
    await createRole(api, inputs.rowId, inputs.name, businessUnitId);
  } catch (error) {
    // What is there now decides; if nothing is, the error stands.
    if (!(isDuplicate(error) || isUncertain(error)) || !(await findRoles(api, wanted)).byId) throw error;
  }
  const role = await readRole(api, inputs.rowId);
  if (!role) throw new VendorError(404, "not_readable", "the new role does not show; run the command again");
  return { role, created: true };
}

function refuseForeign(role: SecurityRole, { api }: Connection): void {
  if (isDefaultRole(role)) {
    throw new AccessError(
      `'${role.name}' in ${api.environmentUrl} is one of the platform's default roles, or made from one: name a custom role of your own.`,
    );
  }
  if (role.managed) {
    throw new AccessError(
      `'${role.name}' in ${api.environmentUrl} came with a managed solution and cannot be changed: assign it, do not declare it.`,
    );
  }
}
