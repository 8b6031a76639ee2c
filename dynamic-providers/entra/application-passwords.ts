import { z } from "zod";
import { type Api, isMissing } from "../api.ts";
import { VendorError } from "../errors.ts";
import { id, optional, readRow } from "../rows.ts";

/** A client secret of an application as Entra lists it: never with its text. */
export interface PasswordCredential {
  readonly keyId: string;
  readonly displayName: string;
  /** Such as "2026-06-01T08:15:30Z": when it was added, unless who added it said otherwise. */
  readonly startsOn: string;
  /** Such as "2027-06-01T00:00:00Z". */
  readonly expiresOn: string;
}

/** One text for one time, on the second: Entra's own has none to seven digits after it. Empty for a time that is not given. */
const plainTime = optional(z.string()).transform((text = "") => {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? "" : `${time.toISOString().slice(0, 19)}Z`;
});

const members = {
  keyId: id,
  displayName: optional(z.string()).transform((text = "") => text),
  startDateTime: plainTime,
  endDateTime: plainTime,
};

const listShape = z.object({ passwordCredentials: z.array(z.object(members).transform(passwordOf)) });
const newShape = z.object({ ...members, secretText: z.string().min(1) });

/** The client secrets of an application; undefined when the application is gone. `objectId` is the application object's. */
export async function passwordsOf(graph: Api, objectId: string): Promise<PasswordCredential[] | undefined> {
  try {
    const answer = await graph.get(`/v1.0/applications/${objectId}?$select=passwordCredentials`);
    return readRow(listShape, answer, "the application's client secrets").passwordCredentials;
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
): Promise<{ password: PasswordCredential; secretText: string }> {
  const passwordCredential = { displayName, endDateTime: expiresOn };
  const answer = await graph.post(`/v1.0/applications/${objectId}/addPassword`, { passwordCredential });
  const { secretText, ...added } = readRow(newShape, answer, "the new client secret");
  return { password: passwordOf(added), secretText };
}

/** Removes a client secret; one that is gone already is fine: Graph answers 400 then, although it may still show it. */
export async function removePassword(graph: Api, objectId: string, keyId: string): Promise<void> {
  await graph.post(`/v1.0/applications/${objectId}/removePassword`, { keyId }).catch((error) => {
    if (!isMissing(error) && !(error instanceof VendorError && error.status === 400)) throw error;
  });
}

function passwordOf(row: { keyId: string; displayName: string; startDateTime: string; endDateTime: string }) {
  const { keyId, displayName, startDateTime: startsOn, endDateTime: expiresOn } = row;
  return { keyId, displayName, startsOn, expiresOn };
}
