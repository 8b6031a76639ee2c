import { KeyVaultManagementClient } from "@azure/arm-keyvault";
import { ResourceManagementClient } from "@azure/arm-resources";
import { ClientSecretCredential } from "@azure/identity";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { subscriptionId } from "../../../sandbox/seed.ts";
import { EntraClient, type Identity, publisher } from "../../support/entra.ts";
import { group, vault as vaultId } from "../../support/resource-manager.ts";
import { startTestSandbox, type TestSandbox, trust } from "../../support/sandbox.ts";

// Azure's clients of Resource Manager, signed in as the owner of the subscription. Operations are polled without waiting.

let sandbox: TestSandbox;
let resources: ResourceManagementClient;
let keyVault: KeyVaultManagementClient;
const location = "westeurope";
const poll = { updateIntervalInMs: 1 };

beforeAll(async () => {
  sandbox = await startTestSandbox();
  trust(sandbox);
  ({ resources, keyVault } = clientsOf(publisher));
});
afterAll(() => sandbox.close());

function clientsOf({ tenantId, clientId, clientSecret }: Identity) {
  const { login: authorityHost, arm: endpoint } = sandbox.endpoints;
  const options = { authorityHost, disableInstanceDiscovery: true };
  const credential = new ClientSecretCredential(tenantId, clientId, clientSecret, options);
  return {
    resources: new ResourceManagementClient(credential, subscriptionId, { endpoint }),
    keyVault: new KeyVaultManagementClient(credential, subscriptionId, { endpoint }),
  };
}

const vaultBody = (properties: object = {}) => ({
  location,
  properties: {
    tenantId: publisher.tenantId,
    sku: { family: "A", name: "standard" as const },
    enableRbacAuthorization: true,
    ...properties,
  },
});

async function newVault(groupName: string, name: string, properties: object = {}) {
  await resources.resourceGroups.createOrUpdate(groupName, { location });
  return keyVault.vaults.createOrUpdate(groupName, name, vaultBody(properties), poll);
}

async function all<Row>(rows: AsyncIterable<Row>): Promise<Row[]> {
  const found: Row[] = [];
  for await (const row of rows) found.push(row);
  return found;
}

describe("resource groups", () => {
  test("F1: are created, changed, listed and deleted, and tell whether they exist", async () => {
    const { resourceGroups } = resources;
    const exists = async () => (await resourceGroups.checkExistence("rg-arm")).body;
    expect(await exists()).toBe(false);
    const made = await resourceGroups.createOrUpdate("rg-arm", { location: "West Europe", tags: { stage: "dev" } });
    expect(made).toMatchObject({ id: group("rg-arm"), location, properties: { provisioningState: "Succeeded" } });
    expect(await exists()).toBe(true);
    expect((await resourceGroups.update("rg-arm", { tags: { stage: "prod" } })).tags).toEqual({ stage: "prod" });
    await resourceGroups.createOrUpdate("rg-arm-2", { location });
    expect((await all(resourceGroups.list({ top: 1 }))).map(({ name }) => name)).toEqual(["rg-arm", "rg-arm-2"]);
    await resourceGroups.delete("rg-arm", poll);
    expect(await exists()).toBe(false);
    const methods = sandbox.context.journal
      .filter(({ method, path }) => method === "DELETE" || path.includes("operationresults"))
      .map(({ method, status }) => `${method} ${status}`);
    expect(methods).toEqual(["DELETE 202", "GET 202", "GET 200"]);
  });

  test("F1: that are missing are 404 ResourceGroupNotFound", async () => {
    await expect(resources.resourceGroups.get("rg-none")).rejects.toMatchObject({
      statusCode: 404,
      code: "ResourceGroupNotFound",
      message: "Resource group 'rg-none' could not be found.",
    });
  });

  test("F1: do not move: 409 InvalidResourceGroupLocation", async () => {
    await resources.resourceGroups.createOrUpdate("rg-still", { location });
    await expect(resources.resourceGroups.createOrUpdate("rg-still", { location: "eastus" })).rejects.toMatchObject({
      statusCode: 409,
      code: "InvalidResourceGroupLocation",
      message: "Invalid resource group location 'eastus'. The Resource group already exists in location 'westeurope'.",
    });
  });

  test("F1: are for those who hold a role: 403 AuthorizationFailed", async () => {
    const stranger = clientsOf(await new EntraClient(sandbox).newIdentity());
    await expect(stranger.resources.resourceGroups.get("rg-still")).rejects.toMatchObject({
      statusCode: 403,
      code: "AuthorizationFailed",
    });
  });
});

describe("vaults", () => {
  test("F1: are created by an operation that ends, read, changed and listed", async () => {
    const made = await newVault("rg-vaults", "kv-arm-first", { softDeleteRetentionInDays: 7 });
    expect(made).toMatchObject({
      id: vaultId("rg-vaults", "kv-arm-first"),
      properties: { provisioningState: "Succeeded", enableSoftDelete: true, softDeleteRetentionInDays: 7 },
    });
    expect(made.properties.vaultUri).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/$/);
    await newVault("rg-vaults", "kv-arm-second");
    const changed = await keyVault.vaults.update("rg-vaults", "kv-arm-first", { tags: { stage: "dev" } });
    expect(changed).toMatchObject({ tags: { stage: "dev" }, properties: { vaultUri: made.properties.vaultUri } });
    expect(await keyVault.vaults.get("rg-vaults", "kv-arm-first")).toEqual(changed);
    const inGroup = await all(keyVault.vaults.listByResourceGroup("rg-vaults", { top: 1 }));
    expect(inGroup.map(({ name }) => name)).toEqual(["kv-arm-first", "kv-arm-second"]);
    expect(await all(keyVault.vaults.listBySubscription())).toHaveLength(2);
  });

  test("F1: deleted block their name: 409 ConflictError; recovered or purged they do not", async () => {
    const { vaults } = keyVault;
    await newVault("rg-soft", "kv-arm-soft");
    await vaults.delete("rg-soft", "kv-arm-soft");
    await vaults.delete("rg-soft", "kv-arm-soft");
    await expect(vaults.get("rg-soft", "kv-arm-soft")).rejects.toMatchObject({ code: "ResourceNotFound" });
    await expect(newVault("rg-soft", "kv-arm-soft")).rejects.toMatchObject({
      statusCode: 409,
      code: "ConflictError",
      message: expect.stringContaining("A vault with the same name already exists in deleted state."),
    });
    expect((await all(vaults.listDeleted())).map(({ name }) => name)).toEqual(["kv-arm-soft"]);
    const deleted = await vaults.getDeleted("kv-arm-soft", location);
    const { vaultId: formerId, deletionDate, scheduledPurgeDate } = deleted.properties!;
    expect(formerId).toBe(vaultId("rg-soft", "kv-arm-soft"));
    expect(scheduledPurgeDate!.getTime() - deletionDate!.getTime()).toBe(90 * 86_400_000);
    const back = await newVault("rg-soft", "kv-arm-soft", { createMode: "recover" });
    expect(back.properties.vaultUri).toMatch(/^https:/);
    await vaults.delete("rg-soft", "kv-arm-soft");
    await vaults.purgeDeleted("kv-arm-soft", location, poll);
    await expect(vaults.getDeleted("kv-arm-soft", location)).rejects.toMatchObject({ statusCode: 404 });
    await expect(newVault("rg-soft", "kv-arm-soft", { createMode: "recover" })).rejects.toMatchObject({
      code: "SoftDeletedVaultDoesNotExist",
    });
  });

  test("F1: with purge protection are not purged", async () => {
    const properties = { enablePurgeProtection: true, softDeleteRetentionInDays: 7 };
    await newVault("rg-guarded", "kv-arm-guarded", properties);
    await keyVault.vaults.delete("rg-guarded", "kv-arm-guarded");
    await expect(keyVault.vaults.purgeDeleted("kv-arm-guarded", location, poll)).rejects.toMatchObject({
      code: "MethodNotAllowed",
    });
  });

  test("F1: whose name is taken elsewhere are 409 VaultAlreadyExists", async () => {
    await newVault("rg-taken", "kv-arm-taken");
    await expect(newVault("rg-taken-2", "kv-arm-taken")).rejects.toMatchObject({
      statusCode: 409,
      code: "VaultAlreadyExists",
    });
    const free = await keyVault.vaults.checkNameAvailability({
      name: "kv-arm-taken",
      type: "Microsoft.KeyVault/vaults",
    });
    expect(free).toMatchObject({ nameAvailable: false, reason: "AlreadyExists" });
  });
});

describe("secrets", () => {
  test("F2: are written, changed and listed, and never show their value", async () => {
    await newVault("rg-secrets", "kv-arm-secrets");
    const { secrets } = keyVault;
    const name = ["rg-secrets", "kv-arm-secrets", "orders"] as const;
    const body = { properties: { value: "hidden~value", contentType: "text/plain" }, tags: { keyId: "k1" } };
    const made = await secrets.createOrUpdate(...name, body);
    expect(made.properties.secretUriWithVersion).toMatch(/\/secrets\/orders\/[0-9a-f]{32}$/);
    expect(made.properties.attributes!.created).toBeInstanceOf(Date);
    const changed = await secrets.update(...name, { properties: { attributes: { enabled: false } } });
    expect(changed.properties).toMatchObject({ contentType: "text/plain", attributes: { enabled: false } });
    expect(await secrets.get(...name)).toEqual(changed);
    expect(await all(secrets.list("rg-secrets", "kv-arm-secrets"))).toEqual([changed]);
    expect(JSON.stringify([made, changed])).not.toContain("hidden~value");
  });

  test("F2: that are missing are 404, and so is their vault", async () => {
    await newVault("rg-no-secret", "kv-arm-empty");
    await expect(keyVault.secrets.get("rg-no-secret", "kv-arm-empty", "none")).rejects.toMatchObject({
      statusCode: 404,
    });
    await expect(keyVault.secrets.get("rg-no-secret", "kv-arm-none", "none")).rejects.toMatchObject({
      statusCode: 404,
      code: "ParentResourceNotFound",
    });
  });
});

describe("what is not served is 501", () => {
  test.each<[string, () => Promise<unknown>]>([
    [
      "/accessPolicies/add",
      () => keyVault.vaults.updateAccessPolicy("rg", "kv", "add", { properties: { accessPolicies: [] } }),
    ],
    ["'forceDeletionTypes'", async () => resources.resourceGroups.delete("rg", { forceDeletionTypes: "none" })],
    ["/exportTemplate", async () => resources.resourceGroups.exportTemplate("rg", {})],
  ])("and names %s", async (named, request) => {
    await expect(request()).rejects.toMatchObject({
      statusCode: 501,
      code: "SandboxNotImplemented",
      message: expect.stringContaining(named),
    });
  });

  // Of a list's refusal the clients keep the code alone.
  test.each<[string, () => AsyncIterable<unknown>]>([
    ["list of all resources", () => keyVault.vaults.list()],
    ["filter of resource groups", () => resources.resourceGroups.list({ filter: "tagName eq 'stage'" })],
    ["list of resource providers", () => resources.providers.list()],
  ])("for a %s", async (_what, request) => {
    await expect(all(request())).rejects.toMatchObject({ statusCode: 501, code: "SandboxNotImplemented" });
  });
});
