import { z } from "zod";
import { type Api, isMissing, type Row } from "../api.ts";
import { VendorError } from "../errors.ts";
import { optional, readRow } from "../rows.ts";
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
    return row.cer === undefined || row.cer === null ? undefined : certificateOf(row);
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
      const { status } = readRow(
        z.object({ status: z.string().regex(/^\w{1,40}$/) }),
        row,
        "the certificate's operation",
      );
      return status === "inProgress" ? undefined : status;
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
  const rows = await vault.list(`/certificates/${name}/versions?${version}`);
  for (const { id, attributes } of rows.map((row) => readRow(versionShape, row, "the certificate's version"))) {
    if (id === uri || attributes?.enabled === false) continue;
    await vault.patch(`${new URL(id).pathname}?${version}`, { attributes: { enabled: false } });
  }
}

/** Deletes a certificate with all its versions and its secret, softly: it can be recovered until the vault's retention is over. */
export async function deleteCertificate(vault: Api, name: string): Promise<void> {
  await vault.delete(`/certificates/${name}?${version}`).catch((error) => {
    if (!isMissing(error)) throw error;
  });
}

const address = z.url({ protocol: /^https$/ });

const versionShape = z.object({ id: address, attributes: optional(z.object({ enabled: optional(z.boolean()) })) });

/** Epoch seconds, as far as a Date goes. */
const time = z
  .number()
  .positive()
  .max(8.64e12)
  .transform((seconds) => new Date(seconds * 1000));

const shape = z.object({
  id: address,
  sid: address,
  cer: z.base64().min(1),
  tags: optional(z.record(z.string(), z.string())),
  attributes: z.object({ enabled: optional(z.boolean()), created: time, exp: time }),
  policy: z.object({
    x509_props: z.object({ subject: z.string(), validity_months: z.number() }),
    key_props: z.object({ key_size: z.number() }),
  }),
});

function certificateOf(row: Row): VaultCertificate {
  const { id, sid, cer, tags = {}, attributes, policy } = readRow(shape, row, "the certificate");
  return {
    uri: id,
    secretUri: sid,
    der: cer,
    tags,
    enabled: attributes.enabled !== false,
    createdOn: attributes.created,
    expiresOn: attributes.exp,
    subject: policy.x509_props.subject,
    validityMonths: policy.x509_props.validity_months,
    keySize: policy.key_props.key_size,
  };
}
