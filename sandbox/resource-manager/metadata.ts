import type { Endpoints } from "../context.ts";

/** Audiences for which Resource Manager accepts tokens, beside its own address. */
export const audiences = ["https://management.core.windows.net/", "https://management.azure.com/"];

/** The document by which clients learn a cloud's endpoints; members as of version 2022-09-01. */
export function metadata(endpoints: Endpoints) {
  return {
    name: "AzureSandbox",
    portal: endpoints.login,
    resourceManager: endpoints.arm,
    microsoftGraphResourceId: endpoints.graph,
    graphAudience: endpoints.graph,
    graph: endpoints.graph,
    authentication: {
      loginEndpoint: endpoints.login,
      audiences,
      tenant: "common",
      identityProvider: "AAD",
    },
    suffixes: { keyVaultDns: new URL(endpoints.vault).host },
  };
}
