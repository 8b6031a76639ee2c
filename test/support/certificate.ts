import { createPrivateKey, webcrypto } from "node:crypto";
import "reflect-metadata"; // @peculiar/x509 asks for it
import { X509CertificateGenerator } from "@peculiar/x509";

/** A self-signed certificate of an application, as PEM texts and as Graph takes it. */
export interface TestCertificate {
  readonly certificate: string;
  readonly privateKey: string;
  /** The private key encrypted with a passphrase. */
  encryptedKey(passphrase: string): string;
  /** Member of an application's `keyCredentials`. */
  readonly keyCredential: Record<string, unknown>;
}

const algorithms = {
  RSA: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
  EC: { name: "ECDSA", hash: "SHA-256", namedCurve: "P-256" },
};

/** Makes a certificate that is good for a day. */
export async function newCertificate(kind: keyof typeof algorithms = "RSA"): Promise<TestCertificate> {
  const algorithm = algorithms[kind];
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: "CN=Contoso administrator",
    keys,
    notAfter: new Date(Date.now() + 86_400_000),
    signingAlgorithm: algorithm,
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  const key = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  return {
    certificate: certificate.toString("pem"),
    privateKey: key.export({ type: "pkcs8", format: "pem" }) as string,
    encryptedKey: (passphrase) =>
      key.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase }) as string,
    keyCredential: {
      type: "AsymmetricX509Cert",
      usage: "Verify",
      key: Buffer.from(certificate.rawData).toString("base64"),
    },
  };
}
