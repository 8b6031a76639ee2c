import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Engine, type Stack, sandboxConfig, startEngine } from "../support/engine.ts";
import { farSide, type Row } from "../support/far-side.ts";
import { tries } from "../support/reliability.ts";

/**
 * The resources of the azuread and azure-native plugins, which do not take what is there for what is declared: the next `up` meets
 * what a killed one made and has not in its state. It ends in an error that names it, and never in a second one.
 */
let engine: Engine;
let stack: Stack;
let graph: ReturnType<typeof farSide>["graph"];

beforeAll(async () => {
  engine = await startEngine();
  ({ graph } = farSide(engine, () => ""));
  stack = await engine.stack("killed");
  configure();
});

afterAll(async () => {
  await engine?.close();
});

function configure(application: object = {}): void {
  const config = sandboxConfig(engine.endpoints);
  const declared = { ...(config.application as object), ...application };
  stack.configure({ ...config, application: declared, subscribers: {} });
}

/** One resource at a time, so that the one whose request hangs is the only one that nobody knows of. */
const up = () => stack.start("up", "--yes", "--skip-preview", "--parallel", "1");

interface Request {
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly nth?: number;
}

/** Kills an `up` at a request that has taken effect: the one resource that may or may not be there, by its URN. */
async function killAt(request: Request): Promise<string> {
  await engine.fault({ ...request, hang: "after" });
  const command = up();
  await engine.until("the hanging request", async () => (await engine.faults()).some(({ fired }) => fired > 0));
  await command.kill();
  await engine.clearFaults();
  await stack.unlock();
  const [urn, ...others] = await pending();
  expect(others).toEqual([]);
  return urn!;
}

async function pending(): Promise<string[]> {
  const { deployment } = JSON.parse(await stack.state()) as {
    deployment: { pending_operations?: { resource: { urn: string } }[] };
  };
  return (deployment.pending_operations ?? []).map(({ resource }) => resource.urn);
}

/** What the next `up` says the one resource is that is there already: its id. */
async function refused(urn: string, error: RegExp): Promise<string> {
  const { code, out } = await up().ended;
  expect(code, out).not.toBe(0);
  expect(out).toContain(`* ${urn}, interrupted while creating`);
  const [, id] = error.exec(out) ?? [];
  expect(id, out).toBeDefined();
  return id!;
}

/** What docs/reliability.md has the user type. `parent` is the component's name. */
async function takeBack(urn: string, id: string, parent: string): Promise<void> {
  const [, place, parentType, type, name] = /^(urn:pulumi:.+?::.+?)::(.+)\$(.+)::(.+)$/.exec(urn)!;
  const under = ["--parent", `parent=${place}::${parentType}::${parent}`];
  const quietly = ["--protect=false", "--generate-code=false", "--yes", "--skip-preview"];
  await stack.ok("import", type!, name!, id, ...under, ...quietly);
  await forgetPending();
}

async function forgetPending(): Promise<void> {
  await stack.ok("refresh", "--yes", "--skip-preview", "--run-program", "--clear-pending-creates");
  expect(await pending()).toEqual([]);
}

const arm = async (path: string) => {
  const token = await engine.token("https://management.azure.com");
  const url = `${engine.endpoints.arm}/subscriptions/${engine.env.ARM_SUBSCRIPTION_ID}${path}`;
  const { data } = await engine.http.get(url, { headers: { Authorization: `Bearer ${token}` } });
  return data.value as Row[];
};

/** All there is of what the stack makes through plugins. */
async function counts() {
  const applications = (await graph("get", "/applications?$filter=startswith(displayName,'Contoso Orders')"))
    .value as Row[];
  const principals = (await graph("get", "/servicePrincipals?$filter=startswith(displayName,'Contoso Orders')"))
    .value as Row[];
  return {
    applications: applications.map(({ identifierUris }) => identifierUris),
    principals: principals.length,
    groups: (await arm("/resourcegroups?api-version=2022-09-01")).length,
    vaults: (await arm("/providers/Microsoft.KeyVault/vaults?api-version=2023-07-01")).length,
  };
}

async function expectOneOfEach(uri: RegExp): Promise<void> {
  await stack.ok("preview", "--expect-no-changes");
  const one = { applications: [[expect.stringMatching(uri)]], principals: 1, groups: 1, vaults: 1 };
  expect(await counts()).toEqual(one);
}

async function expectNoTraceAfterDestroy(): Promise<void> {
  await stack.ok("destroy", "--yes", "--skip-preview", "--run-program");
  expect(await counts()).toEqual({ applications: [], principals: 0, groups: 0, vaults: 0 });
}

const azureExists = /cannot create already existing resource '([^']+)'/;

describe("an up killed just after a plugin has created", () => {
  it("the application, its service principal, and its URI is gone on with, with one of each", async ({ task }) => {
    tries(task, "kill", "resource of a plugin, not in the state", 3);
    const application = await killAt({ service: "graph", method: "POST", path: "/applications$" });
    const nameExists = /existing "azuread_application" with name "Contoso Orders \(test\)" \(ID: "([^"]+)"\)/;
    await takeBack(application, await refused(application, nameExists), "application");

    await killAt({ service: "graph", method: "POST", path: "/servicePrincipals$" });
    await stack.ok("up", "--yes", "--skip-preview");
    await forgetPending();
    await expectOneOfEach(/^api:/);

    configure({ identifierUri: "https://contoso.example/orders" });
    const uri = await killAt({ service: "graph", method: "PATCH", path: "/applications/[^/]+$", nth: 2 });
    const uriExists = /A resource with the ID "([^"]+)" already exists/;
    const [path] = (await refused(uri, uriExists)).split("/identifierUris/");
    // The state still has the one before, which is to be replaced, so that nothing can be imported in its place.
    await graph("patch", path!, { identifierUris: [] });
    await stack.ok("up", "--yes", "--skip-preview");
    await forgetPending();
    await expectOneOfEach(/^https:/);
    await expectNoTraceAfterDestroy();
  });

  it("the resource group, the vault of a declared name, and a right on it is gone on with, with one of each", async ({
    task,
  }) => {
    tries(task, "kill", "resource of a plugin, not in the state", 3);
    const { keyVault } = sandboxConfig(engine.endpoints).application as { keyVault: object };
    configure({ keyVault: { ...keyVault, name: "kv-orders-killed" } });
    for (const path of ["/resourceGroups/[^/?]+\\?", "/vaults/[^/?]+\\?", "/roleAssignments/"]) {
      const urn = await killAt({ service: "arm", method: "PUT", path });
      await takeBack(urn, await refused(urn, azureExists), "vault");
    }
    await stack.ok("up", "--yes", "--skip-preview");
    await expectOneOfEach(/^api:/);
    await expectNoTraceAfterDestroy();
  });
});
