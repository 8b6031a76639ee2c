import { randomUUID, X509Certificate } from "node:crypto";
import type { Properties } from "../support.ts";
import { secondsOnly } from "./application-password.ts";
import { credentialId, partsOfCredentialId } from "./credential-id.ts";
import { objectIdOf, waitUntil } from "./graph.ts";
import type { ResourceType } from "./resource-type.ts";

/** `azuread:index/applicationCertificate:ApplicationCertificate`. Graph takes the whole collection at once; keys are not shown. */
export const applicationCertificate: ResourceType = {
  defaults: { encoding: "pem" },
  computed: ["keyId", "startDate", "endDate", "type"],
  writeOnly: ["value", "encoding", "endDateRelative"],
  replacedBy: ["applicationId", "encoding", "endDate", "endDateRelative", "keyId", "startDate", "type", "value"],
  outputs: ["keyId", "startDate", "endDate"],

  async create(graph, inputs) {
    const objectId = objectIdOf("applications", inputs.applicationId);
    const keyId = inputs.keyId ?? randomUUID();
    const credential = {
      keyId,
      type: inputs.type ?? "AsymmetricX509Cert",
      usage: "Verify",
      key: Buffer.from(pemOf(inputs)).toString("base64"),
      startDateTime: inputs.startDate,
      endDateTime: inputs.endDate,
    };
    return graph.inTurn(objectId, async () => {
      const path = `/applications/${objectId}`;
      const { keyCredentials } = await graph.get(path);
      await graph.patch(path, {
        "@odata.type": "#microsoft.graph.application",
        keyCredentials: [...keyCredentials, credential],
      });
      await waitUntil(`certificate ${keyId} of ${path}`, async () => {
        const row = await graph.get(path);
        return row.keyCredentials.some((one: Properties) => one.keyId === keyId);
      });
      return { id: credentialId(objectId, "certificate", keyId) };
    });
  },

  async read(graph, id) {
    const { applicationId, keyId } = partsOfCredentialId(id, "certificate");
    const row = await graph.find(`/applications/${applicationId}`);
    const found = row?.keyCredentials.find((one: Properties) => one.keyId === keyId);
    if (!found) return undefined;
    const inputs = {
      applicationId: `/applications/${applicationId}`,
      keyId,
      type: found.type,
      startDate: secondsOnly(found.startDateTime),
      endDate: secondsOnly(found.endDateTime),
    };
    return { inputs, outputs: inputs };
  },

  async delete(graph, id) {
    const { applicationId, keyId } = partsOfCredentialId(id, "certificate");
    await graph.inTurn(applicationId, async () => {
      const path = `/applications/${applicationId}`;
      const row = await graph.find(path);
      if (!row) return;
      const keyCredentials = row.keyCredentials.filter((one: Properties) => one.keyId !== keyId);
      if (keyCredentials.length === row.keyCredentials.length) return;
      await graph.patch(path, { "@odata.type": "#microsoft.graph.application", keyCredentials });
      await waitUntil(`removal of certificate ${keyId} of ${path}`, async () => {
        const seen = await graph.find(path);
        return !seen?.keyCredentials.some((one: Properties) => one.keyId === keyId);
      });
    });
  },
};

/** The provider sends PEM text whatever it was given (terraform-provider-azuread, KeyCredentialForResource). */
function pemOf({ value, encoding = "pem" }: Properties): string {
  if (encoding === "pem") return value;
  return new X509Certificate(Buffer.from(value, encoding === "hex" ? "hex" : "base64")).toString();
}
