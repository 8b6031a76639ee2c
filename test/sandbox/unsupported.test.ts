import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EntraClient } from "../support/entra.ts";
import { armClient, assignment, group, roles, vault as vaultId } from "../support/resource-manager.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";

// What would be answered wrongly if it were ignored is 501 and named, at each service. Entra's are in entra.test.ts.

let sandbox: TestSandbox;
let arm: ReturnType<typeof armClient>;
let entra: EntraClient;
const path = vaultId("rg-odd", "kv-odd");
let vaultUrl: string;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  arm = armClient(sandbox);
  entra = new EntraClient(sandbox);
  vaultUrl = (await arm.newVault("rg-odd", "kv-odd")).properties.vaultUri.replace(/\/$/, "");
  await arm.grant(sandbox.administrator.objectId, roles.secretsOfficer, path);
});
afterAll(() => sandbox.close());

/** Status, code and message of a refusal. */
const refusal = ({ status, data }: { status: number; data: { error: { code: string; message: string } } }) => [
  status,
  data.error.code,
  data.error.message,
];
const notServed = (what: string) => [501, "SandboxNotImplemented", expect.stringContaining(what)];

describe("Resource Manager", () => {
  const role = `/providers/Microsoft.Authorization/roleDefinitions/${roles.reader}`;
  const principal = { roleDefinitionId: role, principalId: crypto.randomUUID(), principalType: "ServicePrincipal" };

  test.each<[string, string, string, object]>([
    ["'zones'", "PUT", group("rg-odd"), { location: "westeurope", zones: ["1"] }],
    ["'identity'", "PATCH", group("rg-odd"), { identity: {} }],
    ["'properties.hsmPoolResourceId'", "PATCH", path, { properties: { hsmPoolResourceId: "x" } }],
    ["'properties.networkAcls.x'", "PATCH", path, { properties: { networkAcls: { x: 1 } } }],
    ["'etag'", "PATCH", path, { etag: "1" }],
    ["'properties.kid'", "PUT", `${path}/secrets/odd`, { properties: { value: "v", kid: "1" } }],
    ["'properties.attributes.x'", "PUT", `${path}/secrets/odd`, { properties: { value: "v", attributes: { x: 1 } } }],
    [
      "'properties.condition'",
      "PUT",
      assignment(path, crypto.randomUUID()),
      { properties: { ...principal, condition: "@Resource[x] StringEquals 'y'" } },
    ],
    [
      "'properties.delegatedManagedIdentityResourceId'",
      "PUT",
      assignment(path, crypto.randomUUID()),
      { properties: { ...principal, delegatedManagedIdentityResourceId: "/x" } },
    ],
  ])("refuses the member %s of %s %s", async (named, method, where, body) => {
    expect(refusal(await arm.arm(method, where, { body }))).toEqual(notServed(`the member ${named}`));
  });

  test("takes members that are null as left out", async () => {
    const body = { properties: { ...principal, condition: null } };
    expect(await arm.arm("PUT", assignment(path, crypto.randomUUID()), { body })).toMatchObject({ status: 201 });
  });

  test.each([
    ["Microsoft.Resources", group("rg-odd"), "2014-01-01"],
    ["Microsoft.KeyVault", path, "2015-06-01"],
    ["Microsoft.KeyVault", `${path}/secrets/odd`, "2022-04-01"],
    ["Microsoft.Authorization", assignment(path, crypto.randomUUID()), "2024-11-01"],
  ])("refuses an api-version of %s that it does not know", async (provider, where, version) => {
    const answer = await arm.arm("GET", where, { query: `api-version=${version}` });
    expect(refusal(answer)).toEqual(notServed(`api-version ${version} of ${provider}`));
  });

  test.each(["If-Match", "If-None-Match"])("refuses the header %s", async (name) => {
    const Authorization = `Bearer ${await arm.tokenOf(sandbox.administrator.objectId)}`;
    const url = `${sandbox.endpoints.arm}${path}?api-version=2024-11-01`;
    const answer = await sandbox.http.delete(url, { headers: { Authorization, [name]: "*" } });
    expect(refusal(answer)).toEqual(notServed(`the header ${name}`));
  });
});

describe("Key Vault", () => {
  const send = async (method: string, rest: string, data?: unknown) => {
    const Authorization = `Bearer ${await sandbox.token("https://vault.azure.net")}`;
    return sandbox.http.request({ method, url: `${vaultUrl}${rest}`, data, headers: { Authorization } });
  };

  test.each<[string, string, object]>([
    ["'managed'", "PUT", { value: "v", managed: true }],
    ["'attributes.recoverableDays'", "PUT", { value: "v", attributes: { recoverableDays: 7 } }],
    ["'value'", "PATCH", { value: "v" }],
  ])("refuses the member %s of %s", async (named, method, body) => {
    expect(refusal(await send(method, "/secrets/odd?api-version=7.4", body))).toEqual(notServed(`the member ${named}`));
  });

  test("refuses a query option, and an object that is no secret", async () => {
    const option = await send("GET", "/secrets/odd?api-version=2026-04-01&outContentType=PEM");
    expect(refusal(option)).toEqual(notServed("the query option 'outContentType'"));
    expect(refusal(await send("POST", "/keys/odd/create?api-version=7.4", {}))).toEqual(
      notServed("POST /keys/odd/create"),
    );
    expect(refusal(await send("POST", "/secrets/odd/backup?api-version=7.4"))).toEqual(
      notServed("POST /secrets/odd/backup"),
    );
  });
});

describe("Graph", () => {
  test.each([
    ["'secretText'", { passwordCredential: { secretText: "mine" } }],
    ["'x'", { passwordCredential: { displayName: "a" }, x: 1 }],
  ])("refuses the member %s of addPassword", async (named, body) => {
    const { id } = await entra.newApplication();
    const answer = await entra.graph("POST", `/applications/${id}/addPassword`, { body });
    expect(refusal(answer)).toEqual(notServed(`the member ${named}`));
  });

  test("refuses the default role, which is for resources without any", async () => {
    const { objectId } = await entra.newIdentity();
    const body = { principalId: objectId, resourceId: objectId, appRoleId: "00000000-0000-0000-0000-000000000000" };
    const answer = await entra.graph("POST", `/servicePrincipals/${objectId}/appRoleAssignedTo`, { body });
    expect(refusal(answer)).toEqual(notServed("the default app role"));
  });

  test.each([
    ["applications", "delta"],
    ["applications", "getByIds"],
    ["servicePrincipals", "delta()"],
  ])("refuses a function where an id would be: %s/%s", async (collection, name) => {
    expect(refusal(await entra.graph("GET", `/${collection}/${name}`))).toEqual(notServed(`'${name}'`));
  });
});

describe("Entra", () => {
  test.each(["/oauth2/v2.0/authorize?client_id=x", "/oauth2/v2.0/logout", "/discovery/instance"])(
    "refuses %s",
    async (rest) => {
      const answer = await sandbox.http.get(`${sandbox.endpoints.login}/${sandbox.administrator.tenantId}${rest}`);
      expect(refusal(answer)).toEqual(notServed(`GET /${sandbox.administrator.tenantId}/`));
    },
  );

  test("refuses at the v1 endpoint the grants that it serves at v2", async () => {
    const fields = { grant_type: "refresh_token", client_id: sandbox.administrator.clientId, refresh_token: "x" };
    const { status, data } = await entra.post(`/${sandbox.administrator.tenantId}/oauth2/token`, fields);
    expect([status, data.error]).toEqual([501, "sandbox_not_implemented"]);
  });
});
