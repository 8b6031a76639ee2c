import { z } from "zod";
import { isUncertain } from "../api.ts";
import type { Target } from "../connection.ts";
import { type Dataverse, isDuplicate } from "../dataverse/client.ts";
import {
  assignRole,
  holdings,
  isDefaultRole,
  readRole,
  roleCopy,
  type SecurityRole,
  unassignRole,
} from "../dataverse/roles.ts";
import { AccessError } from "../errors.ts";
import { subscriberLifecycle, targetShape } from "./lifecycle.ts";

export interface RoleAssignmentInputs extends Target {
  readonly userId: string;
  /** The role, in any business unit: the copy of the user's own one is assigned. */
  readonly roleId: string;
  /** The user's business unit: after a move the platform has dropped the user's roles. */
  readonly businessUnitId?: string;
  /** The service principal that the user is of: with another the user was made anew, under its old id and without roles. */
  readonly principalId?: string;
  /** True, or left out; false in a refreshed state is a user that holds other roles too. */
  readonly exclusive?: boolean;
}

export interface RoleAssignmentOutputs {
  /** The user's business unit. */
  readonly businessUnitId: string;
  /** The copy that the user holds. */
  readonly assignedRoleId: string;
  readonly roleName: string;
  readonly adopted: boolean;
  readonly exclusive: boolean | undefined;
  /** Other roles, by name, where there are to be none. */
  readonly excessRoles: string[] | undefined;
}

/** Lifecycle of a role assignment; resources/role-assignment.ts has what programs declare. */
export const roleAssignment = subscriberLifecycle<RoleAssignmentInputs, RoleAssignmentOutputs>({
  kind: "role assignment",
  schema: z.object({
    ...targetShape,
    userId: z.guid("must be a GUID"),
    roleId: z.guid("must be a GUID"),
    businessUnitId: z.guid("must be a GUID").optional(),
    principalId: z.guid("must be a GUID").optional(),
    exclusive: z.boolean("must be true or false").optional(),
  }),
  replaceOn: ["environmentUrl", "userId", "roleId"],
  // The new role first: a user with none is locked out meanwhile.
  deleteBeforeReplace: false,
  // A move in place: where the platform left the user its roles (DoNotRemoveRolesOnChangeBusinessUnit, wire facts D6), a user that
  // is moved back holds the same copy, and a replacement would adopt it and then take it away as the old one.
  updateOn: ["businessUnitId", "principalId", "exclusive"],

  async ensure({ api, say }, inputs, previous) {
    const role = await assignableRole(api, inputs.roleId);
    const holder = await holdings(api, inputs.userId);
    if (!holder)
      throw new AccessError(
        `${api.environmentUrl} has no user ${inputs.userId}. Run the command with --refresh: it may have been deleted.`,
      );
    const copy = await roleCopy(api, role, holder.businessUnitId);
    if (!copy)
      throw new AccessError(
        `${api.environmentUrl} has no copy of role '${role.name}' in the user's business unit ${holder.businessUnitId}.`,
      );
    const held = holds(holder, copy.roleId);
    if (!held) {
      try {
        await assignRole(api, inputs.userId, copy.roleId);
      } catch (error) {
        const done =
          isDuplicate(error) || (isUncertain(error) && holds(await holdings(api, inputs.userId), copy.roleId));
        if (!done) throw error;
      }
    }
    const known = previous?.outputs;
    const adopted = known?.assignedRoleId === copy.roleId ? known.adopted : held;
    const isSpent = ({ roleId }: SecurityRole) => known?.assignedRoleId === roleId && !known.adopted;
    const taken = othersThan(copy.roleId, holder).filter((other) => inputs.exclusive || isSpent(other));
    // After the assignment: a user without a role is locked out.
    for (const { name, roleId } of taken) {
      say(`taking role '${name}' from the application user, which is to hold '${copy.name}'`);
      try {
        await unassignRole(api, inputs.userId, roleId);
      } catch (error) {
        if (isUncertain(error) && !holds(await holdings(api, inputs.userId), roleId)) continue;
        // Of a creation that fails the engine keeps nothing: the next one would take this assignment for somebody else's.
        if (!previous && !held) await unassignRole(api, inputs.userId, copy.roleId);
        throw error;
      }
    }
    const { businessUnitId } = holder;
    const only = inputs.exclusive ? { exclusive: true, excessRoles: [] } : notExclusive;
    const id = `${inputs.userId}/${copy.roleId}`;
    return { id, outputs: { businessUnitId, assignedRoleId: copy.roleId, roleName: copy.name, adopted, ...only } };
  },

  async observe({ api }, _id, state) {
    const holder = await holdings(api, state.userId);
    const role = holder?.roles.find(({ roleId }) => roleId === state.assignedRoleId);
    if (!holder || !role) return undefined;
    const { businessUnitId } = holder;
    const others = othersThan(role.roleId, holder).map(({ name }) => name);
    const only =
      state.exclusive === undefined ? notExclusive : { exclusive: others.length === 0, excessRoles: others.sort() };
    return { businessUnitId, assignedRoleId: role.roleId, roleName: role.name, adopted: state.adopted, ...only };
  },

  async remove({ api, say }, _id, state) {
    if (state.adopted) say(`leaving role '${state.roleName}' with its user: it was assigned before this stack`);
    else await unassignRole(api, state.userId, state.assignedRoleId);
  },
});

const notExclusive = { exclusive: undefined, excessRoles: undefined };

const othersThan = (wanted: string, holder: { roles: SecurityRole[] }) =>
  holder.roles.filter(({ roleId }) => roleId !== wanted);

const holds = (holder: { roles: SecurityRole[] } | undefined, wanted: string) =>
  holder?.roles.some(({ roleId }) => roleId === wanted) ?? false;

async function assignableRole(api: Dataverse, roleId: string): Promise<SecurityRole> {
  const role = await readRole(api, roleId);
  if (!role)
    throw new AccessError(
      `${api.environmentUrl} has no security role ${roleId}. Run the command with --refresh: it may have been deleted.`,
    );
  if (isDefaultRole(role)) {
    throw new AccessError(
      `'${role.name}' is one of the platform's default roles: an application gets a custom role with no more than it needs.`,
    );
  }
  return role;
}
