import { type Api, isMissing, type Row } from "../api.ts";
import { VendorError } from "../errors.ts";

/** A client secret of an application as Entra lists it: never with its text. */
export interface PasswordCredential {
  readonly keyId: string;
  readonly displayName: string;
  /** Such as "2026-06-01T08:15:30Z": when it was added, unless who added it said otherwise. */
  readonly startsOn: string;
  /** Such as "2027-06-01T00:00:00Z". */
  readonly expiresOn: string;
}

/** The client secrets of an application; undefined when the application is gone. `objectId` is the application object's. */
export async function passwordsOf(graph: Api, objectId: string): Promise<PasswordCredential[] | undefined> {
  try {
    const { passwordCredentials } = await graph.get(`/v1.0/applications/${objectId}?$select=passwordCredentials`);
    const rows = Array.isArray(passwordCredentials) ? (passwordCredentials as Row[]) : [];
    return rows.map(passwordOf);
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
  const added = await graph.post(`/v1.0/applications/${objectId}/addPassword`, { passwordCredential });
  const { keyId, secretText } = added;
  if (typeof keyId === "string" && typeof secretText === "string") return { password: passwordOf(added), secretText };
  throw new VendorError(200, "unexpected_answer", "Entra added a client secret and did not say it");
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

function passwordOf({ keyId, displayName, startDateTime, endDateTime }: Row): PasswordCredential {
  return {
    keyId: String(keyId),
    displayName: String(displayName ?? ""),
    startsOn: plainTime(startDateTime),
    expiresOn: plainTime(endDateTime),
  };
}

/** One text for one time, on the second: Entra's own has none to seven digits after it. Empty for a time that is not given. */
function plainTime(text: unknown): string {
  const time = new Date(String(text));
  return Number.isNaN(time.getTime()) ? "" : `${time.toISOString().slice(0, 19)}Z`;
}
