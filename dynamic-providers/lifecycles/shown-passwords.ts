import type { PublisherConnection } from "../connection.ts";
import { type PasswordCredential, passwordsOf, removePassword } from "../entra/application-passwords.ts";
import { AccessError } from "../errors.ts";
import { NoAnswer } from "../http.ts";
import { untilSteady } from "../waiting.ts";
import { inTurn, settlingSeconds } from "./settling.ts";
import { untilShown } from "./shown.ts";

/**
 * The passwords of an application object. An application that was made just now (`mayBeNew`) does not show everywhere, and
 * neither does a password that is known to be there (`keyId`): without the waits there would soon be two.
 */
export async function shownPasswords(
  { graph, say }: PublisherConnection,
  objectId: string,
  { mayBeNew, keyId }: { mayBeNew: boolean; keyId: string | undefined },
): Promise<PasswordCredential[]> {
  const read = () => passwordsOf(graph, objectId);
  let passwords = await read();
  if (!passwords && mayBeNew)
    passwords = await untilSteady("Entra to show the application", settlingSeconds, say, read);
  if (!passwords) throw new AccessError(`Entra has no application object ${objectId}. Run the command with --refresh.`);
  if (!keyId || has(passwords, keyId)) return passwords;
  const what = "Entra to show the client secret that the vault has";
  return (await untilSteady(what, settlingSeconds, say, () => including(read, keyId))) ?? passwords;
}

/** The passwords, once Entra shows this one among them. */
export const passwordsWith = (
  { graph, say }: PublisherConnection,
  objectId: string,
  keyId: string,
): Promise<PasswordCredential[]> =>
  untilShown("the new client secret", say, () => including(() => passwordsOf(graph, objectId), keyId));

/** Removes passwords until none of them shows any more. */
export async function removePasswords(
  { graph, say }: PublisherConnection,
  objectId: string,
  passwords: PasswordCredential[],
): Promise<void> {
  if (passwords.length === 0) return;
  const removeShown = async () => {
    const shown = (await passwordsOf(graph, objectId)) ?? [];
    const left = shown.filter(({ keyId }) => has(passwords, keyId));
    for (const { keyId } of left) {
      await inTurn({ say }, () => removePassword(graph, objectId, keyId)).catch((error) => {
        if (!(error instanceof NoAnswer)) throw error; // what shows after it decides
      });
    }
    return left.length === 0 ? true : undefined;
  };
  await removeShown();
  await untilShown("the removed client secrets no more", say, removeShown);
}

const has = (passwords: PasswordCredential[], keyId: string) => passwords.some((password) => password.keyId === keyId);

async function including(read: () => Promise<PasswordCredential[] | undefined>, keyId: string) {
  const passwords = await read();
  return passwords && has(passwords, keyId) ? passwords : undefined;
}
