import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { firstParty } from "../../sandbox/directory.ts";
import { EntraClient, fabrikam, graphOutcome, graphUrl, publisher } from "../support/entra.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";

const nowhere = "11111111-1111-4111-8111-111111111111";

let sandbox: TestSandbox;
let client: EntraClient;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  client = new EntraClient(sandbox);
});
afterAll(() => sandbox.close());

describe("a request", () => {
  const bearer = (authorization: string | undefined) =>
    sandbox.http.get(`${sandbox.endpoints.graph}/v1.0/applications`, {
      headers: authorization ? { authorization } : {},
    });

  test("C6: needs a token that is valid, for Graph, and not expired", async () => {
    expect(graphOutcome(await bearer(undefined))).toEqual([401, "InvalidAuthenticationToken"]);
    expect(graphOutcome(await bearer("Bearer nonsense"))).toEqual([401, "InvalidAuthenticationToken"]);
    const other = await sandbox.token("https://management.azure.com");
    expect((await bearer(`Bearer ${other}`)).data.error.message).toContain("Invalid audience");
    const token = await sandbox.token(graphUrl);
    sandbox.context.store.setClock(new Date(Date.now() + 2 * 3600_000));
    expect((await bearer(`Bearer ${token}`)).data.error.message).toContain("expired");
    sandbox.context.store.setClock(new Date());
  });

  test("C6: is answered with Graph's error envelope, the client's request id in it", async () => {
    const headers = { "client-request-id": "33333333-3333-4333-8333-333333333333" };
    const { data } = await client.graph("GET", `/applications/${nowhere}`, { headers });
    expect(data.error).toEqual({
      code: "Request_ResourceNotFound",
      message: `Resource '${nowhere}' does not exist or one of its queried reference-property objects are not present.`,
      innerError: {
        date: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/),
        "request-id": expect.any(String),
        "client-request-id": headers["client-request-id"],
      },
    });
  });

  test("for what is not served is 501 and names it", async () => {
    const route = await client.graph("GET", "/groups");
    expect(graphOutcome(route)).toEqual([501, "SandboxNotImplemented"]);
    expect(route.data.error.message).toContain("GET /v1.0/groups");
    const option = await client.graph("GET", "/applications?$skip=1");
    expect([option.status, option.data.error.message.includes("$skip")]).toEqual([501, true]);
    const filter = await client.graph("GET", "/applications?$filter=endswith(displayName,'a')");
    expect(filter.status).toBe(501);
  });

  test("for a search without the header ConsistencyLevel is 400", async () => {
    const answer = await client.graph("GET", "/applications?$search=x");
    expect(graphOutcome(answer)).toEqual([400, "Request_UnsupportedQuery"]);
  });

  test("with a body that is no JSON, or an unknown member, is 400", async () => {
    const headers = { "Content-Type": "application/json" };
    expect(graphOutcome(await client.graph("POST", "/applications", { body: "{", headers }))).toEqual([
      400,
      "BadRequest",
    ]);
    const unknown = await client.graph("POST", "/applications", { body: { displayName: "x", colour: "red" } });
    expect(unknown.data.error).toMatchObject({
      code: "Request_BadRequest",
      message: "Invalid property 'colour'.",
    });
  });
});

describe("a list", () => {
  test("is filtered by eq and and, with + for space", async () => {
    const { appId, displayName } = await client.newApplication({ displayName: "It's ours and theirs" });
    const quoted = displayName.replace("'", "''");
    const filters = [`appId eq '${appId}'`, `displayName eq '${quoted}' and appId eq '${appId.toUpperCase()}'`];
    for (const filter of filters) {
      const { data } = await client.graph("GET", `/applications?$filter=${filter.replaceAll(" ", "+")}`);
      expect(data.value).toMatchObject([{ appId }]);
    }
    const none = await client.graph("GET", `/applications?$filter=appId eq '${appId}' and displayName eq 'other'`);
    expect(none.data.value).toEqual([]);
    expect(graphOutcome(await client.graph("GET", "/applications?$filter=appId"))).toEqual([400, "BadRequest"]);
  });

  test("is paged by $top and cut down by $select", async () => {
    const seen: string[] = [];
    let path: string | undefined = "/servicePrincipals?$top=2&$select=appId";
    while (path) {
      const { data } = await client.graph("GET", path);
      expect(Object.keys(data.value[0])).toEqual(["appId"]);
      seen.push(...data.value.map(({ appId }: { appId: string }) => appId));
      path = data["@odata.nextLink"]?.replace(`${sandbox.endpoints.graph}/v1.0`, "");
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toContain(firstParty.dataverse);
  });
});

describe("an application", () => {
  test("C1: is created, read by both ids, changed in part, and deleted softly", async () => {
    const web = { homePageUrl: "https://contoso.example", redirectUris: ["https://localhost"] };
    const { id, appId } = await client.newApplication({ web });
    const one = (await client.graph("GET", `/applications/${id}`)).data;
    expect(one).toMatchObject({ appId, web, publisherDomain: "contososoftware.onmicrosoft.com" });
    const change = { web: { redirectUris: ["https://contoso.example/back"] }, notes: "changed" };
    expect((await client.graph("PATCH", `/applications/${id}`, { body: change })).status).toBe(204);
    const changed = (await client.graph("GET", `/applications(appId='${appId}')`)).data;
    expect(changed.web).toMatchObject({ homePageUrl: web.homePageUrl, redirectUris: change.web.redirectUris });
    expect((await client.graph("DELETE", `/applications/${id}`)).status).toBe(204);
    expect((await client.graph("GET", `/applications/${id}`)).status).toBe(404);
    expect((await client.graph("GET", `/directory/deletedItems/${id}`)).data.appId).toBe(appId);
  });

  test("C1: is for personal accounts too unless told, with the token version that needs", async () => {
    const { data } = await client.graph("POST", "/applications", { body: { displayName: "plain" } });
    expect(data.signInAudience).toBe("AzureADandPersonalMicrosoftAccount");
    expect(data.api.requestedAccessTokenVersion).toBe(2);
    const body = { displayName: "x", signInAudience: data.signInAudience, api: { requestedAccessTokenVersion: 1 } };
    expect(graphOutcome(await client.graph("POST", "/applications", { body }))).toEqual([400, "Request_BadRequest"]);
  });

  test("C1: echoes what was given, with what Graph fills in, and has no service principal", async () => {
    const requiredResourceAccess = [
      {
        resourceAppId: firstParty.dataverse,
        resourceAccess: [{ id: "78ce3f0f-a1ce-49c2-8cde-64b5c0896db4", type: "Scope" }],
      },
    ];
    const body = { displayName: "Echo", signInAudience: "AzureADMultipleOrgs", requiredResourceAccess };
    const { status, data } = await client.graph("POST", "/applications", { body });
    expect(status).toBe(201);
    expect(data).toMatchObject({
      ...body,
      "@odata.context": `${sandbox.endpoints.graph}/v1.0/$metadata#applications/$entity`,
      api: { requestedAccessTokenVersion: null },
      passwordCredentials: [],
      publisherDomain: "contososoftware.onmicrosoft.com",
      web: { redirectUris: [] },
    });
    expect((await client.graph("GET", `/servicePrincipals(appId='${data.appId}')`)).status).toBe(404);
  });

  test("C1: needs a name", async () => {
    expect(graphOutcome(await client.graph("POST", "/applications", { body: {} }))).toEqual([
      400,
      "Request_BadRequest",
    ]);
  });

  test("is not seen from another tenant", async () => {
    const { id, appId } = await client.newApplication();
    expect((await client.graph("GET", `/applications/${id}`, { as: fabrikam })).status).toBe(404);
    expect((await client.graph("GET", `/applications(appId='${appId}')`, { as: fabrikam })).status).toBe(404);
  });

  test("with beta shows what v1.0 leaves out", async () => {
    const { id } = await client.newApplication();
    const beta = await client.graph("GET", `/applications/${id}?$select=oauth2RequirePostResponse`, {
      version: "beta",
    });
    expect(beta.data.oauth2RequirePostResponse).toBe(false);
    expect((await client.graph("GET", `/applications/${id}`)).data).not.toHaveProperty("oauth2RequirePostResponse");
  });

  test("C1: deleted takes its home service principal along, and restored brings it back", async () => {
    const { id, appId } = await client.newApplication();
    const body = { appId };
    const home = (await client.graph("POST", "/servicePrincipals", { body })).data;
    const away = (await client.graph("POST", "/servicePrincipals", { body, as: fabrikam })).data;
    await client.graph("DELETE", `/applications/${id}`);
    expect((await client.graph("GET", `/servicePrincipals/${home.id}`)).status).toBe(404);
    expect((await client.graph("GET", `/servicePrincipals/${away.id}`, { as: fabrikam })).status).toBe(200);
    expect((await client.graph("POST", `/directory/deletedItems/${id}/restore`)).data.id).toBe(id);
    expect((await client.graph("GET", `/servicePrincipals/${home.id}`)).data.appId).toBe(appId);
  });

  test("C1: deleted is kept for 30 days, its Application ID URI with it", async () => {
    const identifierUris = ["https://contoso.example/thirty-days"];
    const { id } = await client.newApplication({ identifierUris });
    await client.graph("DELETE", `/applications/${id}`);
    const later = async (days: number) => {
      sandbox.context.store.setClock(new Date(Date.now() + days * 86_400_000));
      const { status } = await client.graph("GET", `/directory/deletedItems/${id}`);
      const body = { displayName: "Heir", signInAudience: "AzureADMyOrg", identifierUris };
      return [status, (await client.graph("POST", "/applications", { body })).status];
    };
    expect(await later(29)).toEqual([200, 400]);
    expect(await later(31)).toEqual([404, 201]);
    sandbox.context.store.setClock(new Date());
  });

  test("C1: purged is gone for good", async () => {
    const { id } = await client.newApplication();
    await client.graph("DELETE", `/applications/${id}`);
    expect((await client.graph("DELETE", `/directory/deletedItems/${id}`)).status).toBe(204);
    expect((await client.graph("GET", `/directory/deletedItems/${id}`)).status).toBe(404);
  });
});

describe("an Application ID URI", () => {
  const set = (id: string, identifierUris: string[]) =>
    client.graph("PATCH", `/applications/${id}`, { body: { identifierUris } });

  test("C4: may hold the application's id, the tenant's id or a verified domain", async () => {
    const { id, appId } = await client.newApplication();
    const uris = [
      `api://${appId}`,
      `api://${publisher.tenantId}/orders`,
      `api://orders/${appId}`,
      "https://contoso.example/orders",
      "https://orders.contoso.example",
      "https://contososoftware.onmicrosoft.com/orders",
      "api://contoso.example/orders",
    ];
    expect((await set(id, uris)).status).toBe(204);
  });

  test.each([
    ["https://localhost", "HostNameNotOnVerifiedDomain"],
    ["https://notcontoso.example/orders", "HostNameNotOnVerifiedDomain"],
    ["api://orders", "Request_BadRequest"],
    ["orders", "Request_BadRequest"],
  ])("C4: %s is refused", async (uri, code) => {
    const { id } = await client.newApplication();
    expect(graphOutcome(await set(id, [uri]))).toEqual([400, code]);
  });

  test("C4: is unique in the tenant until its application is purged", async () => {
    const uri = "https://contoso.example/unique";
    const first = await client.newApplication({ identifierUris: [uri] });
    const second = await client.newApplication();
    const taken = await set(second.id, [uri]);
    expect(graphOutcome(taken)).toEqual([400, "Request_BadRequest"]);
    expect(taken.data.error.details).toMatchObject([{ code: "ObjectConflict", target: "identifierUris" }]);
    await client.graph("DELETE", `/applications/${first.id}`);
    expect((await set(second.id, [uri])).status).toBe(400);
    await client.graph("DELETE", `/directory/deletedItems/${first.id}`);
    expect((await set(second.id, [uri])).status).toBe(204);
  });
});

describe("a redirect URI", () => {
  test.each(["https://localhost", "http://localhost:8080/back", "http://127.0.0.1"])(
    "C5: %s is accepted",
    async (uri) => {
      await client.newApplication({ web: { redirectUris: [uri] } });
    },
  );

  test.each([
    "http://contoso.example",
    "https://contoso.example/*",
    ..."!$'(),;".split("").map((mark) => `https://contoso.example/a${mark}b`),
    "https://[::1]/back",
    "contoso",
    `https://contoso.example/${"a".repeat(256)}`,
  ])("C5: %s is refused", async (uri) => {
    const body = { displayName: "x", signInAudience: "AzureADMyOrg", web: { redirectUris: [uri] } };
    expect(graphOutcome(await client.graph("POST", "/applications", { body }))).toEqual([400, "Request_BadRequest"]);
  });
});

test("C5: redirect URIs are at most 256", async () => {
  const redirectUris = Array.from({ length: 256 }, (_, index) => `https://contoso.example/${index}`);
  const make = (uris: string[]) => {
    const body = { displayName: "x", signInAudience: "AzureADMultipleOrgs", web: { redirectUris: uris } };
    return client.graph("POST", "/applications", { body });
  };
  expect((await make(redirectUris)).status).toBe(201);
  expect(graphOutcome(await make([...redirectUris, "https://contoso.example/more"]))).toEqual([
    400,
    "Request_BadRequest",
  ]);
});

describe("a secret", () => {
  test("C2: shows its text once, ends after two years unless told, and can be removed", async () => {
    const { id } = await client.newApplication();
    const passwordCredential = { displayName: "first", startDateTime: "2026-01-01T00:00:00Z" };
    const added = await client.graph("POST", `/applications/${id}/addPassword`, { body: { passwordCredential } });
    expect(added.status).toBe(200);
    expect(added.data).toMatchObject({ displayName: "first", endDateTime: "2028-01-01T00:00:00Z" });
    expect(added.data.secretText).toMatch(/^[\w.~-]{40}$/);
    expect(added.data.hint).toBe(added.data.secretText.slice(0, 3));
    const { keyId } = added.data;
    const read = (await client.graph("GET", `/applications/${id}`)).data;
    expect(read.passwordCredentials).toMatchObject([{ keyId, secretText: null }]);
    expect(JSON.stringify(read)).not.toContain(added.data.secretText);
    const remove = () => client.graph("POST", `/applications/${id}/removePassword`, { body: { keyId } });
    expect((await remove()).status).toBe(204);
    expect(graphOutcome(await remove())).toEqual([400, "Request_BadRequest"]);
  });

  test("C1: cannot be given by the client", async () => {
    const body = { displayName: "x", passwordCredentials: [{ secretText: "mine" }] };
    expect(graphOutcome(await client.graph("POST", "/applications", { body }))).toEqual([400, "Request_BadRequest"]);
  });
});

describe("federated identity credentials", () => {
  const credential = (name: string, subject = `repo:contoso/${name}`) => ({
    name,
    subject,
    issuer: "https://token.actions.githubusercontent.com",
    audiences: ["api://AzureADTokenExchange"],
  });

  test("C3: are created, read, changed, listed and deleted", async () => {
    const { id, appId } = await client.newApplication();
    const path = `/applications/${id}/federatedIdentityCredentials`;
    const created = await client.graph("POST", path, { body: credential("prod") });
    expect(created.status).toBe(201);
    const changed = await client.graph("PATCH", `${path}/${created.data.id}`, { body: { subject: "other" } });
    expect(changed.status).toBe(204);
    expect((await client.graph("GET", `${path}/${created.data.id}`)).data.subject).toBe("other");
    const listed = await client.graph("GET", `/applications(appId='${appId}')/federatedIdentityCredentials`);
    expect(listed.data.value).toHaveLength(1);
    expect((await client.graph("DELETE", `${path}/${created.data.id}`)).status).toBe(204);
    expect((await client.graph("GET", `${path}/${created.data.id}`)).status).toBe(404);
  });

  test("C3: are unique by name and by issuer with subject, have one audience and bounded texts, keep their name, and are at most 20", async () => {
    const { id } = await client.newApplication();
    const add = (body: unknown) => client.graph("POST", `/applications/${id}/federatedIdentityCredentials`, { body });
    await add(credential("one"));
    expect(graphOutcome(await add(credential("one", "other")))).toEqual([
      409,
      "Request_MultipleObjectsWithSameKeyValue",
    ]);
    const invalid = [400, "InvalidFederatedIdentityCredentialValue"];
    expect(graphOutcome(await add(credential("two", "repo:contoso/one")))).toEqual(invalid);
    expect(graphOutcome(await add({ ...credential("two"), audiences: ["a", "b"] }))).toEqual(invalid);
    for (const odd of [
      { name: "a".repeat(121) },
      { name: "not url safe" },
      { issuer: `https://token.example/${"a".repeat(600)}` },
      { subject: "a".repeat(601) },
      { audiences: ["a".repeat(601)] },
      { audiences: [] },
    ]) {
      expect(graphOutcome(await add({ ...credential("odd"), ...odd })), JSON.stringify(odd)).toEqual(invalid);
    }
    const rename = { body: { name: "other" } };
    expect(
      graphOutcome(await client.graph("PATCH", `/applications/${id}/federatedIdentityCredentials/one`, rename)),
    ).toEqual(invalid);
    for (let count = 1; count < 20; count++) expect((await add(credential(`more-${count}`))).status).toBe(201);
    expect((await add(credential("too-many"))).status).toBe(400);
  });
});
