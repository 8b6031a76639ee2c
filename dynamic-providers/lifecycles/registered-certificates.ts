import type { PublisherConnection } from "../connection.ts";
import { certificatesOf, type KeyCredential, setCertificates } from "../entra/application-certificates.ts";
import { untilSteady } from "../waiting.ts";
import { settlingSeconds } from "./settling.ts";
import { untilShown } from "./shown.ts";

/**
 * The certificates of the application object, to write them back with a change; undefined when it is gone. A replica that is
 * behind would leave out what was registered last, so several in a row must agree. What somebody else registered so shortly
 * before that none of them shows it would still be lost: Graph takes no condition with the write.
 */
export async function steadyCertificates(
  { graph, say }: PublisherConnection,
  objectId: string,
  mayBeNew: boolean,
): Promise<KeyCredential[] | undefined> {
  const read = () => certificatesOf(graph, objectId);
  if (!mayBeNew && !(await read())) return undefined;
  return untilSteady("Entra to show the application's certificates as they are", settlingSeconds, say, read);
}

/** Writes all certificates, and waits until Entra shows those of ours as written: who writes next starts from what it shows. */
export async function writeCertificates(
  { graph, say }: PublisherConnection,
  objectId: string,
  wanted: KeyCredential[],
  isOurs: (credential: KeyCredential) => boolean,
): Promise<void> {
  const oursIn = (credentials: KeyCredential[]) =>
    credentials
      .filter(isOurs)
      .map(({ keyId }) => keyId)
      .sort()
      .join();
  await setCertificates(graph, objectId, wanted);
  await untilShown("the application's certificates as they were written", say, async () => {
    const shown = (await certificatesOf(graph, objectId)) ?? [];
    return oursIn(shown) === oursIn(wanted) ? true : undefined;
  });
}
