import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { firstParty } from "../../sandbox/directory.ts";
import { administratorOf, administratorUserOf, defaultSeed } from "../../sandbox/seed.ts";
import { guidOf } from "../../sandbox/store.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";

const publisher = administratorOf("publisher");
const fabrikam = administratorOf("fabrikam");
const graphUrl = "https://graph.microsoft.com";
const nowhere = "11111111-1111-4111-8111-111111111111";

let sandbox: TestSandbox;
beforeAll(async () => {
  const tenant = {
    name: "fabrikam",
    displayName: "Fabrikam",
    domains: ["fabrikam.onmicrosoft.com"],
    organizations: [],
  };
  sandbox = await startTestSandbox({ seed: { tenants: [...defaultSeed.tenants, tenant] } });
});
afterAll(() => sandbox.close());

interface Identity {
  tenantId: string;
  clientId: string;
  clientSecret: string;
}

async function graph(
  method: string,
  path: string,
  options: { body?: unknown; as?: Identity; headers?: Record<string, string>; version?: string } = {},
) {
  const { body: data, as = publisher, version = "v1.0" } = options;
  const authorization = `Bearer ${await sandbox.token(graphUrl, as)}`;
  const headers = { authorization, ...options.headers };
  return sandbox.http.request({ method, url: `${sandbox.endpoints.graph}/${version}${path}`, data, headers });
}

/** Status and Graph's error code. */
const outcome = ({ status, data }: { status: number; data: { error?: { code: string } } }) => [
  status,
  data.error?.code,
];

let made = 0;
async function newApplication(body: Record<string, unknown> = {}) {
  const defaults = { displayName: `Application ${++made}`, signInAudience: "AzureADMultipleOrgs" };
  const answer = await graph("POST", "/applications", { body: { ...defaults, ...body } });
  expect(answer.status).toBe(201);
  return answer.data as { id: string; appId: string; displayName: string };
}

/** An application that can sign in, with its service principal and some of Graph's application permissions. */
async function newIdentity(...permissions: string[]): Promise<Identity & { objectId: string }> {
  const { id, appId } = await newApplication();
  const principal = (await graph("POST", "/servicePrincipals", { body: { appId } })).data;
  const secret = (await graph("POST", `/applications/${id}/addPassword`, { body: {} })).data;
  const resource = (await graph("GET", `/servicePrincipals(appId='${firstParty.graph}')`)).data;
  for (const permission of permissions) {
    const role = resource.appRoles.find(({ value }: { value: string }) => value === permission);
    const body = { principalId: principal.id, resourceId: resource.id, appRoleId: role.id };
    const given = await graph("POST", `/servicePrincipals/${resource.id}/appRoleAssignedTo`, { body });
    expect(given.status).toBe(201);
  }
  const { tenantId } = publisher;
  return { tenantId, clientId: appId, clientSecret: secret.secretText, objectId: principal.id };
}

describe("a request", () => {
  const bearer = (authorization: string | undefined) =>
    sandbox.http.get(`${sandbox.endpoints.graph}/v1.0/applications`, {
      headers: authorization ? { authorization } : {},
    });

  test("needs a token that is valid, for Graph, and not expired", async () => {
    expect(outcome(await bearer(undefined))).toEqual([401, "InvalidAuthenticationToken"]);
    expect(outcome(await bearer("Bearer nonsense"))).toEqual([401, "InvalidAuthenticationToken"]);
    const other = await sandbox.token("https://management.azure.com");
    expect((await bearer(`Bearer ${other}`)).data.error.message).toContain("Invalid audience");
    const token = await sandbox.token(graphUrl);
    sandbox.context.store.setClock(new Date(Date.now() + 2 * 3600_000));
    expect((await bearer(`Bearer ${token}`)).data.error.message).toContain("expired");
    sandbox.context.store.setClock(new Date());
  });

  test("is answered with Graph's error envelope, the client's request id in it", async () => {
    const headers = { "client-request-id": "33333333-3333-4333-8333-333333333333" };
    const { data } = await graph("GET", `/applications/${nowhere}`, { headers });
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
    const route = await graph("GET", "/groups");
    expect(outcome(route)).toEqual([501, "SandboxNotImplemented"]);
    expect(route.data.error.message).toContain("GET /v1.0/groups");
    const option = await graph("GET", "/applications?$search=x");
    expect([option.status, option.data.error.message.includes("$search")]).toEqual([501, true]);
    const filter = await graph("GET", "/applications?$filter=startswith(displayName,'a')");
    expect(filter.status).toBe(501);
  });

  test("with a body that is no JSON, or an unknown member, is 400", async () => {
    const headers = { "Content-Type": "application/json" };
    expect(outcome(await graph("POST", "/applications", { body: "{", headers }))).toEqual([400, "BadRequest"]);
    const unknown = await graph("POST", "/applications", { body: { displayName: "x", colour: "red" } });
    expect(unknown.data.error).toMatchObject({
      code: "Request_BadRequest",
      message: "Invalid property 'colour'.",
    });
  });
});

describe("a list", () => {
  test("is filtered by eq and and, with + for space", async () => {
    const { appId, displayName } = await newApplication({ displayName: "It's ours and theirs" });
    const quoted = displayName.replace("'", "''");
    const filters = [`appId eq '${appId}'`, `displayName eq '${quoted}' and appId eq '${appId.toUpperCase()}'`];
    for (const filter of filters) {
      const { data } = await graph("GET", `/applications?$filter=${filter.replaceAll(" ", "+")}`);
      expect(data.value).toMatchObject([{ appId }]);
    }
    const none = await graph("GET", `/applications?$filter=appId eq '${appId}' and displayName eq 'other'`);
    expect(none.data.value).toEqual([]);
    expect(outcome(await graph("GET", "/applications?$filter=appId"))).toEqual([400, "BadRequest"]);
  });

  test("is paged by $top and cut down by $select", async () => {
    const seen: string[] = [];
    let path: string | undefined = "/servicePrincipals?$top=2&$select=appId";
    while (path) {
      const { data } = await graph("GET", path);
      expect(Object.keys(data.value[0])).toEqual(["appId"]);
      seen.push(...data.value.map(({ appId }: { appId: string }) => appId));
      path = data["@odata.nextLink"]?.replace(`${sandbox.endpoints.graph}/v1.0`, "");
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toContain(firstParty.dataverse);
  });
});

describe("an application", () => {
  test("is created, read by both ids, changed in part, and deleted softly", async () => {
    const web = { homePageUrl: "https://contoso.example", redirectUris: ["https://localhost"] };
    const { id, appId } = await newApplication({ web });
    const one = (await graph("GET", `/applications/${id}`)).data;
    expect(one).toMatchObject({ appId, web, publisherDomain: "contososoftware.onmicrosoft.com" });
    const change = { web: { redirectUris: ["https://contoso.example/back"] }, notes: "changed" };
    expect((await graph("PATCH", `/applications/${id}`, { body: change })).status).toBe(204);
    const changed = (await graph("GET", `/applications(appId='${appId}')`)).data;
    expect(changed.web).toMatchObject({ homePageUrl: web.homePageUrl, redirectUris: change.web.redirectUris });
    expect((await graph("DELETE", `/applications/${id}`)).status).toBe(204);
    expect((await graph("GET", `/applications/${id}`)).status).toBe(404);
    expect((await graph("GET", `/directory/deletedItems/${id}`)).data.appId).toBe(appId);
  });

  test("is for personal accounts too unless told, with the token version that needs", async () => {
    const { data } = await graph("POST", "/applications", { body: { displayName: "plain" } });
    expect(data.signInAudience).toBe("AzureADandPersonalMicrosoftAccount");
    expect(data.api.requestedAccessTokenVersion).toBe(2);
    const body = { displayName: "x", signInAudience: data.signInAudience, api: { requestedAccessTokenVersion: 1 } };
    expect(outcome(await graph("POST", "/applications", { body }))).toEqual([400, "InvalidAccessTokenVersion"]);
  });

  test("needs a name", async () => {
    expect(outcome(await graph("POST", "/applications", { body: {} }))).toEqual([400, "Request_BadRequest"]);
  });

  test("is not seen from another tenant", async () => {
    const { id, appId } = await newApplication();
    expect((await graph("GET", `/applications/${id}`, { as: fabrikam })).status).toBe(404);
    expect((await graph("GET", `/applications(appId='${appId}')`, { as: fabrikam })).status).toBe(404);
  });

  test("with beta shows what v1.0 leaves out", async () => {
    const { id } = await newApplication();
    const beta = await graph("GET", `/applications/${id}?$select=oauth2RequirePostResponse`, { version: "beta" });
    expect(beta.data.oauth2RequirePostResponse).toBe(false);
    expect((await graph("GET", `/applications/${id}`)).data).not.toHaveProperty("oauth2RequirePostResponse");
  });

  test("deleted takes its home service principal along, and restored brings it back", async () => {
    const { id, appId } = await newApplication();
    const body = { appId };
    const home = (await graph("POST", "/servicePrincipals", { body })).data;
    const away = (await graph("POST", "/servicePrincipals", { body, as: fabrikam })).data;
    await graph("DELETE", `/applications/${id}`);
    expect((await graph("GET", `/servicePrincipals/${home.id}`)).status).toBe(404);
    expect((await graph("GET", `/servicePrincipals/${away.id}`, { as: fabrikam })).status).toBe(200);
    expect((await graph("POST", `/directory/deletedItems/${id}/restore`)).data.id).toBe(id);
    expect((await graph("GET", `/servicePrincipals/${home.id}`)).data.appId).toBe(appId);
  });

  test("purged is gone for good", async () => {
    const { id } = await newApplication();
    await graph("DELETE", `/applications/${id}`);
    expect((await graph("DELETE", `/directory/deletedItems/${id}`)).status).toBe(204);
    expect((await graph("GET", `/directory/deletedItems/${id}`)).status).toBe(404);
  });
});

describe("an Application ID URI", () => {
  const set = (id: string, identifierUris: string[]) =>
    graph("PATCH", `/applications/${id}`, { body: { identifierUris } });

  test("may hold the application's id, the tenant's id or a verified domain", async () => {
    const { id, appId } = await newApplication();
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
  ])("%s is refused", async (uri, code) => {
    const { id } = await newApplication();
    expect(outcome(await set(id, [uri]))).toEqual([400, code]);
  });

  test("is unique in the tenant until its application is purged", async () => {
    const uri = "https://contoso.example/unique";
    const first = await newApplication({ identifierUris: [uri] });
    const second = await newApplication();
    const taken = await set(second.id, [uri]);
    expect(outcome(taken)).toEqual([400, "Request_BadRequest"]);
    expect(taken.data.error.details).toMatchObject([{ code: "ObjectConflict", target: "identifierUris" }]);
    await graph("DELETE", `/applications/${first.id}`);
    expect((await set(second.id, [uri])).status).toBe(400);
    await graph("DELETE", `/directory/deletedItems/${first.id}`);
    expect((await set(second.id, [uri])).status).toBe(204);
  });
});

describe("a redirect URI", () => {
  test.each(["https://localhost", "http://localhost:8080/back", "http://127.0.0.1"])("%s is accepted", async (uri) => {
    await newApplication({ web: { redirectUris: [uri] } });
  });

  test.each([
    "http://contoso.example",
    "https://contoso.example/*",
    "https://contoso.example/a;b",
    "https://[::1]/back",
    "contoso",
    `https://contoso.example/${"a".repeat(256)}`,
  ])("%s is refused", async (uri) => {
    const body = { displayName: "x", signInAudience: "AzureADMyOrg", web: { redirectUris: [uri] } };
    expect(outcome(await graph("POST", "/applications", { body }))).toEqual([400, "Request_BadRequest"]);
  });
});

describe("a secret", () => {
  test("shows its text once, ends after two years unless told, and can be removed", async () => {
    const { id } = await newApplication();
    const passwordCredential = { displayName: "first", startDateTime: "2026-01-01T00:00:00Z" };
    const added = await graph("POST", `/applications/${id}/addPassword`, { body: { passwordCredential } });
    expect(added.status).toBe(200);
    expect(added.data).toMatchObject({ displayName: "first", endDateTime: "2028-01-01T00:00:00Z" });
    expect(added.data.secretText).toMatch(/^[\w.~-]{40}$/);
    expect(added.data.hint).toBe(added.data.secretText.slice(0, 3));
    const { keyId } = added.data;
    const read = (await graph("GET", `/applications/${id}`)).data;
    expect(read.passwordCredentials).toMatchObject([{ keyId, secretText: null }]);
    expect(JSON.stringify(read)).not.toContain(added.data.secretText);
    const remove = () => graph("POST", `/applications/${id}/removePassword`, { body: { keyId } });
    expect((await remove()).status).toBe(204);
    expect(outcome(await remove())).toEqual([400, "Request_BadRequest"]);
  });

  test("cannot be given by the client", async () => {
    const body = { displayName: "x", passwordCredentials: [{ secretText: "mine" }] };
    expect(outcome(await graph("POST", "/applications", { body }))).toEqual([400, "Request_BadRequest"]);
  });
});

describe("federated identity credentials", () => {
  const credential = (name: string, subject = `repo:contoso/${name}`) => ({
    name,
    subject,
    issuer: "https://token.actions.githubusercontent.com",
    audiences: ["api://AzureADTokenExchange"],
  });

  test("are created, read, changed, listed and deleted", async () => {
    const { id, appId } = await newApplication();
    const path = `/applications/${id}/federatedIdentityCredentials`;
    const created = await graph("POST", path, { body: credential("prod") });
    expect(created.status).toBe(201);
    const changed = await graph("PATCH", `${path}/${created.data.id}`, { body: { subject: "other" } });
    expect(changed.status).toBe(204);
    expect((await graph("GET", `${path}/${created.data.id}`)).data.subject).toBe("other");
    const listed = await graph("GET", `/applications(appId='${appId}')/federatedIdentityCredentials`);
    expect(listed.data.value).toHaveLength(1);
    expect((await graph("DELETE", `${path}/${created.data.id}`)).status).toBe(204);
    expect((await graph("GET", `${path}/${created.data.id}`)).status).toBe(404);
  });

  test("are unique by name and by issuer with subject, have one audience, and are at most 20", async () => {
    const { id } = await newApplication();
    const add = (body: unknown) => graph("POST", `/applications/${id}/federatedIdentityCredentials`, { body });
    await add(credential("one"));
    expect(outcome(await add(credential("one", "other")))).toEqual([409, "Request_MultipleObjectsWithSameKeyValue"]);
    const invalid = [400, "InvalidFederatedIdentityCredentialValue"];
    expect(outcome(await add(credential("two", "repo:contoso/one")))).toEqual(invalid);
    expect(outcome(await add({ ...credential("two"), audiences: ["a", "b"] }))).toEqual(invalid);
    for (let count = 1; count < 20; count++) expect((await add(credential(`more-${count}`))).status).toBe(201);
    expect((await add(credential("too-many"))).status).toBe(400);
  });
});

describe("owners", () => {
  test("are bound at creation, added, listed and removed", async () => {
    const objects = `${sandbox.endpoints.graph}/v1.0/directoryObjects`;
    const person = guidOf("administrator user publisher");
    const { id } = await newApplication({ "owners@odata.bind": [`${objects}/${publisher.objectId}`] });
    const path = `/applications/${id}/owners`;
    const add = (owner: string) => graph("POST", `${path}/$ref`, { body: { "@odata.id": `${objects}/${owner}` } });
    expect((await add(person)).status).toBe(204);
    expect(outcome(await add(person))).toEqual([400, "Request_BadRequest"]);
    expect(outcome(await add(nowhere))).toEqual([404, "Request_ResourceNotFound"]);
    expect((await graph("GET", path)).data.value).toMatchObject([
      { "@odata.type": "#microsoft.graph.servicePrincipal", id: publisher.objectId },
      {
        "@odata.type": "#microsoft.graph.user",
        userPrincipalName: administratorUserOf("publisher").userName,
      },
    ]);
    const remove = () => graph("DELETE", `${path}/${publisher.objectId}/$ref`);
    expect((await remove()).status).toBe(204);
    expect((await remove()).status).toBe(404);
    expect((await graph("GET", `${path}/$ref`)).data.value).toHaveLength(1);
  });
});

describe("a service principal", () => {
  test("of a multi-tenant application is made in other tenants, each with an id of its own", async () => {
    const { appId } = await newApplication();
    const home = await graph("POST", "/servicePrincipals", { body: { appId } });
    const away = await graph("POST", "/servicePrincipals", { body: { appId }, as: fabrikam });
    expect([home.status, away.status]).toEqual([201, 201]);
    expect(away.data.id).not.toBe(home.data.id);
    expect(away.data.appOwnerOrganizationId).toBe(publisher.tenantId);
    const again = await graph("POST", "/servicePrincipals", { body: { appId }, as: fabrikam });
    expect(outcome(again)).toEqual([409, "Request_MultipleObjectsWithSameKeyValue"]);
    expect(again.data.error.message).toContain(`the service principal name ${appId} is already in use`);
  });

  test("needs an application that the tenant can reach", async () => {
    const { appId } = await newApplication({ signInAudience: "AzureADMyOrg" });
    for (const body of [{ appId }, { appId: nowhere }]) {
      const answer = await graph("POST", "/servicePrincipals", { body, as: fabrikam });
      expect(outcome(answer)).toEqual([400, "Request_BadRequest"]);
      expect(answer.data.error.message).toContain("does not reference a valid application object");
    }
  });

  test("is created or changed by one request with create-if-missing", async () => {
    const { appId } = await newApplication();
    const path = `/servicePrincipals(appId='${appId}')`;
    const headers = { Prefer: "create-if-missing" };
    expect((await graph("PATCH", path, { body: { notes: "a" } })).status).toBe(404);
    expect((await graph("PATCH", path, { body: { notes: "a" }, headers })).status).toBe(201);
    expect((await graph("PATCH", path, { body: { notes: "b" }, headers })).status).toBe(204);
    expect((await graph("GET", path)).data.notes).toBe("b");
  });

  test("deleted and made again has another id, and its grants are gone", async () => {
    const { appId } = await newApplication();
    const path = `/servicePrincipals(appId='${appId}')`;
    const first = (await graph("POST", "/servicePrincipals", { body: { appId }, as: fabrikam })).data;
    const dataverse = await graph("GET", `/servicePrincipals(appId='${firstParty.dataverse}')`, { as: fabrikam });
    const body = {
      clientId: first.id,
      consentType: "AllPrincipals",
      resourceId: dataverse.data.id,
      scope: "user_impersonation",
    };
    await graph("POST", "/oauth2PermissionGrants", { body, as: fabrikam });
    expect((await graph("DELETE", path, { as: fabrikam })).status).toBe(204);
    const second = (await graph("POST", "/servicePrincipals", { body: { appId }, as: fabrikam })).data;
    expect(second.id).not.toBe(first.id);
    const grants = await graph("GET", `${path}/oauth2PermissionGrants`, { as: fabrikam });
    expect(grants.data.value).toEqual([]);
    const restored = await graph("POST", `/directory/deletedItems/${first.id}/restore`, { as: fabrikam });
    expect(outcome(restored)).toEqual([409, "Request_MultipleObjectsWithSameKeyValue"]);
  });

  test("of the home tenant follows its application", async () => {
    const { id, appId } = await newApplication();
    await graph("POST", "/servicePrincipals", { body: { appId } });
    await graph("PATCH", `/applications/${id}`, {
      body: { displayName: "Renamed", identifierUris: [`api://${appId}`] },
    });
    const { data } = await graph("GET", `/servicePrincipals(appId='${appId}')`);
    expect(data).toMatchObject({
      displayName: "Renamed",
      servicePrincipalNames: [appId, `api://${appId}`],
    });
  });
});

describe("grants", () => {
  test("of delegated permissions are found, changed and deleted; a second of the same kind is 409", async () => {
    const { appId } = await newApplication();
    const client = (await graph("POST", "/servicePrincipals", { body: { appId } })).data;
    const dataverse = (await graph("GET", `/servicePrincipals(appId='${firstParty.dataverse}')`)).data;
    const body = {
      clientId: client.id,
      consentType: "AllPrincipals",
      principalId: null,
      resourceId: dataverse.id,
      scope: "user_impersonation",
    };
    const created = await graph("POST", "/oauth2PermissionGrants", { body });
    expect(created.status).toBe(201);
    expect(created.data).toMatchObject(body);
    expect(created.data.id).toMatch(/^[\w-]{43}$/);
    expect(outcome(await graph("POST", "/oauth2PermissionGrants", { body }))).toEqual([
      409,
      "Request_MultipleObjectsWithSameKeyValue",
    ]);
    const filter = `clientId eq '${client.id}' and consentType eq 'AllPrincipals'`;
    const found = await graph("GET", `/oauth2PermissionGrants?$filter=${filter}`);
    expect(found.data.value).toMatchObject([{ id: created.data.id }]);
    const path = `/oauth2PermissionGrants/${created.data.id}`;
    expect((await graph("PATCH", path, { body: { scope: "a b" } })).status).toBe(204);
    expect((await graph("GET", path)).data.scope).toBe("a b");
    expect((await graph("DELETE", path)).status).toBe(204);
    expect((await graph("GET", path)).status).toBe(404);
  });

  test("of application permissions are seen from both ends and decide what a token may do", async () => {
    const identity = await newIdentity("Application.Read.All");
    const path = `/servicePrincipals/${identity.objectId}/appRoleAssignments`;
    const [assignment] = (await graph("GET", path)).data.value;
    expect(assignment).toMatchObject({ principalId: identity.objectId, resourceDisplayName: "Microsoft Graph" });
    const { id, principalId, resourceId, appRoleId } = assignment;
    const body = { principalId, resourceId, appRoleId };
    expect((await graph("POST", path, { body })).status).toBe(400);
    expect((await graph("GET", "/applications", { as: identity })).status).toBe(200);
    const removed = await graph("DELETE", `/servicePrincipals/${resourceId}/appRoleAssignedTo/${id}`);
    expect(removed.status).toBe(204);
    const denied = await graph("GET", "/applications", { as: identity });
    expect(outcome(denied)).toEqual([403, "Authorization_RequestDenied"]);
    expect(denied.data.error.message).toBe("Insufficient privileges to complete the operation.");
  });
});

describe("application permissions", () => {
  test("for reading do not allow writing", async () => {
    const reader = await newIdentity("Application.Read.All");
    const body = { displayName: "x", signInAudience: "AzureADMyOrg" };
    expect(outcome(await graph("POST", "/applications", { body, as: reader }))).toEqual([
      403,
      "Authorization_RequestDenied",
    ]);
    expect((await graph("GET", "/oauth2PermissionGrants", { as: reader })).status).toBe(403);
    expect((await graph("GET", "/organization", { as: reader })).status).toBe(403);
  });

  test("OwnedBy allows what the caller made, and nothing of others", async () => {
    const owner = await newIdentity("Application.ReadWrite.OwnedBy");
    const body = { displayName: "mine", signInAudience: "AzureADMultipleOrgs" };
    const mine = await graph("POST", "/applications", { body, as: owner });
    expect(mine.status).toBe(201);
    const change = { body: { notes: "changed" }, as: owner };
    expect((await graph("PATCH", `/applications/${mine.data.id}`, change)).status).toBe(204);
    const { appId } = mine.data;
    expect((await graph("POST", "/servicePrincipals", { body: { appId }, as: owner })).status).toBe(201);
    const other = await newApplication();
    expect((await graph("PATCH", `/applications/${other.id}`, change)).status).toBe(403);
  });

  test("OwnedBy cannot make the service principal of another tenant's application", async () => {
    const owner = await newIdentity("Application.ReadWrite.OwnedBy");
    const foreign = await graph("POST", "/applications", {
      body: { displayName: "foreign", signInAudience: "AzureADMultipleOrgs" },
      as: fabrikam,
    });
    const body = { appId: foreign.data.appId };
    const answer = await graph("POST", "/servicePrincipals", { body, as: owner });
    expect(outcome(answer)).toEqual([403, "Authorization_RequestDenied"]);
    expect(answer.data.error.message).toContain("backing application");
  });
});

describe("the tenant", () => {
  test("tells its name and verified domains", async () => {
    const { data } = await graph("GET", "/organization");
    expect(data.value).toMatchObject([{ id: publisher.tenantId, displayName: "Contoso Software" }]);
    const domains = (await graph("GET", "/domains")).data.value;
    expect(domains).toMatchObject([
      { id: "contososoftware.onmicrosoft.com", isInitial: true },
      { id: "contoso.example", isVerified: true },
    ]);
  });
});
