import { z } from "zod";
import { type Api, isMissing, type Row } from "../api.ts";
import { readRow } from "../rows.ts";

/** A certificate of an application, as Entra lists it: members that are not named here are passed back as they came. */
export interface KeyCredential extends Row {
  readonly keyId: string;
  readonly displayName?: string | null | undefined;
}

/** Never takes a list that cannot be read for an empty one: it is written back whole. */
const listShape = z.object({
  keyCredentials: z.array(z.looseObject({ keyId: z.guid(), displayName: z.string().nullish() })),
});

/** The certificates of an application; undefined when the application is gone. `objectId` is the application object's. */
export async function certificatesOf(graph: Api, objectId: string): Promise<KeyCredential[] | undefined> {
  try {
    const answer = await graph.get(`/v1.0/applications/${objectId}?$select=keyCredentials`);
    return readRow(listShape, answer, "the application's certificates").keyCredentials;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** A certificate to register. `keyId` is ours to choose; `der` is DER in base64. Its dates are the certificate's own. */
export const newCertificate = (keyId: string, displayName: string, der: string): KeyCredential => ({
  keyId,
  displayName,
  type: "AsymmetricX509Cert",
  usage: "Verify",
  key: der,
});

/** Writes all certificates of an application: Graph takes the whole collection only (wire facts C2). */
export const setCertificates = (graph: Api, objectId: string, keyCredentials: KeyCredential[]): Promise<void> =>
  graph.patch(`/v1.0/applications/${objectId}`, { keyCredentials });
