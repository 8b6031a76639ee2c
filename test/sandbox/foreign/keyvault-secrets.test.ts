import { ClientSecretCredential } from "@azure/identity";
import { SecretClient, type SecretProperties } from "@azure/keyvault-secrets";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EntraClient, fabrikam, type Identity, publisher } from "../../support/entra.ts";
import { armClient, roles, vault as vaultId } from "../../support/resource-manager.ts";
import { startTestSandbox, type TestSandbox, trust } from "../../support/sandbox.ts";

// Azure's client of Key Vault. It learns where to sign in from the vault's challenge; that the resource which the challenge
// names is not the host's own domain is an option of the client's.

let sandbox: TestSandbox;
let officer: Identity & { objectId: string };
let stranger: Identity;
let secrets: SecretClient;
const path = vaultId("rg-foreign", "kv-foreign");
let vaultUrl: string;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  trust(sandbox);
  const entra = new EntraClient(sandbox);
  const arm = armClient(sandbox);
  officer = await entra.newIdentity();
  stranger = await entra.newIdentity();
  vaultUrl = (await arm.newVault("rg-foreign", "kv-foreign", { softDeleteRetentionInDays: 7 })).properties.vaultUri;
  await arm.grant(officer.objectId, roles.secretsOfficer, path);
  secrets = clientOf(officer);
});
afterAll(() => sandbox.close());

function clientOf({ tenantId, clientId, clientSecret }: Identity, url = vaultUrl): SecretClient {
  const options = { authorityHost: sandbox.endpoints.login, disableInstanceDiscovery: true };
  const credential = new ClientSecretCredential(tenantId, clientId, clientSecret, options);
  return new SecretClient(url, credential, { disableChallengeResourceVerification: true });
}

/** What the vault was asked since `since`, without versions and queries. */
const requests = (since: number) =>
  sandbox.context.journal
    .slice(since)
    .filter(({ service }) => service.startsWith("vault"))
    .map(({ method, path, status }) => `${method} ${path.replace(/\?.*/, "")} ${status}`);

async function all<Row>(rows: AsyncIterable<Row>): Promise<Row[]> {
  const found: Row[] = [];
  for await (const row of rows) found.push(row);
  return found;
}

describe("signing in", () => {
  test("F3: begins with an empty request, whose 401 says where", async () => {
    const since = sandbox.context.journal.length;
    const client = clientOf(officer);
    await client.setSecret("challenged", "value");
    await client.getSecret("challenged");
    expect(requests(since)).toEqual([
      "PUT /secrets/challenged 401",
      "PUT /secrets/challenged 200",
      "GET /secrets/challenged/ 200",
    ]);
  });

  test("F3: is for the vault's tenant, which an application of another one learns", async () => {
    const foreign = clientOf(fabrikam);
    await expect(foreign.getSecret("any")).rejects.toThrow(`acquire tokens for tenant ${publisher.tenantId}`);
  });

  test("F3: without a role is 403 Forbidden, ForbiddenByRbac within", async () => {
    await expect(clientOf(stranger).getSecret("challenged")).rejects.toMatchObject({
      statusCode: 403,
      code: "Forbidden",
      details: { error: { innerError: { code: "ForbiddenByRbac" } } },
      message: expect.stringContaining("Action: 'Microsoft.KeyVault/vaults/secrets/getSecret/action'"),
    });
  });
});

describe("a secret", () => {
  test("F3: is set, read with and without its version, and changed but for its value", async () => {
    const expiresOn = new Date("2031-05-01T00:00:00Z");
    const options = { contentType: "text/plain", tags: { keyId: "k1" }, expiresOn };
    const first = await secrets.setSecret("orders", "one", options);
    expect(first.properties).toMatchObject({
      ...options,
      enabled: true,
      vaultUrl: vaultUrl.replace(/\/$/, ""),
      recoveryLevel: "CustomizedRecoverable+Purgeable",
      recoverableDays: 7,
    });
    const second = await secrets.setSecret("orders", "two");
    const version = first.properties.version!;
    expect((await secrets.getSecret("orders")).value).toBe("two");
    expect((await secrets.getSecret("orders", { version })).value).toBe("one");
    const changed = await secrets.updateSecretProperties("orders", version, { tags: { keyId: "k2" } });
    expect(changed).toMatchObject({ tags: { keyId: "k2" }, contentType: "text/plain", version });
    expect((await secrets.getSecret("orders")).properties.version).toBe(second.properties.version);
  });

  test("F3: lists its versions, and the vault its secrets, without values and in pages", async () => {
    for (const value of ["one", "two", "three"]) await secrets.setSecret("many-versions", value);
    const versions = await all(secrets.listPropertiesOfSecretVersions("many-versions"));
    expect(new Set(versions.map(({ version }) => version)).size).toBe(3);
    expect(JSON.stringify(versions)).not.toContain("three");
    const pages: SecretProperties[][] = [];
    for await (const page of secrets.listPropertiesOfSecrets().byPage({ maxPageSize: 1 })) pages.push(page);
    expect(Math.max(...pages.map((page) => page.length))).toBe(1);
    expect(pages.flat().map(({ name }) => name)).toContain("many-versions");
  });

  test("F3: that is missing is 404 SecretNotFound", async () => {
    await expect(secrets.getSecret("missing")).rejects.toMatchObject({ statusCode: 404, code: "SecretNotFound" });
  });

  test("F3: that is disabled is 403", async () => {
    const { properties } = await secrets.setSecret("disabled", "value", { enabled: false });
    await expect(secrets.getSecret("disabled")).rejects.toMatchObject({ statusCode: 403, code: "Forbidden" });
    await secrets.updateSecretProperties("disabled", properties.version!, { enabled: true });
    expect((await secrets.getSecret("disabled")).value).toBe("value");
  });
});

describe("a deleted secret", () => {
  test("F3: blocks its name until it is recovered, or purged", async () => {
    await secrets.setSecret("deleted", "kept");
    const removal = await secrets.beginDeleteSecret("deleted", { intervalInMs: 1 });
    const gone = await removal.pollUntilDone();
    expect(gone).toMatchObject({ recoveryId: `${vaultUrl}deletedsecrets/deleted` });
    const { deletedOn, scheduledPurgeDate } = gone.properties;
    expect(scheduledPurgeDate!.getTime() - deletedOn!.getTime()).toBe(7 * 86_400_000);
    await expect(secrets.getSecret("deleted")).rejects.toMatchObject({ statusCode: 404 });
    await expect(secrets.setSecret("deleted", "other")).rejects.toMatchObject({
      statusCode: 409,
      code: "Conflict",
      details: { error: { innerError: { code: "ObjectIsDeletedButRecoverable" } } },
    });
    expect((await all(secrets.listDeletedSecrets())).map(({ name }) => name)).toEqual(["deleted"]);
    const recovery = await secrets.beginRecoverDeletedSecret("deleted", { intervalInMs: 1 });
    expect((await recovery.pollUntilDone()).name).toBe("deleted");
    expect((await secrets.getSecret("deleted")).value).toBe("kept");
    await (await secrets.beginDeleteSecret("deleted", { intervalInMs: 1 })).pollUntilDone();
    await secrets.purgeDeletedSecret("deleted");
    await expect(secrets.getDeletedSecret("deleted")).rejects.toMatchObject({ statusCode: 404 });
    expect((await secrets.setSecret("deleted", "anew")).value).toBe("anew");
  });

  test("F3: is waited for where the vault is not done at once, deleting and recovering", async () => {
    await secrets.setSecret("slow", "value");
    const transitions = (secretTransitions: string) =>
      sandbox.http.put(`${sandbox.endpoints.control}/switches/vault`, { secretTransitions });
    await transitions("at the second look");
    const since = sandbox.context.journal.length;
    await (await secrets.beginDeleteSecret("slow", { intervalInMs: 1 })).pollUntilDone();
    await (await secrets.beginRecoverDeletedSecret("slow", { intervalInMs: 1 })).pollUntilDone();
    expect((await secrets.getSecret("slow")).value).toBe("value");
    expect(requests(since)).toEqual(
      expect.arrayContaining([
        "GET /deletedsecrets/slow 404",
        "GET /deletedsecrets/slow 200",
        "GET /secrets/slow/ 404",
      ]),
    );
    await transitions("at once");
  });

  test("F3: that is none is 404", async () => {
    await expect(secrets.purgeDeletedSecret("never")).rejects.toMatchObject({ statusCode: 404 });
    await expect(secrets.beginDeleteSecret("never")).rejects.toMatchObject({ code: "SecretNotFound" });
  });
});

test("F3: a backup is not served, and says so", async () => {
  await secrets.setSecret("backed-up", "value");
  await expect(secrets.backupSecret("backed-up")).rejects.toMatchObject({
    statusCode: 501,
    code: "SandboxNotImplemented",
    message: expect.stringContaining("POST /secrets/backed-up/backup"),
  });
});
