import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EntraClient } from "../support/entra.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";

// What Graph would answer otherwise than the sandbox: Graph's own refusal where it is known, or 501 with the name.

let sandbox: TestSandbox;
let client: EntraClient;
let application: { id: string; appId: string };
let principal: { id: string };
let grant: { id: string };

beforeAll(async () => {
  sandbox = await startTestSandbox();
  client = new EntraClient(sandbox);
  application = await client.newApplication({ tags: ["kept"], notes: "kept" });
  principal = (await client.graph("POST", "/servicePrincipals", { body: { appId: application.appId } })).data;
  const body = { clientId: principal.id, resourceId: principal.id, consentType: "AllPrincipals", scope: "kept" };
  grant = (await client.graph("POST", "/oauth2PermissionGrants", { body })).data;
});
afterAll(() => sandbox.close());

const odd = (text: string) => text.replaceAll(" ", "%20").replaceAll('"', "%22");
const eventual = { ConsistencyLevel: "eventual" };

/** A request's status and code, and whether the message names what is meant. */
async function outcome(request: ReturnType<EntraClient["graph"]>, named: string) {
  const { status, data } = await request;
  return [status, data.error?.code, data.error?.message.includes(named)];
}
const notServed = [501, "SandboxNotImplemented", true];
const invalid = [400, "Request_BadRequest", true];

describe("A list is not answered", () => {
  test.each([
    "$expand=owners",
    "$expand=owners($select=id)",
    "$orderby=displayName",
    "$orderby=displayName desc",
    "$skip=1",
    "$format=json",
    "$format=xml",
    "$apply=groupby((displayName))",
    "$compute=1 as one",
    "$levels=2",
    "$deltatoken=latest",
    "$Filter=displayName eq 'x'",
    "filter=displayName eq 'x'",
    "top=1",
    "anything=1",
    "$filter=displayName eq 'a'&$filter=displayName eq 'b'",
    "$select=id&$select=appId",
  ])("with the option %s", async (query) => {
    const option = query.split("=")[0]!;
    expect(await outcome(client.graph("GET", `/applications?${odd(query)}`), option)).toEqual(notServed);
  });

  test.each([
    ["$search", '$search="displayName:x"'],
    ["$search", '$search="displayName:x"&$count=true'],
    ["$orderby", "$orderby=displayName&$count=true"],
    ["endsWith", "$filter=endsWith(displayName,'s')&$count=true"],
    ["$expand", "$expand=owners&$count=true"],
  ])("in an advanced query with %s: %s", async (named, query) => {
    const request = client.graph("GET", `/applications?${odd(query)}`, { headers: eventual });
    expect(await outcome(request, named)).toEqual(notServed);
  });

  test.each(["nosuch", "id,nosuch", "id,,appId", "", "*", "ID", "toString", "web/redirectUris"])(
    "with $select=%s",
    async (names) => {
      const request = client.graph("GET", `/applications?$select=${names}`);
      expect(await outcome(request, "$select")).toEqual(notServed);
    },
  );

  test.each([
    "displayName gt 'a'",
    "nosuch eq 'x'",
    "displayname eq 'x'",
    "toString eq 'x'",
    "contains(displayName,'x')",
    "endsWith(displayName,'x')",
    "toLower(displayName) eq 'x'",
    "createdDateTime ge 2020-01-01T00:00:00Z",
    "identifierUris/all(x:x eq 'y')",
    "identifierUris/$count eq 0",
    "passwordCredentials/any(p:p/keyId eq 11111111-1111-4111-8111-111111111111)",
    "verifiedPublisher/displayName eq 'x'",
    "true",
  ])("filtered by %s", async (filter) => {
    const request = client.graph("GET", `/applications?${odd(`$filter=${filter}`)}`);
    expect(await outcome(request, "filter")).toEqual(notServed);
  });

  test.each([
    "",
    "displayName eq Contoso",
    'displayName eq "Contoso"',
    "displayName eq 'x' and",
    "displayName eq 'x' eq 'y'",
    "(displayName eq 'x'",
    "displayName in ()",
    "identifierUris eq 'x'",
    "startsWith(displayName,null)",
  ])("filtered by %s, which is none", async (filter) => {
    const request = client.graph("GET", `/applications?${odd(`$filter=${filter}`)}`);
    expect(await outcome(request, "Invalid filter clause")).toEqual([400, "BadRequest", true]);
  });

  test.each(["ne 'x'", "not(displayName eq 'x')"])("filtered by %s in a plain query", async (what) => {
    const filter = what.startsWith("not") ? what : `displayName ${what}`;
    for (const headers of [{}, eventual]) {
      const request = client.graph("GET", `/applications?${odd(`$filter=${filter}`)}`, { headers });
      expect(await outcome(request, "is not supported")).toEqual([400, "Request_UnsupportedQuery", true]);
    }
  });

  test.each([
    "$top=abc",
    "$top=",
    "$top=0",
    "$top=1000",
    "$top=1e2",
    "$skiptoken=abc",
    "$skiptoken=-1",
    "$count=maybe",
  ])("with %s", async (query) => {
    expect(await outcome(client.graph("GET", `/applications?${query}`), query.split("=")[0]!)).toEqual(invalid);
  });

  test.each([
    ["/applications/$count?$top=1", "$top"],
    ["/applications/$count?$search=x", "$search"],
    ["/servicePrincipals/delta", "delta"],
    ["/oauth2PermissionGrants/delta", "delta"],
    ["/oauth2PermissionGrants/$count", "$count"],
    ["/directory/deletedItems/microsoft.graph.user", "microsoft.graph.user"],
    ["/applications/delta", "delta"],
    ["/applications/getByIds", "getByIds"],
    ["/directoryObjects?$top=1", "/directoryObjects"],
    ["/organization?$filter=x", "filter"],
    ["/domains/contoso.example", "/domains/"],
    ["/users", "/users"],
    ["/me", "/me"],
    ["/$metadata", "$metadata"],
  ])("at %s", async (path, named) => {
    expect(await outcome(client.graph("GET", path, { headers: eventual }), named)).toEqual(notServed);
  });
});

describe("An object is not answered", () => {
  test.each([
    ["Accept", "application/json;odata.metadata=full"],
    ["Accept", "application/json;odata.metadata=none"],
    ["Accept", "application/xml"],
    ["ConsistencyLevel", "strong"],
    ["If-Match", "*"],
    ["If-None-Match", "*"],
    ["OData-MaxVersion", "3.0"],
    ["OData-Version", "4.01"],
    ["Prefer", "return=minimal"],
    ["Prefer", "create-if-missing"],
  ])("with the header %s: %s", async (name, value) => {
    const request = client.graph("GET", `/applications/${application.id}`, { headers: { [name]: value } });
    expect(await outcome(request, `the header ${name}: ${value}`)).toEqual(notServed);
  });

  test.each(["$expand=owners", "$filter=id eq 'x'", "$top=1", "$count=true"])("with %s", async (query) => {
    const request = client.graph("GET", `/applications/${application.id}?${odd(query)}`);
    expect(await outcome(request, query.split("=")[0]!)).toEqual(notServed);
  });

  test.each(["owners/$count", "owners/microsoft.graph.user", "extensionProperties", "logo", "displayName"])(
    "where its part %s is asked for",
    async (part) => {
      const request = client.graph("GET", `/applications/${application.id}/${part}`);
      expect(await outcome(request, part)).toEqual(notServed);
    },
  );

  test("where a count of its federated credentials is asked for", async () => {
    const path = `/applications/${application.id}/federatedIdentityCredentials/$count`;
    expect(await outcome(client.graph("GET", path, { headers: eventual }), "$count")).toEqual(notServed);
  });
});

describe("An application is left as it is", () => {
  const path = () => `/applications/${application.id}`;

  test.each<[string, object, unknown[]]>([
    ["x", { x: 1 }, invalid],
    ["x", { web: { x: 1 } }, invalid],
    ["x", { web: { implicitGrantSettings: { x: true } } }, invalid],
    ["x", { api: { oauth2PermissionScopes: [{ x: 1 }] } }, invalid],
    ["x", { optionalClaims: { x: [] } }, invalid],
    ["web", { web: null }, invalid],
    ["web", { web: [] }, invalid],
    ["redirectUris", { web: { redirectUris: "https://localhost" } }, invalid],
    ["redirectUris", { web: { redirectUris: [1] } }, invalid],
    ["tags", { tags: "x" }, invalid],
    ["tags", { tags: null }, invalid],
    ["identifierUris", { identifierUris: null }, invalid],
    ["identifierUris", { identifierUris: "https://contoso.example/x" }, invalid],
    ["requiredResourceAccess", { requiredResourceAccess: {} }, invalid],
    [
      "type",
      {
        requiredResourceAccess: [
          { resourceAppId: crypto.randomUUID(), resourceAccess: [{ id: crypto.randomUUID(), type: "Scop" }] },
        ],
      },
      invalid,
    ],
    ["displayName", { displayName: 5 }, invalid],
    ["displayName", { displayName: null }, invalid],
    ["notes", { notes: 5 }, invalid],
    ["signInAudience", { signInAudience: "Everybody" }, invalid],
    ["isFallbackPublicClient", { isFallbackPublicClient: "yes" }, invalid],
    ["id", { appRoles: [{ id: "x" }] }, invalid],
    ["appId", { appId: crypto.randomUUID() }, invalid],
    ["createdDateTime", { createdDateTime: "2020-01-01T00:00:00Z" }, invalid],
    ["keyCredentials", { keyCredentials: "x" }, invalid],
    ["uniqueName", { uniqueName: "x" }, notServed],
    ["owners@odata.bind", { "owners@odata.bind": ["x"] }, notServed],
  ])("by %s in %j", async (named, body, expected) => {
    const { data: before } = await client.graph("GET", path());
    expect(await outcome(client.graph("PATCH", path(), { body }), `'${named}'`)).toEqual(expected);
    expect((await client.graph("GET", path())).data).toEqual(before);
  });

  test.each([[[]], ["x"], [null], [""], [undefined]])("by the body %j", async (body) => {
    const request = client.graph("PATCH", path(), { body, headers: { "Content-Type": "application/json" } });
    expect(await outcome(request, "valid JSON format")).toEqual([400, "BadRequest", true]);
  });

  test("by text that is not said to be JSON", async () => {
    const request = client.graph("PATCH", path(), { body: '{"notes":"x"}', headers: { "Content-Type": "text/plain" } });
    expect(await outcome(request, "Content-Type header is set")).toEqual([400, "BadRequest", true]);
  });

  test.each([
    ["PATCH", "?$select=id", { notes: "x" }],
    ["PATCH", "?anything=1", { notes: "x" }],
    ["DELETE", "?$expand=owners", undefined],
  ])("by %s with %s", async (method, query, body) => {
    const option = query.slice(1).split("=")[0]!;
    expect(await outcome(client.graph(method, `${path()}${query}`, { body }), option)).toEqual(notServed);
    expect((await client.graph("GET", path())).data.notes).toBe("kept");
  });

  test.each([
    ["POST", "/addKey"],
    ["POST", "/removeKey"],
    ["POST", "/setVerifiedPublisher"],
    ["POST", "/checkMemberGroups"],
    ["PUT", ""],
  ])("by %s %s", async (method, part) => {
    const request = client.graph(method, `${path()}${part}`, { body: {} });
    expect(await outcome(request, `${method} /v1.0${path()}${part}`)).toEqual(notServed);
  });

  test.each<[string, string, object, unknown[]]>([
    ["addPassword", "PasswordCredential", { passwordCredential: { displayName: 5 } }, invalid],
    ["addPassword", "endDateTime", { passwordCredential: { endDateTime: 5 } }, invalid],
    ["addPassword", "endDateTime", { passwordCredential: { endDateTime: "tomorrow" } }, invalid],
    ["addPassword", "'displayName'", { displayName: "x" }, notServed],
    ["addPassword", "'secretText'", { passwordCredential: { secretText: "mine" } }, notServed],
    ["removePassword", "'x'", { keyId: crypto.randomUUID(), x: 1 }, notServed],
    ["owners/$ref", "'x'", { "@odata.id": "https://graph.microsoft.com/v1.0/directoryObjects/1", x: 1 }, notServed],
    ["federatedIdentityCredentials", "'claimsMatchingExpression'", { claimsMatchingExpression: {} }, notServed],
    ["federatedIdentityCredentials", "'x'", { x: 1 }, invalid],
    ["federatedIdentityCredentials", "'audiences'", { audiences: [5] }, invalid],
    ["federatedIdentityCredentials", "'description'", { description: 5 }, invalid],
  ])("by %s with an odd %s", async (action, named, body, expected) => {
    expect(await outcome(client.graph("POST", `${path()}/${action}`, { body }), named)).toEqual(expected);
  });
});

describe("A service principal is left as it is", () => {
  test.each<[string, object, unknown[]]>([
    ["accountEnabled", { accountEnabled: "no" }, invalid],
    ["tags", { tags: "x" }, invalid],
    ["appId", { appId: crypto.randomUUID() }, invalid],
    ["x", { samlSingleSignOnSettings: { x: 1 } }, invalid],
    ["displayName", { displayName: "x" }, notServed],
    ["replyUrls", { replyUrls: [] }, notServed],
    ["owners@odata.bind", { "owners@odata.bind": ["x"] }, notServed],
  ])("by %s in %j", async (named, body, expected) => {
    const request = client.graph("PATCH", `/servicePrincipals/${principal.id}`, { body });
    expect(await outcome(request, `'${named}'`)).toEqual(expected);
  });

  test("by create-if-missing under its object id, or for an application", async () => {
    const headers = { Prefer: "create-if-missing" };
    for (const path of [`/servicePrincipals/${principal.id}`, `/applications(appId='${application.appId}')`]) {
      const request = client.graph("PATCH", path, { body: { notes: "x" }, headers });
      expect(await outcome(request, "the header Prefer")).toEqual(notServed);
    }
  });
});

describe("A grant is left as it is", () => {
  const path = () => `/oauth2PermissionGrants/${grant.id}`;
  const scope = async () => (await client.graph("GET", path())).data.scope;

  test.each<[string, object, unknown[]]>([
    ["scope", { scope: 5 }, invalid],
    ["consentType", { consentType: "Principal" }, invalid],
    ["expiryTime", { expiryTime: "2030-01-01T00:00:00Z" }, notServed],
  ])("by %s in %j", async (named, body, expected) => {
    expect(await outcome(client.graph("PATCH", path(), { body }), `'${named}'`)).toEqual(expected);
    expect(await scope()).toBe("kept");
  });

  test("by a change of nothing", async () => {
    expect((await client.graph("PATCH", path(), { body: {} })).status).toBe(204);
    expect(await scope()).toBe("kept");
  });
});

test("The default role, which is for resources without any, is not given", async () => {
  const body = {
    principalId: principal.id,
    resourceId: principal.id,
    appRoleId: "00000000-0000-0000-0000-000000000000",
  };
  const request = client.graph("POST", `/servicePrincipals/${principal.id}/appRoleAssignedTo`, { body });
  expect(await outcome(request, "the default app role")).toEqual(notServed);
});
