import { webcrypto } from "node:crypto";
import "reflect-metadata"; // @peculiar/x509 asks for it
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  Pkcs10CertificateRequestGenerator,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** A certificate signed by its own key. */
export interface SelfSigned {
  /** DER in base64. */
  readonly certificate: string;
  /** Certificate signing request, likewise. */
  readonly request: string;
  /** Private key and certificate as PEM text. */
  readonly pem: string;
  /** SHA-1 of the certificate in base64url, as Key Vault shows it. */
  readonly thumbprint: string;
}

export interface SelfSignedOptions {
  readonly subject: string;
  readonly keySize: number;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Names of key usages, as in {@link KeyUsageFlags}. */
  readonly keyUsages: readonly string[];
  /** Object identifiers. */
  readonly extendedKeyUsages: readonly string[];
}

export async function selfSigned(options: SelfSignedOptions): Promise<SelfSigned> {
  const { subject, keySize: modulusLength, notBefore, notAfter, keyUsages, extendedKeyUsages } = options;
  const algorithm = {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength,
    publicExponent: new Uint8Array([1, 0, 1]),
  };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const flags = KeyUsageFlags as unknown as Record<string, number>;
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: subject,
    keys,
    notBefore,
    notAfter,
    signingAlgorithm: algorithm,
    extensions: [
      new KeyUsagesExtension(
        keyUsages.reduce((all, usage) => all | (flags[usage] ?? 0), 0),
        true,
      ),
      new ExtendedKeyUsageExtension([...extendedKeyUsages]),
      new BasicConstraintsExtension(false),
    ],
  });
  const request = await Pkcs10CertificateRequestGenerator.create({ name: subject, keys, signingAlgorithm: algorithm });
  const key = PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
  const base64 = (data: ArrayBuffer) => Buffer.from(data).toString("base64");
  return {
    certificate: base64(certificate.rawData),
    request: base64(request.rawData),
    pem: `${key}\n${certificate.toString("pem")}\n`,
    thumbprint: Buffer.from(await certificate.getThumbprint("SHA-1")).toString("base64url"),
  };
}
