import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { firstParty } from "../../sandbox/directory.ts";
import { EntraClient, fabrikam, graphUrl, type Identity, publisher, signInOutcome } from "../support/entra.ts";
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

describe("discovery", () => {
  test("A1: tells of a tenant by id and by domain, with keys that verify its tokens", async () => {
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

  test("A1: answers the v1 document and instance discovery", async () => {
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
    const { host } = new URL(sandbox.endpoints.login);
    expect(instance.data).toEqual({
      tenant_discovery_endpoint: `${sandbox.endpoints.login}/${publisher.tenantId}/v2.0/.well-known/openid-configuration`,
      "api-version": "1.1",
      metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
    });
    expect(signInOutcome(await about("https://elsewhere.example/common"))).toEqual([400, "invalid_instance", [50049]]);
  });

  test("A1: of an unknown tenant is 400 invalid_tenant", async () => {
    const answer = await sandbox.http.get(
      `${sandbox.endpoints.login}/nowhere.example/v2.0/.well-known/openid-configuration`,
    );
    expect(signInOutcome(answer)).toEqual([400, "invalid_tenant", [90002]]);
  });
});

describe("client credentials", () => {
  test("A2, A4: give a token that says who, where and for what", async () => {
    const { status, data } = await client.signIn();
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

  test("A2: may come in the Basic header", async () => {
    const pair = `${publisher.clientId}:${encodeURIComponent(publisher.clientSecret)}`;
    const { status } = await client.post(
      `/${publisher.tenantId}/oauth2/v2.0/token`,
      { grant_type: "client_credentials", scope: `${graphUrl}/.default` },
      { authorization: `Basic ${Buffer.from(pair).toString("base64")}` },
    );
    expect(status).toBe(200);
  });

  test("A4: reach all services by their public and their own URLs, a double slash kept", async () => {
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
      const { status, data } = await client.signIn({ scope: `${resource}/.default` });
      expect([resource, status]).toEqual([resource, 200]);
      expect(decodeJwt(data.access_token).aud).toBe(resource);
    }
  });

  test("A2, A4: give a token without roles where none are granted", async () => {
    const { data } = await client.signIn({ client_id: application.clientId, client_secret: application.clientSecret });
    expect(decodeJwt(data.access_token)).not.toHaveProperty("roles");
  });

  test("A2: at the v1 endpoint name a resource and get numbers as text", async () => {
    const { status, data } = await client.post(`/${publisher.tenantId}/oauth2/token`, {
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
    ["with an unknown grant", { grant_type: "guess" }, [400, "unsupported_grant_type", [70003]]],
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
  ])("A2, A3: %s are refused", async (_name, changes, expected) => {
    expect(signInOutcome(await client.signIn(changes))).toEqual(expected);
  });

  test.each([
    ["the grant type 'password'", { grant_type: "password" }],
    ["the grant type 'authorization_code'", { grant_type: "authorization_code" }],
    ["the token type 'pop'", { token_type: "pop", req_cnf: undefined }],
    ["the field 'req_cnf'", { req_cnf: "e30" }],
    ["the field 'fmi_path'", { fmi_path: "agent" }],
    ["the claims", { claims: '{"access_token":{"nbf":{"essential":true,"value":"1"}}}' }],
  ])("A2: with %s are not served: 501 names it", async (named, changes) => {
    const { status, data } = await client.signIn(changes);
    expect([status, data.error, data.error_codes]).toEqual([501, "sandbox_not_implemented", []]);
    expect(data.error_description).toContain(`The sandbox does not serve ${named}`);
  });

  test("with a client's capabilities and voluntary claims are answered without", async () => {
    const id_token = { login_hint: { essential: false } };
    const claims = JSON.stringify({ id_token, access_token: { xms_cc: { values: ["cp1"] } } });
    expect((await client.signIn({ claims })).status).toBe(200);
  });

  test.each([
    ["an unknown tenant", "22222222-2222-4222-8222-222222222222", [400, "invalid_tenant", [90002]]],
    ["a malformed tenant", "no tenant", [400, "invalid_request", [900023]]],
    ["/common", "common", [400, "invalid_request", [9001023]]],
  ])("A1, A2: at %s are refused", async (_name, tenant, expected) => {
    expect(signInOutcome(await client.signIn({}, tenant))).toEqual(expected);
  });

  test("A3: for another tenant's Dataverse are refused", async () => {
    const answer = await client.signIn({ scope: `${sandbox.endpoints.organizations.fabrikam}/.default` });
    expect(signInOutcome(answer)).toEqual([400, "invalid_resource", [500011]]);
    expect(answer.data.error_description).toContain("not found in the tenant named Contoso Software");
  });

  test("A3: of a multi-tenant application without consent are refused", async () => {
    const answer = await client.signIn(
      { client_id: application.clientId, client_secret: application.clientSecret },
      fabrikam.tenantId,
    );
    expect(signInOutcome(answer)).toEqual([401, "invalid_client", [7000229]]);
    expect(answer.data.error_description).toContain(
      `The client application ${application.clientId} is missing service principal in the tenant ${fabrikam.tenantId}.`,
    );
  });

  test("A3: with an expired secret are refused", async () => {
    const endDateTime = new Date(Date.now() + 3600_000).toISOString();
    const added = await client.graph("POST", `/applications/${application.id}/addPassword`, {
      body: { passwordCredential: { endDateTime } },
    });
    const asked = { client_id: application.clientId, client_secret: added.data.secretText as string };
    expect((await client.signIn(asked)).status).toBe(200);
    sandbox.context.store.setClock(new Date(Date.now() + 7200_000));
    expect(signInOutcome(await client.signIn(asked))).toEqual([401, "invalid_client", [7000222]]);
    sandbox.context.store.setClock(new Date());
  });

  test("A3: of a disabled service principal are refused", async () => {
    const path = `/servicePrincipals(appId='${application.clientId}')`;
    await client.graph("PATCH", path, { body: { accountEnabled: false } });
    const asked = { client_id: application.clientId, client_secret: application.clientSecret };
    expect(signInOutcome(await client.signIn(asked))).toEqual([400, "unauthorized_client", [7000112]]);
    await client.graph("PATCH", path, { body: { accountEnabled: true } });
    expect((await client.signIn(asked)).status).toBe(200);
  });

  test("A3: refused, say ids, time, and the client's own request id", async () => {
    const { data } = await client.post(
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
