import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";

/** What is wrong with a certificate's text, by the identity's field. Never has a part of the text itself. */
export class CertificateProblem extends Error {
  readonly field: "certificate" | "privateKey" | "passphrase";

  constructor(field: CertificateProblem["field"], message: string) {
    super(message);
    this.name = "CertificateProblem";
    this.field = field;
  }
}

/** PEM text; the private key is looked for in `certificate` first. */
interface CertificateText {
  readonly certificate: string;
  readonly privateKey?: string | undefined;
  readonly passphrase?: string | undefined;
}

/** What msal-node signs with: the key in clear, and the hex SHA-256 thumbprint by which Entra finds the certificate. */
export interface ClientCertificate {
  readonly privateKey: string;
  readonly thumbprintSha256: string;
}

/** Opens the private key and finds its certificate among those given. Throws {@link CertificateProblem}. */
export function openCertificate(text: CertificateText): ClientCertificate {
  const certificates = blocks(text.certificate, "CERTIFICATE");
  if (certificates.length === 0) {
    throw new CertificateProblem(
      "certificate",
      "has no certificate: it must be PEM text (-----BEGIN CERTIFICATE-----)",
    );
  }
  const key = openKey(text);
  if (key.asymmetricKeyType !== "rsa") {
    throw new CertificateProblem("certificate", "must have an RSA key: Entra takes signatures of no other kind");
  }
  const own = certificates.map(readCertificate).find((each) => each.checkPrivateKey(key));
  if (!own) throw new CertificateProblem("certificate", "does not belong to the private key");
  return {
    privateKey: key.export({ type: "pkcs8", format: "pem" }) as string,
    thumbprintSha256: own.fingerprint256.replaceAll(":", ""),
  };
}

/**
 * The certificates in a PEM text without private keys, one PEM text each. Throws {@link CertificateProblem} where there is none,
 * one is no good, or there is a private key, which is for nobody but its owner.
 */
export function publicCertificates(text: string, now: Date): string[] {
  const problem = (message: string) => new CertificateProblem("certificate", message);
  if (blocks(text, "[A-Z ]*PRIVATE KEY").length > 0 || text.includes("PRIVATE KEY-----"))
    throw problem("has a private key: give the certificate alone, and make a new pair where this one was shared");
  const found = blocks(text, "CERTIFICATE");
  if (found.length === 0) throw problem("has no certificate: it must be PEM text (-----BEGIN CERTIFICATE-----)");
  return found.map((pem) => {
    const certificate = readCertificate(pem);
    if (certificate.publicKey.asymmetricKeyType !== "rsa")
      throw problem("must have an RSA key: Entra takes signatures of no other kind");
    if (certificate.validToDate <= now) throw problem(`has a certificate that expired on ${certificate.validTo}`);
    return certificate.toString();
  });
}

function openKey({ certificate, privateKey = "", passphrase }: CertificateText): KeyObject {
  const [beside] = blocks(certificate, "[A-Z ]*PRIVATE KEY");
  const pem = beside ?? blocks(privateKey, "[A-Z ]*PRIVATE KEY")[0];
  const field = beside || !privateKey ? "certificate" : "privateKey";
  if (!pem)
    throw new CertificateProblem(field, "has no private key: it must be PEM text (-----BEGIN PRIVATE KEY-----)");
  try {
    return createPrivateKey({ key: pem, passphrase });
  } catch {
    if (!pem.includes("ENCRYPTED")) throw new CertificateProblem(field, "has a private key that cannot be read");
    throw new CertificateProblem(
      "passphrase",
      passphrase ? "does not open the private key" : "is missing: the private key is encrypted",
    );
  }
}

function readCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new CertificateProblem("certificate", "has a certificate that cannot be read");
  }
}

/** The PEM blocks of a label. Stores of secrets often hold a text of many lines as one, with \n written out. */
function blocks(text: string, label: string): string[] {
  const lines = text.replaceAll("\\n", "\n");
  return lines.match(new RegExp(`-----BEGIN (${label})-----[^]*?-----END \\1-----`, "g")) ?? [];
}
