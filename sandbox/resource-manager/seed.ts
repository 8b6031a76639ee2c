import type { Context } from "../context.ts";
import { administratorOf, subscriptionId } from "../seed.ts";
import { guidOf } from "../store.ts";
import { roleAssignmentKey, roleAssignments } from "./access.ts";

const owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";

/** Makes the publisher's administrator Owner of the subscription where nobody holds any role yet. */
export function seedResourceManager({ store }: Context): void {
  const assignments = roleAssignments(store);
  if (assignments.size > 0) return;
  const { objectId } = administratorOf("publisher");
  const scope = `/subscriptions/${subscriptionId}`;
  const name = guidOf("role assignment of the publisher's administrator");
  const now = store.now().toISOString();
  assignments.set(roleAssignmentKey(scope, name), {
    name,
    scope,
    roleDefinitionId: `${scope}/providers/Microsoft.Authorization/roleDefinitions/${owner}`,
    principalId: objectId,
    principalType: "ServicePrincipal",
    description: null,
    condition: null,
    conditionVersion: null,
    createdOn: now,
    updatedOn: now,
    createdBy: objectId,
    updatedBy: objectId,
  });
}
