import type { Properties } from "../support.ts";
import { inputsOf as applicationInputs, outputsOf as applicationOutputs } from "./application.ts";
import type { Graph } from "./graph.ts";
import { ownersOf } from "./owners.ts";
import { inputsOf as servicePrincipalInputs, outputsOf as servicePrincipalOutputs } from "./service-principal.ts";

/** Client ids that the plugin knows by name: those of the services that the sandbox has. */
const publishedAppIds = {
  AzureKeyVault: "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
  AzureResourceManager: "797f4846-ba00-4fd7-ba43-dac1f8f63013",
  AzureServiceManagement: "797f4846-ba00-4fd7-ba43-dac1f8f63013",
  DynamicsCrm: "00000007-0000-0000-c000-000000000000",
  MicrosoftGraph: "00000003-0000-0000-c000-000000000000",
};

type Function = (
  graph: Graph,
  args: Properties,
  identity: { tenantId: string; clientId: string },
) => Promise<Properties>;

/** The data sources, by the last part of their token. */
export const functions: Record<string, Function> = {
  async getApplicationPublishedAppIds() {
    return { id: "appIds", result: publishedAppIds };
  },

  async getClientConfig(graph, _args, { tenantId, clientId }) {
    const objectId = await graph.callerId();
    const id = Buffer.from(`${tenantId}-${objectId}-${clientId}`).toString("base64");
    return { id, tenantId, clientId, objectId };
  },

  async getServicePrincipal(graph, args) {
    const row = await findOne(graph, "servicePrincipals", args);
    const { owners: _, samlSingleSignOn, ...inputs } = servicePrincipalInputs(row);
    return {
      id: `/servicePrincipals/${row.id}`,
      ...inputs,
      ...servicePrincipalOutputs(row),
      samlSingleSignOns: [samlSingleSignOn],
    };
  },

  async getApplication(graph, args) {
    const row = await findOne(graph, "applications", args);
    const { api, optionalClaims, publicClient, singlePageApplication, web, ...inputs } = applicationInputs(row);
    return {
      id: `/applications/${row.id}`,
      ...inputs,
      ...applicationOutputs(row),
      apis: [api],
      identifierUri: args.identifierUri ?? inputs.identifierUris[0] ?? "",
      optionalClaims: [optionalClaims],
      owners: await ownersOf(graph, `/applications/${row.id}`),
      publicClients: [publicClient],
      singlePageApplications: [singlePageApplication],
      webs: [web],
    };
  },
};

/** The one object that a data source asks for by object id, client id or name. */
async function findOne(graph: Graph, collection: string, args: Properties): Promise<Properties> {
  const { objectId, clientId, displayName, identifierUri } = args;
  if (objectId) return graph.get(`/${collection}/${objectId}`);
  const quoted = (value: string) => `'${encodeURIComponent(value.replaceAll("'", "''"))}'`;
  let filter: string;
  if (clientId) filter = `appId+eq+${quoted(clientId)}`;
  else if (displayName) filter = `displayName+eq+${quoted(displayName)}`;
  else if (identifierUri) filter = `identifierUris/any(uri:uri+eq+${quoted(identifierUri)})`;
  else throw new Error("One of clientId, displayName, identifierUri or objectId must be specified.");
  const rows = await graph.list(`/${collection}?$filter=${filter}`);
  if (rows.length !== 1)
    throw new Error(`${rows.length || "No"} ${collection} found matching the filter ${decodeURIComponent(filter)}.`);
  return rows[0]!;
}
