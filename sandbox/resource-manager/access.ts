import type { Store } from "../store.ts";
import { roleDefinition } from "./role-definitions.ts";

/** Who holds which role where. The scope is kept as it was written; Resource Manager compares scopes without regard to case. */
export interface RoleAssignment {
  /** The GUID by which it was created. */
  readonly name: string;
  readonly scope: string;
  readonly roleDefinitionId: string;
  readonly principalId: string;
  readonly principalType: string;
  description: string | null;
  readonly condition: null;
  readonly conditionVersion: null;
  readonly createdOn: string;
  updatedOn: string;
  readonly createdBy: string;
  updatedBy: string;
}

/** All role assignments, by lower-case scope and name. */
export function roleAssignments(store: Store): Map<string, RoleAssignment> {
  return store.collection("armRoleAssignments");
}

export function roleAssignmentKey(scope: string, name: string): string {
  return `${scope}|${name}`.toLowerCase();
}

/** Whether `outer` is `inner` or above it. */
export function contains(outer: string, inner: string): boolean {
  const bare = outer.toLowerCase().replace(/\/+$/, "");
  const wanted = inner.toLowerCase();
  return wanted === bare || wanted.startsWith(`${bare}/`);
}

/** Whether the roles of a principal at `scope` or above it allow an action; no assignment takes away what another gives. */
export function allows(
  assignments: ReadonlyMap<string, RoleAssignment>,
  principalId: string,
  scope: string,
  action: { management: string } | { data: string },
): boolean {
  for (const assignment of assignments.values()) {
    if (assignment.principalId !== principalId || !contains(assignment.scope, scope)) continue;
    const role = roleDefinition(assignment.roleDefinitionId);
    if (!role) continue;
    if ("data" in action) {
      if (role.dataActions.some((pattern) => matches(pattern, action.data))) return true;
    } else if (
      role.actions.some((pattern) => matches(pattern, action.management)) &&
      !role.notActions.some((pattern) => matches(pattern, action.management))
    ) {
      return true;
    }
  }
  return false;
}

/** Takes away the assignments at and below a scope: Azure deletes them with the resource, and a recovery does not bring them back. */
export function forgetScope(store: Store, scope: string): void {
  const assignments = roleAssignments(store);
  for (const [key, assignment] of assignments) {
    if (contains(scope, assignment.scope)) assignments.delete(key);
  }
}

function matches(pattern: string, action: string): boolean {
  const expression = pattern
    .split("*")
    .map((part) => part.replace(/[.\\/]/g, "\\$&"))
    .join(".*");
  return new RegExp(`^${expression}$`, "i").test(action);
}
