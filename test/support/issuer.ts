import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { exportJWK, generateKeyPair, SignJWT } from "jose";

/** An identity provider outside of Entra, such as a Kubernetes cluster: its address, its tokens, and what it was asked. */
export interface Issuer {
  readonly issuer: string;
  readonly asked: readonly string[];
  tokenOf(subject: string): Promise<string>;
  close(): void;
}

/** Starts one on 127.0.0.1, with the certificate of the sandbox in `directory`. */
export async function startIssuer(directory: string): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const jwk = { ...(await exportJWK(publicKey)), kid: "1" };
  const asked: string[] = [];
  const [key, cert] = ["server.key", "server.crt"].map((name) => readFileSync(join(directory, name)));
  const server: Server = createServer({ key, cert }, (request, response) => {
    asked.push(request.url!);
    const body = request.url === "/keys" ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/keys` };
    response.setHeader("Content-Type", "application/json").end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    asked,
    tokenOf: (subject) =>
      new SignJWT()
        .setProtectedHeader({ alg: "RS256", kid: "1" })
        .setIssuer(issuer)
        .setSubject(subject)
        .setAudience("api://AzureADTokenExchange")
        .setExpirationTime("10m")
        .sign(privateKey),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
