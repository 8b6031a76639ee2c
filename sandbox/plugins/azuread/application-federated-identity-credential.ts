import type { Properties } from "../support.ts";
import { credentialId, partsOfCredentialId } from "./credential-id.ts";
import { objectIdOf, waitUntil } from "./graph.ts";
import { plainInputs, type ResourceType } from "./resource-type.ts";

const kind = "federatedIdentityCredential";
const collectionOf = (applicationId: string) => `/applications/${applicationId}/federatedIdentityCredentials`;

/** `azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential`. */
export const applicationFederatedIdentityCredential: ResourceType = {
  ...plainInputs,
  replacedBy: ["applicationId", "displayName"],
  outputs: ["credentialId"],

  async create(graph, inputs) {
    const objectId = objectIdOf("applications", inputs.applicationId);
    return graph.inTurn(objectId, async () => {
      await graph.get(`/applications/${objectId}`);
      const collection = collectionOf(objectId);
      const made = await graph.post(collection, { ...bodyOf(inputs), name: inputs.displayName });
      await waitUntil(`federated identity credential ${made.id} of application ${objectId}`, async () =>
        (await graph.list(collection)).some(({ id }) => id === made.id),
      );
      return { id: credentialId(objectId, kind, made.id) };
    });
  },

  async read(graph, id) {
    const { applicationId, keyId } = partsOfCredentialId(id, kind);
    const row = await graph.find(`${collectionOf(applicationId)}/${keyId}`);
    if (!row) return undefined;
    const inputs = {
      applicationId: `/applications/${applicationId}`,
      audiences: row.audiences,
      description: row.description ?? "",
      displayName: row.name,
      issuer: row.issuer,
      subject: row.subject,
    };
    return { inputs, outputs: { ...inputs, credentialId: keyId } };
  },

  async update(graph, id, inputs) {
    const { applicationId, keyId } = partsOfCredentialId(id, kind);
    await graph.inTurn(applicationId, () => graph.patch(`${collectionOf(applicationId)}/${keyId}`, bodyOf(inputs)));
  },

  async delete(graph, id) {
    const { applicationId, keyId } = partsOfCredentialId(id, kind);
    await graph.inTurn(applicationId, () => graph.delete(`${collectionOf(applicationId)}/${keyId}`));
  },
};

function bodyOf({ audiences, description, issuer, subject }: Properties): Properties {
  return {
    "@odata.type": "#microsoft.graph.federatedIdentityCredential",
    audiences,
    description: description || null,
    issuer,
    subject,
  };
}
