import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { armClient, group, roles, vault as vaultId } from "../support/resource-manager.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";

const day = 86_400_000;

let sandbox: TestSandbox;
let client: ReturnType<typeof armClient>;
/** Object ids: may write, may read, may nothing. */
const officer = crypto.randomUUID();
const reader = crypto.randomUUID();
const nobody = crypto.randomUUID();
/** The vault of most tests: its address and its resource id. */
let url: string;
let vaultPath: string;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  client = armClient(sandbox);
  await client.newGroup("rg-vaults");
  ({ url, path: vaultPath } = await newVault("kv-tests"));
  await client.grant(officer, roles.secretsOfficer, vaultPath);
  await client.grant(reader, roles.secretsUser, vaultPath);
});
afterAll(() => sandbox.close());

const token = (aud: string, oid: string, tid?: string) => client.tokenOf(oid, { aud, tid });

async function newVault(name: string, properties: object = {}) {
  const path = vaultId("rg-vaults", name);
  const body = client.vaultBody({ softDeleteRetentionInDays: 7, ...properties });
  const made = await client.arm("PUT", path, { body });
  expect(made.status).toBe(201);
  return { path, url: made.data.properties.vaultUri.replace(/\/$/, "") as string };
}

interface VaultRequest {
  body?: unknown;
  as?: string;
  query?: string;
  base?: string;
}

/** A request to the data plane, by the officer unless told. */
async function vault(method: string, path: string, { body, as = officer, query = "", base }: VaultRequest = {}) {
  const bearer = await token("https://vault.azure.net", as);
  const answer = await sandbox.http.request({
    method,
    url: `${base ?? url}${path}?api-version=7.4${query}`,
    data: body,
    headers: { Authorization: `Bearer ${bearer}` },
  });
  const { error } = answer.data ?? {};
  return { status: answer.status, code: error?.code, inner: error?.innererror?.code, data: answer.data };
}

const versionOf = (id: string) => id.split("/").at(-1)!;

describe("signing in", () => {
  it("F3: begins with a challenge that names the tenant and the resource", async () => {
    const answer = await sandbox.http.get(`${url}/secrets/a?api-version=7.4`);
    expect(answer.status).toBe(401);
    expect(answer.data.error).toEqual({
      code: "Unauthorized",
      message: "AKV10000: Request is missing a Bearer or PoP token.",
    });
    expect(answer.headers["www-authenticate"]).toBe(
      `Bearer authorization="${sandbox.endpoints.login}/${sandbox.administrator.tenantId}", resource="https://vault.azure.net"`,
    );
  });

  it("F3: refuses tokens of another tenant and for another resource", async () => {
    const attempt = async (bearer: string) =>
      (
        await sandbox.http.get(`${url}/secrets/a?api-version=7.4`, {
          headers: { Authorization: `Bearer ${bearer}` },
        })
      ).data.error.message;
    const foreign = await token("https://vault.azure.net", officer, "00000000-0000-4000-8000-000000000001");
    expect(await attempt(foreign)).toContain("AKV10032: Invalid issuer");
    expect(await attempt(await token("https://management.azure.com", officer))).toContain("AKV10022");
  });

  it("F3: takes the vault's own address as the audience too", async () => {
    const headers = { Authorization: `Bearer ${await token(url, officer)}` };
    expect((await sandbox.http.get(`${url}/secrets?api-version=7.4`, { headers })).status).toBe(200);
  });
});

describe("rights in a role-based vault", () => {
  it("F3: are refused without a role, and management rights are none", async () => {
    for (const as of [nobody, sandbox.administrator.objectId]) {
      const refused = await vault("GET", "/secrets/any", { as });
      expect(refused).toMatchObject({ status: 403, code: "Forbidden", inner: "ForbiddenByRbac" });
      expect(refused.data.error.message).toContain("Action: 'Microsoft.KeyVault/vaults/secrets/getSecret/action'");
    }
  });

  it("F3: of a Secrets User are to read, not to write", async () => {
    await vault("PUT", "/secrets/readable", { body: { value: "seen" } });
    expect(await vault("GET", "/secrets/readable", { as: reader })).toMatchObject({
      status: 200,
      data: { value: "seen" },
    });
    expect(await vault("PUT", "/secrets/readable", { as: reader, body: { value: "x" } })).toMatchObject({
      status: 403,
      inner: "ForbiddenByRbac",
    });
    expect(await vault("DELETE", "/secrets/readable", { as: reader })).toMatchObject({ status: 403 });
  });

  it("F3: can be given for one secret only", async () => {
    const oid = crypto.randomUUID();
    await vault("PUT", "/secrets/mine", { body: { value: "m" } });
    await client.grant(oid, roles.secretsUser, `${vaultPath}/secrets/mine`);
    expect(await vault("GET", "/secrets/mine", { as: oid })).toMatchObject({ status: 200 });
    expect(await vault("GET", "/secrets/readable", { as: oid })).toMatchObject({ status: 403 });
  });
});

describe("rights in other vaults", () => {
  it("F3: come from access policies where the vault is not role-based", async () => {
    const { tenantId } = sandbox.administrator;
    const { url: base } = await newVault("kv-policies", {
      enableRbacAuthorization: false,
      accessPolicies: [{ tenantId, objectId: reader, permissions: { secrets: ["Get"] } }],
    });
    await client.grant(officer, roles.secretsOfficer, group("rg-vaults"));
    expect(await vault("GET", "/secrets/a", { as: reader, base })).toMatchObject({ code: "SecretNotFound" });
    expect(await vault("GET", "/secrets", { as: reader, base })).toMatchObject({ inner: "AccessDenied" });
    expect(await vault("GET", "/secrets/a", { base })).toMatchObject({ status: 403, inner: "AccessDenied" });
  });

  it("F3: do not help where the network rules shut the caller out", async () => {
    const closed = await newVault("kv-closed", { publicNetworkAccess: "Disabled" });
    const walled = await newVault("kv-walled", { networkAcls: { defaultAction: "Deny" } });
    expect(await vault("GET", "/secrets", { base: closed.url })).toMatchObject({
      status: 403,
      inner: "ForbiddenByConnection",
    });
    expect(await vault("GET", "/secrets", { base: walled.url })).toMatchObject({
      inner: "ForbiddenByFirewall",
    });
  });

  it.each([
    ["127.0.0.1", 200],
    ["127.0.0.0/8", 200],
    ["203.0.113.0/24", 403],
  ])("F3: come with the address that the rules allow: %s", async (value, status) => {
    const networkAcls = { defaultAction: "Deny", ipRules: [{ value }] };
    const walled = await newVault(`kv-walled-${value.replaceAll(/\D/g, "-")}`, { networkAcls });
    await client.grant(officer, roles.secretsOfficer, walled.path);
    expect((await vault("GET", "/secrets", { base: walled.url })).status).toBe(status);
    const closed = { networkAcls, publicNetworkAccess: "disabled" };
    await client.arm("PUT", walled.path, { body: client.vaultBody(closed) });
    expect(await vault("GET", "/secrets", { base: walled.url })).toMatchObject({ inner: "ForbiddenByConnection" });
  });
});

describe("a secret", () => {
  it("F3: has versions: the latest is read without one", async () => {
    const body = { value: "one", contentType: "text/plain", tags: { keyId: "k" } };
    const first = await vault("PUT", "/secrets/versions", { body });
    const second = await vault("PUT", "/secrets/versions", { body: { value: "two" } });
    expect(first).toMatchObject({
      status: 200,
      data: {
        value: "one",
        contentType: "text/plain",
        attributes: { enabled: true, recoveryLevel: "CustomizedRecoverable+Purgeable", recoverableDays: 7 },
      },
    });
    expect(first.data.id).toMatch(new RegExp(`^${url}/secrets/versions/[0-9a-f]{32}$`));
    expect((await vault("GET", "/secrets/versions/")).data.value).toBe("two");
    expect((await vault("GET", `/secrets/Versions/${versionOf(first.data.id)}`)).data.value).toBe("one");
    const list = await vault("GET", "/secrets/versions/versions");
    expect(list.data.value.map((row: { id: string }) => row.id)).toEqual([first.data.id, second.data.id]);
    expect(JSON.stringify(list.data)).not.toContain("one");
  });

  it("F3: that is missing or has a bad name is told apart", async () => {
    expect(await vault("GET", "/secrets/missing")).toMatchObject({ status: 404, code: "SecretNotFound" });
    expect(await vault("PUT", "/secrets/under_score", { body: { value: "x" } })).toMatchObject({
      status: 400,
      code: "BadParameter",
    });
    expect(await vault("PUT", "/secrets/empty", { body: {} })).toMatchObject({ status: 400 });
  });

  it("F3: is not read while disabled, but is outside its dates", async () => {
    const past = Math.floor(Date.now() / 1000) - 60;
    const future = past + 3600;
    await vault("PUT", "/secrets/dates", { body: { value: "d", attributes: { nbf: future, exp: past } } });
    expect(await vault("GET", "/secrets/dates")).toMatchObject({ status: 200 });
    const changes = { attributes: { enabled: false }, contentType: "text/plain" };
    expect(await vault("PATCH", "/secrets/dates", { body: changes })).toMatchObject({
      status: 200,
      data: { contentType: "text/plain", attributes: { enabled: false, exp: past } },
    });
    expect(await vault("GET", "/secrets/dates")).toMatchObject({ status: 403, inner: "SecretDisabled" });
  });

  it("F3: has its versions disabled one by one: the others are read, and their dates stay", async () => {
    const exp = Math.floor(Date.now() / 1000) + 3600;
    const older = await vault("PUT", "/secrets/one-by-one", { body: { value: "1", attributes: { exp } } });
    await vault("PUT", "/secrets/one-by-one", { body: { value: "2" } });
    const path = `/secrets/one-by-one/${versionOf(older.data.id)}`;
    expect(await vault("PATCH", path, { body: { attributes: { enabled: false } } })).toMatchObject({ status: 200 });
    expect(await vault("GET", path)).toMatchObject({ status: 403, inner: "SecretDisabled" });
    expect((await vault("GET", "/secrets/one-by-one")).data.value).toBe("2");
    const { data } = await vault("GET", "/secrets/one-by-one/versions");
    expect(data.value[0].attributes).toMatchObject({ enabled: false, exp });
  });

  it("F3: written through Resource Manager is read here, and the other way round", async () => {
    const path = `${vaultPath}/secrets/both`;
    const made = await client.arm("PUT", path, { body: { properties: { value: "by arm" } } });
    expect((await vault("GET", "/secrets/both")).data.value).toBe("by arm");
    const here = await vault("PUT", "/secrets/both", { body: { value: "by vault" } });
    const there = await client.arm("GET", path);
    expect(there.data.properties.secretUriWithVersion).toBe(here.data.id);
    const older = versionOf(made.data.properties.secretUriWithVersion);
    expect((await vault("GET", `/secrets/both/${older}`)).data.value).toBe("by arm");
  });
});

describe("a deleted secret", () => {
  it("F2, F3: blocks its name on both planes, and is recovered with its versions", async () => {
    await vault("PUT", "/secrets/soft", { body: { value: "kept" } });
    const removal = await vault("DELETE", "/secrets/soft");
    expect(removal).toMatchObject({ status: 200, data: { recoveryId: `${url}/deletedsecrets/soft` } });
    expect(removal.data.value).toBeUndefined();
    expect(removal.data.scheduledPurgeDate - removal.data.deletedDate).toBe((7 * day) / 1000);
    expect(await vault("GET", "/secrets/soft")).toMatchObject({ status: 404 });
    expect(await vault("PUT", "/secrets/soft", { body: { value: "x" } })).toMatchObject({
      status: 409,
      code: "Conflict",
      inner: "ObjectIsDeletedButRecoverable",
    });
    const there = await client.arm("PUT", `${vaultPath}/secrets/soft`, { body: { properties: { value: "x" } } });
    expect(there.status).toBe(409);
    expect(there.data.error.innererror.code).toBe("ObjectIsDeletedButRecoverable");
    expect(await vault("GET", "/deletedsecrets/soft")).toMatchObject({ status: 200 });
    expect(await vault("POST", "/deletedsecrets/soft/recover")).toMatchObject({ status: 200 });
    expect((await vault("GET", "/secrets/soft")).data.value).toBe("kept");
  });

  it("F3: is purged on request or when its retention ends", async () => {
    for (const name of ["purged", "expired"]) {
      await vault("PUT", `/secrets/${name}`, { body: { value: "x" } });
      await vault("DELETE", `/secrets/${name}`);
    }
    expect(await vault("DELETE", "/deletedsecrets/purged")).toMatchObject({ status: 204 });
    expect(await vault("GET", "/deletedsecrets/purged")).toMatchObject({ status: 404 });
    sandbox.context.store.setClock(new Date(Date.now() + 8 * day));
    expect(await vault("GET", "/deletedsecrets/expired")).toMatchObject({ status: 404 });
    expect(await vault("PUT", "/secrets/expired", { body: { value: "y" } })).toMatchObject({ status: 200 });
    sandbox.context.store.setClock(new Date());
    expect((await vault("GET", "/secrets/expired/versions")).data.value).toHaveLength(1);
  });

  it("F1: in a vault with purge protection stays", async () => {
    const { url: base, path } = await newVault("kv-guarded", { enablePurgeProtection: true });
    await client.grant(officer, roles.secretsOfficer, path);
    await vault("PUT", "/secrets/stays", { base, body: { value: "x" } });
    await vault("DELETE", "/secrets/stays", { base });
    const refused = await vault("DELETE", "/deletedsecrets/stays", { base });
    expect(refused).toMatchObject({ status: 403, code: "Forbidden" });
    expect(refused.data.error.message).toContain("purge protection is enabled for this vault");
  });
});

describe("lists", () => {
  it("F3: come in pages that link to the next", async () => {
    const { url: base, path } = await newVault("kv-pages");
    await client.grant(officer, roles.secretsOfficer, path);
    for (const name of ["a", "b", "c"]) await vault("PUT", `/secrets/${name}`, { base, body: { value: name } });
    const first = await vault("GET", "/secrets", { base, query: "&maxresults=2" });
    expect(first.data.value.map((row: { id: string }) => row.id)).toEqual([`${base}/secrets/a`, `${base}/secrets/b`]);
    const headers = { Authorization: `Bearer ${await token("https://vault.azure.net", officer)}` };
    const second = await sandbox.http.get(first.data.nextLink, { headers });
    expect(second.data).toMatchObject({ value: [{ id: `${base}/secrets/c` }], nextLink: null });
  });

  it("F3: of deleted secrets name when each goes for good", async () => {
    await vault("PUT", "/secrets/listed", { body: { value: "x" } });
    await vault("DELETE", "/secrets/listed");
    const list = await vault("GET", "/deletedsecrets");
    const row = list.data.value.find((one: { id: string }) => one.id === `${url}/secrets/listed`);
    expect(row.scheduledPurgeDate).toBeGreaterThan(row.deletedDate);
  });
});

describe("requests", () => {
  it("F3: need a known api-version, and options that are served", async () => {
    const headers = { Authorization: `Bearer ${await token("https://vault.azure.net", officer)}` };
    const get = async (query: string) =>
      (await sandbox.http.get(`${url}/secrets${query}`, { headers })).data.error.code;
    expect(await get("")).toBe("BadParameter");
    expect(await get("?api-version=6.0")).toBe("BadParameter");
    expect(await get("?api-version=7.4&odd=1")).toBe("SandboxNotImplemented");
    expect(await vault("GET", "/keys")).toMatchObject({ status: 501 });
  });
});

describe("a deleted vault", () => {
  it("F3: has no data plane; another takes its port, and a recovery brings the secrets back", async () => {
    const made = await newVault("kv-moves");
    await client.grant(officer, roles.secretsOfficer, made.path);
    await vault("PUT", "/secrets/kept", { base: made.url, body: { value: "kept" } });
    await client.arm("DELETE", made.path);
    expect(await vault("GET", "/secrets/kept", { base: made.url })).toMatchObject({ code: "VaultNotFound" });
    const other = await newVault("kv-moves-other");
    expect(other.url).toBe(made.url);
    await client.grant(officer, roles.secretsOfficer, other.path);
    expect(await vault("GET", "/secrets/kept", { base: other.url })).toMatchObject({
      code: "SecretNotFound",
    });
    const { tenantId } = sandbox.administrator;
    const properties = { createMode: "recover", tenantId, sku: { family: "A", name: "standard" } };
    const back = await client.arm("PUT", made.path, { body: { location: "westeurope", properties } });
    const base = back.data.properties.vaultUri.replace(/\/$/, "");
    expect(base).not.toBe(made.url);
    await client.grant(officer, roles.secretsOfficer, made.path);
    expect((await vault("GET", "/secrets/kept", { base })).data.value).toBe("kept");
  });
});
