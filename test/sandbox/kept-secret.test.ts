import { readFileSync } from "node:fs";
import tls from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { passwordStack, type Schedule } from "../support/password-stack.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";

const yearly: Schedule = { lifetimeYears: 1, renewBeforeDays: 30, overlapDays: 7 };
const at = (day: string) => new Date(`${day}T09:00:00Z`);

let sandbox: TestSandbox;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  tls.setDefaultCACertificates([...tls.getCACertificates(), readFileSync(sandbox.authorityPath, "utf8")]);
});
afterAll(() => sandbox.close());
afterEach(() => sandbox.context.store.setClock(new Date()));

describe("a client secret in its vault", () => {
  it("that is deleted with its stack is recovered by the next one, which disables what it held", async () => {
    const stack = await passwordStack(sandbox);
    await stack.up(at("2027-03-01"), yearly);
    const before = await stack.secret();
    await stack.destroy();
    expect(await stack.passwords()).toEqual([]);
    expect((await stack.vault("GET", "/secrets/client-secret")).status).toBe(404);
    expect((await stack.vault("GET", "/deletedsecrets/client-secret")).status).toBe(200);
    await stack.up(at("2027-03-02"), yearly);
    expect(await stack.enabledVersions()).toEqual([false, true]);
    expect([await stack.signsIn(before), await stack.signsIn(await stack.secret())]).toEqual([false, true]);
  });

  it("F3: is recovered too where the vault is at it for a while, deleting and recovering", async () => {
    const stack = await passwordStack(sandbox);
    await stack.up(at("2027-03-01"), yearly);
    const transitions = (secretTransitions: string) =>
      sandbox.http.put(`${sandbox.endpoints.control}/switches/vault`, { secretTransitions });
    expect((await transitions("at the second look")).status).toBe(200);
    await stack.destroy();
    const since = sandbox.context.journal.length;
    await stack.up(at("2027-03-02"), yearly);
    await transitions("at once");
    const writes = sandbox.context.journal
      .slice(since)
      .filter(({ method, path }) => /PUT|POST/.test(method) && path.includes("secrets/client-secret"));
    // Being deleted, deleted, recovered, being recovered, written.
    expect(writes.map(({ status }) => status)).toEqual([409, 409, 200, 409, 200]);
    expect(await stack.enabledVersions()).toEqual([false, true]);
    expect(await stack.signsIn(await stack.secret())).toBe(true);
  });

  it("whose newest version somebody disabled is replaced at once", async () => {
    const stack = await passwordStack(sandbox);
    const { secretVersionUri } = await stack.up(at("2027-03-01"), yearly);
    await stack.vault("PATCH", new URL(secretVersionUri).pathname, { attributes: { enabled: false } });
    await stack.refresh(at("2027-03-02"));
    await stack.up(at("2027-03-02"), yearly);
    expect(await stack.enabledVersions()).toEqual([false, true]);
    expect(await stack.passwords()).toHaveLength(1);
    expect(await stack.signsIn(await stack.secret())).toBe(true);
  });

  it("under whose tags somebody wrote another value is not taken for it, also where no refresh has seen that", async () => {
    const stack = await passwordStack(sandbox);
    await stack.up(at("2027-09-01"), yearly);
    await stack.up(at("2027-09-02"), yearly);
    const { tags } = (await stack.vault("GET", "/secrets/client-secret")).data;
    await stack.vault("PUT", "/secrets/client-secret", { value: "typed-in-by-hand", tags });
    await stack.up(at("2027-09-10"), yearly);
    expect(await stack.signsIn(await stack.secret())).toBe(true);
    expect(await stack.enabledVersions()).toEqual([true, false, false, true]);
    await stack.up(at("2027-09-18"), yearly);
    expect(await stack.passwords()).toEqual(["dataverse-s2s 2027-09-02 (1a2b3c4d)"]);
    expect(await stack.enabledVersions()).toEqual([false, false, false, true]);
  });

  it("whose predecessor somebody removed has its old version disabled all the same", async () => {
    const stack = await passwordStack(sandbox);
    const { keyId } = await stack.up(at("2027-09-01"), yearly);
    await stack.up(at("2027-09-02"), yearly);
    await stack.entra.graph("POST", `/applications/${stack.application.id}/removePassword`, { body: { keyId } });
    await stack.up(at("2027-09-10"), yearly);
    expect(await stack.enabledVersions()).toEqual([false, true]);
    expect(await stack.preview(at("2027-09-11"), yearly)).toBe(false);
  });

  it("whose name is of before names told the place is renewed, retired and deleted all the same", async () => {
    const stack = await passwordStack(sandbox);
    await stack.up(at("2027-09-01"), yearly);
    const { applications } = sandbox.context.directory;
    const [credential] = applications.get(stack.application.id)!.passwordCredentials;
    credential!.displayName = credential!.displayName!.replace(/-[0-9a-f]{8}\)$/, ")");
    await stack.up(at("2027-09-02"), yearly);
    await stack.up(at("2027-09-10"), yearly);
    expect(await stack.passwords()).toEqual(["dataverse-s2s 2027-09-02 (1a2b3c4d)"]);
    const [present] = applications.get(stack.application.id)!.passwordCredentials;
    present!.displayName = "dataverse-s2s 2027-09-02 (1a2b3c4d)";
    await stack.destroy();
    expect(await stack.passwords()).toEqual([]);
  });

  it("beside a credential without dates is none the worse", async () => {
    const stack = await passwordStack(sandbox);
    await stack.entra.graph("POST", `/applications/${stack.application.id}/addPassword`, { body: {} });
    const applications = sandbox.context.store.collection<{ appId: string; passwordCredentials: object[] }>(
      "applications",
    );
    const row = [...applications.values()].find(({ appId }) => appId === stack.application.appId)!;
    Object.assign(row.passwordCredentials[0]!, { startDateTime: null, endDateTime: null });
    await stack.up(at("2027-09-01"), yearly);
    expect(await stack.signsIn(await stack.secret())).toBe(true);
  });

  it("moves to another secret of the vault: the one made there stays when the old one goes", async () => {
    const stack = await passwordStack(sandbox);
    await stack.up(at("2027-03-01"), yearly);
    await stack.replace(at("2027-03-01"), yearly, { secretName: "renamed" });
    const { data } = await stack.vault("GET", "/secrets/renamed");
    expect(await stack.signsIn(data.value)).toBe(true);
    expect(await stack.passwords()).toHaveLength(1);
    expect((await stack.vault("GET", "/secrets/client-secret")).status).toBe(404);
  });

  it("made by a version without schedule is no change, and takes part in the next rotation", async () => {
    const stack = await passwordStack(sandbox);
    const {
      applicationId: _id,
      overlapDays: _days,
      asOf: _asOf,
      retireOn: _retire,
      ...old
    } = await stack.up(at("2027-09-01"), yearly);
    stack.become(old);
    expect(await stack.preview(at("2027-09-01"), yearly)).toBe(false);
    await stack.refresh(at("2027-09-01"));
    expect(await stack.preview(at("2027-09-01"), yearly)).toBe(false);
    await stack.up(at("2027-09-02"), yearly);
    expect(await stack.passwords()).toHaveLength(2);
    await stack.up(at("2027-09-10"), yearly);
    expect(await stack.passwords()).toHaveLength(1);
  });
});

describe("a vault with network rules", () => {
  const open = { tenantId: "", sku: { family: "A", name: "standard" }, enableRbacAuthorization: true };

  it.each([
    [{ publicNetworkAccess: "Disabled" }, "Run it where the vault's private endpoint can be reached"],
    [{ networkAcls: { defaultAction: "Deny" } }, "keyVault.network.allowedIpRanges"],
  ])("that shut out who runs the stack says so, and what to do: %j", async (rules, nextStep) => {
    const stack = await passwordStack(sandbox);
    await stack.up(at("2027-09-01"), yearly);
    const { tenantId } = sandbox.administrator;
    const put = (more: object) =>
      stack.arm.arm("PUT", stack.vaultPath, {
        body: { location: "westeurope", properties: { ...open, tenantId, ...more } },
      });
    expect((await put(rules)).status).toBe(200);
    await expect(stack.up(at("2027-09-02"), yearly)).rejects.toThrow(nextStep);
    const range = { defaultAction: "Deny", ipRules: [{ value: "127.0.0.0/8" }] };
    expect((await put({ networkAcls: range })).status).toBe(200);
    await stack.up(at("2027-09-02"), yearly);
    expect(await stack.signsIn(await stack.secret())).toBe(true);
  });
});

describe("the warning before a secret expires", () => {
  const expires = "2027-10-02T00:00:00Z";

  it.each([
    ["2027-09-17", undefined],
    ["2027-09-18", "expires in 14 days"],
    ["2027-10-01", "expires in 1 day"],
    ["2027-10-02", "has expired"],
  ])("in a preview and in a refresh on %s: %s", async (day, expected) => {
    const stack = await passwordStack(sandbox);
    await stack.up(at("2027-09-01"), yearly);
    const told = expected
      ? [
          `The client secret of application object ${stack.application.id} (kept in ${stack.vaultUri}) ${expected}, on ${expires}, and was not renewed. \`pulumi up\` of this stack makes a new one.`,
        ]
      : [];
    await stack.preview(at(day), yearly);
    expect(stack.warnings.splice(0)).toEqual(told);
    await stack.refresh(at(day));
    expect(stack.warnings).toEqual(told);
  });
});
