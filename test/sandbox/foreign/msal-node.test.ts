import { createHash, X509Certificate } from "node:crypto";
import { ConfidentialClientApplication, PublicClientApplication, ServerError } from "@azure/msal-node";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { administratorOf, administratorUserOf } from "../../../sandbox/seed.ts";
import { newCertificate, type TestCertificate } from "../../support/certificate.ts";
import { EntraClient, fabrikam, graphUrl, type Identity, publisher } from "../../support/entra.ts";
import { startTestSandbox, type TestSandbox, trust } from "../../support/sandbox.ts";
import { startTokenIssuer, type TokenIssuer } from "../../support/token-issuer.ts";

// Microsoft's own library for signing in, with no option of ours but the address.

let sandbox: TestSandbox;
let client: EntraClient;
let application: Identity & { id: string; objectId: string };
const scopes = [`${graphUrl}/.default`];

beforeAll(async () => {
  sandbox = await startTestSandbox();
  trust(sandbox);
  client = new EntraClient(sandbox);
  application = await client.newIdentity("Application.Read.All");
});
afterAll(() => sandbox.close());
beforeEach(() => void sandbox.context.journal.splice(0));

/** What the sandbox's sign-in was asked since the test began, without queries, which carry request ids. */
const requests = () =>
  sandbox.context.journal
    .filter(({ service }) => service === "login")
    .map(({ method, path }) => `${method} ${path.replace(/\?.*/, "")}`);

/** Options of a client in a tenant. An authority that is not Microsoft's must be known by host and port. */
const authority = (tenantId = publisher.tenantId) => ({
  authority: `${sandbox.endpoints.login}/${tenantId}`,
  knownAuthorities: [new URL(sandbox.endpoints.login).host],
});
const confidential = (as: Partial<Identity> = {}, options: { authorityMetadata?: string } = {}) => {
  const { tenantId, clientId, clientSecret } = { ...application, ...as };
  return new ConfidentialClientApplication({ auth: { clientId, clientSecret, ...authority(tenantId), ...options } });
};

/** What discovery would tell of a tenant. */
function authorityMetadata(tenantId = publisher.tenantId): { authorityMetadata: string } {
  const base = `${sandbox.endpoints.login}/${tenantId}`;
  const document = {
    token_endpoint: `${base}/oauth2/v2.0/token`,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    issuer: `${base}/v2.0`,
    jwks_uri: `${base}/discovery/v2.0/keys`,
  };
  return { authorityMetadata: JSON.stringify(document) };
}

/** Status, OAuth error and AADSTS number of the ServerError that a request ends in. */
async function refusal(request: Promise<unknown>) {
  const error = await request.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ServerError)) throw error;
  // The description has the number too, and no line of it is lost on the way.
  expect(error.errorMessage).toContain(`AADSTS${error.errorNo}: `);
  return [error.status, error.errorCode, error.errorNo];
}

describe("a client secret", () => {
  test("A6: asks for the tenant's metadata once, then for a token once per resource", async () => {
    const app = confidential();
    const first = await app.acquireTokenByClientCredential({ scopes });
    const second = await app.acquireTokenByClientCredential({ scopes });
    expect([first?.fromCache, second?.fromCache]).toEqual([false, true]);
    expect(second?.accessToken).toBe(first?.accessToken);
    expect(decodeJwt(first!.accessToken)).toMatchObject({ aud: graphUrl, oid: application.objectId });
    const { tenantId } = publisher;
    expect(requests()).toEqual([
      `GET /${tenantId}/v2.0/.well-known/openid-configuration`,
      `POST /${tenantId}/oauth2/v2.0/token`,
    ]);
    const fresh = await app.acquireTokenByClientCredential({ scopes, skipCache: true });
    expect(fresh?.fromCache).toBe(false);
    expect(requests()).toHaveLength(3);
    const seconds = (first!.expiresOn!.getTime() - Date.now()) / 1000;
    expect(seconds).toBeGreaterThan(3500);
    expect(seconds).toBeLessThan(3600);
  });

  test("A6: one client serves another tenant with no further discovery", async () => {
    const body = { appId: application.clientId };
    const { data } = await client.graph("POST", "/servicePrincipals", { body, as: fabrikam });
    const app = confidential();
    await app.acquireTokenByClientCredential({ scopes });
    const there = await app.acquireTokenByClientCredential({
      scopes,
      authority: `${sandbox.endpoints.login}/${fabrikam.tenantId}`,
    });
    expect(decodeJwt(there!.accessToken)).toMatchObject({ tid: fabrikam.tenantId, oid: data.id });
    expect(requests().filter((line) => line.startsWith("GET") && line.includes(fabrikam.tenantId))).toEqual([]);
  });

  test("A6: with authorityMetadata nothing is discovered", async () => {
    const app = confidential({}, authorityMetadata());
    expect((await app.acquireTokenByClientCredential({ scopes }))?.tokenType).toBe("Bearer");
    expect(requests()).toEqual([`POST /${publisher.tenantId}/oauth2/v2.0/token`]);
  });
});

describe("a refusal", () => {
  const unknownTenant = "99999999-9999-4999-8999-999999999999";
  const withSecret = (as: Partial<Identity>) => confidential(as).acquireTokenByClientCredential({ scopes });

  test("A3: a wrong secret is 401 invalid_client 7000215", async () => {
    expect(await refusal(withSecret({ clientSecret: "wrong" }))).toEqual([401, "invalid_client", 7000215]);
  });

  test("A3: an expired secret is 401 invalid_client 7000222", async () => {
    const passwordCredential = { endDateTime: new Date(Date.now() + 3600_000).toISOString() };
    const path = `/applications/${application.id}/addPassword`;
    const { secretText } = (await client.graph("POST", path, { body: { passwordCredential } })).data;
    sandbox.context.store.setClock(new Date(Date.now() + 7200_000));
    expect(await refusal(withSecret({ clientSecret: secretText }))).toEqual([401, "invalid_client", 7000222]);
    sandbox.context.store.setClock(new Date());
  });

  test("A3: an application that the directory does not know is 400 unauthorized_client 700016", async () => {
    const stranger = withSecret({ clientId: crypto.randomUUID() });
    expect(await refusal(stranger)).toEqual([400, "unauthorized_client", 700016]);
    const foreign = withSecret({ clientId: fabrikam.clientId, clientSecret: fabrikam.clientSecret });
    expect(await refusal(foreign)).toEqual([400, "unauthorized_client", 700016]);
  });

  test("A3: a multi-tenant application without consent is 401 invalid_client 7000229", async () => {
    const { tenantId } = administratorOf("tailspin");
    expect(await refusal(withSecret({ tenantId }))).toEqual([401, "invalid_client", 7000229]);
  });

  test("A3: a resource that the tenant does not have is 400 invalid_resource 500011", async () => {
    const there = [`${sandbox.endpoints.organizations.fabrikam}/.default`];
    const request = confidential().acquireTokenByClientCredential({ scopes: there });
    expect(await refusal(request)).toEqual([400, "invalid_resource", 500011]);
  });

  test("A3: a resource that wants an assignment is 400 invalid_grant 501051", async () => {
    const { appId } = await client.newApplication();
    const body = { appId, appRoleAssignmentRequired: true };
    await client.graph("POST", "/servicePrincipals", { body });
    const request = confidential().acquireTokenByClientCredential({ scopes: [`${appId}/.default`] });
    expect(await refusal(request)).toEqual([400, "invalid_grant", 501051]);
  });

  test("A2: a scope without /.default is 400 invalid_scope 1002012", async () => {
    const request = confidential().acquireTokenByClientCredential({ scopes: [`${graphUrl}/User.Read`] });
    expect(await refusal(request)).toEqual([400, "invalid_scope", 1002012]);
  });

  test("A1: an unknown tenant is 400 invalid_tenant 90002, at discovery and at the token endpoint", async () => {
    // At discovery msal-node keeps the answer to itself.
    await expect(withSecret({ tenantId: unknownTenant })).rejects.toMatchObject({
      errorCode: "endpoints_resolution_error",
    });
    const app = confidential({ tenantId: unknownTenant }, authorityMetadata(unknownTenant));
    const request = app.acquireTokenByClientCredential({ scopes });
    expect(await refusal(request)).toEqual([400, "invalid_tenant", 90002]);
    expect(sandbox.context.journal.map(({ status }) => status)).toEqual([400, 400]);
  });
});

describe("a certificate", () => {
  const signIn = (own: TestCertificate, options: { x5c?: string } = {}) => {
    const { raw } = new X509Certificate(own.certificate);
    const thumbprintSha256 = createHash("sha256").update(raw).digest("hex");
    const clientCertificate = { thumbprintSha256, privateKey: own.privateKey, ...options };
    const { clientId } = application;
    const app = new ConfidentialClientApplication({ auth: { clientId, clientCertificate, ...authority() } });
    return app.acquireTokenByClientCredential({ scopes });
  };

  test("A2: signs in, and the token says so", async () => {
    const own = await newCertificate();
    const body = { keyCredentials: [own.keyCredential] };
    expect((await client.graph("PATCH", `/applications/${application.id}`, { body })).status).toBe(204);
    for (const options of [{}, { x5c: own.certificate }]) {
      expect(decodeJwt((await signIn(own, options))!.accessToken)).toMatchObject({ appidacr: "2" });
    }
  });

  test("A3: that is not registered is 401 invalid_client 700027", async () => {
    expect(await refusal(signIn(await newCertificate()))).toEqual([401, "invalid_client", 700027]);
  });
});

describe("a federated assertion", () => {
  const subject = "repo:contoso/orders:environment:prod";
  let outside: TokenIssuer;

  beforeAll(async () => {
    outside = await startTokenIssuer(sandbox);
    const body = { name: "prod", issuer: outside.issuer, subject, audiences: ["api://AzureADTokenExchange"] };
    await client.graph("POST", `/applications/${application.id}/federatedIdentityCredentials`, { body });
  });
  afterAll(() => outside.close());

  const signIn = (claims: object = {}, tenantId = publisher.tenantId) => {
    const { clientId } = application;
    const clientAssertion = () => outside.sign({ subject, ...claims });
    const app = new ConfidentialClientApplication({ auth: { clientId, clientAssertion, ...authority(tenantId) } });
    return app.acquireTokenByClientCredential({ scopes });
  };

  test("A7: is exchanged, and in another tenant too where the service principal is", async () => {
    expect(decodeJwt((await signIn())!.accessToken)).toMatchObject({ oid: application.objectId, appidacr: "2" });
    const northwind = administratorOf("northwind");
    const body = { appId: application.clientId };
    await client.graph("POST", "/servicePrincipals", { body, as: northwind });
    const there = await signIn({}, northwind.tenantId);
    expect(decodeJwt(there!.accessToken)).toMatchObject({ tid: northwind.tenantId });
  });

  test.each([
    ["issuer", { issuer: "https://token.example" }, 700211],
    ["audience", { audience: "api://other" }, 700212],
    ["subject", { subject: "repo:contoso/orders:pull_request" }, 700213],
    ["letter case", { subject: "repo:Contoso/orders:environment:prod" }, 7002138],
  ])("A3: with another %s is 401 invalid_client", async (_what, claims, code) => {
    expect(await refusal(signIn(claims))).toEqual([401, "invalid_client", code]);
  });
});

describe("a device code", () => {
  const clientId = "51f81489-12ee-4a9e-aaae-a2591f45987d";
  const person = administratorUserOf("publisher");
  /** Starts the flow; `act` is what the person does with the code. */
  const signIn = (act: (code: string) => unknown) => {
    const app = new PublicClientApplication({ auth: { clientId, ...authority() } });
    const deviceCodeCallback = ({ userCode }: { userCode: string }) => void act(userCode);
    return { app, result: app.acquireTokenByDeviceCode({ scopes, deviceCodeCallback }) };
  };

  test("A8: gives a person's tokens, and later ones without asking", { timeout: 30_000 }, async () => {
    const { app, result } = signIn((code) => client.post("/device", { code, ...person }));
    const { account, accessToken, idTokenClaims } = (await result)!;
    expect(decodeJwt(accessToken)).toMatchObject({ upn: person.userName, tid: publisher.tenantId });
    expect(idTokenClaims).toMatchObject({ preferred_username: person.userName });
    const dataverse = `${sandbox.endpoints.organizations["contoso-dev"]}/user_impersonation`;
    const later = await app.acquireTokenSilent({ account: account!, scopes: [dataverse] });
    expect(decodeJwt(later.accessToken)).toMatchObject({ upn: person.userName, scp: "user_impersonation" });
    const again = await app.acquireTokenSilent({ account: account!, scopes: [dataverse] });
    expect(again.fromCache).toBe(true);
  });

  test("A8: that the person declines is 400 authorization_declined", { timeout: 30_000 }, async () => {
    const { result } = signIn((code) => client.post("/device", { code, decision: "cancel" }));
    // Of this flow's refusals msal-node keeps the OAuth error alone.
    await expect(result).rejects.toMatchObject({ errorMessage: expect.stringContaining("authorization_declined") });
  });
});
