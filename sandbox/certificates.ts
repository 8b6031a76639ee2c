import { webcrypto } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import "reflect-metadata"; // @peculiar/x509 asks for it
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** A server certificate for the loopback address, and the file of the authority that a client has to trust for it. */
export interface ServerCertificate {
  readonly key: string;
  readonly cert: string;
  readonly authorityPath: string;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/**
 * The sandbox's certificate, made with a certificate authority of its own at the first start and kept in `directory`.
 * The authority's key is thrown away, so nobody can sign anything else that a client with this authority would trust.
 */
export async function loopbackCertificate(directory: string): Promise<ServerCertificate> {
  const paths = {
    key: join(directory, "server.key"),
    cert: join(directory, "server.crt"),
    authority: join(directory, "ca.crt"),
  };
  if (!Object.values(paths).every((path) => existsSync(path))) {
    mkdirSync(directory, { recursive: true });
    const authorityKeys = (await webcrypto.subtle.generateKey(algorithm, false, ["sign", "verify"])) as CryptoKeyPair;
    const serverKeys = (await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair;
    const notBefore = new Date(Date.now() - 24 * 3600_000);
    const notAfter = new Date(Date.now() + 10 * 365 * 24 * 3600_000);
    const authority = await X509CertificateGenerator.createSelfSigned({
      name: "CN=dataverse-s2s sandbox",
      keys: authorityKeys,
      notBefore,
      notAfter,
      signingAlgorithm: algorithm,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        // By it a client that trusts several sandboxes tells their authorities, which have one name, apart.
        await SubjectKeyIdentifierExtension.create(authorityKeys.publicKey),
      ],
    });
    const server = await X509CertificateGenerator.create({
      subject: "CN=127.0.0.1",
      issuer: authority.subject,
      publicKey: serverKeys.publicKey,
      signingKey: authorityKeys.privateKey,
      notBefore,
      notAfter,
      signingAlgorithm: algorithm,
      extensions: [
        new SubjectAlternativeNameExtension([
          { type: "ip", value: "127.0.0.1" },
          { type: "dns", value: "localhost" },
          { type: "dns", value: "*.localhost" },
        ]),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        await AuthorityKeyIdentifierExtension.create(authorityKeys.publicKey),
      ],
    });
    const key = PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", serverKeys.privateKey), "PRIVATE KEY");
    writeFileSync(paths.key, key, { mode: 0o600 });
    writeFileSync(paths.cert, server.toString("pem"));
    writeFileSync(paths.authority, authority.toString("pem"));
  }
  return {
    key: readFileSync(paths.key, "utf8"),
    cert: readFileSync(paths.cert, "utf8"),
    authorityPath: paths.authority,
  };
}

type CryptoKeyPair = { privateKey: webcrypto.CryptoKey; publicKey: webcrypto.CryptoKey };
