import { afterAll, beforeAll, expect, it } from "vitest";
import { type Engine, type Stack, sandboxConfig, startEngine } from "../support/engine.ts";
import { farSide } from "../support/far-side.ts";
import { tries } from "../support/reliability.ts";

const declared = "Contoso Orders Integration";
const excess = ["System Administrator", "System Customizer"];

let engine: Engine;
let stack: Stack;
let environment: ReturnType<ReturnType<typeof farSide>["environmentOf"]>;
let userId: string;

function configure(contoso: object): void {
  const environmentUrl = engine.endpoints.organizations["contoso-dev"];
  stack.configure({ ...sandboxConfig(engine.endpoints), subscribers: { contoso: { environmentUrl, ...contoso } } });
}

const up = () => stack.ok("up", "--yes", "--skip-preview");
const refresh = () => stack.ok("refresh", "--yes", "--skip-preview", "--run-program");
const settled = () => stack.ok("preview", "--refresh", "--expect-no-changes");

/** What an administrator does by hand. */
async function giveMore(): Promise<void> {
  const unit = await environment.rootUnit();
  for (const name of excess) await environment.assign(userId, await environment.roleNamed(name, unit));
}

beforeAll(async () => {
  engine = await startEngine();
  let clientId = "";
  environment = farSide(engine, () => clientId).environmentOf("contoso-dev");
  stack = await engine.stack("exclusive");
  configure({});
  await up();
  const outputs = (await stack.outputs()) as { clientId: string; environments: { contoso: { userId: string } } };
  ({ clientId } = outputs);
  ({ userId } = outputs.environments.contoso);
  await giveMore();
});

afterAll(async () => {
  await engine?.close();
});

it("reports roles on top of the declared one at each look, and leaves them, unless told otherwise", async ({
  task,
}) => {
  tries(task, "drift", "role on top: told", excess.length);
  const warning = `contoso: the application user holds more than what is declared: ${excess.join(", ")}`;
  expect(await refresh()).toContain(warning);
  expect(await up()).toContain(warning);
  expect(await refresh()).toContain(warning);
  expect(await environment.rolesOf(userId)).toEqual([declared, ...excess]);
});

it("takes them away with exclusive: true, the declared one being there first, and then changes nothing more", async ({
  task,
}) => {
  tries(task, "drift", "role on top: taken away", excess.length);
  await environment.unassign(userId, await environment.roleNamed(declared, await environment.rootUnit()));
  configure({ exclusive: true });
  await engine.journal();
  const out = await stack.ok("up", "--yes", "--skip-preview", "--refresh");
  expect(out).toContain(`contoso: taking role 'System Administrator' from the application user`);
  expect(await environment.rolesOf(userId)).toEqual([declared]);
  const changes = (await engine.journal()).filter(
    ({ method, path }) => method !== "GET" && path.includes("systemuserroles_association"),
  );
  expect(changes.map(({ method, status }) => [method, status])).toEqual([
    ["POST", 204],
    ["DELETE", 204],
    ["DELETE", 204],
  ]);
  await settled();
});

it("shows roles that are given later in a refresh, and takes them away with the next up", async ({ task }) => {
  tries(task, "drift", "role on top: taken away", excess.length);
  await giveMore();
  const refreshed = await stack.ok("refresh", "--yes", "--skip-preview", "--run-program", "--diff");
  expect(refreshed).toMatch(/~ exclusive *: true => false/);
  expect(refreshed).toContain("excessRoles");
  await up();
  expect(await environment.rolesOf(userId)).toEqual([declared]);
  await settled();
});

it("leaves other roles alone again without it", async () => {
  configure({});
  await up();
  await giveMore();
  await stack.ok("up", "--yes", "--skip-preview", "--refresh");
  expect(await environment.rolesOf(userId)).toEqual([declared, ...excess]);
  await stack.ok("destroy", "--yes", "--skip-preview", "--run-program");
});
