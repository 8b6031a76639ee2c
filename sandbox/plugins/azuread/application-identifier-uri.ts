import type { Properties } from "../support.ts";
import { type Graph, objectIdOf } from "./graph.ts";
import { plainInputs, type ResourceType } from "./resource-type.ts";

/** `azuread:index/applicationIdentifierUri:ApplicationIdentifierUri`: one URI in the collection of an application. */
export const applicationIdentifierUri: ResourceType = {
  ...plainInputs,
  replacedBy: ["applicationId", "identifierUri"],
  outputs: [],

  async create(graph, { applicationId, identifierUri }) {
    const objectId = objectIdOf("applications", applicationId);
    const id = `${applicationId}/identifierUris/${Buffer.from(identifierUri).toString("base64")}`;
    await graph.inTurn(objectId, async () => {
      const { identifierUris } = await graph.get(applicationId);
      if (identifierUris.includes(identifierUri))
        throw new Error(
          `A resource with the ID "${id}" already exists - to be managed via Pulumi this resource needs to be imported into the state.`,
        );
      await write(graph, applicationId, [...identifierUris, identifierUri]);
    });
    return { id };
  },

  async read(graph, id) {
    const { applicationId, identifierUri } = partsOf(id);
    const row = await graph.find(applicationId);
    if (!row?.identifierUris.includes(identifierUri)) return undefined;
    const inputs: Properties = { applicationId, identifierUri };
    return { inputs, outputs: inputs };
  },

  async delete(graph, id) {
    const { applicationId, identifierUri } = partsOf(id);
    await graph.inTurn(objectIdOf("applications", applicationId), async () => {
      const row = await graph.find(applicationId);
      if (!row?.identifierUris.includes(identifierUri)) return;
      const rest = row.identifierUris.filter((uri: string) => uri !== identifierUri);
      await write(graph, applicationId, rest);
    });
  },
};

function partsOf(id: string): { applicationId: string; identifierUri: string } {
  const [applicationId = "", encoded = ""] = id.split("/identifierUris/");
  return { applicationId, identifierUri: Buffer.from(encoded, "base64").toString() };
}

async function write(graph: Graph, path: string, identifierUris: string[]): Promise<void> {
  await graph.patch(path, { "@odata.type": "#microsoft.graph.application", identifierUris });
}
