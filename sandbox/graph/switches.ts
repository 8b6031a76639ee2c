import type { Switch } from "../dataverse/switches.ts";
import type { Store } from "../store.ts";

/** What a tenant's policies make Graph answer (wire facts C2 and C4), the same for all tenants; a client must cope with all. */
export const graphSwitches = {
  secretPolicy: {
    values: ["none", "no secrets", "at most 180 days"],
    default: "none",
    doc: "The tenant's app management policy: addPassword is 400 CredentialTypeNotAllowedAsPerAppPolicy, or CredentialInvalidLifetimeAsPerAppPolicy for a longer life. Known are the codes; the texts are as people quote them.",
  },
  identifierUriPolicy: {
    values: ["uriAdditionWithoutUniqueTenantIdentifier", "nonDefaultUriAddition"],
    default: "uriAdditionWithoutUniqueTenantIdentifier",
    doc: "Which new Application ID URIs of an application with version 1 tokens are refused: without a verified domain or an id, or all but api://{appId} and api://{tenantId}/{appId}.",
  },
} as const satisfies Record<string, Switch>;

/** What is set: switch name to value. A switch that is not set has its default. */
export function graphSwitchesOf(store: Store): Map<string, string> {
  return store.collection("graph switches");
}

/** The value in force. */
export function graphSwitch(store: Store, name: keyof typeof graphSwitches): string {
  return graphSwitchesOf(store).get(name) ?? graphSwitches[name].default;
}
