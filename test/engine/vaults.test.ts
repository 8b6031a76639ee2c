import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { administratorOf } from "../../sandbox/seed.ts";
import { type Engine, type Stack, sandboxConfig, startEngine } from "../support/engine.ts";
import { farSide, type Row } from "../support/far-side.ts";

let engine: Engine;
let send: ReturnType<typeof farSide>["send"];

beforeAll(async () => {
  engine = await startEngine();
  ({ send } = farSide(engine, () => ""));
});

afterAll(async () => {
  await engine?.close();
});

const publisher = administratorOf("publisher");

/** A request to Resource Manager as the subscription's owner; `path` comes after the subscription. */
const arm = (method: "get" | "put", path: string, body?: object) =>
  send(
    "https://management.azure.com",
    publisher,
    method,
    `${engine.endpoints.arm}/subscriptions/${engine.env.ARM_SUBSCRIPTION_ID}${path}?api-version=2024-11-01`,
    body,
  );
const vaultPath = (group: string, name: string) =>
  `/resourceGroups/${group}/providers/Microsoft.KeyVault/vaults/${name}`;

/** A publisher's stack without subscribers, with these vault settings. */
function declare(stack: Stack, keyVault: Row & { resourceGroup: string }): void {
  const config = sandboxConfig(engine.endpoints);
  const displayName = `Contoso Orders (${keyVault.resourceGroup})`; // none has the name of another
  const application = { ...(config.application as object), displayName, keyVault };
  stack.configure({ ...config, application, subscribers: {} });
}

const up = (stack: Stack) => stack.ok("up", "--yes", "--skip-preview");
const destroy = (stack: Stack) => stack.ok("destroy", "--yes", "--skip-preview", "--run-program");

/** The versions of the stack's secret: whether each is enabled. */
async function versions(stack: Stack): Promise<boolean[]> {
  const { secretUri } = await stack.outputs();
  const list = await send("https://vault.azure.net", publisher, "get", `${secretUri}/versions?api-version=7.4`);
  return (list.value as { attributes: { enabled: boolean } }[]).map(({ attributes }) => attributes.enabled);
}

describe("a vault that is there already", () => {
  const group = "rg-company";
  const made = (name: string, properties: object = {}) => ({
    location: "westeurope",
    tags: { owner: name },
    properties: { tenantId: publisher.tenantId, sku: { family: "A", name: "standard" }, ...properties },
  });
  let stack: Stack;
  let before: Row;

  beforeAll(async () => {
    await arm("put", `/resourceGroups/${group}`, { location: "westeurope" });
    await arm("put", vaultPath(group, "kv-policies"), made("kv-policies", { enableRbacAuthorization: false }));
    await arm("put", vaultPath(group, "kv-company"), made("kv-company", { enableRbacAuthorization: true }));
    before = await arm("get", vaultPath(group, "kv-company"));
    stack = await engine.stack("existing");
  });

  it("is refused where role assignments give no rights in it", async () => {
    declare(stack, { resourceGroup: group, name: "kv-policies", existing: true });
    const { code, out } = await stack.run("up", "--yes", "--skip-preview");
    expect(code).not.toBe(0);
    expect(out).toContain("set its permission model to Azure role-based access control");
  });

  it("is used as it is, and left in place by destroy, which soft-deletes the secret", async () => {
    declare(stack, { resourceGroup: group, name: "kv-company", existing: true });
    await up(stack);
    expect(await versions(stack)).toEqual([true]);
    await stack.ok("preview", "--expect-no-changes");
    await destroy(stack);
    const after = await arm("get", vaultPath(group, "kv-company"));
    expect(after).toEqual(before);
  });

  it("gives its soft-deleted secret back to the next up, with another value", async () => {
    await up(stack);
    expect(await versions(stack)).toEqual([false, true]);
    await stack.ok("preview", "--expect-no-changes");
    await destroy(stack);
  });
});

describe("a vault with purge protection", () => {
  const settings = { resourceGroup: "rg-kept", location: "westeurope", name: "kv-kept", purgeProtection: true };
  let stack: Stack;

  beforeAll(async () => {
    stack = await engine.stack("kept");
    declare(stack, settings);
    await up(stack);
    await destroy(stack);
  });

  it("keeps its name after a destroy, so that the next up is refused", async () => {
    const { code, out } = await stack.run("up", "--yes", "--skip-preview");
    expect(code).not.toBe(0);
    expect(out).toContain("A vault with the same name already exists in deleted state");
  });

  it("is brought back with recover, and its secret with it", async () => {
    declare(stack, { ...settings, recover: true });
    await up(stack);
    expect(await versions(stack)).toEqual([false, true]);
    await stack.ok("preview", "--expect-no-changes");
  });

  it("is changed in place when recover is taken out again", async () => {
    declare(stack, settings);
    const out = await up(stack);
    expect(out).toMatch(/~ .*keyvault:Vault vault updated/);
    expect(out).not.toMatch(/replaced|deleted/);
    expect(await versions(stack)).toEqual([false, true]);
    await stack.ok("preview", "--expect-no-changes");
  });
});

describe("a vault with network rules", () => {
  const settings = { resourceGroup: "rg-walled", location: "westeurope", name: "kv-walled" };
  let stack: Stack;

  beforeAll(async () => {
    stack = await engine.stack("walled");
    declare(stack, { ...settings, network: { allowedIpRanges: ["127.0.0.1", "203.0.113.0/24"] } });
    await up(stack);
  });

  it("lets in whom it allows, without drift", async () => {
    const { properties } = (await arm("get", vaultPath("rg-walled", "kv-walled"))) as { properties: Row };
    expect(properties).toMatchObject({
      publicNetworkAccess: "enabled",
      networkAcls: { defaultAction: "Deny", ipRules: [{ value: "127.0.0.1/32" }, { value: "203.0.113.0/24" }] },
    });
    await stack.ok("refresh", "--yes", "--skip-preview", "--expect-no-changes", "--run-program");
  });

  it.each([
    [{ allowedIpRanges: ["203.0.113.0/24"] }, "ForbiddenByFirewall", "keyVault.network.allowedIpRanges"],
    [{ publicAccess: false }, "ForbiddenByConnection", "keyVault.network.publicAccess"],
  ])("that shuts out who runs the stack says so with the next step: %j", async (network, code, step) => {
    declare(stack, { ...settings, network });
    await up(stack);
    const { out } = await stack.run("refresh", "--yes", "--skip-preview", "--run-program");
    expect(out).toContain(`(${code}, HTTP 403)`);
    expect(out).toContain(step);
  });

  it("is opened again in place", async () => {
    declare(stack, settings);
    await up(stack);
    await stack.ok("refresh", "--yes", "--skip-preview", "--run-program");
    await stack.ok("preview", "--expect-no-changes");
  });
});
