import { z } from "zod";
import { type Api, isMissing } from "../api.ts";
import { id, optional, readRow } from "../rows.ts";

/** A client secret of an application as Entra lists it: never with its text. */
export interface PasswordCredential {
  readonly keyId: string;
  readonly displayName: string;
  /** As Entra writes it, such as "2027-06-01T00:00:00Z". */
  readonly expiresOn: string;
}

const listShape = z.object({
  passwordCredentials: z.array(z.object({ keyId: id, displayName: optional(z.string()), endDateTime: z.string() })),
});

const newShape = z.object({ keyId: id, secretText: z.string().min(1) });

/** The client secrets of an application; undefined when the application is gone. `objectId` is the application object's. */
export async function passwordsOf(graph: Api, objectId: string): Promise<PasswordCredential[] | undefined> {
  try {
    const answer = await graph.get(`/v1.0/applications/${objectId}?$select=passwordCredentials`);
    return readRow(listShape, answer, "the application's client secrets").passwordCredentials.map(
      ({ keyId, displayName, endDateTime }) => ({ keyId, displayName: displayName ?? "", expiresOn: endDateTime }),
    );
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Adds a client secret. Its text is in this answer and never again. */
export async function addPassword(
  graph: Api,
  objectId: string,
  { displayName, expiresOn }: { displayName: string; expiresOn: string },
): Promise<{ keyId: string; secretText: string }> {
  const passwordCredential = { displayName, endDateTime: expiresOn };
  const answer = await graph.post(`/v1.0/applications/${objectId}/addPassword`, { passwordCredential });
  return readRow(newShape, answer, "the new client secret");
}

/** Removes a client secret; one that is gone already is fine. */
export async function removePassword(graph: Api, objectId: string, keyId: string): Promise<void> {
  try {
    await graph.post(`/v1.0/applications/${objectId}/removePassword`, { keyId });
  } catch (error) {
    const left = await passwordsOf(graph, objectId);
    if (left?.some((password) => password.keyId === keyId)) throw error;
  }
}
