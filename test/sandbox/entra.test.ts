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
import { firstParty } from "../../sandbox/directory.ts";
import { administratorOf, administratorUserOf, defaultSeed, type Seed } from "../../sandbox/seed.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";

const seed: Seed = {
  tenants: [
    ...defaultSeed.tenants,
    {
      name: "fabrikam",
      displayName: "Fabrikam",
      domains: ["fabrikam.onmicrosoft.com"],
      organizations: [{ name: "fabrikam", friendlyName: "Fabrikam Sales" }],
    },
  ],
};
const publisher = administratorOf("publisher");
const fabrikam = administratorOf("fabrikam");
const graphUrl = "https://graph.microsoft.com";

let sandbox: TestSandbox;
let application: { id: string; appId: string };
let secret: string;

beforeAll(async () => {
  sandbox = await startTestSandbox({ seed });
  application = (
    await graph("POST", "/applications", {
      displayName: "Contoso Orders",
      signInAudience: "AzureADMultipleOrgs",
      web: { redirectUris: ["https://localhost", "https://contoso.example/signed-in"] },
      requiredResourceAccess: [
        {
          resourceAppId: firstParty.dataverse,
          resourceAccess: [{ id: "78ce3f0f-a1ce-49c2-8cde-64b5c0896db4", type: "Scope" }],
        },
      ],
    })
  ).data;
  await graph("POST", "/servicePrincipals", { appId: application.appId });
  secret = (await graph("POST", `/applications/${application.id}/addPassword`, {})).data.secretText;
});
afterAll(() => sandbox.close());

async function graph(method: string, path: string, data?: unknown, as = publisher) {
  const headers = { authorization: `Bearer ${await sandbox.token(graphUrl, as)}` };
  return sandbox.http.request({ method, url: `${sandbox.endpoints.graph}/v1.0${path}`, data, headers });
}

function post(path: string, fields: Record<string, string>, headers: Record<string, string> = {}) {
  return sandbox.http.post(`${sandbox.endpoints.login}${path}`, new URLSearchParams(fields), { headers });
}

/** A client-credentials request of the publisher's administrator, with some fields changed; undefined leaves one out. */
function signIn(changes: Record<string, string | undefined> = {}, tenant: string = publisher.tenantId) {
  const fields = {
    grant_type: "client_credentials",
    client_id: publisher.clientId,
    client_secret: publisher.clientSecret,
    scope: `${graphUrl}/.default`,
    ...changes,
  };
  const given = Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined);
  return post(`/${tenant}/oauth2/v2.0/token`, Object.fromEntries(given));
}

/** Status, OAuth error and AADSTS codes of an answer. */
function outcome({ status, data }: Awaited<ReturnType<typeof signIn>>) {
  return [status, data.error, data.error_codes];
}

describe("discovery", () => {
  test("tells of a tenant by id and by domain, with keys that verify its tokens", async () => {
    for (const named of [publisher.tenantId, "contoso.example"]) {
      const { data } = await sandbox.http.get(
        `${sandbox.endpoints.login}/${named}/v2.0/.well-known/openid-configuration`,
      );
      expect(data.issuer).toBe(`${sandbox.endpoints.login}/${publisher.tenantId}/v2.0`);
      const keys = await sandbox.http.get(data.jwks_uri);
      expect(keys.data.keys).toHaveLength(1);
      expect(keys.data.keys[0]).not.toHaveProperty("d");
    }
  });

  test("answers the v1 document and instance discovery", async () => {
    const v1 = await sandbox.http.get(
      `${sandbox.endpoints.login}/${publisher.tenantId}/.well-known/openid-configuration`,
    );
    expect(v1.data.token_endpoint).toMatch(/\/oauth2\/token$/);
    const about = (authorization_endpoint: string) =>
      sandbox.http.get(`${sandbox.endpoints.login}/common/discovery/instance`, {
        params: { "api-version": "1.1", authorization_endpoint },
      });
    const instance = await about(`${sandbox.endpoints.login}/${publisher.tenantId}/oauth2/v2.0/authorize`);
    expect(instance.status).toBe(200);
    expect(instance.data.metadata[0].aliases).toEqual([new URL(sandbox.endpoints.login).host]);
    expect(outcome(await about("https://elsewhere.example/common"))).toEqual([400, "invalid_instance", [50049]]);
  });

  test("of an unknown tenant is 400 invalid_tenant", async () => {
    const answer = await sandbox.http.get(
      `${sandbox.endpoints.login}/nowhere.example/v2.0/.well-known/openid-configuration`,
    );
    expect(outcome(answer)).toEqual([400, "invalid_tenant", [90002]]);
  });
});

describe("client credentials", () => {
  test("give a token that says who, where and for what", async () => {
    const { status, data } = await signIn();
    expect(status).toBe(200);
    expect(data).toMatchObject({ token_type: "Bearer", expires_in: 3599, ext_expires_in: 3599 });
    expect(data).not.toHaveProperty("scope");
    expect(decodeJwt(data.access_token)).toMatchObject({
      aud: graphUrl,
      iss: `https://sts.windows.net/${publisher.tenantId}/`,
      appid: publisher.clientId,
      oid: publisher.objectId,
      sub: publisher.objectId,
      tid: publisher.tenantId,
      appidacr: "1",
      roles: expect.arrayContaining(["Application.ReadWrite.All"]),
    });
  });

  test("may come in the Basic header", async () => {
    const pair = `${publisher.clientId}:${encodeURIComponent(publisher.clientSecret)}`;
    const { status } = await post(
      `/${publisher.tenantId}/oauth2/v2.0/token`,
      { grant_type: "client_credentials", scope: `${graphUrl}/.default` },
      { authorization: `Basic ${Buffer.from(pair).toString("base64")}` },
    );
    expect(status).toBe(200);
  });

  test("reach all services by their public and their own URLs, a double slash kept", async () => {
    const { graph: ownGraph, arm, vault, organizations } = sandbox.endpoints;
    const resources = [
      ownGraph,
      arm,
      vault,
      organizations["contoso-dev"]!,
      "https://management.azure.com/",
      "https://management.core.windows.net/",
      "https://vault.azure.net",
      firstParty.graph,
    ];
    for (const resource of resources) {
      const { status, data } = await signIn({ scope: `${resource}/.default` });
      expect([resource, status]).toEqual([resource, 200]);
      expect(decodeJwt(data.access_token).aud).toBe(resource);
    }
  });

  test("give a token without roles where none are granted", async () => {
    const { data } = await signIn({ client_id: application.appId, client_secret: secret });
    expect(decodeJwt(data.access_token)).not.toHaveProperty("roles");
  });

  test("at the v1 endpoint name a resource and get numbers as text", async () => {
    const { status, data } = await post(`/${publisher.tenantId}/oauth2/token`, {
      grant_type: "client_credentials",
      client_id: publisher.clientId,
      client_secret: publisher.clientSecret,
      resource: "https://vault.azure.net",
    });
    expect(status).toBe(200);
    expect(data).toMatchObject({ expires_in: "3599", resource: "https://vault.azure.net" });
  });

  test.each([
    ["without grant_type", { grant_type: undefined }, [400, "invalid_request", [900144]]],
    ["without client_id", { client_id: undefined }, [400, "invalid_request", [900144]]],
    ["without scope", { scope: undefined }, [400, "invalid_request", [900144]]],
    ["with another grant", { grant_type: "password" }, [400, "unsupported_grant_type", [70003]]],
    ["with a delegated scope", { scope: `${graphUrl}/User.Read` }, [400, "invalid_scope", [1002012]]],
    [
      "for two resources",
      { scope: `${graphUrl}/.default https://vault.azure.net/.default` },
      [400, "invalid_scope", [70011]],
    ],
    ["for an unknown resource", { scope: "https://x.example/.default" }, [400, "invalid_resource", [500011]]],
    ["without a credential", { client_secret: undefined }, [401, "invalid_client", [7000216]]],
    ["with a wrong secret", { client_secret: "wrong" }, [401, "invalid_client", [7000215]]],
    [
      "as an unknown application",
      { client_id: "11111111-1111-4111-8111-111111111111" },
      [400, "unauthorized_client", [700016]],
    ],
    [
      "as an application of another tenant only",
      { client_id: fabrikam.clientId },
      [400, "unauthorized_client", [700016]],
    ],
  ])("%s are refused", async (_name, changes, expected) => {
    expect(outcome(await signIn(changes))).toEqual(expected);
  });

  test.each([
    ["an unknown tenant", "22222222-2222-4222-8222-222222222222", [400, "invalid_tenant", [90002]]],
    ["a malformed tenant", "no tenant", [400, "invalid_request", [900023]]],
    ["/common", "common", [400, "invalid_request", [9001023]]],
  ])("at %s are refused", async (_name, tenant, expected) => {
    expect(outcome(await signIn({}, tenant))).toEqual(expected);
  });

  test("for another tenant's Dataverse are refused", async () => {
    const answer = await signIn({ scope: `${sandbox.endpoints.organizations.fabrikam}/.default` });
    expect(outcome(answer)).toEqual([400, "invalid_resource", [500011]]);
    expect(answer.data.error_description).toContain("not found in the tenant named Contoso Software");
  });

  test("of a multi-tenant application without consent are refused", async () => {
    const answer = await signIn({ client_id: application.appId, client_secret: secret }, fabrikam.tenantId);
    expect(outcome(answer)).toEqual([401, "invalid_client", [7000229]]);
    expect(answer.data.error_description).toContain(
      `The client application ${application.appId} is missing service principal in the tenant ${fabrikam.tenantId}.`,
    );
  });

  test("with an expired secret are refused", async () => {
    const endDateTime = new Date(Date.now() + 3600_000).toISOString();
    const added = await graph("POST", `/applications/${application.id}/addPassword`, {
      passwordCredential: { endDateTime },
    });
    const asked = { client_id: application.appId, client_secret: added.data.secretText as string };
    expect((await signIn(asked)).status).toBe(200);
    sandbox.context.store.setClock(new Date(Date.now() + 7200_000));
    expect(outcome(await signIn(asked))).toEqual([401, "invalid_client", [7000222]]);
    sandbox.context.store.setClock(new Date());
  });

  test("of a disabled service principal are refused", async () => {
    const path = `/servicePrincipals(appId='${application.appId}')`;
    await graph("PATCH", path, { accountEnabled: false });
    const asked = { client_id: application.appId, client_secret: secret };
    expect(outcome(await signIn(asked))).toEqual([400, "unauthorized_client", [7000112]]);
    await graph("PATCH", path, { accountEnabled: true });
    expect((await signIn(asked)).status).toBe(200);
  });

  test("refused, say ids, time, and the client's own request id", async () => {
    const { data } = await post(
      `/${publisher.tenantId}/oauth2/v2.0/token`,
      {},
      { "client-request-id": "33333333-3333-4333-8333-333333333333" },
    );
    expect(data.correlation_id).toBe("33333333-3333-4333-8333-333333333333");
    expect(data.timestamp).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/);
    expect(data.error_uri).toBe("https://login.microsoftonline.com/error?code=900144");
    expect(data.error_description).toBe(
      `AADSTS900144: The request body must contain the following parameter: 'grant_type'. Trace ID: ${data.trace_id} Correlation ID: ${data.correlation_id} Timestamp: ${data.timestamp}`,
    );
  });
});

/** Fields of a request with a client assertion. */
const asserted = (client_assertion: string) => ({
  client_id: application.appId,
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
    const { status } = await graph("PATCH", `/applications/${application.id}`, {
      keyCredentials: [{ type: "AsymmetricX509Cert", usage: "Verify", key }],
    });
    expect(status).toBe(204);
    const thumbprint = Buffer.from(await certificate.getThumbprint("SHA-256")).toString("base64url");
    const tokenEndpoint = `${sandbox.endpoints.login}/${publisher.tenantId}/oauth2/v2.0/token`;
    sign = ({ audience = tokenEndpoint, expires = "10m", key = keys.privateKey } = {}) =>
      new SignJWT()
        .setProtectedHeader({ alg: "RS256", "x5t#S256": thumbprint })
        .setIssuer(application.appId)
        .setSubject(application.appId)
        .setAudience(audience)
        .setExpirationTime(expires)
        .sign(key);
  });

  test("signs in", async () => {
    const { status, data } = await signIn(asserted(await sign()));
    expect(status).toBe(200);
    expect(decodeJwt(data.access_token).appidacr).toBe("2");
  });

  test("is not shown by Graph unless asked for", async () => {
    const plain = await graph("GET", `/applications/${application.id}`);
    expect(plain.data.keyCredentials[0].key).toBeNull();
    const selected = await graph("GET", `/applications/${application.id}?$select=keyCredentials`);
    expect(selected.data.keyCredentials[0].key).toMatch(/^MII/);
  });

  test("is refused for a wrong signature, audience or time, and when it is not registered", async () => {
    const other = await signIn(asserted(await sign({ key: strangeKey })));
    expect(outcome(other)).toEqual([401, "invalid_client", [700027]]);
    const audience = await signIn(asserted(await sign({ audience: "https://elsewhere.example" })));
    expect(outcome(audience)).toEqual([401, "invalid_client", [700023]]);
    const late = await signIn(asserted(await sign({ expires: "-1h" })));
    expect(outcome(late)).toEqual([401, "invalid_client", [700024]]);
    const unregistered = await signIn({ ...asserted(await sign()), client_assertion: "not a token" });
    expect(outcome(unregistered)).toEqual([400, "invalid_request", [50027]]);
    await graph("PATCH", `/applications/${application.id}`, { keyCredentials: [] });
    expect(outcome(await signIn(asserted(await sign())))).toEqual([401, "invalid_client", [700027]]);
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
    await graph("POST", `/applications/${application.id}/federatedIdentityCredentials`, credential);
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

  test("signs in with a token of the identity provider", async () => {
    expect((await signIn(asserted(await sign()))).status).toBe(200);
  });

  test.each([
    ["issuer", { issuer: "https://token.example" }, 700211],
    ["audience", { audience: "api://other" }, 700212],
    ["subject", { subject: "repo:contoso/orders:ref:refs/heads/main" }, 700213],
    ["letter case of the subject", { subject: "repo:Contoso/orders:environment:prod" }, 7002138],
  ])("is refused for another %s", async (_name, changes, code) => {
    expect(outcome(await signIn(asserted(await sign(changes))))).toEqual([401, "invalid_client", [code]]);
  });

  test("is refused for a forged signature", async () => {
    const token = await sign();
    const forged = `${token.slice(0, token.lastIndexOf("."))}.${Buffer.alloc(256).toString("base64url")}`;
    expect(outcome(await signIn(asserted(forged)))).toEqual([401, "invalid_client", [50013]]);
  });

  test("is refused when the provider's keys cannot be had", async () => {
    closeIssuer();
    const credential = { name: "away", issuer: "https://127.0.0.1:1", subject, audiences: ["api://x"] };
    await graph("POST", `/applications/${application.id}/federatedIdentityCredentials`, credential);
    const token = await sign({ issuer: "https://127.0.0.1:1", audience: "api://x" });
    expect(outcome(await signIn(asserted(token)))).toEqual([400, "invalid_request", [50166]]);
  });
});

describe("the device code flow", () => {
  const clientId = "51f81489-12ee-4a9e-aaae-a2591f45987d";
  const person = administratorUserOf("publisher");
  const start = async () =>
    (
      await post(`/${publisher.tenantId}/oauth2/v2.0/devicecode`, {
        client_id: clientId,
        scope: `${sandbox.endpoints.organizations["contoso-dev"]}/.default openid offline_access`,
      })
    ).data;
  const poll = (device_code: string) =>
    post(`/${publisher.tenantId}/oauth2/v2.0/token`, {
      grant_type: "urn:ietf:params:oauth:grant-type:device_code",
      client_id: clientId,
      device_code,
    });

  test("gives tokens of the person who entered the code and signed in", async () => {
    const started = await start();
    expect(started).toMatchObject({ expires_in: 900, interval: 5 });
    expect(started.message).toContain(started.user_code);
    expect(outcome(await poll(started.device_code))).toEqual([400, "authorization_pending", [70016]]);
    const code = started.user_code.toLowerCase();
    const asked = await post("/device", { code });
    expect(asked.data).toContain("Dynamics 365 Example Client Application");
    const wrong = await post("/device", { code, userName: person.userName, password: "wrong" });
    expect([wrong.status, wrong.data.includes("AADSTS50126")]).toEqual([400, true]);
    const done = await post("/device", { code, ...person });
    expect(done.data).toContain("You have signed in");
    const { status, data } = await poll(started.device_code);
    expect(status).toBe(200);
    expect(decodeJwt(data.access_token)).toMatchObject({
      tid: publisher.tenantId,
      upn: person.userName,
      scp: "user_impersonation",
      appidacr: "0",
    });
    expect(decodeJwt(data.id_token).preferred_username).toBe(person.userName);
    const renewed = await post(`/${publisher.tenantId}/oauth2/v2.0/token`, {
      grant_type: "refresh_token",
      client_id: clientId,
      refresh_token: data.refresh_token,
      scope: `${graphUrl}/.default`,
    });
    expect(decodeJwt(renewed.data.access_token).aud).toBe(graphUrl);
    expect(outcome(await poll(started.device_code))).toEqual([400, "bad_verification_code", [70018]]);
  });

  test("ends when the person declines, or too late", async () => {
    const declined = await start();
    await post("/device", { code: declined.user_code, decision: "cancel" });
    expect((await poll(declined.device_code)).data.error).toBe("authorization_declined");
    const late = await start();
    sandbox.context.store.setClock(new Date(Date.now() + 901_000));
    expect((await poll(late.device_code)).data.error).toBe("expired_token");
    expect((await post("/device", { code: late.user_code })).status).toBe(400);
    sandbox.context.store.setClock(new Date());
  });

  test("is refused for an application that is no public client", async () => {
    const fields = { client_id: application.appId, scope: `${graphUrl}/.default` };
    const started = await post(`/${publisher.tenantId}/oauth2/v2.0/devicecode`, fields);
    await post("/device", { code: started.data.user_code, ...person });
    const answer = await post(`/${publisher.tenantId}/oauth2/v2.0/token`, {
      grant_type: "urn:ietf:params:oauth:grant-type:device_code",
      client_id: application.appId,
      device_code: started.data.device_code,
    });
    expect(outcome(answer)).toEqual([401, "invalid_client", [7000218]]);
  });
});

describe("the admin consent page", () => {
  const person = administratorUserOf("fabrikam", seed);
  const url = (changes: Record<string, string> = {}, path = `/${fabrikam.tenantId}/adminconsent`) => {
    const query = { client_id: application.appId, redirect_uri: "https://localhost", state: "12", ...changes };
    return `${path}?${new URLSearchParams(query)}`;
  };
  const get = (path: string) => sandbox.http.get(`${sandbox.endpoints.login}${path}`);
  const decide = async (path: string, decision: "accept" | "cancel") => {
    const asked = await post(path, person);
    const session = /name="session" value="([^"]+)"/.exec(asked.data)![1]!;
    return { asked, answer: await post(path, { session, decision }) };
  };

  test("asks for a sign-in, with labels and without anything from elsewhere", async () => {
    const { status, headers, data } = await get(url());
    expect([status, headers["content-type"]]).toEqual([200, "text/html; charset=UTF-8"]);
    expect(data).toContain('<label for="userName">');
    expect(data).toContain('<label for="password">');
    expect(data).not.toMatch(/\b(src|href)=/);
  });

  test("says what is wrong with a sign-in", async () => {
    const wrong = await post(url(), { ...person, password: "wrong" });
    expect([wrong.status, wrong.data.includes("AADSTS50126")]).toEqual([400, true]);
    const stranger = await post(url(), administratorUserOf("publisher"));
    expect([stranger.status, stranger.data.includes("AADSTS50020")]).toEqual([400, true]);
  });

  test("refuses a redirect URI that is not registered, and an unknown application", async () => {
    const redirect = await get(url({ redirect_uri: "https://attacker.example" }));
    expect([redirect.status, redirect.data.includes("AADSTS50011")]).toEqual([400, true]);
    const prefix = await get(url({ redirect_uri: "https://contoso.example/signed-in-elsewhere" }));
    expect(prefix.data).toContain("AADSTS50011");
    const unknown = await get(url({ client_id: "11111111-1111-4111-8111-111111111111" }));
    expect(unknown.data).toContain("AADSTS700016");
  });

  test("changes nothing on Cancel and says so to the application", async () => {
    const { answer } = await decide(url(), "cancel");
    expect(answer.status).toBe(302);
    expect(answer.headers.location).toBe(
      "https://localhost/?error=permission_denied&error_description=The+admin+canceled+the+request&state=12",
    );
    const principal = await graph("GET", `/servicePrincipals(appId='${application.appId}')`, undefined, fabrikam);
    expect(principal.status).toBe(404);
  });

  test("on Accept makes the service principal and the grant, so that the application can sign in", async () => {
    const { asked, answer } = await decide(url(), "accept");
    expect(asked.data).toContain("Contoso Orders");
    expect(asked.data).toContain("Contoso Software");
    expect(asked.data).toContain("Access Dynamics 365 as organization users");
    expect(answer.status).toBe(302);
    const target = new URL(answer.headers.location);
    expect(Object.fromEntries(target.searchParams)).toEqual({
      admin_consent: "True",
      tenant: fabrikam.tenantId,
      state: "12",
    });
    const path = `/servicePrincipals(appId='${application.appId}')`;
    const principal = await graph("GET", path, undefined, fabrikam);
    expect(principal.data.appOwnerOrganizationId).toBe(publisher.tenantId);
    const grants = await graph("GET", `${path}/oauth2PermissionGrants`, undefined, fabrikam);
    expect(grants.data.value).toMatchObject([{ consentType: "AllPrincipals", scope: "user_impersonation" }]);
    const token = await signIn(
      {
        client_id: application.appId,
        client_secret: secret,
        scope: `${sandbox.endpoints.organizations.fabrikam}/.default`,
      },
      fabrikam.tenantId,
    );
    expect(decodeJwt(token.data.access_token).oid).toBe(principal.data.id);
  });

  test("decides once for each sign-in", async () => {
    const asked = await post(url(), person);
    const session = /name="session" value="([^"]+)"/.exec(asked.data)![1]!;
    expect((await post(url(), { session, decision: "cancel" })).status).toBe(302);
    expect((await post(url(), { session, decision: "accept" })).status).toBe(400);
  });

  test("of version 2 wants a scope, and says on refusal too that it was about consent", async () => {
    const path = `/${fabrikam.tenantId}/v2.0/adminconsent`;
    expect((await get(url({}, path))).data).toContain("AADSTS900144");
    const scope = `${sandbox.endpoints.organizations.fabrikam}/.default`;
    const refused = await decide(url({ scope }, path), "cancel");
    const refusal = new URL(refused.answer.headers.location).searchParams;
    expect([refusal.get("admin_consent"), refusal.get("error")]).toEqual(["True", "consent_required"]);
    const accepted = await decide(url({ scope }, path), "accept");
    const success = new URL(accepted.answer.headers.location).searchParams;
    expect(success.get("scope")).toMatch(/\/user_impersonation$/);
  });
});
