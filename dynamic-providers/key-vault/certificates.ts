import { type Api, isMissing, type Row } from "../api.ts";
import { VendorError } from "../errors.ts";
import { type Say, waitFor } from "../waiting.ts";

/** What decides how a certificate is made. */
export interface CertificatePolicy {
  /** X.500 distinguished name, such as "CN=Contoso Orders". */
  readonly subject: string;
  readonly validityMonths: number;
  /** Bits of its RSA key. */
  readonly keySize: number;
}

/** The newest version of a certificate. Its private key is in the secret of the same name and version. */
export interface VaultCertificate extends CertificatePolicy {
  /** Address with the version. */
  readonly uri: string;
  /** Address of that secret, with the version. */
  readonly secretUri: string;
  /** The certificate itself, DER in base64. */
  readonly der: string;
  readonly tags: Record<string, string>;
  readonly enabled: boolean;
  readonly createdOn: Date;
  readonly expiresOn: Date;
}

const version = "api-version=7.4";
/** A self-signed certificate takes some seconds. */
const makingSeconds = 120;

/** The newest version of a certificate; undefined when there is none, or none that is finished. */
export async function newestCertificate(vault: Api, name: string): Promise<VaultCertificate | undefined> {
  try {
    const row = await vault.get(`/certificates/${name}?${version}`);
    return typeof row.cer === "string" ? certificateOf(row) : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Asks for a new version; a soft-deleted certificate of that name, which blocks it, is recovered first. */
export async function requestCertificate(
  vault: Api,
  name: string,
  { subject, validityMonths, keySize }: CertificatePolicy,
  tags: Record<string, string>,
): Promise<void> {
  const body = {
    policy: {
      issuer: { name: "Self" },
      key_props: { kty: "RSA", key_size: keySize, exportable: true, reuse_key: false },
      secret_props: { contentType: "application/x-pem-file" },
      x509_props: { subject, validity_months: validityMonths, ekus: ["1.3.6.1.5.5.7.3.2"] },
      // Left out it is AutoRenew: versions that nobody registers on the application.
      lifetime_actions: [{ trigger: { lifetime_percentage: 80 }, action: { action_type: "EmailContacts" } }],
    },
    tags,
  };
  const request = () => vault.post(`/certificates/${name}/create?${version}`, body);
  try {
    await request();
  } catch (error) {
    if (!(error instanceof VendorError && error.code === "ObjectIsDeletedButRecoverable")) throw error;
    await vault.post(`/deletedcertificates/${name}/recover?${version}`, {});
    await request();
  }
}

/** Waits for the version that is being made, if there is one. Gives what became of it: "completed", or Key Vault's word. */
export async function untilMade(vault: Api, name: string, say: Say): Promise<string> {
  const status = await waitFor(`Key Vault to make certificate '${name}'`, makingSeconds, say, async () => {
    try {
      const row = await vault.get(`/certificates/${name}/pending?${version}`);
      return row.status === "inProgress" ? undefined : String(row.status);
    } catch (error) {
      if (isMissing(error)) return "completed";
      throw error;
    }
  });
  if (status) return status;
  throw new VendorError(undefined, "certificate_pending", `Key Vault did not make it in ${makingSeconds} s`);
}

/** Disables every version but one, and with each the secret that holds its private key. */
export async function disableOtherVersions(vault: Api, name: string, uri: string): Promise<void> {
  for (const { id, attributes } of await vault.list(`/certificates/${name}/versions?${version}`)) {
    if (id === uri || (attributes as Row | undefined)?.enabled === false) continue;
    await vault.patch(`${new URL(String(id)).pathname}?${version}`, { attributes: { enabled: false } });
  }
}

/** Deletes a certificate with all its versions and its secret, softly: it can be recovered until the vault's retention is over. */
export async function deleteCertificate(vault: Api, name: string): Promise<void> {
  await vault.delete(`/certificates/${name}?${version}`).catch((error) => {
    if (!isMissing(error)) throw error;
  });
}

function certificateOf({ id, sid, cer, tags, attributes, policy }: Row): VaultCertificate {
  const { enabled, created, exp } = (attributes ?? {}) as { enabled?: boolean; created?: number; exp?: number };
  const { x509_props, key_props } = (policy ?? {}) as {
    x509_props?: { subject?: string; validity_months?: number };
    key_props?: { key_size?: number };
  };
  if (typeof id !== "string" || typeof sid !== "string" || !created || !exp)
    throw new VendorError(200, "unexpected_answer", "Key Vault answered without the certificate's address or dates");
  return {
    uri: id,
    secretUri: sid,
    der: String(cer),
    tags: (tags ?? {}) as Record<string, string>,
    enabled: enabled !== false,
    createdOn: new Date(created * 1000),
    expiresOn: new Date(exp * 1000),
    subject: x509_props?.subject ?? "",
    validityMonths: x509_props?.validity_months ?? 0,
    keySize: key_props?.key_size ?? 0,
  };
}
