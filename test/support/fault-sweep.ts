import type { ResourceType } from "dataverse-s2s/thin-provider";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { faultSchema } from "../../sandbox/faults.ts";
import { openWorld, type Row, type World } from "./fault-world.ts";
import { Pool } from "./pool.ts";
import { type ProviderProcess, type State, startProviderProcess } from "./provider-process.ts";
import { tries } from "./reliability.ts";

/** One dynamic resource with a far side on which it is made, changed and deleted. */
export interface Scenario {
  readonly name: string;
  readonly type: ResourceType;
  /** Brings the far side to what it is before the resource, whatever an earlier case left. */
  prepare(world: World): Promise<void>;
  /** What a program declares, and later declares in its place. */
  declared(world: World): Row;
  changed(world: World): Row;
  /** What somebody does by hand between the two. */
  meanwhile?(world: World): Promise<void>;
  /** What an administrator finds of it: exactly one of each object, as declared. */
  look(world: World): Promise<unknown>;
  /** What is to be found before, once it is made, once it is changed, and once it is deleted (default: as before). */
  readonly expected: { before: unknown; made: unknown; changed: unknown; deleted?: unknown };
  /** What is to be found after the deletion in a case that cannot end well on principle: docs/decisions/002. */
  exception?(operation: Operation, kind: Kind, request: string): unknown;
}

const operations = ["create", "update", "delete"] as const;
type Operation = (typeof operations)[number];

/** Each kind of fault: what the sandbox does to the one request, and whether the process dies of it. */
const kinds = {
  "503": { rule: { status: 503, retryAfter: 0 } },
  "429 with Retry-After": { rule: { status: 429, retryAfter: 1 } },
  "502 after the effect": { rule: { status: 502, statusWhen: "after", retryAfter: 0 } },
  "answer lost after the effect": { rule: { drop: "after" } },
  "connection reset": { rule: { reset: true } },
  "hang before the effect": { rule: { hang: "before" }, timeoutSeconds: 0.5 },
  "hang after the effect": { rule: { hang: "after" }, timeoutSeconds: 0.5 },
  "killed before the effect": { rule: { hang: "before" }, killed: true },
  "killed after the effect": { rule: { hang: "after" }, killed: true },
} as const;
type Kind = keyof typeof kinds;

/** Longer than any test: what was killed never comes to itself. */
const neverSeconds = 600;

/** Cases at a time, each in a sandbox of its own: most of a case is waiting. */
const lanes = 8;

const processOf = (world: World, timeoutSeconds = neverSeconds) => startProviderProcess(world.config, timeoutSeconds);

/** What `up` does with the resource, by what the state of the stack has of it. */
async function up(run: ProviderProcess, type: ResourceType, declared: Row, state?: State): Promise<State> {
  const provider = run(type);
  const { inputs, failures } = await provider.check(state?.outs ?? {}, declared);
  if (failures && failures.length > 0) throw new Error(JSON.stringify(failures));
  if (!state) {
    const { id, outs = {} } = await provider.create(inputs);
    return { id, outs };
  }
  const { changes } = await provider.diff(state.id, state.outs, inputs);
  if (!changes) return state;
  const { outs = {} } = await provider.update(state.id, state.outs, inputs);
  return { id: state.id, outs };
}

/** Up to the operation: the state that the stack has then. */
async function before(world: World, scenario: Scenario, operation: Operation): Promise<State | undefined> {
  await scenario.prepare(world);
  expect(await scenario.look(world), "what is there before").toEqual(scenario.expected.before);
  if (operation === "create") return undefined;
  const state = await up(await processOf(world), scenario.type, scenario.declared(world));
  if (operation === "update") await scenario.meanwhile?.(world);
  return state;
}

function operate(
  run: ProviderProcess,
  world: World,
  { type, ...scenario }: Scenario,
  operation: Operation,
  state: State | undefined,
): Promise<State | undefined> {
  if (operation === "create") return up(run, type, scenario.declared(world));
  if (operation === "update") return up(run, type, scenario.changed(world), state);
  return run(type)
    .delete(state!.id, state!.outs)
    .then(() => undefined);
}

/** The requests of a clean operation, in order. */
async function requestsOf(world: World, scenario: Scenario, operation: Operation): Promise<string[]> {
  const state = await before(world, scenario, operation);
  const { journal } = world.sandbox.context;
  const start = journal.length;
  const after = await operate(await processOf(world), world, scenario, operation, state);
  const requests = journal.slice(start).map(({ service, method, path }) => `${method} ${service}${path}`);
  if (after) await (await processOf(world))(scenario.type).delete(after.id, after.outs);
  return requests;
}

/** One fault at one request, the same again without it, and what is there then. */
async function survive(
  world: World,
  scenario: Scenario,
  operation: Operation,
  kind: Kind,
  request: string,
  nth: number,
) {
  const { faults, journal } = world.sandbox.context;
  const { rule, timeoutSeconds, killed } = { timeoutSeconds: undefined, killed: false, ...kinds[kind] };
  const state = await before(world, scenario, operation);
  const start = journal.length;
  const fault = faults.add(faultSchema.parse({ ...rule, nth }));
  const run = operate(await processOf(world, timeoutSeconds), world, scenario, operation, state);
  const ended = run.then(
    (known) => ({ known }),
    () => "failed" as const,
  );
  const met = () => journal.slice(start).some((entry) => entry.fault !== undefined);
  const death = killed && vi.waitUntil(met, { interval: 5, timeout: 20_000 }).then(() => "killed" as const);
  const outcome = await (death ? Promise.race([ended, death]) : ended);
  expect(fault.fired, "the fault fired").toBe(1);
  if (killed) expect(outcome).toBe("killed");

  // As the engine does after what it knows: an operation that did not end well is there to be done again.
  const recorded = typeof outcome === "object";
  let known = recorded ? outcome.known : state;
  if (operation !== "delete") {
    const declared = operation === "create" ? scenario.declared(world) : scenario.changed(world);
    known = await up(await processOf(world), scenario.type, declared, known);
    const { made, changed } = scenario.expected;
    expect(await scenario.look(world), "what is there").toEqual(operation === "create" ? made : changed);
    await expectNoDrift(await processOf(world), scenario, declared, known);
  }
  if (operation !== "delete" || !recorded) await (await processOf(world))(scenario.type).delete(known!.id, known!.outs);
  const left = scenario.exception?.(operation, kind, request) ?? scenario.expected.deleted ?? scenario.expected.before;
  expect(await scenario.look(world), "what is left").toEqual(left);
}

async function expectNoDrift(run: ProviderProcess, scenario: Scenario, declared: Row, { id, outs }: State) {
  const provider = run(scenario.type);
  const { id: found, props = {} } = await provider.read(id, outs);
  expect(found, "the id that a refresh finds").toBe(id);
  expect(props, "what a refresh finds").toEqual(outs);
  const { inputs } = await provider.check(outs, declared);
  expect((await provider.diff(id, props, inputs!)).changes, "changes").toBe(false);
}

/** Registers the tests of a scenario: each fault at each request of each operation. */
export function sweep(scenarios: Scenario[]): void {
  const all: World[] = [];
  let worlds: Pool<World>;
  beforeAll(async () => {
    all.push(...(await Promise.all(Array.from({ length: lanes }, openWorld))));
    worlds = new Pool(all);
  });
  afterAll(() => Promise.all(all.map((world) => world.close())));

  describe.each(scenarios)("$name", (scenario) => {
    describe.each(operations)("%s", (operation) => {
      let requests: string[] = [];
      beforeAll(async () => {
        requests = await worlds.use((world) => requestsOf(world, scenario, operation));
      });

      test.concurrent.for(Object.keys(kinds) as Kind[])("%s, at each request", async (kind, { task }) => {
        tries(task, "killed" in kinds[kind] ? "kill" : "fault", kind, requests.length);
        expect(requests.length).toBeGreaterThan(0);
        const problems = requests.map((request, index) =>
          worlds
            .use((world) => survive(world, scenario, operation, kind, request, index + 1))
            .catch((error: Error) => `request ${index + 1} of ${requests.length}, ${request}: ${error.message}`),
        );
        expect((await Promise.all(problems)).filter((problem) => problem !== undefined)).toEqual([]);
      });
    });
  });
}
