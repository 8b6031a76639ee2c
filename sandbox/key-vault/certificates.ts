import { randomBytes } from "node:crypto";
import type { Store } from "../store.ts";
import { addVersion } from "./secrets.ts";
import { selfSigned } from "./self-signed.ts";
import type { Deletion, Vault } from "./vaults.ts";

/** How a certificate is made, with the wire's names and what Key Vault fills in. */
export interface CertificatePolicy {
  key_props: { exportable: boolean; kty: string; key_size: number; reuse_key: boolean };
  secret_props: { contentType: string };
  x509_props: {
    subject: string;
    sans: object;
    ekus: string[];
    key_usage: string[];
    validity_months: number;
    basic_constraints: { ca: boolean };
  };
  lifetime_actions: object[];
  issuer: { name: string };
  attributes: { enabled: boolean; created: number; updated: number };
}

export interface CertificateVersion {
  /** 32 hex digits; the secret's and the key's version too. */
  readonly version: string;
  /** DER in base64; null while it is being made. */
  readonly cer: string | null;
  readonly thumbprint: string | null;
  readonly subject: string;
  tags: Record<string, string> | null;
  enabled: boolean;
  readonly nbf: number;
  readonly exp: number;
  readonly created: number;
  updated: number;
}

/** A certificate that was asked for. It is there at the second look, as the real one is after some seconds. */
export interface PendingCertificate {
  readonly requestId: string;
  readonly csr: string;
  readonly made: CertificateVersion & { readonly pem: string };
  status: "inProgress" | "completed";
  seen: boolean;
}

/** A certificate of one vault with all its versions, oldest first. */
export interface Certificate {
  readonly name: string;
  readonly versions: CertificateVersion[];
  policy: CertificatePolicy;
  pending: PendingCertificate | null;
  deletion: Deletion | null;
}

/** The certificates of one vault by lower-case name, deleted ones too; those whose retention has ended are gone. */
export function certificatesOf(store: Store, vault: Vault): Map<string, Certificate> {
  const all = store.collection<Record<string, Certificate>>("keyVaultCertificates");
  const rows = new Map(Object.entries(all.get(vault.name.toLowerCase()) ?? {}));
  for (const [key, { deletion }] of rows) {
    if (deletion && new Date(deletion.scheduledPurgeDate) <= store.now()) rows.delete(key);
  }
  return rows;
}

/** Begins a version: makes key and certificate, and hides both until {@link look} has come for the second time. */
export async function request(
  store: Store,
  vault: Vault,
  name: string,
  policy: CertificatePolicy,
  { tags = null, enabled = true }: { tags?: Record<string, string> | null; enabled?: boolean },
): Promise<{ certificate: Certificate; pending: PendingCertificate }> {
  const now = store.now();
  const { subject, validity_months, key_usage, ekus } = policy.x509_props;
  // Ten minutes back, so that no clock that is a little behind refuses it.
  const notBefore = new Date(Math.floor(now.getTime() / 1000) * 1000 - 600_000);
  const notAfter = new Date(notBefore);
  notAfter.setUTCMonth(notAfter.getUTCMonth() + validity_months);
  const { certificate: cer, ...made } = await selfSigned({
    subject,
    keySize: policy.key_props.key_size,
    notBefore,
    notAfter,
    keyUsages: key_usage,
    extendedKeyUsages: ekus,
  });
  const created = Math.floor(now.getTime() / 1000);
  const pending: PendingCertificate = {
    requestId: randomBytes(16).toString("hex"),
    csr: made.request,
    made: {
      version: randomBytes(16).toString("hex"),
      cer,
      thumbprint: made.thumbprint,
      subject,
      tags,
      enabled,
      nbf: notBefore.getTime() / 1000,
      exp: notAfter.getTime() / 1000,
      created,
      updated: created,
      pem: made.pem,
    },
    status: "inProgress",
    seen: false,
  };
  const known = certificatesOf(store, vault).get(name.toLowerCase());
  const certificate: Certificate = known ?? { name, versions: [], policy, pending, deletion: null };
  Object.assign(certificate, { policy, pending });
  keep(store, vault, certificate);
  return { certificate, pending };
}

/** Lets what is being made get on: what was looked at before is done now, with the secret of the same name and version. */
export function look(store: Store, vault: Vault, certificate: Certificate): void {
  const { pending, name } = certificate;
  if (pending?.status !== "inProgress") return;
  if (!pending.seen) {
    pending.seen = true;
    return;
  }
  const { pem, ...version } = pending.made;
  const { enabled, nbf, exp, tags } = version;
  const contentType = certificate.policy.secret_props.contentType;
  const content = { value: pem, contentType, attributes: { enabled, nbf, exp }, ...(tags && { tags }) };
  addVersion(store, vault, name, content, version.version);
  certificate.versions.push(version);
  pending.status = "completed";
}

/** Ends a certificate for good. */
export function dropCertificate(store: Store, vault: Vault, { name }: Certificate): void {
  const all = store.collection<Record<string, Certificate>>("keyVaultCertificates");
  delete all.get(vault.name.toLowerCase())?.[name.toLowerCase()];
}

/** Ends all certificates of a vault, as its purge does. */
export function dropCertificates(store: Store, vault: Vault): void {
  store.collection("keyVaultCertificates").delete(vault.name.toLowerCase());
}

function keep(store: Store, vault: Vault, certificate: Certificate): void {
  const all = store.collection<Record<string, Certificate>>("keyVaultCertificates");
  const key = vault.name.toLowerCase();
  all.set(key, { ...all.get(key), [certificate.name.toLowerCase()]: certificate });
}
