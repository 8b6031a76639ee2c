import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { administratorOf } from "../../sandbox/seed.ts";
import { type Engine, type Stack, sandboxConfig, startEngine } from "../support/engine.ts";
import { farSide, type Row } from "../support/far-side.ts";

/**
 * Whole stacks while the directory, and Key Vault's role assignments, are seconds behind: what was written is missing or old for
 * all that ask, or (`flapping`) for every second one. The clock is the machine's, so the program waits it out. What the lifecycles
 * do in each case is tested in test/sandbox/lagging-directory.test.ts.
 */
const lag = { directorySeconds: 6, roleAssignmentSeconds: 6 };

let engine: Engine;
let far: ReturnType<typeof farSide>;
let publisher: Stack;
let outputs: { clientId: string; objectId: string; secretUri: string };

beforeAll(async () => {
  engine = await startEngine();
  far = farSide(engine, () => outputs.clientId);
  publisher = await engine.stack("publisher");
  configurePublisher();
});

afterAll(async () => {
  await engine?.close();
});

/** An application with a secret and a certificate in its vault, in the publisher's own environment. */
function configurePublisher(secret: object = {}): void {
  const config = sandboxConfig(engine.endpoints);
  const application = { ...(config.application as object), secret, certificate: { keyVault: {} } };
  publisher.configure({ ...config, application });
}

const setLag = (changes: object) => engine.http.put(`${engine.endpoints.control}/lag`, changes);

/** What there is, seen without the lag. What was written before it is seen by all from then on. */
async function inTruth<T>(look: () => Promise<T>): Promise<T> {
  await setLag({ directorySeconds: 0 });
  const seen = await look();
  await setLag(lag);
  return seen;
}

async function up(stack: Stack): Promise<void> {
  await stack.ok("up", "--yes", "--skip-preview");
  if (stack === publisher) outputs = (await stack.outputs()) as unknown as typeof outputs;
}

const destroy = (stack: Stack) => stack.ok("destroy", "--yes", "--skip-preview", "--run-program");

/** Right after an update, neither a preview nor a refresh takes what is not shown yet for missing. */
async function settled(stack: Stack): Promise<void> {
  await stack.ok("refresh", "--yes", "--skip-preview", "--expect-no-changes", "--run-program");
  await stack.ok("preview", "--expect-no-changes");
}

const applications = async () =>
  (await far.graph("get", "/applications?$filter=displayName eq 'Contoso Orders (test)'")).value as Row[];

const vaultSecret = async (): Promise<string> => {
  const as = administratorOf("publisher");
  return (await far.send("https://vault.azure.net", as, "get", `${outputs.secretUri}?api-version=7.4`)).value as string;
};

async function signsIn(clientSecret: string): Promise<boolean> {
  const as = { ...administratorOf("publisher"), clientId: outputs.clientId, clientSecret };
  return (await engine.token("https://graph.microsoft.com", as)) !== undefined;
}

/** The application's service principals in a tenant, and what was granted to them. */
async function consentIn(tenant: string) {
  const rows = async (path: string) => (await far.graph("get", path, undefined, tenant)).value as Row[];
  const principals = await rows(`/servicePrincipals?$filter=appId eq '${outputs.clientId}'`);
  const grants = (await rows("/oauth2PermissionGrants")).filter(({ clientId }) => clientId === principals[0]?.id);
  return { ids: principals.map(({ id }) => id as string), scopes: grants.map(({ scope }) => scope) };
}

async function subscriberStack(name: string, consent: string): Promise<Stack> {
  const stack = await engine.stack(name);
  const { endpoints } = sandboxConfig(engine.endpoints);
  const subscribers = { [name]: { environmentUrl: engine.endpoints.organizations[name], consent } };
  stack.configure({ publisherStack: "organization/dataverse-s2s/publisher", endpoints, subscribers });
  return stack;
}

describe("a publisher whose directory is behind", () => {
  beforeAll(() => setLag({ ...lag, flapping: false }));

  it("comes up with one application, one secret and one certificate, and both sign in", async () => {
    await up(publisher);
    const [application, ...others] = await inTruth(applications);
    expect(others).toEqual([]);
    expect(application).toMatchObject({ passwordCredentials: [{}], keyCredentials: [{}] });
    expect(await signsIn(await vaultSecret())).toBe(true);
    expect(await far.environmentOf("contoso-dev").users()).toHaveLength(1);
  });

  it("has no drift right after", () => settled(publisher));

  it("rotates by one secret more and one less", async () => {
    const before = await vaultSecret();
    configurePublisher({ rotateNow: "leak-1" });
    await up(publisher);
    const after = await vaultSecret();
    expect(await inTruth(applications)).toMatchObject([
      { passwordCredentials: [{ displayName: expect.stringContaining(" leak-1 ") }], keyCredentials: [{}] },
    ]);
    expect([await signsIn(before), await signsIn(after)]).toEqual([false, true]);
    await settled(publisher);
  });
});

describe("a subscriber whose directory is behind by some of its replicas", () => {
  beforeAll(() => setLag({ ...lag, flapping: true }));

  it("is consented for once, and anew right after it was left", async () => {
    const fabrikam = await subscriberStack("fabrikam", "grant");
    await up(fabrikam);
    const first = await inTruth(() => consentIn("fabrikam"));
    expect(first).toMatchObject({ ids: [expect.any(String)], scopes: ["user_impersonation"] });

    await destroy(fabrikam);
    await up(fabrikam);
    const second = await inTruth(() => consentIn("fabrikam"));
    expect(second).toMatchObject({ ids: [expect.any(String)], scopes: ["user_impersonation"] });
    expect(second.ids).not.toEqual(first.ids);
    const users = await far.environmentOf("fabrikam").users();
    expect(users).toMatchObject([{ azureactivedirectoryobjectid: second.ids[0] }]);
    await settled(fabrikam);

    await destroy(fabrikam);
    expect(await inTruth(() => consentIn("fabrikam"))).toEqual({ ids: [], scopes: [] });
    expect(await far.environmentOf("fabrikam").users()).toEqual([]);
  });

  it("is waited for until its administrator's consent has come through", async () => {
    const northwind = await subscriberStack("northwind", "wait");
    let asked = (): void => {};
    const address = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const running = northwind
      .heardBy((text) => text.includes("has to consent") && asked())
      .ok("up", "--yes", "--skip-preview");
    await Promise.race([address, running]);
    await far.graph("post", "/servicePrincipals", { appId: outputs.clientId }, "northwind");
    await running;
    await settled(northwind);
    const { ids } = await inTruth(() => consentIn("northwind"));
    const users = await far.environmentOf("northwind").users();
    expect(users.map((user) => user.azureactivedirectoryobjectid)).toEqual(ids);
    await destroy(northwind);
  });
});

describe("a publisher that leaves a directory which is behind by some of its replicas", () => {
  it("leaves no trace", async () => {
    await destroy(publisher);
    expect(await inTruth(applications)).toEqual([]);
    expect(await consentIn("publisher")).toEqual({ ids: [], scopes: [] });
    expect(await far.environmentOf("contoso-dev").users()).toEqual([]);
  });
});
