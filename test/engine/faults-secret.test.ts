import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { administratorOf } from "../../sandbox/seed.ts";
import { type Engine, type Stack, sandboxConfig, startEngine } from "../support/engine.ts";
import {
  faultKinds,
  forgetPendingCreates,
  killKinds,
  patience,
  runKilled,
  runWithFaults,
  spread,
} from "../support/engine-faults.ts";
import { farSide } from "../support/far-side.ts";
import { tries } from "../support/reliability.ts";

/**
 * The sample of faults.test.ts for the publisher's client secret: a rotation adds it in Entra, writes it into the vault, proves it,
 * and takes the one before away. The requests are told from those of the plugins by their paths.
 */
const path = "/secrets/|[pP]assword";

let engine: Engine;
let stack: Stack;
let send: ReturnType<typeof farSide>["send"];
let graph: ReturnType<typeof farSide>["graph"];
let outputs: { clientId: string; objectId: string; secretUri: string };
/** Requests of a clean rotation. */
let count: number;

beforeAll(async () => {
  engine = await startEngine();
  ({ send, graph } = farSide(engine, () => outputs.clientId));
  stack = (await engine.stack("secret")).with(patience);
  await rotate("first");
  outputs = (await stack.outputs()) as typeof outputs;
  await engine.journal();
  await rotate("second");
  count = (await engine.journal()).filter((request) => new RegExp(path).test(request.path)).length;
});

afterAll(async () => {
  await engine?.close();
});

function declare(rotateNow: string): void {
  const config = sandboxConfig(engine.endpoints);
  const application = { ...(config.application as object), secret: { rotateNow } };
  stack.configure({ ...config, application, subscribers: {} });
}

async function rotate(label: string): Promise<void> {
  declare(label);
  await stack.ok("up", "--yes", "--skip-preview");
}

/** The application has one secret, made for the label, and the vault's newest version holds it: it signs in. */
async function expectOneSecret(label: string): Promise<void> {
  const { passwordCredentials } = await graph("get", `/applications/${outputs.objectId}`);
  expect(passwordCredentials).toEqual([expect.objectContaining({ displayName: expect.stringContaining(label) })]);
  const publisher = administratorOf("publisher");
  const address = `${outputs.secretUri}?api-version=7.4`;
  const { value, tags } = await send("https://vault.azure.net", publisher, "get", address);
  expect(tags).toMatchObject({ rotateNow: label });
  const application = { ...publisher, clientId: outputs.clientId, clientSecret: value as string };
  expect(await engine.token("https://graph.microsoft.com", application)).toBeTypeOf("string");
  const { value: versions } = await send(
    "https://vault.azure.net",
    publisher,
    "get",
    `${outputs.secretUri}/versions?api-version=7.4`,
  );
  const enabled = (versions as { attributes: { enabled: boolean } }[]).filter(({ attributes }) => attributes.enabled);
  expect(enabled).toHaveLength(1);
}

const up = ["up", "--yes", "--skip-preview"];
const destroy = ["destroy", "--yes", "--skip-preview", "--run-program"];

/** The same again, without a fault, ends as if there had been none. */
async function expectGoneOn(label: string): Promise<void> {
  await rotate(label);
  await expectOneSecret(label);
  await stack.ok("preview", "--expect-no-changes");
}

describe("a rotation of the client secret", () => {
  const samples = faultKinds.length + killKinds.length;

  it.for(faultKinds)("survives: %s", async (kind, { task }) => {
    tries(task, "fault", `${kind}, in the engine`);
    const sample = faultKinds.indexOf(kind);
    declare(`fault-${sample}`);
    await runWithFaults(engine, stack, [{ kind, path, nth: spread(sample, samples, count) }], up);
    await expectGoneOn(`fault-${sample}`);
  });

  it.for(killKinds)("survives that the engine is %s", async (kind, { task }) => {
    tries(task, "kill", `${kind}, in the engine`);
    const sample = faultKinds.length + killKinds.indexOf(kind);
    declare(`kill-${sample}`);
    await runKilled(engine, stack, { kind, path, nth: spread(sample, samples, count) }, up);
    await expectGoneOn(`kill-${sample}`);
  });
});

describe("the end of the last secret, and a first one", () => {
  it("survive that the engine is killed after the effect, and leave no trace", async ({ task }) => {
    const kind = "killed after the effect";
    tries(task, "kill", `${kind}, in the engine`, 2);
    await runKilled(engine, stack, { kind, path, nth: 2 }, destroy);
    await stack.ok("destroy", ...destroy.slice(1));
    declare("anew");
    await runKilled(engine, stack, { kind, path: "/addPassword$", nth: 1 }, up);
    await rotate("anew");
    outputs = (await stack.outputs()) as typeof outputs;
    await expectOneSecret("anew");
    await forgetPendingCreates(stack);
    await stack.ok("preview", "--expect-no-changes");
    await stack.ok("destroy", ...destroy.slice(1));
    expect((await graph("get", `/applications?$filter=appId eq '${outputs.clientId}'`)).value).toEqual([]);
  });
});
