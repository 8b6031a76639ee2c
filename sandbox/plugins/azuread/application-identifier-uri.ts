import type { Properties } from "../support.ts";
import { type Graph, objectIdOf, waitUntil } from "./graph.ts";
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
      // The next in turn takes what is shown for all there is. The real plugin does not wait here.
      await waitUntil(`identifier URI ${identifierUri} of ${applicationId}`, () =>
        isShown(graph, applicationId, identifierUri),
      );
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
      if (row?.identifierUris.includes(identifierUri)) {
        const rest = row.identifierUris.filter((uri: string) => uri !== identifierUri);
        await write(graph, applicationId, rest);
      }
      await waitUntil(
        `removal of identifier URI ${identifierUri} of ${applicationId}`,
        async () => !(await isShown(graph, applicationId, identifierUri)),
      );
    });
  },
};

function partsOf(id: string): { applicationId: string; identifierUri: string } {
  const [applicationId = "", encoded = ""] = id.split("/identifierUris/");
  return { applicationId, identifierUri: Buffer.from(encoded, "base64").toString() };
}

async function isShown(graph: Graph, path: string, identifierUri: string): Promise<boolean> {
  return (await graph.find(path))?.identifierUris.includes(identifierUri) ?? false;
}

async function write(graph: Graph, path: string, identifierUris: string[]): Promise<void> {
  await graph.patch(path, { "@odata.type": "#microsoft.graph.application", identifierUris });
}
