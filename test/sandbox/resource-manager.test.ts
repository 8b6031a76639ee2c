import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { subscriptionId } from "../../sandbox/seed.ts";
import { armClient, group, subscription, vault } from "../support/resource-manager.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";

let sandbox: TestSandbox;
let client: ReturnType<typeof armClient>;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  client = armClient(sandbox);
});
afterAll(() => sandbox.close());

describe("the metadata document", () => {
  it("C8: names the sandbox's endpoints to anyone", async () => {
    const answer = await client.arm("GET", "/metadata/endpoints", { token: null, query: "api-version=2022-09-01" });
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
  it("F1: is asked for where the request has no token", async () => {
    const answer = await client.arm("GET", subscription, { token: null });
    expect(answer).toMatchObject({ status: 401, code: "AuthenticationFailed" });
    expect(answer.headers["www-authenticate"]).toContain(sandbox.administrator.tenantId);
  });

  it("F1: refuses what is no token, a token for another resource, and one of another tenant", async () => {
    const oid = sandbox.administrator.objectId;
    const graph = await client.tokenOf(oid, { aud: "https://graph.microsoft.com" });
    const foreign = await client.tokenOf(oid, { tid: "00000000-0000-4000-8000-000000000001" });
    expect(await client.arm("GET", subscription, { token: "nonsense" })).toMatchObject({
      status: 401,
      code: "InvalidAuthenticationToken",
    });
    expect(await client.arm("GET", subscription, { token: graph })).toMatchObject({
      status: 401,
      code: "InvalidAuthenticationTokenAudience",
    });
    expect(await client.arm("GET", subscription, { token: foreign })).toMatchObject({
      status: 401,
      code: "InvalidAuthenticationTokenTenant",
    });
  });

  it("F1: takes the token that the sandbox's Entra gives the administrator", async () => {
    const token = await sandbox.token("https://management.azure.com");
    expect(await client.arm("GET", subscription, { token })).toMatchObject({ status: 200 });
  });
});

describe("requests", () => {
  it("F1: need an api-version", async () => {
    expect(await client.arm("GET", subscription, { query: "api-version=" })).toMatchObject({
      status: 400,
      code: "MissingApiVersionParameter",
    });
  });

  it("F1: that are not served say so, down to the query option", async () => {
    const route = await client.arm("GET", `${subscription}/providers/Microsoft.Compute/virtualMachines`);
    const option = await client.arm("GET", subscription, { query: "$expand=all" });
    expect(route).toMatchObject({ status: 501, code: "SandboxNotImplemented" });
    expect(option.status).toBe(501);
    expect(option.data.error.message).toContain("$expand");
  });

  it("F1: list the subscriptions in which the caller holds a role", async () => {
    const nobody = await client.tokenOf(crypto.randomUUID());
    expect((await client.arm("GET", "/subscriptions")).data.value).toMatchObject([{ subscriptionId }]);
    expect((await client.arm("GET", "/subscriptions", { token: nobody })).data.value).toEqual([]);
    expect(await client.arm("GET", "/subscriptions/00000000-0000-4000-8000-000000000001")).toMatchObject({
      status: 404,
      code: "SubscriptionNotFound",
    });
  });
});

describe("a resource group", () => {
  it("F1: is created, found in any case, tagged and deleted with a poll", async () => {
    const body = { location: "West Europe", tags: { stage: "dev" } };
    expect(await client.arm("PUT", group("rg-life"), { body })).toMatchObject({
      status: 201,
      data: { location: "westeurope", properties: { provisioningState: "Succeeded" } },
    });
    expect(await client.arm("PUT", group("rg-life"), { body })).toMatchObject({ status: 200 });
    expect(await client.arm("GET", `${subscription}/resourcegroups/RG-Life`)).toMatchObject({ status: 200 });
    expect(await client.arm("HEAD", group("rg-life"))).toMatchObject({ status: 204 });
    expect(await client.arm("PATCH", group("rg-life"), { body: { tags: { stage: "prod" } } })).toMatchObject({
      data: { tags: { stage: "prod" } },
    });
    const removal = await client.arm("DELETE", group("rg-life"));
    expect(removal.status).toBe(202);
    const { pathname, search } = new URL(removal.headers.location);
    const poll = () => client.arm("GET", pathname, { query: search.slice(1) });
    expect((await poll()).status).toBe(202);
    expect((await poll()).status).toBe(200);
    expect(await client.arm("GET", group("rg-life"))).toMatchObject({ status: 404, code: "ResourceGroupNotFound" });
    expect(await client.arm("HEAD", group("rg-life"))).toMatchObject({ status: 404 });
  });

  it("F1: does not move, and needs a location that exists", async () => {
    await client.newGroup("rg-fixed");
    expect(await client.arm("PUT", group("rg-fixed"), { body: { location: "eastus" } })).toMatchObject({
      status: 409,
      code: "InvalidResourceGroupLocation",
    });
    expect(await client.arm("PUT", group("rg-none"), { body: {} })).toMatchObject({ code: "LocationRequired" });
    expect(await client.arm("PUT", group("rg-moon"), { body: { location: "moon" } })).toMatchObject({
      status: 400,
      code: "LocationNotAvailableForResourceGroup",
    });
  });
});

describe("a key vault", () => {
  it("F1: registers its name, gets a data plane of its own and is listed in its group", async () => {
    const first = await client.newVault("rg-two", "kv-two-first");
    const second = await client.arm("PUT", vault("rg-two", "kv-two-second"), { body: client.vaultBody() });
    expect(first.properties).toMatchObject({ provisioningState: "RegisteringDns", softDeleteRetentionInDays: 90 });
    const { data } = await client.arm("GET", vault("rg-two", "kv-two-first"));
    expect(data.properties).toEqual({ ...first.properties, provisioningState: "Succeeded" });
    expect(first.properties.vaultUri).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/$/);
    expect(second.data.properties.vaultUri).not.toBe(first.properties.vaultUri);
    const list = await client.arm("GET", `${group("rg-two")}/providers/Microsoft.KeyVault/vaults`, {
      query: "$top=1",
    });
    expect(list.data.value).toMatchObject([{ name: "kv-two-first" }]);
    expect(list.data.nextLink).toContain("skiptoken");
  });

  it("F1: needs its group, a good name and a free one", async () => {
    await client.newVault("rg-names", "kv-names-taken");
    await client.newGroup("rg-names-other");
    const put = (path: string) => client.arm("PUT", path, { body: client.vaultBody() });
    expect(await put(vault("rg-absent", "kv-names-a"))).toMatchObject({ code: "ResourceGroupNotFound" });
    expect(await put(vault("rg-names", "kv"))).toMatchObject({ status: 400, code: "VaultNameNotValid" });
    expect(await put(vault("rg-names-other", "kv-names-taken"))).toMatchObject({
      status: 409,
      code: "VaultAlreadyExists",
    });
    const check = (name: string) =>
      client.arm("POST", `${subscription}/providers/Microsoft.KeyVault/checkNameAvailability`, {
        body: { name, type: "Microsoft.KeyVault/vaults" },
      });
    expect((await check("kv-names-taken")).data).toMatchObject({
      nameAvailable: false,
      reason: "AlreadyExists",
    });
    expect((await check("kv-names-free")).data).toEqual({ nameAvailable: true });
  });

  it("F1: is updated in place, but keeps protection and retention", async () => {
    await client.newVault("rg-keep", "kv-keep", { softDeleteRetentionInDays: 7, enablePurgeProtection: true });
    const patch = (properties: object) => client.arm("PATCH", vault("rg-keep", "kv-keep"), { body: { properties } });
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

  it("F1: keeps its firewall rules as ranges, and refuses private ones", async () => {
    const rules = (...values: string[]) => ({ networkAcls: { ipRules: values.map((value) => ({ value })) } });
    const path = vault("rg-walled", "kv-walled");
    const made = await client.newVault("rg-walled", "kv-walled", rules("203.0.113.7", "198.51.100.0/24"));
    expect(made.properties.networkAcls).toEqual({
      bypass: "AzureServices",
      defaultAction: "Deny",
      ipRules: [{ value: "203.0.113.7/32" }, { value: "198.51.100.0/24" }],
      virtualNetworkRules: [],
    });
    const refused = async (value: string) => {
      const answer = await client.arm("PUT", path, { body: client.vaultBody(rules(value)) });
      expect(answer.status).toBe(400);
      return answer.data.error.message;
    };
    expect(await refused("10.0.0.0/8")).toBe(
      "Invalid value found at properties.networkAcls.ipRules[0].value: 10.0.0.0/8 belongs to forbidden range 10.0.0.0–10.255.255.255 (private IP addresses)",
    );
    expect(await refused("here")).toContain("Invalid value found at properties.networkAcls.ipRules[0].value");
  });

  it("F1: that was deleted blocks its name until it is recovered or purged", async () => {
    const path = vault("rg-soft", "kv-soft");
    const deleted = `${subscription}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/kv-soft`;
    await client.newVault("rg-soft", "kv-soft", { softDeleteRetentionInDays: 7 });
    expect(await client.arm("DELETE", path)).toMatchObject({ status: 200 });
    expect(await client.arm("DELETE", path)).toMatchObject({ status: 204 });
    expect(await client.arm("GET", path)).toMatchObject({ status: 404, code: "ResourceNotFound" });
    const blocked = await client.arm("PUT", path, { body: client.vaultBody() });
    expect(blocked).toMatchObject({ status: 409, code: "ConflictError" });
    expect(blocked.data.error.message).toContain("already exists in deleted state");
    expect(await client.arm("GET", deleted)).toMatchObject({ status: 200, data: { properties: { vaultId: path } } });
    const recovered = await client.arm("PUT", path, { body: client.vaultBody({ createMode: "recover" }) });
    expect(recovered).toMatchObject({ status: 201, data: { properties: { softDeleteRetentionInDays: 7 } } });
    expect(recovered.data.properties.vaultUri).toMatch(/^https:/);
    await client.arm("DELETE", path);
    expect(await client.arm("POST", `${deleted}/purge`)).toMatchObject({ status: 202 });
    expect(await client.arm("GET", deleted)).toMatchObject({ status: 404 });
    expect(await client.arm("PUT", path, { body: client.vaultBody({ createMode: "recover" }) })).toMatchObject({
      code: "SoftDeletedVaultDoesNotExist",
    });
    expect(await client.arm("PUT", path, { body: client.vaultBody() })).toMatchObject({ status: 201 });
  });

  it("F1: with purge protection is not purged, and goes by itself when its retention ends", async () => {
    const path = vault("rg-guard", "kv-guard");
    const deleted = `${subscription}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/kv-guard`;
    await client.newVault("rg-guard", "kv-guard", { softDeleteRetentionInDays: 7, enablePurgeProtection: true });
    await client.arm("DELETE", path);
    expect(await client.arm("POST", `${deleted}/purge`)).toMatchObject({ code: "MethodNotAllowed" });
    sandbox.context.store.setClock(new Date(Date.now() + 8 * 86_400_000));
    const later = await client.tokenOf(sandbox.administrator.objectId);
    expect(await client.arm("GET", deleted, { token: later })).toMatchObject({ status: 404 });
    sandbox.context.store.setClock(new Date());
  });

  it("F1: is soft-deleted with its group", async () => {
    await client.newVault("rg-whole", "kv-whole");
    await client.arm("DELETE", group("rg-whole"));
    const list = await client.arm("GET", `${subscription}/providers/Microsoft.KeyVault/deletedVaults`);
    expect(list.data.value.map((row: { name: string }) => row.name)).toContain("kv-whole");
  });
});

describe("a secret as a resource", () => {
  it("F2: is written with management rights and shown without its value", async () => {
    await client.newVault("rg-secret", "kv-secret");
    const path = `${vault("rg-secret", "kv-secret")}/secrets/orders`;
    const body = { properties: { value: "first", contentType: "text/plain" }, tags: { keyId: "k1" } };
    const made = await client.arm("PUT", path, { body });
    expect(made).toMatchObject({ status: 201, data: { tags: { keyId: "k1" } } });
    expect(JSON.stringify(made.data)).not.toContain("first");
    const again = await client.arm("PUT", path, { body: { properties: { value: "second" } } });
    expect(again.status).toBe(200);
    expect(again.data.properties.secretUriWithVersion).not.toBe(made.data.properties.secretUriWithVersion);
    const patched = await client.arm("PATCH", path, { body: { properties: { attributes: { enabled: false } } } });
    expect(patched.data.properties).toMatchObject({
      attributes: { enabled: false },
      secretUriWithVersion: again.data.properties.secretUriWithVersion,
    });
    expect(await client.arm("GET", path)).toMatchObject({ status: 200, data: { name: "orders" } });
    expect(await client.arm("DELETE", path)).toMatchObject({ status: 400, code: "DisallowedResourceOperation" });
  });

  it("F2: that does not exist is 404, and so is its vault", async () => {
    await client.newVault("rg-no-secret", "kv-no-secret");
    const secret = (name: string) => `${vault("rg-no-secret", name)}/secrets/orders`;
    expect(await client.arm("GET", secret("kv-no-secret"))).toMatchObject({ status: 404, code: "ResourceNotFound" });
    expect(await client.arm("PUT", secret("kv-absent"), { body: { properties: { value: "x" } } })).toMatchObject({
      status: 404,
      code: "ParentResourceNotFound",
    });
  });
});

describe("a restart", () => {
  it("F1: keeps roles, groups and the address of each vault", async () => {
    const directory = mkdtempSync(join(tmpdir(), "dataverse-s2s-restart-"));
    const path = vault("rg-restart", "kv-second");
    const first = await startTestSandbox({ directory });
    const { arm, newVault, vaultBody } = armClient(first);
    await newVault("rg-restart", "kv-first");
    const before = await arm("PUT", path, { body: vaultBody() });
    await first.close();
    const second = await startTestSandbox({ directory });
    const after = await armClient(second).arm("GET", path);
    await second.close();
    rmSync(directory, { recursive: true });
    expect(after).toMatchObject({ status: 200 });
    expect(after.data.properties.vaultUri).toBe(before.data.properties.vaultUri);
  });
});
