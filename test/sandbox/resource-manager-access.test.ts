import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { armClient, assignment, group, roles, subscription, vault } from "../support/resource-manager.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";

let sandbox: TestSandbox;
let client: ReturnType<typeof armClient>;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  client = armClient(sandbox);
});
afterAll(() => sandbox.close());

describe("rights", () => {
  it("F1: are refused without a role and given by one at the scope or above", async () => {
    await client.newVault("rg-rights", "kv-rights");
    const oid = crypto.randomUUID();
    const token = await client.tokenOf(oid);
    const path = `${vault("rg-rights", "kv-rights")}/secrets/orders`;
    const write = () => client.arm("PUT", path, { token, body: { properties: { value: "x" } } });
    const refused = await write();
    expect(refused).toMatchObject({ status: 403, code: "AuthorizationFailed" });
    expect(refused.data.error.message).toContain(
      `does not have authorization to perform action 'Microsoft.KeyVault/vaults/secrets/write' over scope '${path}'`,
    );
    await client.grant(oid, roles.reader, subscription);
    expect(await client.arm("GET", vault("rg-rights", "kv-rights"), { token })).toMatchObject({ status: 200 });
    expect(await write()).toMatchObject({ status: 403 });
    const name = await client.grant(oid, roles.contributor, group("rg-rights"));
    expect(await write()).toMatchObject({ status: 201 });
    expect(await client.arm("DELETE", assignment(group("rg-rights"), name), { token })).toMatchObject({
      status: 403,
    });
    expect(await client.arm("PUT", group("rg-rights-2"), { token, body: { location: "eastus" } })).toMatchObject({
      status: 403,
    });
    expect(await client.arm("DELETE", assignment(group("rg-rights"), name))).toMatchObject({ status: 200 });
    expect(await write()).toMatchObject({ status: 403 });
  });

  it("F1: go with the vault: a recovery does not bring role assignments back", async () => {
    await client.newVault("rg-gone", "kv-gone");
    const path = vault("rg-gone", "kv-gone");
    const name = await client.grant(crypto.randomUUID(), roles.secretsUser, path);
    await client.arm("DELETE", path);
    await client.arm("PUT", path, { body: client.vaultBody({ createMode: "recover" }) });
    expect(await client.arm("GET", assignment(path, name))).toMatchObject({
      status: 404,
      code: "RoleAssignmentNotFound",
    });
  });
});

describe("a role assignment", () => {
  const put = (scope: string, name: string, properties: object) =>
    client.arm("PUT", assignment(scope, name), {
      body: {
        properties: {
          roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${roles.reader}`,
          ...properties,
        },
      },
    });

  it("F1: is refused twice under two names, and is not changed to another principal", async () => {
    await client.newGroup("rg-twice");
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
    expect(await client.arm("DELETE", assignment(scope, second))).toMatchObject({ status: 204 });
  });

  it("F1: needs a principal of the directory, unless its type is given", async () => {
    const known = sandbox.administrator.objectId;
    await client.newGroup("rg-principal");
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

  it("F1: is found by principal and by scope", async () => {
    await client.newVault("rg-find", "kv-find");
    const principalId = crypto.randomUUID();
    const atVault = await client.grant(principalId, roles.reader, vault("rg-find", "kv-find"));
    const atGroup = await client.grant(principalId, roles.reader, group("rg-find"));
    const list = async (filter: string) => {
      const path = `${group("rg-find")}/providers/Microsoft.Authorization/roleAssignments`;
      const answer = await client.arm("GET", path, { query: `$filter=${encodeURIComponent(filter)}` });
      return answer.data.value.map((row: { name: string }) => row.name);
    };
    expect((await list(`principalId eq '${principalId}'`)).sort()).toEqual([atVault, atGroup].sort());
    expect(await list("atScope()")).toContain(atGroup);
    expect(await list("atScope()")).not.toContain(atVault);
  });
});

describe("role definitions", () => {
  it("F1: are read by id and found by name", async () => {
    const path = `${subscription}/providers/Microsoft.Authorization/roleDefinitions`;
    const one = await client.arm("GET", `${path}/${roles.secretsUser}`);
    expect(one.data.properties).toMatchObject({
      roleName: "Key Vault Secrets User",
      permissions: [{ actions: [] }],
    });
    const query = `$filter=${encodeURIComponent("roleName eq 'Owner'")}`;
    expect((await client.arm("GET", path, { query })).data.value).toMatchObject([{ name: roles.owner }]);
    expect(await client.arm("GET", `${path}/${crypto.randomUUID()}`)).toMatchObject({
      status: 404,
      code: "RoleDefinitionDoesNotExist",
    });
  });
});
