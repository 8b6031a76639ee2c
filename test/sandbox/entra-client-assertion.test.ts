import { webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import tls from "node:tls";
import "reflect-metadata"; // @peculiar/x509 asks for it
import { X509CertificateGenerator } from "@peculiar/x509";
import { calculateJwkThumbprint, decodeJwt, exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EntraClient, type Identity, publisher, signInOutcome } from "../support/entra.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";

let sandbox: TestSandbox;
let client: EntraClient;
let application: Identity & { id: string };

beforeAll(async () => {
  sandbox = await startTestSandbox();
  client = new EntraClient(sandbox);
  application = await client.newIdentity();
});
afterAll(() => sandbox.close());

/** Fields of a request with a client assertion. */
const asserted = (client_assertion: string) => ({
  client_id: application.clientId,
  client_secret: undefined,
  client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
  client_assertion,
});

describe("a certificate", () => {
  let sign: (changes?: { audience?: string; expires?: string; key?: webcrypto.CryptoKey }) => Promise<string>;
  let strangeKey: webcrypto.CryptoKey;

  beforeAll(async () => {
    const algorithm = {
      name: "RSASSA-PKCS1-v1_5",
      hash: "SHA-256",
      modulusLength: 2048,
      publicExponent: new Uint8Array([1, 0, 1]),
    };
    const usages = ["sign", "verify"] as const;
    const keys = await webcrypto.subtle.generateKey(algorithm, true, usages);
    strangeKey = (await webcrypto.subtle.generateKey(algorithm, true, usages)).privateKey;
    const certificate = await X509CertificateGenerator.createSelfSigned({
      name: "CN=Contoso Orders",
      keys,
      notAfter: new Date(Date.now() + 86400_000 * 30),
      signingAlgorithm: algorithm,
    });
    const key = Buffer.from(certificate.rawData).toString("base64");
    const { status } = await client.graph("PATCH", `/applications/${application.id}`, {
      body: { keyCredentials: [{ type: "AsymmetricX509Cert", usage: "Verify", key }] },
    });
    expect(status).toBe(204);
    const thumbprint = Buffer.from(await certificate.getThumbprint("SHA-256")).toString("base64url");
    const tokenEndpoint = `${sandbox.endpoints.login}/${publisher.tenantId}/oauth2/v2.0/token`;
    sign = ({ audience = tokenEndpoint, expires = "10m", key = keys.privateKey } = {}) =>
      new SignJWT()
        .setProtectedHeader({ alg: "RS256", "x5t#S256": thumbprint })
        .setIssuer(application.clientId)
        .setSubject(application.clientId)
        .setAudience(audience)
        .setExpirationTime(expires)
        .sign(key);
  });

  test("A2: signs in", async () => {
    const { status, data } = await client.signIn(asserted(await sign()));
    expect(status).toBe(200);
    expect(decodeJwt(data.access_token).appidacr).toBe("2");
  });

  test("C2: is not shown by Graph unless asked for", async () => {
    const plain = await client.graph("GET", `/applications/${application.id}`);
    expect(plain.data.keyCredentials[0].key).toBeNull();
    const selected = await client.graph("GET", `/applications/${application.id}?$select=keyCredentials`);
    expect(selected.data.keyCredentials[0].key).toMatch(/^MII/);
  });

  test("A2: is refused for a wrong signature, audience or time, and when it is not registered", async () => {
    const other = await client.signIn(asserted(await sign({ key: strangeKey })));
    expect(signInOutcome(other)).toEqual([401, "invalid_client", [700027]]);
    const audience = await client.signIn(asserted(await sign({ audience: "https://elsewhere.example" })));
    expect(signInOutcome(audience)).toEqual([401, "invalid_client", [700023]]);
    const late = await client.signIn(asserted(await sign({ expires: "-1h" })));
    expect(signInOutcome(late)).toEqual([401, "invalid_client", [700024]]);
    const unregistered = await client.signIn({ ...asserted(await sign()), client_assertion: "not a token" });
    expect(signInOutcome(unregistered)).toEqual([400, "invalid_request", [50027]]);
    await client.graph("PATCH", `/applications/${application.id}`, { body: { keyCredentials: [] } });
    expect(signInOutcome(await client.signIn(asserted(await sign())))).toEqual([401, "invalid_client", [700027]]);
  });
});

describe("a federated identity credential", () => {
  const subject = "repo:contoso/orders:environment:prod";
  let issuer: string;
  let closeIssuer: () => void;
  let sign: (changes?: { subject?: string; audience?: string; issuer?: string }) => Promise<string>;

  beforeAll(async () => {
    const pair = await generateKeyPair("RS256");
    const jwk = await exportJWK(pair.publicKey);
    const kid = await calculateJwkThumbprint(jwk);
    const server = createServer({
      key: readFileSync(join(sandbox.directory, "server.key")),
      cert: readFileSync(join(sandbox.directory, "server.crt")),
    });
    server.on("request", (request, response) => {
      const body = request.url?.endsWith("/keys")
        ? { keys: [{ ...jwk, kid }] }
        : { issuer, jwks_uri: `${issuer}/keys` };
      response.setHeader("Content-Type", "application/json").end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    issuer = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    closeIssuer = () => server.close();
    const trusted = tls.getCACertificates();
    tls.setDefaultCACertificates([...trusted, readFileSync(sandbox.authorityPath, "utf8")]);
    const credential = { name: "prod", issuer, subject, audiences: ["api://AzureADTokenExchange"] };
    await client.graph("POST", `/applications/${application.id}/federatedIdentityCredentials`, { body: credential });
    sign = (changes = {}) =>
      new SignJWT()
        .setProtectedHeader({ alg: "RS256", kid })
        .setIssuer(changes.issuer ?? issuer)
        .setSubject(changes.subject ?? subject)
        .setAudience(changes.audience ?? "api://AzureADTokenExchange")
        .setExpirationTime("10m")
        .sign(pair.privateKey);
  });
  afterAll(() => closeIssuer());

  test("A7: signs in with a token of the identity provider", async () => {
    expect((await client.signIn(asserted(await sign()))).status).toBe(200);
  });

  test.each([
    ["issuer", { issuer: "https://token.example" }, 700211],
    ["audience", { audience: "api://other" }, 700212],
    ["subject", { subject: "repo:contoso/orders:ref:refs/heads/main" }, 700213],
    ["letter case of the subject", { subject: "repo:Contoso/orders:environment:prod" }, 7002138],
  ])("A3: is refused for another %s", async (_name, changes, code) => {
    expect(signInOutcome(await client.signIn(asserted(await sign(changes))))).toEqual([401, "invalid_client", [code]]);
  });

  test("is refused for a forged signature", async () => {
    const token = await sign();
    const forged = `${token.slice(0, token.lastIndexOf("."))}.${Buffer.alloc(256).toString("base64url")}`;
    expect(signInOutcome(await client.signIn(asserted(forged)))).toEqual([401, "invalid_client", [50013]]);
  });

  test("is refused when the provider's keys cannot be had", async () => {
    closeIssuer();
    const credential = { name: "away", issuer: "https://127.0.0.1:1", subject, audiences: ["api://x"] };
    await client.graph("POST", `/applications/${application.id}/federatedIdentityCredentials`, { body: credential });
    const token = await sign({ issuer: "https://127.0.0.1:1", audience: "api://x" });
    expect(signInOutcome(await client.signIn(asserted(token)))).toEqual([400, "invalid_request", [50166]]);
  });
});
