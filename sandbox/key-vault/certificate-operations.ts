import { certificateType, checkBody } from "./body.ts";
import { attributesOf, deletion } from "./bundles.ts";
import { type AskedPolicy, policyOf } from "./certificate-policy.ts";
import {
  type Certificate,
  type CertificateVersion,
  certificatesOf,
  dropCertificate,
  look,
  type PendingCertificate,
  request,
} from "./certificates.ts";
import { keyVaultErrors } from "./errors.ts";
import type { Target } from "./operations.ts";
import { purgeSecret, secretsOf, validSecretName } from "./secrets.ts";
import { deletionNow } from "./vaults.ts";

interface Asked {
  policy?: AskedPolicy;
  attributes?: { enabled?: boolean };
  tags?: Record<string, string>;
}

export async function createCertificate(target: Target, name: string, asked: Asked) {
  const { store, vault } = target;
  if (!validSecretName(name)) throw keyVaultErrors.badParameter(`The request URI contains an invalid name: ${name}`);
  checkBody(certificateType, asked);
  const known = certificatesOf(store, vault).get(name.toLowerCase());
  if (known?.deletion) {
    throw keyVaultErrors.inDeletedState(
      `Certificate ${known.name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the certificate can only be recovered or purged.`,
    );
  }
  if (known?.pending?.status === "inProgress") throw keyVaultErrors.pendingInProgress();
  if (!known && secretsOf(store, vault).has(name.toLowerCase()))
    throw keyVaultErrors.notServed("a certificate with the name of a secret");
  const policy = policyOf(asked?.policy, Math.floor(store.now().getTime() / 1000));
  const { certificate, pending } = await request(store, vault, name, policy, {
    ...(asked.tags && { tags: asked.tags }),
    ...asked.attributes,
  });
  return operationBundle(target, certificate, pending);
}

export function getPending(target: Target, name: string) {
  const certificate = find(target, name);
  if (!certificate.pending) throw keyVaultErrors.pendingNotFound(name);
  return operationBundle(target, certificate, certificate.pending);
}

/** The latest version, or one; while the first is being made a disabled one without its certificate. */
export function getCertificate(target: Target, name: string, versionId?: string) {
  const certificate = find(target, name);
  if (!versionId && certificate.versions.length === 0) {
    const { pem, ...made } = certificate.pending!.made;
    return bundle(target, certificate, { ...made, cer: null, thumbprint: null, enabled: false });
  }
  return bundle(target, certificate, versionOf(certificate, versionId));
}

export function listCertificateVersions(target: Target, name: string) {
  const certificate = find(target, name);
  return certificate.versions.map((version) => ({
    id: `${target.url}/certificates/${certificate.name}/${version.version}`,
    x5t: version.thumbprint,
    subject: version.subject,
    attributes: attributesOf(target.vault, version),
    tags: version.tags ?? undefined,
  }));
}

/** Changes a version; the secret of the same version is disabled and enabled with it. */
export function updateCertificate(target: Target, name: string, versionId: string, changes: Omit<Asked, "policy">) {
  checkBody(certificateType.omit({ policy: true }), changes);
  const certificate = find(target, name);
  const version = versionOf(certificate, versionId);
  if (changes.tags) version.tags = changes.tags;
  if (changes.attributes?.enabled !== undefined) {
    version.enabled = changes.attributes.enabled;
    const secret = secretsOf(target.store, target.vault).get(name.toLowerCase());
    const own = secret?.versions.find((row) => row.version === version.version);
    if (own) own.enabled = version.enabled;
  }
  version.updated = Math.floor(target.store.now().getTime() / 1000);
  return bundle(target, certificate, version);
}

/** Key and secret of the same name are deleted, recovered and purged with a certificate. */
export function deleteCertificate(target: Target, name: string) {
  const certificate = find(target, name);
  setDeletion(target, certificate, deletionNow(target.store, target.vault.properties));
  return deletedBundle(target, certificate);
}

export function getDeletedCertificate(target: Target, name: string) {
  return deletedBundle(target, findDeleted(target, name));
}

export function recoverCertificate(target: Target, name: string) {
  const certificate = findDeleted(target, name);
  setDeletion(target, certificate, null);
  return getCertificate(target, name);
}

export function purgeCertificate(target: Target, name: string): void {
  const { store, vault } = target;
  const certificate = findDeleted(target, name);
  if (vault.properties.enablePurgeProtection)
    throw keyVaultErrors.purgeProtected(`${vault.name};location=${vault.location}`);
  const secret = secretsOf(store, vault).get(name.toLowerCase());
  if (secret) purgeSecret(store, vault, secret);
  dropCertificate(store, vault, certificate);
}

function setDeletion({ store, vault }: Target, certificate: Certificate, at: Certificate["deletion"]): void {
  const secret = secretsOf(store, vault).get(certificate.name.toLowerCase());
  certificate.deletion = at;
  if (secret) secret.deletion = at;
}

function find({ store, vault }: Target, name: string): Certificate {
  const certificate = certificatesOf(store, vault).get(name.toLowerCase());
  if (!certificate || certificate.deletion) throw keyVaultErrors.certificateNotFound(name);
  look(store, vault, certificate);
  return certificate;
}

function findDeleted({ store, vault }: Target, name: string): Certificate {
  const certificate = certificatesOf(store, vault).get(name.toLowerCase());
  if (!certificate?.deletion) throw keyVaultErrors.deletedCertificateNotFound(name);
  return certificate;
}

function versionOf({ name, versions }: Certificate, versionId?: string): CertificateVersion {
  const found = versionId ? versions.find(({ version }) => version === versionId.toLowerCase()) : versions.at(-1);
  if (!found) throw keyVaultErrors.certificateNotFound(`${name}/${versionId}`);
  return found;
}

function operationBundle({ url }: Target, { name }: Certificate, { csr, status, requestId }: PendingCertificate) {
  return {
    id: `${url}/certificates/${name}/pending`,
    issuer: { name: "Self" },
    csr,
    cancellation_requested: false,
    status,
    ...(status === "completed"
      ? { target: `${url}/certificates/${name}` }
      : {
          status_details:
            "Pending certificate created. Certificate request is in progress. This may take some time based on the issuer provider. Please check again later.",
        }),
    request_id: requestId,
  };
}

function bundle({ vault, url }: Target, { name, policy, pending }: Certificate, version: CertificateVersion) {
  const made = version.cer && {
    kid: `${url}/keys/${name}/${version.version}`,
    sid: `${url}/secrets/${name}/${version.version}`,
    x5t: version.thumbprint,
    cer: version.cer,
  };
  return {
    id: `${url}/certificates/${name}/${version.version}`,
    ...made,
    attributes: attributesOf(vault, version),
    policy: { id: `${url}/certificates/${name}/policy`, ...policy },
    pending: pending ? { id: `${url}/certificates/${name}/pending` } : undefined,
    tags: version.tags ?? undefined,
  };
}

function deletedBundle(target: Target, certificate: Certificate) {
  const latest = certificate.versions.at(-1) ?? certificate.pending!.made;
  return { ...deletion(target.url, certificate, "certificates"), ...bundle(target, certificate, latest) };
}
