import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import type { TestSandbox } from "./sandbox.ts";

/** An outside identity provider, as a CI's: what a federated identity credential trusts. */
export interface TokenIssuer {
  /** Its address, which is the `iss` of its tokens. */
  readonly issuer: string;
  /** A token for Entra's exchange, good for ten minutes, with some claims changed. */
  sign(claims: { subject: string; issuer?: string; audience?: string }): Promise<string>;
  close(): void;
}

/** Starts an issuer on loopback, with the sandbox's certificate, so that who trusts the one trusts the other. */
export async function startTokenIssuer(sandbox: TestSandbox): Promise<TokenIssuer> {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const jwk = { ...(await exportJWK(publicKey)), kid: "1" };
  const [key, cert] = ["server.key", "server.crt"].map((name) => readFileSync(join(sandbox.directory, name)));
  const server = createServer({ key, cert }, (request, response) => {
    const body = request.url === "/keys" ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/keys` };
    response.setHeader("Content-Type", "application/json").end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    sign: ({ subject, issuer: named = issuer, audience = "api://AzureADTokenExchange" }) =>
      new SignJWT()
        .setProtectedHeader({ alg: "RS256", kid: "1" })
        .setIssuer(named)
        .setSubject(subject)
        .setAudience(audience)
        .setExpirationTime("10m")
        .sign(privateKey),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
