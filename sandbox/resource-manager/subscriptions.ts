import type { Context } from "../context.ts";
import { administratorOf, subscriptionId } from "../seed.ts";
import { contains, roleAssignments } from "./access.ts";
import { armErrors } from "./errors.ts";
import type { Route } from "./routing.ts";

/** A subscription and the tenant it trusts. */
export interface Subscription {
  readonly id: string;
  readonly displayName: string;
  readonly tenantId: string;
}

const subscriptions: readonly Subscription[] = [
  {
    id: subscriptionId,
    displayName: "Contoso Software",
    tenantId: administratorOf("publisher").tenantId,
  },
];

/** The subscription with this id. */
export function subscription(id: string): Subscription {
  const found = subscriptions.find((row) => row.id === id.toLowerCase());
  if (!found) throw armErrors.subscriptionNotFound(id);
  return found;
}

/** The tenant to which callers without a subscription in the path are sent to sign in. */
export const homeTenantId = subscriptions[0]!.tenantId;

export const subscriptionRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/subscriptions",
    handle({ context, caller }) {
      const visible = subscriptions.filter(
        (row) => row.tenantId === caller.tid && holdsAnyRole(context, caller.oid, `/subscriptions/${row.id}`),
      );
      const count = { type: "Total", value: visible.length };
      return { status: 200, body: { value: visible.map(shape), count } };
    },
  },
  {
    method: "GET",
    path: "/subscriptions/:subscriptionId",
    action: "Microsoft.Resources/subscriptions/read",
    handle: ({ parameters }) => ({ status: 200, body: shape(subscription(parameters.subscriptionId!)) }),
  },
];

function holdsAnyRole({ store }: Context, principalId: string, scope: string): boolean {
  return [...roleAssignments(store).values()].some(
    (row) => row.principalId === principalId && (contains(scope, row.scope) || contains(row.scope, scope)),
  );
}

function shape(row: Subscription) {
  return {
    id: `/subscriptions/${row.id}`,
    authorizationSource: "RoleBased",
    managedByTenants: [],
    subscriptionId: row.id,
    tenantId: row.tenantId,
    displayName: row.displayName,
    state: "Enabled",
    subscriptionPolicies: {
      locationPlacementId: "Public_2014-09-01",
      quotaId: "PayAsYouGo_2014-09-01",
      spendingLimit: "Off",
    },
  };
}
