import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { firstParty } from "../../sandbox/directory.ts";
import { EntraClient, fabrikam, graphUrl, publisher } from "../support/entra.ts";
import { armClient, assignment, group, roles, subscription, vault as vaultId } from "../support/resource-manager.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";
import { dataverseClient } from "./dataverse-client.ts";

// What Graph, Resource Manager and Key Vault say to the letter.

let sandbox: TestSandbox;
let client: EntraClient;
let arm: ReturnType<typeof armClient>;
const nowhere = "11111111-1111-4111-8111-111111111111";

beforeAll(async () => {
  sandbox = await startTestSandbox();
  client = new EntraClient(sandbox);
  arm = armClient(sandbox);
});
afterAll(() => sandbox.close());

/** Status, code and message. */
const said = ({ status, data }: { status: number; data: { error: { code: string; message: string } } }) => [
  status,
  data.error.code,
  data.error.message,
];

describe("Graph says", () => {
  test("B2: why a service principal cannot be made", async () => {
    const { appId } = await client.newApplication();
    const post = (id: string) => client.graph("POST", "/servicePrincipals", { body: { appId: id }, as: fabrikam });
    expect((await post(appId)).data.servicePrincipalNames).toEqual([appId]);
    expect(said(await post(appId))).toEqual([
      409,
      "Request_MultipleObjectsWithSameKeyValue",
      `The service principal cannot be created, updated, or restored because the service principal name ${appId} is already in use.`,
    ]);
    expect(said(await post(nowhere))).toEqual([
      400,
      "Request_BadRequest",
      `The appId '${nowhere}' of the service principal does not reference a valid application object.`,
    ]);
  });

  test("B3: what Dataverse's own application lets people do, in every tenant", async () => {
    expect(firstParty.dataverse).toBe("00000007-0000-0000-c000-000000000000");
    for (const as of [publisher, fabrikam]) {
      const { data } = await client.graph("GET", `/servicePrincipals(appId='${firstParty.dataverse}')`, { as });
      expect(data.oauth2PermissionScopes).toEqual([
        {
          id: "78ce3f0f-a1ce-49c2-8cde-64b5c0896db4",
          value: "user_impersonation",
          adminConsentDisplayName: "Access Dynamics 365 as organization users",
        },
      ]);
      expect(data.appRoles).toEqual([]);
    }
  });

  test("B4: that a service principal is not there", async () => {
    const { appId } = await client.newApplication();
    const answer = await client.graph("GET", `/servicePrincipals(appId='${appId}')`, { as: fabrikam });
    expect(said(answer)).toEqual([
      404,
      "Request_ResourceNotFound",
      `Resource '${appId}' does not exist or one of its queried reference-property objects are not present.`,
    ]);
  });

  test("C2: a new secret, with status 200, its first three letters as the hint, and two years", async () => {
    const { id } = await client.newApplication();
    const { status, data } = await client.graph("POST", `/applications/${id}/addPassword`, { body: {} });
    expect(status).toBe(200);
    expect(data).toMatchObject({
      "@odata.context": `${sandbox.endpoints.graph}/v1.0/$metadata#microsoft.graph.passwordCredential`,
      customKeyIdentifier: null,
      displayName: null,
      hint: data.secretText.slice(0, 3),
      keyId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(new Date(data.endDateTime).getUTCFullYear() - new Date(data.startDateTime).getUTCFullYear()).toBe(2);
    const passwordCredential = { startDateTime: "2026-01-01T00:00:00Z", endDateTime: "2036-01-01T00:00:00Z" };
    const longer = await client.graph("POST", `/applications/${id}/addPassword`, { body: { passwordCredential } });
    expect(longer.data.endDateTime).toBe("2036-01-01T00:00:00Z");
  });

  test("C4: which Application ID URIs it does not take", async () => {
    const { id } = await client.newApplication();
    const set = (uri: string) => client.graph("PATCH", `/applications/${id}`, { body: { identifierUris: [uri] } });
    expect(said(await set("https://localhost"))).toEqual([
      400,
      "HostNameNotOnVerifiedDomain",
      "Values of identifierUris property must use a verified domain of the organization or its subdomain: 'https://localhost'",
    ]);
    const [, , policy] = said(await set("api://orders"));
    expect(policy).toMatch(
      /^Failed to add identifier URI api:\/\/orders\. All newly added URIs must contain a tenant verified domain, tenant ID, or app ID, as per the default tenant policy of your organization\. See https:\/\/aka\.ms\/identifier-uri-addition-error /,
    );
    const uri = "https://contoso.example/only-once";
    await client.newApplication({ identifierUris: [uri] });
    const message = "Another object with the same value for property identifierUris already exists.";
    const taken = await set(uri);
    expect(said(taken)).toEqual([400, "Request_BadRequest", message]);
    expect(taken.data.error.details).toEqual([{ code: "ObjectConflict", target: "identifierUris", message }]);
  });

  test("C4: the Application ID URI that Dataverse then shows of its user: the first, or none", async () => {
    const dataverse = dataverseClient(sandbox);
    const unit = `/businessunits(${await dataverse.rootBusinessUnit()})`;
    const shown = async (identifierUris: string[]) => {
      const { appId } = await client.newApplication({ identifierUris });
      await client.graph("POST", "/servicePrincipals", { body: { appId } });
      const user = await dataverse.create("systemusers", {
        applicationid: appId,
        "businessunitid@odata.bind": unit,
      });
      return (await dataverse.get(`systemusers(${user})`)).applicationiduri;
    };
    const uris = ["https://contoso.example/first", "https://contoso.example/second"];
    expect(await shown(uris)).toBe(uris[0]);
    expect(await shown([])).toBeNull();
    const set = `${sandbox.endpoints.control}/switches/contoso-dev`;
    await sandbox.http.put(set, { applicationIdUriFilled: "never" });
    expect(await shown(["https://contoso.example/third"])).toBeNull();
    await sandbox.http.put(set, { applicationIdUriFilled: "with the first" });
  });

  test("C6: who may not, with ids in the headers", async () => {
    const reader = await client.newIdentity("Application.Read.All");
    const answer = await client.graph("POST", "/applications", { body: { displayName: "x" }, as: reader });
    expect(said(answer)).toEqual([
      403,
      "Authorization_RequestDenied",
      "Insufficient privileges to complete the operation.",
    ]);
    expect(answer.headers["request-id"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.headers["client-request-id"]).toBe(answer.headers["request-id"]);
    expect(Object.keys(answer.data.error.innerError)).toEqual(["date", "request-id", "client-request-id"]);
  });
});

describe("Resource Manager says", () => {
  test("C8: where the services are, to clients that begin with its address", async () => {
    const { data } = await sandbox.http.get(`${sandbox.endpoints.arm}/metadata/endpoints?api-version=2022-09-01`);
    expect(data).toMatchObject({
      authentication: { loginEndpoint: sandbox.endpoints.login, audiences: expect.any(Array) },
      microsoftGraphResourceId: sandbox.endpoints.graph,
      resourceManager: sandbox.endpoints.arm,
      suffixes: { keyVaultDns: expect.any(String) },
    });
  });

  test("F1: that a vault waits for its recovery or purge", async () => {
    await arm.newVault("rg-facts", "kv-facts-gone");
    const path = vaultId("rg-facts", "kv-facts-gone");
    await arm.arm("DELETE", path);
    const [status, code, message] = said(await arm.arm("PUT", path, { body: arm.vaultBody() }));
    expect([status, code]).toEqual([409, "ConflictError"]);
    expect(message).toMatch(
      /^A vault with the same name already exists in deleted state\. You need to either recover or purge existing key vault\. Follow this link https:\/\/go\.microsoft\.com\/fwlink\/\?linkid=2149745 /,
    );
  });

  test("F1: that the same role is held already, under another name", async () => {
    await arm.newGroup("rg-facts-role");
    const principalId = crypto.randomUUID();
    const scope = group("rg-facts-role");
    const first = await arm.grant(principalId, roles.secretsUser, scope);
    const roleDefinitionId = `/providers/Microsoft.Authorization/roleDefinitions/${roles.secretsUser}`;
    const body = { properties: { roleDefinitionId, principalId, principalType: "ServicePrincipal" } };
    const twin = await arm.arm("PUT", assignment(scope, crypto.randomUUID()), { body });
    expect([twin.status, twin.code]).toEqual([409, "RoleAssignmentExists"]);
    expect(twin.data.error.message).toContain(first.replaceAll("-", ""));
  });

  test.each([
    ["4633458b-17de-408a-b874-0445c86b69e6", "Key Vault Secrets User"],
    ["b86a8fe4-44ce-4948-aee5-eccb2c155cd7", "Key Vault Secrets Officer"],
  ])("F1: that %s is %s", async (id, roleName) => {
    const { data } = await arm.arm("GET", `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${id}`);
    expect(data.properties).toMatchObject({ roleName, type: "BuiltInRole" });
  });

  test("F2: that the name of a deleted secret is taken, in the words of its vault", async () => {
    const made = await arm.newVault("rg-facts-again", "kv-facts-again");
    await arm.grant(publisher.objectId, roles.secretsOfficer, made.id);
    const path = `${vaultId("rg-facts-again", "kv-facts-again")}/secrets/orders`;
    const put = () => arm.arm("PUT", path, { body: { properties: { value: "x" } } });
    expect((await put()).status).toBe(201);
    const headers = { Authorization: `Bearer ${await sandbox.token("https://vault.azure.net")}` };
    const url = `${made.properties.vaultUri}secrets/orders?api-version=7.5`;
    expect((await sandbox.http.delete(url, { headers })).status).toBe(200);
    const message =
      "Secret orders is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged.";
    for (const answer of [await put(), await sandbox.http.put(url, { value: "x" }, { headers })]) {
      expect([answer.status, answer.data.error.message]).toEqual([409, message]);
      expect(answer.data.error.innererror).toEqual({ code: "ObjectIsDeletedButRecoverable" });
    }
  });

  test.each(["a", "kv-facts-with-a-name-of-25", "kv_facts", "-kv-facts"])(
    "F1: that %s is no vault's name",
    async (name) => {
      await arm.arm("PUT", group("rg-facts-names"), { body: { location: "westeurope" } });
      const answer = await arm.arm("PUT", vaultId("rg-facts-names", name), { body: arm.vaultBody() });
      expect([answer.status, answer.code]).toEqual([400, "VaultNameNotValid"]);
    },
  );

  test("F2: that a secret is not deleted here", async () => {
    await arm.newVault("rg-facts-secret", "kv-facts-secret");
    const path = `${vaultId("rg-facts-secret", "kv-facts-secret")}/secrets/orders`;
    expect(said(await arm.arm("DELETE", path))).toEqual([
      400,
      "DisallowedResourceOperation",
      "The operation 'delete' on resource type 'vaults/secrets' is disallowed.",
    ]);
  });
});

describe("Key Vault says", () => {
  let vaultUrl: string;
  const path = vaultId("rg-facts-data", "kv-facts-data");

  beforeAll(async () => {
    vaultUrl = (await arm.newVault("rg-facts-data", "kv-facts-data")).properties.vaultUri;
    await arm.grant(publisher.objectId, roles.secretsOfficer, path);
  });

  const get = async (rest: string, token: string) =>
    sandbox.http.get(`${vaultUrl}${rest}?api-version=7.5`, { headers: { Authorization: `Bearer ${token}` } });

  test("F3: which tenant's token it wants", async () => {
    const token = await sandbox.token("https://vault.azure.net", fabrikam);
    expect(said(await get("secrets/orders", token))).toEqual([
      401,
      "Unauthorized",
      `AKV10032: Invalid issuer. Expected one of https://sts.windows.net/${publisher.tenantId}/, found https://sts.windows.net/${fabrikam.tenantId}/.`,
    ]);
    const graphToken = await sandbox.token(graphUrl);
    expect((await get("secrets/orders", graphToken)).headers["www-authenticate"]).toBe(
      `Bearer authorization="${sandbox.endpoints.login}/${publisher.tenantId}", resource="https://vault.azure.net"`,
    );
  });

  test("F3: who may not do what, and where", async () => {
    const stranger = await client.newIdentity();
    const token = await sandbox.token("https://vault.azure.net", stranger);
    const { status, data } = await get("secrets/orders", token);
    expect([status, data.error.code, data.error.innererror]).toEqual([403, "Forbidden", { code: "ForbiddenByRbac" }]);
    const issuer = `https://sts.windows.net/${publisher.tenantId}/`;
    expect(data.error.message.split("\r\n").slice(0, 6)).toEqual([
      "Caller is not authorized to perform action on resource.",
      "If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.",
      `Caller: appid=${stranger.clientId};oid=${stranger.objectId};iss=${issuer}`,
      "Action: 'Microsoft.KeyVault/vaults/secrets/getSecret/action'",
      `Resource: '${`${path}/secrets/orders`.toLowerCase()}'`,
      "Assignment: (not found)",
    ]);
  });

  test("F3: that a secret is not there", async () => {
    const token = await sandbox.token("https://vault.azure.net");
    const [status, code, message] = said(await get("secrets/orders", token));
    expect([status, code]).toEqual([404, "SecretNotFound"]);
    expect(message).toMatch(/^A secret with \(name\/id\) orders was not found in this key vault\. /);
  });
});
