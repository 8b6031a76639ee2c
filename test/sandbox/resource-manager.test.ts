import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { subscriptionId } from "../../sandbox/seed.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";

const subscription = `/subscriptions/${subscriptionId}`;
const roles = {
  owner: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
  contributor: "b24988ac-6180-42a0-ab88-20f7382dd24c",
  reader: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
  secretsUser: "4633458b-17de-408a-b874-0445c86b69e6",
};

let sandbox: TestSandbox;
let owner: string;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  owner = await tokenOf(sandbox.administrator.objectId);
});
afterAll(() => sandbox.close());

/** A token for Resource Manager of a principal of the publisher's tenant, or another. */
async function tokenOf(oid: string, claims: { aud?: string; tid?: string } = {}): Promise<string> {
  const { tenantId } = sandbox.administrator;
  const { accessToken } = await sandbox.context.tokens.issue({
    aud: claims.aud ?? "https://management.azure.com",
    tid: claims.tid ?? tenantId,
    appid: oid,
    oid,
  });
  return accessToken;
}

interface Request {
  body?: unknown;
  query?: string;
  token?: string | null;
}

async function arm(method: string, path: string, { body, query = "", token }: Request = {}) {
  const version = query.includes("api-version") ? "" : "api-version=2024-11-01";
  const options = [version, query].filter(Boolean).join("&");
  const url = `${sandbox.endpoints.arm}${path}${options ? `?${options}` : ""}`;
  const headers = token === null ? {} : { Authorization: `Bearer ${token ?? owner}` };
  const answer = await sandbox.http.request({ method, url, data: body, headers });
  return {
    status: answer.status,
    code: answer.data?.error?.code,
    data: answer.data,
    headers: answer.headers,
  };
}

const group = (name: string) => `${subscription}/resourceGroups/${name}`;
const vault = (groupName: string, name: string) =>
  `${group(groupName)}/providers/Microsoft.KeyVault/vaults/${name}`;
const vaultBody = (properties: object = {}) => ({
  location: "westeurope",
  properties: {
    tenantId: sandbox.administrator.tenantId,
    sku: { family: "A", name: "standard" },
    enableRbacAuthorization: true,
    ...properties,
  },
});
const assignment = (scope: string, name: string) =>
  `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;

async function grant(principalId: string, role: string, scope: string): Promise<string> {
  const name = crypto.randomUUID();
  const properties = {
    roleDefinitionId: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
    principalId,
    principalType: "ServicePrincipal",
  };
  expect(await arm("PUT", assignment(scope, name), { body: { properties } })).toMatchObject({ status: 201 });
  return name;
}

async function newGroup(name: string): Promise<void> {
  expect(await arm("PUT", group(name), { body: { location: "westeurope" } })).toMatchObject({ status: 201 });
}

async function newVault(groupName: string, name: string, properties: object = {}) {
  await newGroup(groupName);
  const made = await arm("PUT", vault(groupName, name), { body: vaultBody(properties) });
  expect(made.status).toBe(201);
  return made.data;
}

describe("the metadata document", () => {
  it("names the sandbox's endpoints to anyone", async () => {
    const answer = await arm("GET", "/metadata/endpoints", { token: null, query: "api-version=2022-09-01" });
    expect(answer).toMatchObject({
      status: 200,
      data: {
        resourceManager: sandbox.endpoints.arm,
        microsoftGraphResourceId: sandbox.endpoints.graph,
        authentication: { loginEndpoint: sandbox.endpoints.login, identityProvider: "AAD" },
      },
    });
  });
});

describe("signing in", () => {
  it("is asked for where the request has no token", async () => {
    const answer = await arm("GET", subscription, { token: null });
    expect(answer).toMatchObject({ status: 401, code: "AuthenticationFailed" });
    expect(answer.headers["www-authenticate"]).toContain(sandbox.administrator.tenantId);
  });

  it("refuses what is no token, a token for another resource, and one of another tenant", async () => {
    const oid = sandbox.administrator.objectId;
    const graph = await tokenOf(oid, { aud: "https://graph.microsoft.com" });
    const foreign = await tokenOf(oid, { tid: "00000000-0000-4000-8000-000000000001" });
    expect(await arm("GET", subscription, { token: "nonsense" })).toMatchObject({
      status: 401,
      code: "InvalidAuthenticationToken",
    });
    expect(await arm("GET", subscription, { token: graph })).toMatchObject({
      status: 401,
      code: "InvalidAuthenticationTokenAudience",
    });
    expect(await arm("GET", subscription, { token: foreign })).toMatchObject({
      status: 401,
      code: "InvalidAuthenticationTokenTenant",
    });
  });

  it("takes the token that the sandbox's Entra gives the administrator", async () => {
    const token = await sandbox.token("https://management.azure.com");
    expect(await arm("GET", subscription, { token })).toMatchObject({ status: 200 });
  });
});

describe("requests", () => {
  it("need an api-version", async () => {
    expect(await arm("GET", subscription, { query: "api-version=" })).toMatchObject({
      status: 400,
      code: "MissingApiVersionParameter",
    });
  });

  it("that are not served say so, down to the query option", async () => {
    const route = await arm("GET", `${subscription}/providers/Microsoft.Compute/virtualMachines`);
    const option = await arm("GET", subscription, { query: "$expand=all" });
    expect(route).toMatchObject({ status: 501, code: "SandboxNotImplemented" });
    expect(option.status).toBe(501);
    expect(option.data.error.message).toContain("$expand");
  });

  it("list the subscriptions in which the caller holds a role", async () => {
    const nobody = await tokenOf(crypto.randomUUID());
    expect((await arm("GET", "/subscriptions")).data.value).toMatchObject([{ subscriptionId }]);
    expect((await arm("GET", "/subscriptions", { token: nobody })).data.value).toEqual([]);
    expect(await arm("GET", "/subscriptions/00000000-0000-4000-8000-000000000001")).toMatchObject({
      status: 404,
      code: "SubscriptionNotFound",
    });
  });
});

describe("a resource group", () => {
  it("is created, found in any case, tagged and deleted with a poll", async () => {
    const body = { location: "West Europe", tags: { stage: "dev" } };
    expect(await arm("PUT", group("rg-life"), { body })).toMatchObject({
      status: 201,
      data: { location: "westeurope", properties: { provisioningState: "Succeeded" } },
    });
    expect(await arm("PUT", group("rg-life"), { body })).toMatchObject({ status: 200 });
    expect(await arm("GET", `${subscription}/resourcegroups/RG-Life`)).toMatchObject({ status: 200 });
    expect(await arm("HEAD", group("rg-life"))).toMatchObject({ status: 204 });
    expect(await arm("PATCH", group("rg-life"), { body: { tags: { stage: "prod" } } })).toMatchObject({
      data: { tags: { stage: "prod" } },
    });
    const removal = await arm("DELETE", group("rg-life"));
    expect(removal.status).toBe(202);
    const { pathname, search } = new URL(removal.headers.location);
    const poll = () => arm("GET", pathname, { query: search.slice(1) });
    expect((await poll()).status).toBe(202);
    expect((await poll()).status).toBe(200);
    expect(await arm("GET", group("rg-life"))).toMatchObject({ status: 404, code: "ResourceGroupNotFound" });
    expect(await arm("HEAD", group("rg-life"))).toMatchObject({ status: 404 });
  });

  it("does not move, and needs a location that exists", async () => {
    await newGroup("rg-fixed");
    expect(await arm("PUT", group("rg-fixed"), { body: { location: "eastus" } })).toMatchObject({
      status: 409,
      code: "InvalidResourceGroupLocation",
    });
    expect(await arm("PUT", group("rg-none"), { body: {} })).toMatchObject({ code: "LocationRequired" });
    expect(await arm("PUT", group("rg-moon"), { body: { location: "moon" } })).toMatchObject({
      status: 400,
      code: "LocationNotAvailableForResourceGroup",
    });
  });
});

describe("a key vault", () => {
  it("gets a data plane of its own and is listed in its group", async () => {
    const first = await newVault("rg-two", "kv-two-first");
    const second = await arm("PUT", vault("rg-two", "kv-two-second"), { body: vaultBody() });
    expect(first.properties).toMatchObject({ provisioningState: "Succeeded", softDeleteRetentionInDays: 90 });
    expect(first.properties.vaultUri).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/$/);
    expect(second.data.properties.vaultUri).not.toBe(first.properties.vaultUri);
    const list = await arm("GET", `${group("rg-two")}/providers/Microsoft.KeyVault/vaults`, {
      query: "$top=1",
    });
    expect(list.data.value).toMatchObject([{ name: "kv-two-first" }]);
    expect(list.data.nextLink).toContain("skiptoken");
  });

  it("needs its group, a good name and a free one", async () => {
    await newVault("rg-names", "kv-names-taken");
    await newGroup("rg-names-other");
    const put = (path: string) => arm("PUT", path, { body: vaultBody() });
    expect(await put(vault("rg-absent", "kv-names-a"))).toMatchObject({ code: "ResourceGroupNotFound" });
    expect(await put(vault("rg-names", "kv"))).toMatchObject({ status: 400, code: "VaultNameNotValid" });
    expect(await put(vault("rg-names-other", "kv-names-taken"))).toMatchObject({
      status: 409,
      code: "VaultAlreadyExists",
    });
    const check = (name: string) =>
      arm("POST", `${subscription}/providers/Microsoft.KeyVault/checkNameAvailability`, {
        body: { name, type: "Microsoft.KeyVault/vaults" },
      });
    expect((await check("kv-names-taken")).data).toMatchObject({
      nameAvailable: false,
      reason: "AlreadyExists",
    });
    expect((await check("kv-names-free")).data).toEqual({ nameAvailable: true });
  });

  it("is updated in place, but keeps protection and retention", async () => {
    await newVault("rg-keep", "kv-keep", { softDeleteRetentionInDays: 7, enablePurgeProtection: true });
    const patch = (properties: object) => arm("PATCH", vault("rg-keep", "kv-keep"), { body: { properties } });
    expect((await patch({ enabledForDeployment: true })).data.properties).toMatchObject({
      enabledForDeployment: true,
      enablePurgeProtection: true,
      softDeleteRetentionInDays: 7,
    });
    for (const refused of [
      { enablePurgeProtection: false },
      { enableSoftDelete: false },
      { softDeleteRetentionInDays: 30 },
    ]) {
      expect(await patch(refused)).toMatchObject({ status: 400, code: "BadRequest" });
    }
  });

  it("that was deleted blocks its name until it is recovered or purged", async () => {
    const path = vault("rg-soft", "kv-soft");
    const deleted = `${subscription}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/kv-soft`;
    await newVault("rg-soft", "kv-soft", { softDeleteRetentionInDays: 7 });
    expect(await arm("DELETE", path)).toMatchObject({ status: 200 });
    expect(await arm("DELETE", path)).toMatchObject({ status: 204 });
    expect(await arm("GET", path)).toMatchObject({ status: 404, code: "ResourceNotFound" });
    const blocked = await arm("PUT", path, { body: vaultBody() });
    expect(blocked).toMatchObject({ status: 409, code: "ConflictError" });
    expect(blocked.data.error.message).toContain("already exists in deleted state");
    expect(await arm("GET", deleted)).toMatchObject({ status: 200, data: { properties: { vaultId: path } } });
    const recovered = await arm("PUT", path, { body: vaultBody({ createMode: "recover" }) });
    expect(recovered).toMatchObject({ status: 201, data: { properties: { softDeleteRetentionInDays: 7 } } });
    expect(recovered.data.properties.vaultUri).toMatch(/^https:/);
    await arm("DELETE", path);
    expect(await arm("POST", `${deleted}/purge`)).toMatchObject({ status: 202 });
    expect(await arm("GET", deleted)).toMatchObject({ status: 404 });
    expect(await arm("PUT", path, { body: vaultBody({ createMode: "recover" }) })).toMatchObject({
      code: "SoftDeletedVaultDoesNotExist",
    });
    expect(await arm("PUT", path, { body: vaultBody() })).toMatchObject({ status: 201 });
  });

  it("with purge protection is not purged, and goes by itself when its retention ends", async () => {
    const path = vault("rg-guard", "kv-guard");
    const deleted = `${subscription}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/kv-guard`;
    await newVault("rg-guard", "kv-guard", { softDeleteRetentionInDays: 7, enablePurgeProtection: true });
    await arm("DELETE", path);
    expect(await arm("POST", `${deleted}/purge`)).toMatchObject({ code: "MethodNotAllowed" });
    sandbox.context.store.setClock(new Date(Date.now() + 8 * 86_400_000));
    const later = await tokenOf(sandbox.administrator.objectId);
    expect(await arm("GET", deleted, { token: later })).toMatchObject({ status: 404 });
    sandbox.context.store.setClock(new Date());
  });

  it("is soft-deleted with its group", async () => {
    await newVault("rg-whole", "kv-whole");
    await arm("DELETE", group("rg-whole"));
    const list = await arm("GET", `${subscription}/providers/Microsoft.KeyVault/deletedVaults`);
    expect(list.data.value.map((row: { name: string }) => row.name)).toContain("kv-whole");
  });
});

describe("a secret as a resource", () => {
  it("is written with management rights and shown without its value", async () => {
    await newVault("rg-secret", "kv-secret");
    const path = `${vault("rg-secret", "kv-secret")}/secrets/orders`;
    const body = { properties: { value: "first", contentType: "text/plain" }, tags: { keyId: "k1" } };
    const made = await arm("PUT", path, { body });
    expect(made).toMatchObject({ status: 201, data: { tags: { keyId: "k1" } } });
    expect(JSON.stringify(made.data)).not.toContain("first");
    const again = await arm("PUT", path, { body: { properties: { value: "second" } } });
    expect(again.status).toBe(200);
    expect(again.data.properties.secretUriWithVersion).not.toBe(made.data.properties.secretUriWithVersion);
    const patched = await arm("PATCH", path, { body: { properties: { attributes: { enabled: false } } } });
    expect(patched.data.properties).toMatchObject({
      attributes: { enabled: false },
      secretUriWithVersion: again.data.properties.secretUriWithVersion,
    });
    expect(await arm("GET", path)).toMatchObject({ status: 200, data: { name: "orders" } });
    expect(await arm("DELETE", path)).toMatchObject({ status: 400, code: "DisallowedResourceOperation" });
  });

  it("that does not exist is 404, and so is its vault", async () => {
    await newVault("rg-no-secret", "kv-no-secret");
    const secret = (name: string) => `${vault("rg-no-secret", name)}/secrets/orders`;
    expect(await arm("GET", secret("kv-no-secret"))).toMatchObject({ status: 404, code: "ResourceNotFound" });
    expect(await arm("PUT", secret("kv-absent"), { body: { properties: { value: "x" } } })).toMatchObject({
      status: 404,
      code: "ParentResourceNotFound",
    });
  });
});

describe("rights", () => {
  it("are refused without a role and given by one at the scope or above", async () => {
    await newVault("rg-rights", "kv-rights");
    const oid = crypto.randomUUID();
    const token = await tokenOf(oid);
    const path = `${vault("rg-rights", "kv-rights")}/secrets/orders`;
    const write = () => arm("PUT", path, { token, body: { properties: { value: "x" } } });
    const refused = await write();
    expect(refused).toMatchObject({ status: 403, code: "AuthorizationFailed" });
    expect(refused.data.error.message).toContain(
      `does not have authorization to perform action 'Microsoft.KeyVault/vaults/secrets/write' over scope '${path}'`,
    );
    await grant(oid, roles.reader, subscription);
    expect(await arm("GET", vault("rg-rights", "kv-rights"), { token })).toMatchObject({ status: 200 });
    expect(await write()).toMatchObject({ status: 403 });
    const name = await grant(oid, roles.contributor, group("rg-rights"));
    expect(await write()).toMatchObject({ status: 201 });
    expect(await arm("DELETE", assignment(group("rg-rights"), name), { token })).toMatchObject({
      status: 403,
    });
    expect(await arm("PUT", group("rg-rights-2"), { token, body: { location: "eastus" } })).toMatchObject({
      status: 403,
    });
    expect(await arm("DELETE", assignment(group("rg-rights"), name))).toMatchObject({ status: 200 });
    expect(await write()).toMatchObject({ status: 403 });
  });

  it("go with the vault: a recovery does not bring role assignments back", async () => {
    await newVault("rg-gone", "kv-gone");
    const path = vault("rg-gone", "kv-gone");
    const name = await grant(crypto.randomUUID(), roles.secretsUser, path);
    await arm("DELETE", path);
    await arm("PUT", path, { body: vaultBody({ createMode: "recover" }) });
    expect(await arm("GET", assignment(path, name))).toMatchObject({
      status: 404,
      code: "RoleAssignmentNotFound",
    });
  });
});

describe("a role assignment", () => {
  const put = (scope: string, name: string, properties: object) =>
    arm("PUT", assignment(scope, name), {
      body: {
        properties: {
          roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${roles.reader}`,
          ...properties,
        },
      },
    });

  it("is refused twice under two names, and is not changed to another principal", async () => {
    await newGroup("rg-twice");
    const principalId = crypto.randomUUID();
    const properties = { principalId, principalType: "ServicePrincipal" };
    const [first, second] = [crypto.randomUUID(), crypto.randomUUID()];
    const scope = group("rg-twice");
    expect(await put(scope, first, properties)).toMatchObject({ status: 201, data: { name: first } });
    expect(await put(scope, first, properties)).toMatchObject({ status: 200 });
    expect(await put(scope, second, properties)).toMatchObject({ status: 409, code: "RoleAssignmentExists" });
    expect(await put(scope, first, { ...properties, principalId: crypto.randomUUID() })).toMatchObject({
      status: 400,
      code: "RoleAssignmentUpdateNotPermitted",
    });
    expect(await put(scope, "not-a-guid", properties)).toMatchObject({ status: 400 });
    expect(await arm("DELETE", assignment(scope, second))).toMatchObject({ status: 204 });
  });

  it("needs a principal of the directory, unless its type is given", async () => {
    const known = sandbox.administrator.objectId;
    await newGroup("rg-principal");
    const scope = group("rg-principal");
    const attempt = (properties: object) => put(scope, crypto.randomUUID(), properties);
    expect(await attempt({ principalId: crypto.randomUUID() })).toMatchObject({
      status: 400,
      code: "PrincipalNotFound",
    });
    expect(await attempt({ principalId: known, principalType: "User" })).toMatchObject({
      status: 400,
      code: "UnmatchedPrincipalType",
    });
    expect(await attempt({ principalId: known })).toMatchObject({
      status: 201,
      data: { properties: { principalType: "ServicePrincipal", scope } },
    });
  });

  it("is found by principal and by scope", async () => {
    await newVault("rg-find", "kv-find");
    const principalId = crypto.randomUUID();
    const atVault = await grant(principalId, roles.reader, vault("rg-find", "kv-find"));
    const atGroup = await grant(principalId, roles.reader, group("rg-find"));
    const list = async (filter: string) => {
      const path = `${group("rg-find")}/providers/Microsoft.Authorization/roleAssignments`;
      const answer = await arm("GET", path, { query: `$filter=${encodeURIComponent(filter)}` });
      return answer.data.value.map((row: { name: string }) => row.name);
    };
    expect((await list(`principalId eq '${principalId}'`)).sort()).toEqual([atVault, atGroup].sort());
    expect(await list("atScope()")).toContain(atGroup);
    expect(await list("atScope()")).not.toContain(atVault);
  });
});

describe("role definitions", () => {
  it("are read by id and found by name", async () => {
    const path = `${subscription}/providers/Microsoft.Authorization/roleDefinitions`;
    const one = await arm("GET", `${path}/${roles.secretsUser}`);
    expect(one.data.properties).toMatchObject({
      roleName: "Key Vault Secrets User",
      permissions: [{ actions: [] }],
    });
    const query = `$filter=${encodeURIComponent("roleName eq 'Owner'")}`;
    expect((await arm("GET", path, { query })).data.value).toMatchObject([{ name: roles.owner }]);
    expect(await arm("GET", `${path}/${crypto.randomUUID()}`)).toMatchObject({
      status: 404,
      code: "RoleDefinitionDoesNotExist",
    });
  });
});

it("keeps the owner's role and the groups over a restart", async () => {
  await newGroup("rg-restart");
  await sandbox.context.store.commit();
  const saved = JSON.parse(
    await import("node:fs/promises").then(({ readFile }) => readFile(sandbox.context.store.path!, "utf8")),
  );
  expect(Object.keys(saved.armResourceGroups)).toContain(`${subscriptionId}/rg-restart`);
});
