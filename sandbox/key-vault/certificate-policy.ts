import type { CertificatePolicy } from "./certificates.ts";
import { keyVaultErrors } from "./errors.ts";

/** A policy as a client gives it: everything but the subject may be left out. */
export interface AskedPolicy {
  key_props?: Partial<CertificatePolicy["key_props"]>;
  secret_props?: { contentType?: string };
  x509_props?: Partial<CertificatePolicy["x509_props"]>;
  lifetime_actions?: { action?: { action_type?: string } }[];
  issuer?: { name?: string };
}

/**
 * A policy with what Key Vault fills in, as it was seen to (recordings of Microsoft's SDK tests). What the sandbox cannot make is
 * 501: other issuers, other keys than RSA, PKCS#12, and renewal by the vault itself, which is the default.
 */
export function policyOf(asked: AskedPolicy | undefined, now: number): CertificatePolicy {
  const { key_props = {}, secret_props = {}, x509_props = {}, lifetime_actions = [], issuer = {} } = asked ?? {};
  if (!x509_props.subject) throw keyVaultErrors.badParameter("Property policy.x509_props.subject is required.");
  if (!/^[a-z.\d]+=./i.test(x509_props.subject))
    throw keyVaultErrors.badParameter("The subject is not a valid X.500 distinguished name.");
  if (issuer.name !== "Self") throw keyVaultErrors.notServed(`the certificate issuer '${issuer.name}'`);
  const kty = key_props.kty ?? "RSA";
  const key_size = key_props.key_size ?? 2048;
  if (kty !== "RSA" || ![2048, 3072, 4096].includes(key_size))
    throw keyVaultErrors.notServed(`certificates with a key of type ${kty} and ${key_size} bits`);
  if (key_props.reuse_key) throw keyVaultErrors.notServed("certificates that take their predecessor's key");
  const contentType = secret_props.contentType ?? "application/x-pkcs12";
  if (contentType !== "application/x-pem-file") throw keyVaultErrors.notServed(`certificates as ${contentType}`);
  const actions = lifetime_actions.map(({ action }) => action?.action_type ?? "");
  if (actions.length === 0 || actions.some((action) => !/^emailcontacts$/i.test(action)))
    throw keyVaultErrors.notServed("certificates that the vault renews itself (lifetime action AutoRenew)");
  return {
    key_props: { exportable: key_props.exportable ?? true, kty, key_size, reuse_key: false },
    secret_props: { contentType },
    x509_props: {
      subject: x509_props.subject,
      sans: x509_props.sans ?? {},
      ekus: x509_props.ekus ?? ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"],
      key_usage: x509_props.key_usage ?? ["digitalSignature", "keyEncipherment"],
      validity_months: x509_props.validity_months ?? 12,
      basic_constraints: { ca: false },
    },
    lifetime_actions,
    issuer: { name: "Self" },
    attributes: { enabled: true, created: now, updated: now },
  };
}
