import { createHash, randomInt, X509Certificate } from "node:crypto";
import type { Application, PasswordCredential } from "../directory.ts";
import type { Store } from "../store.ts";
import { graphErrors } from "./errors.ts";
import { graphSwitch } from "./switches.ts";

const secretAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";

/** Adds a secret with a text of Entra's form (40 characters); it ends two years from its start unless told. */
export function addPassword(
  store: Store,
  application: Application,
  asked: { displayName?: string | null; startDateTime?: string | null; endDateTime?: string | null },
): PasswordCredential {
  const start = readTime(asked.startDateTime, "startDateTime") ?? store.now();
  const defaultEnd = new Date(start);
  defaultEnd.setUTCFullYear(defaultEnd.getUTCFullYear() + 2);
  const end = readTime(asked.endDateTime, "endDateTime") ?? defaultEnd;
  if (end <= start) throw graphErrors.invalidValue("endDateTime", "PasswordCredential");
  const policy = graphSwitch(store, "secretPolicy");
  if (policy === "no secrets") throw graphErrors.secretsNotAllowed();
  if (policy === "at most 180 days" && end.getTime() - start.getTime() > 180 * 86_400_000)
    throw graphErrors.secretTooLong();
  const letters = (count: number) =>
    Array.from({ length: count }, () => secretAlphabet[randomInt(secretAlphabet.length)]).join("");
  const secretText = `${letters(3)}8Q~${letters(34)}`;
  const credential: PasswordCredential = {
    keyId: store.newId("password", application.id, asked.displayName),
    displayName: asked.displayName ?? null,
    hint: secretText.slice(0, 3),
    secretText,
    startDateTime: timeText(start),
    endDateTime: timeText(end),
  };
  application.passwordCredentials.push(credential);
  return credential;
}

/** Removes a secret; throws 400 when there is none with this id. */
export function removePassword(application: Application, keyId: unknown): void {
  const index = application.passwordCredentials.findIndex((row) => row.keyId === keyId);
  if (index < 0) throw graphErrors.passwordNotFound();
  application.passwordCredentials.splice(index, 1);
}

/**
 * The certificates of an application after a PATCH, which always gives the whole collection. A known one may come without its
 * `key`, as reads do not give that; of a new one, what was left out is read from the certificate.
 */
export function keyCredentials(
  store: Store,
  before: readonly Record<string, unknown>[],
  asked: readonly Record<string, unknown>[],
): Record<string, unknown>[] {
  return asked.map((credential) => {
    const known = before.find((row) => credential.keyId && row.keyId === credential.keyId);
    if (known) return known;
    let certificate: X509Certificate;
    try {
      // DER, or PEM text as the azuread provider sends it.
      certificate = new X509Certificate(Buffer.from(String(credential.key ?? ""), "base64"));
    } catch {
      throw graphErrors.invalidValue("key", "KeyCredential");
    }
    const der = certificate.raw;
    const end = readTime(credential.endDateTime, "endDateTime") ?? new Date(certificate.validTo);
    if (end > new Date(certificate.validTo)) throw graphErrors.keyEndDate();
    const start = readTime(credential.startDateTime, "startDateTime") ?? new Date(certificate.validFrom);
    return {
      keyId: credential.keyId ?? store.newId("key", certificate.fingerprint256),
      type: credential.type ?? "AsymmetricX509Cert",
      usage: credential.usage ?? "Verify",
      displayName: credential.displayName ?? certificate.subject,
      customKeyIdentifier: createHash("sha1").update(der).digest("base64"),
      startDateTime: timeText(start),
      endDateTime: timeText(end),
      key: der.toString("base64"),
    };
  });
}

function readTime(value: unknown, member: string): Date | undefined {
  if (value === undefined || value === null) return undefined;
  const time = new Date(String(value));
  if (Number.isNaN(time.getTime())) throw graphErrors.invalidValue(member, "PasswordCredential");
  return time;
}

function timeText(time: Date): string {
  return time.toISOString().replace(".000Z", "Z");
}
