import { ClientSecretCredential } from "@azure/identity";
import { Client, GraphError, type PageCollection, PageIterator } from "@microsoft/microsoft-graph-client";
import { TokenCredentialAuthenticationProvider } from "@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { firstParty } from "../../../sandbox/directory.ts";
import { fabrikam, graphUrl, type Identity, publisher } from "../../support/entra.ts";
import { startTestSandbox, type TestSandbox, trust } from "../../support/sandbox.ts";

// Microsoft's client of Graph. That its address is not Microsoft's is an option of the client's.

let sandbox: TestSandbox;
let graph: Client;
let subscriber: Client;
const nowhere = "11111111-1111-4111-8111-111111111111";

beforeAll(async () => {
  sandbox = await startTestSandbox();
  trust(sandbox);
  graph = clientOf(publisher);
  subscriber = clientOf(fabrikam);
});
afterAll(() => sandbox.close());

function clientOf({ tenantId, clientId, clientSecret }: Identity): Client {
  const options = { authorityHost: sandbox.endpoints.login, disableInstanceDiscovery: true };
  const credential = new ClientSecretCredential(tenantId, clientId, clientSecret, options);
  return Client.initWithMiddleware({
    authProvider: new TokenCredentialAuthenticationProvider(credential, { scopes: [`${graphUrl}/.default`] }),
    baseUrl: sandbox.endpoints.graph,
    customHosts: new Set(["127.0.0.1"]),
  });
}

interface Row {
  id: string;
  appId: string;
  displayName: string;
}

const newApplication = (body: object = {}): Promise<Row> =>
  graph.api("/applications").post({ displayName: "Orders", signInAudience: "AzureADMultipleOrgs", ...body });

/** Status and code of the GraphError that a request ends in. */
async function refusal(request: Promise<unknown>) {
  const error = await request.catch((reason: unknown) => reason);
  if (!(error instanceof GraphError)) throw error;
  return [error.statusCode, error.code];
}

describe("applications", () => {
  test("C1: are created, read by either id, changed and deleted softly", async () => {
    const { id, appId } = await newApplication();
    const own = graph.api(`/applications/${id}`);
    await own.patch({ web: { redirectUris: ["https://localhost"] } });
    const read = await graph.api(`/applications(appId='${appId}')`).select(["id", "web"]).get();
    expect(read).toMatchObject({ id, web: { redirectUris: ["https://localhost"] } });
    expect(read).not.toHaveProperty("displayName");
    await own.delete();
    expect(await refusal(own.get())).toEqual([404, "Request_ResourceNotFound"]);
    const deleted = graph.api(`/directory/deletedItems/${id}`);
    expect(await deleted.get()).toMatchObject({ "@odata.type": "#microsoft.graph.application", appId });
    const found = await graph.api("/directory/deletedItems/microsoft.graph.application").get();
    expect(found.value.map((row: Row) => row.id)).toContain(id);
    await graph.api(`/directory/deletedItems/${id}/restore`).post({});
    expect((await own.get()).appId).toBe(appId);
    await own.delete();
    await deleted.delete();
    expect(await refusal(deleted.get())).toEqual([404, "Request_ResourceNotFound"]);
  });

  test("C2: get secrets with addPassword, shown once, and lose them with removePassword", async () => {
    const { id } = await newApplication();
    const passwordCredential = { displayName: "first", startDateTime: "2026-01-01T00:00:00Z" };
    const added = await graph.api(`/applications/${id}/addPassword`).post({ passwordCredential });
    expect(added).toMatchObject({ displayName: "first", endDateTime: "2028-01-01T00:00:00Z" });
    expect(added).toMatchObject({ hint: added.secretText.slice(0, 3), customKeyIdentifier: null });
    const { passwordCredentials } = await graph.api(`/applications/${id}`).get();
    expect(passwordCredentials).toMatchObject([{ keyId: added.keyId, secretText: null }]);
    const remove = () => graph.api(`/applications/${id}/removePassword`).post({ keyId: added.keyId });
    await remove();
    expect(await refusal(remove())).toEqual([400, "Request_BadRequest"]);
  });

  test("C3: get federated credentials, each issuer with subject once", async () => {
    const { id } = await newApplication();
    const credentials = graph.api(`/applications/${id}/federatedIdentityCredentials`);
    const body = {
      name: "prod",
      issuer: "https://token.actions.githubusercontent.com",
      subject: "repo:contoso/orders:environment:prod",
      audiences: ["api://AzureADTokenExchange"],
    };
    const made = await credentials.post(body);
    expect(made).toMatchObject(body);
    expect(await refusal(credentials.post(body))).toEqual([409, "Request_MultipleObjectsWithSameKeyValue"]);
    const own = graph.api(`/applications/${id}/federatedIdentityCredentials/${made.id}`);
    await own.patch({ description: "production" });
    expect((await own.get()).description).toBe("production");
    await own.delete();
    expect((await credentials.get()).value).toEqual([]);
  });

  test("C4: have Application ID URIs on verified domains only", async () => {
    const { id } = await newApplication();
    const set = (uri: string) => graph.api(`/applications/${id}`).patch({ identifierUris: [uri] });
    expect(await refusal(set("https://localhost"))).toEqual([400, "HostNameNotOnVerifiedDomain"]);
    await set("https://contoso.example/graph-client");
    const other = await newApplication();
    const taken = graph.api(`/applications/${other.id}`);
    expect(await refusal(taken.patch({ identifierUris: ["https://contoso.example/graph-client"] }))).toEqual([
      400,
      "Request_BadRequest",
    ]);
  });

  test("C1: get owners by reference, and lose them", async () => {
    const { id } = await newApplication();
    const owners = `/applications/${id}/owners`;
    const reference = { "@odata.id": `${sandbox.endpoints.graph}/v1.0/directoryObjects/${publisher.objectId}` };
    await graph.api(`${owners}/$ref`).post(reference);
    expect(await refusal(graph.api(`${owners}/$ref`).post(reference))).toEqual([400, "Request_BadRequest"]);
    expect((await graph.api(owners).get()).value).toMatchObject([{ id: publisher.objectId }]);
    await graph.api(`${owners}/${publisher.objectId}/$ref`).delete();
    expect((await graph.api(owners).get()).value).toEqual([]);
  });
});

describe("service principals and grants in a subscriber's tenant", () => {
  test("B2: are made once, deleted, and made anew with another id", async () => {
    const { appId } = await newApplication();
    const principal = subscriber.api(`/servicePrincipals(appId='${appId}')`);
    expect(await refusal(principal.get())).toEqual([404, "Request_ResourceNotFound"]);
    const first = await subscriber.api("/servicePrincipals").post({ appId });
    expect(first).toMatchObject({ appId, appOwnerOrganizationId: publisher.tenantId });
    expect(first.servicePrincipalNames).toContain(appId);
    expect(await refusal(subscriber.api("/servicePrincipals").post({ appId }))).toEqual([
      409,
      "Request_MultipleObjectsWithSameKeyValue",
    ]);
    await principal.delete();
    const upsert = subscriber.api(`/servicePrincipals(appId='${appId}')`).header("Prefer", "create-if-missing");
    const second = await upsert.patch({ tags: ["orders"] });
    expect(second.id).not.toBe(first.id);
    expect((await principal.get()).tags).toEqual(["orders"]);
  });

  test("B2: are refused for what is no multi-tenant application", async () => {
    const { appId } = await newApplication({ signInAudience: "AzureADMyOrg" });
    for (const body of [{ appId }, { appId: nowhere }]) {
      const request = subscriber.api("/servicePrincipals").post(body);
      expect(await refusal(request)).toEqual([400, "Request_BadRequest"]);
    }
  });

  test("B2: delegated permissions are granted for everybody, found, changed and taken back", async () => {
    const { appId } = await newApplication();
    const { id: clientId } = await subscriber.api("/servicePrincipals").post({ appId });
    const { id: resourceId } = await subscriber.api(`/servicePrincipals(appId='${firstParty.dataverse}')`).get();
    const body = { clientId, consentType: "AllPrincipals", resourceId, scope: "user_impersonation" };
    const made = await subscriber.api("/oauth2PermissionGrants").post(body);
    expect(made).toMatchObject({ ...body, principalId: null });
    const filter = `clientId eq '${clientId}' and consentType eq 'AllPrincipals'`;
    const found = await subscriber.api("/oauth2PermissionGrants").filter(filter).get();
    expect(found.value).toMatchObject([{ id: made.id }]);
    const own = subscriber.api(`/oauth2PermissionGrants/${made.id}`);
    await own.patch({ scope: "user_impersonation offline_access" });
    expect((await own.get()).scope).toBe("user_impersonation offline_access");
    await own.delete();
    expect(await refusal(own.get())).toEqual([404, "Request_ResourceNotFound"]);
  });

  test("B2: application permissions are granted from the resource's end and filtered by a bare id", async () => {
    const { appId } = await newApplication();
    const principal = await subscriber.api("/servicePrincipals").post({ appId });
    const resource = await subscriber.api(`/servicePrincipals(appId='${firstParty.graph}')`).get();
    const role = resource.appRoles.find(({ value }: { value: string }) => value === "Application.Read.All");
    const body = { principalId: principal.id, resourceId: resource.id, appRoleId: role.id };
    const made = await subscriber.api(`/servicePrincipals/${resource.id}/appRoleAssignedTo`).post(body);
    expect(made).toMatchObject({ ...body, principalType: "ServicePrincipal", resourceDisplayName: "Microsoft Graph" });
    const held = () => subscriber.api(`/servicePrincipals/${principal.id}/appRoleAssignments`);
    expect((await held().filter(`resourceId eq ${resource.id}`).get()).value).toMatchObject([{ id: made.id }]);
    expect(await refusal(held().filter(`resourceId eq '${resource.id}'`).get())).toEqual([400, "BadRequest"]);
    await subscriber.api(`/servicePrincipals/${resource.id}/appRoleAssignedTo/${made.id}`).delete();
    expect((await held().get()).value).toEqual([]);
  });
});

describe("a list", () => {
  const names = ["List one", "List two", "List three"];
  const ofThese = "startsWith(displayName,'List ')";
  let rows: Row[];

  beforeAll(async () => {
    rows = await Promise.all(
      names.map((displayName, index) =>
        newApplication({ displayName, identifierUris: [`https://contoso.example/list-${index}`], tags: [`t${index}`] }),
      ),
    );
  });

  test("C1: is walked page by page", async () => {
    const seen: string[] = [];
    const first: PageCollection = await graph.api("/applications").filter(ofThese).top(1).select(["displayName"]).get();
    expect(first.value).toHaveLength(1);
    await new PageIterator(graph, first, (row: Row) => {
      seen.push(row.displayName);
      return true;
    }).iterate();
    expect(seen.sort()).toEqual([...names].sort());
  });

  test("C1: is counted in an advanced query, and without its header is not", async () => {
    const counted = () => graph.api("/applications").filter(ofThese).top(1).count(true);
    const advanced = await counted().header("ConsistencyLevel", "eventual").get();
    expect(advanced).toMatchObject({ "@odata.count": 3, value: [{}] });
    expect(await counted().get()).not.toHaveProperty("@odata.count");
    const segment = () => graph.api("/applications/$count").filter(ofThese);
    expect(String(await segment().header("ConsistencyLevel", "eventual").get())).toBe("3");
    expect(await refusal(segment().get())).toEqual([400, "Request_UnsupportedQuery"]);
  });

  test.each<[string, () => string, string[]]>([
    ["eq, without regard to case", () => "displayName eq 'list ONE'", ["List one"]],
    ["in", () => "displayName in ('List one', 'List two')", ["List one", "List two"]],
    ["or", () => `appId eq '${rows[0]!.appId}' or appId eq '${rows[2]!.appId}'`, ["List one", "List three"]],
    ["parentheses", () => `${ofThese} and (appId eq '${nowhere}' or displayName eq 'List two')`, ["List two"]],
    ["any with eq", () => "identifierUris/any(uri:uri eq 'https://contoso.example/list-1')", ["List two"]],
    ["any with startsWith", () => "tags/any(t:startsWith(t,'t2'))", ["List three"]],
  ])("C1: is filtered by %s", async (_what, filter, expected) => {
    const found = await graph.api("/applications").filter(filter()).get();
    expect(found.value.map((row: Row) => row.displayName).sort()).toEqual(expected.sort());
  });

  test.each([
    ["ne", `${ofThese} and displayName ne 'List one'`, ["List three", "List two"]],
    ["not", `${ofThese} and not(tags/any(t:t eq 't1'))`, ["List one", "List three"]],
  ])("C1: is filtered by %s in advanced queries only", async (_what, filter, expected) => {
    const query = () => graph.api("/applications").filter(filter).count(true);
    const found = await query().header("ConsistencyLevel", "eventual").get();
    expect(found.value.map((row: Row) => row.displayName).sort()).toEqual(expected);
    expect(await refusal(query().get())).toEqual([400, "Request_UnsupportedQuery"]);
  });
});

test("C6: a request that met 429 with Retry-After is sent again", async () => {
  sandbox.context.journal.splice(0);
  const body = JSON.stringify({ error: { code: "TooManyRequests", message: "Too many requests." } });
  sandbox.context.faults.add({ service: "graph", method: "GET", nth: 1, times: 1, status: 429, retryAfter: 1, body });
  expect((await graph.api("/applications").top(1).get()).value).toHaveLength(1);
  const statuses = sandbox.context.journal.filter(({ service }) => service === "graph").map(({ status }) => status);
  expect(statuses).toEqual([429, 200]);
  sandbox.context.faults.clear();
});

describe("errors", () => {
  test("C6: have code, message, request id and date", async () => {
    const error = await graph
      .api(`/applications/${nowhere}`)
      .get()
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(GraphError);
    expect(error).toMatchObject({
      statusCode: 404,
      code: "Request_ResourceNotFound",
      message: `Resource '${nowhere}' does not exist or one of its queried reference-property objects are not present.`,
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(JSON.parse((error as GraphError).body)).toMatchObject({
      innerError: { date: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/) },
    });
  });

  test.each<[string, () => Promise<unknown>]>([
    [
      "$search",
      () => graph.api("/applications").search('"displayName:x"').header("ConsistencyLevel", "eventual").get(),
    ],
    ["$orderby", () => graph.api("/applications").orderby("displayName").get()],
    ["$expand", () => graph.api("/applications").expand("owners").get()],
    ["$skip", () => graph.api("/applications").skip(1).get()],
    ["endsWith", () => graph.api("/applications").filter("endsWith(displayName,'x')").get()],
    ["createdDateTime", () => graph.api("/applications").filter("createdDateTime ge 2026-01-01T00:00:00Z").get()],
    ["certification", () => graph.api("/applications").filter("certification eq null").get()],
    ["'logo' in $select", () => graph.api(`/applications(appId='${publisher.clientId}')`).select("logo").get()],
    ["ConsistencyLevel: strong", () => graph.api("/applications").header("ConsistencyLevel", "strong").get()],
    ["Prefer: return=minimal", () => graph.api("/applications").header("Prefer", "return=minimal").get()],
    ["If-Match", () => graph.api(`/applications/${nowhere}`).header("If-Match", "*").delete()],
    ["'delta'", () => graph.api("/applications/delta").get()],
    ["POST /v1.0/$batch", () => graph.api("/$batch").post({ requests: [] })],
  ])("of what is not served are 501 and name %s", async (named, request) => {
    await expect(request()).rejects.toMatchObject({
      statusCode: 501,
      code: "SandboxNotImplemented",
      message: expect.stringContaining(named),
    });
  });
});
