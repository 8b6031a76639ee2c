import { type Properties, secret } from "../support.ts";
import { credentialId, partsOfCredentialId } from "./credential-id.ts";
import { objectIdOf, waitUntil } from "./graph.ts";
import type { ResourceType } from "./resource-type.ts";

/**
 * `azuread:index/applicationPassword:ApplicationPassword`. Each change replaces it. `endDateRelative` is taken and has no
 * effect, as in the real plugin (6.9).
 */
export const applicationPassword: ResourceType = {
  defaults: {},
  computed: ["displayName", "startDate", "endDate"],
  writeOnly: ["rotateWhenChanged", "endDateRelative"],
  replacedBy: ["applicationId", "displayName", "startDate", "endDate", "endDateRelative", "rotateWhenChanged"],
  outputs: ["displayName", "startDate", "endDate", "keyId", "value"],

  async create(graph, inputs) {
    const objectId = objectIdOf("applications", inputs.applicationId);
    return graph.inTurn(objectId, async () => {
      const path = `/applications/${objectId}`;
      await graph.get(path);
      const { displayName, startDate: startDateTime, endDate: endDateTime } = inputs;
      const made = await graph.post(`${path}/addPassword`, {
        passwordCredential: {
          "@odata.type": "#microsoft.graph.passwordCredential",
          displayName,
          startDateTime,
          endDateTime,
        },
      });
      await waitUntil(`password ${made.keyId} of ${path}`, async () => {
        const { passwordCredentials } = await graph.get(path);
        return passwordCredentials.some(({ keyId }: Properties) => keyId === made.keyId);
      });
      const outputs = { value: secret(made.secretText) };
      return { id: credentialId(objectId, "password", made.keyId), outputs };
    });
  },

  async read(graph, id) {
    const { applicationId, keyId } = partsOfCredentialId(id, "password");
    const row = await graph.find(`/applications/${applicationId}`);
    const found = row?.passwordCredentials.find((one: Properties) => one.keyId === keyId);
    if (!found) return undefined;
    const inputs = {
      applicationId: `/applications/${applicationId}`,
      displayName: found.displayName ?? "",
      startDate: secondsOnly(found.startDateTime),
      endDate: secondsOnly(found.endDateTime),
    };
    return { inputs, outputs: { ...inputs, keyId } };
  },

  async delete(graph, id) {
    const { applicationId, keyId } = partsOfCredentialId(id, "password");
    await graph.inTurn(applicationId, async () => {
      const path = `/applications/${applicationId}`;
      const isThere = async () =>
        (await graph.find(path))?.passwordCredentials.some((one: Properties) => one.keyId === keyId) ?? false;
      if (!(await isThere())) return;
      await graph.post(`${path}/removePassword`, { keyId });
      await waitUntil(`removal of password ${keyId} of ${path}`, async () => !(await isThere()));
    });
  },
};

/** Times are shown without fractions of a second: one that is declared with them differs for ever, as in the real plugin. */
export function secondsOnly(time: string): string {
  return time.replace(/\.\d+Z$/, "Z");
}
