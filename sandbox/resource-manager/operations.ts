import type { Context } from "../context.ts";
import { armErrors } from "./errors.ts";
import type { ArmAnswer, Route } from "./routing.ts";

/** A long-running operation that was accepted: its result address says 202 once more, then 200. */
interface Operation {
  pollsLeft: number;
}

function operations({ store }: Context): Map<string, Operation> {
  return store.collection("armOperations");
}

/** 202 with the address to poll. What was asked of `path` has taken effect already: Azure only promises it by the last poll. */
export function accepted(context: Context, subscriptionId: string, apiVersion: string, path: string): ArmAnswer {
  const id = context.store.newId("operation", path.toLowerCase());
  operations(context).set(id, { pollsLeft: 1 });
  return { status: 202, headers: pollingHeaders(context, subscriptionId, id, apiVersion) };
}

export const operationRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/subscriptions/:subscriptionId/operationresults/:operationId",
    anyVersion: true,
    handle({ context, parameters, query }) {
      const { subscriptionId, operationId } = parameters as { subscriptionId: string; operationId: string };
      const operation = operations(context).get(operationId);
      if (!operation) throw armErrors.operationNotFound(operationId);
      if (operation.pollsLeft === 0) return { status: 200 };
      operation.pollsLeft--;
      const headers = pollingHeaders(context, subscriptionId, operationId, query.get("api-version")!);
      return { status: 202, headers };
    },
  },
];

function pollingHeaders({ endpoints }: Context, subscriptionId: string, id: string, apiVersion: string) {
  return {
    Location: `${endpoints.arm}/subscriptions/${subscriptionId}/operationresults/${id}?api-version=${apiVersion}`,
    "Retry-After": "0",
  };
}
