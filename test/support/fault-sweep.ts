import type { ResourceType } from "dataverse-s2s/thin-provider";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { faultSchema } from "../../sandbox/faults.ts";
import { type Kind, kinds } from "./fault-kinds.ts";
import { openWorld, type Row, type World } from "./fault-world.ts";
import { OneResourceStack } from "./one-resource-stack.ts";
import { Pool } from "./pool.ts";
import { type ProviderProcess, startProviderProcess } from "./provider-process.ts";
import { tries } from "./reliability.ts";

/** One dynamic resource with a far side on which it is made, changed and deleted. */
export interface Scenario {
  readonly name: string;
  readonly type: ResourceType;
  /** Which operations differ from those of the type's other scenarios. Default: all. */
  readonly operations?: readonly Operation[];
  /** Brings the far side to what it is before the resource. */
  prepare?(world: World): Promise<unknown>;
  /** What a program declared before `declared`, where that is to be an update itself. */
  earlier?(world: World): Row;
  /** What a program declares, and later declares in its place. */
  declared(world: World): Row | Promise<Row>;
  changed(world: World): Row | Promise<Row>;
  /** What somebody does by hand between the two. */
  meanwhile?(world: World): Promise<unknown>;
  /** What an administrator finds of it: exactly one of each object, as declared. */
  look(world: World): Promise<unknown>;
  /** What is to be found before, once it is made, and once it is changed. */
  readonly expected: {
    readonly before: unknown;
    readonly made: unknown;
    readonly changed: unknown;
    /** Once it is deleted. Default: as before; with `remains` as it was. */
    readonly deleted?: unknown;
    readonly remains?: true;
  };
  /** Throws unless what nobody must miss is there: from when the resource is made until it is deleted, after each fault too. */
  always?(world: World): Promise<void>;
  /** What is to be found after the deletion in a case that cannot end well on principle: docs/decisions/002. */
  exception?(operation: Operation, kind: Kind, request: string): unknown;
}

/** The last: an update in whose midst the process is killed, and then no other but the deletion. */
const operations = ["create", "update", "delete", "given-up update"] as const;
type Operation = (typeof operations)[number];

/** Longer than any test: what was killed never comes to itself. */
const neverSeconds = 600;

/** How long a process waits for the request that hangs, in seconds: where a busy machine answers another one later, the case is run again. */
const patience = [0.5, 2, 8];

/** Cases at a time, each in a sandbox of its own: most of a case is waiting. */
const lanes = 8;

const processOf = (world: World, timeoutSeconds = neverSeconds) => startProviderProcess(world.config, timeoutSeconds);

/** A far side and a stack, as they are when an operation begins. */
interface Start {
  restore(): void;
  readonly stack: OneResourceStack;
}

/** A sandbox for one case after the other. What the cases of an operation begin with is made once, and then put back. */
class Lane {
  readonly world: World;
  private readonly empty: () => void;
  private readonly starts = new Map<string, Start>();

  constructor(world: World) {
    this.world = world;
    this.empty = world.save();
  }

  /** Brings the sandbox to where the operation begins, and gives what the stack has recorded then. */
  async begin(scenario: Scenario, operation: Operation): Promise<OneResourceStack> {
    const key = `${scenario.name}, ${operation}`;
    const start = this.starts.get(key) ?? (await this.make(scenario, operation));
    this.starts.set(key, start);
    start.restore();
    return start.stack.copy();
  }

  private async make(scenario: Scenario, operation: Operation): Promise<Start> {
    const { world } = this;
    this.empty();
    await scenario.prepare?.(world);
    expect(await scenario.look(world), "what is there before").toEqual(scenario.expected.before);
    const stack = new OneResourceStack(scenario.type);
    if (operation !== "create") {
      if (scenario.earlier) await stack.up(await processOf(world), scenario.earlier(world));
      await stack.up(await processOf(world), await scenario.declared(world));
      if (operation !== "delete") await scenario.meanwhile?.(world);
    }
    return { restore: world.save(), stack };
  }
}

/** What the program declares from the operation on; undefined where that is nothing any more. */
async function declaredBy(operation: Operation, scenario: Scenario, world: World): Promise<Row | undefined> {
  if (operation === "delete") return undefined;
  return operation === "create" ? scenario.declared(world) : scenario.changed(world);
}

const operate = (run: ProviderProcess, stack: OneResourceStack, declared: Row | undefined) =>
  declared ? stack.up(run, declared) : stack.destroy(run);

/** The requests of a clean operation, in order. */
async function requestsOf(lane: Lane, scenario: Scenario, operation: Operation): Promise<string[]> {
  const { world } = lane;
  const stack = await lane.begin(scenario, operation);
  const declared = await declaredBy(operation, scenario, world);
  const { journal } = world.sandbox.context;
  const start = journal.length;
  await operate(await processOf(world), stack, declared);
  return journal.slice(start).map(({ service, method, path }) => `${method} ${service}${path}`);
}

/** One fault at one request of a run, as far as that goes then. False where the run did not come to that request. */
async function fail(
  world: World,
  stack: OneResourceStack,
  declared: Row | undefined,
  kind: Kind,
  nth: number,
  timeoutSeconds: number,
): Promise<boolean> {
  const { faults, journal } = world.sandbox.context;
  const start = journal.length;
  const killed = "killed" in kinds[kind];
  const run = await processOf(world, "timesOut" in kinds[kind] ? timeoutSeconds : neverSeconds);
  const fault = faults.add(faultSchema.parse({ ...kinds[kind].rule, nth }));
  const ended = operate(run, stack, declared).then(
    () => "ended",
    () => "ended",
  );
  const met = () => journal.slice(start).some((entry) => entry.fault !== undefined);
  const death = killed && vi.waitUntil(met, { interval: 5, timeout: 20_000 }).then(() => "killed");
  const outcome = await (death ? Promise.race([ended, death]) : ended);
  faults.rules = faults.rules.filter((other) => other !== fault);
  if (killed) expect(outcome).toBe("killed");
  return fault.fired === 1;
}

/** Brings the operation to its beginning, and fails it at one request. Gives what the stack has recorded then. */
async function begun(lane: Lane, scenario: Scenario, operation: Operation, kind: Kind, nth: number) {
  for (const timeoutSeconds of patience) {
    const stack = await lane.begin(scenario, operation);
    const declared = await declaredBy(operation, scenario, lane.world);
    if (await fail(lane.world, stack, declared, kind, nth, timeoutSeconds)) return { stack, declared };
  }
  throw new Error("the fault did not meet it");
}

/** One fault at one request, the same again without it, and what is there then. */
async function survive(lane: Lane, scenario: Scenario, operation: Operation, kind: Kind, request: string, nth: number) {
  const { world } = lane;
  const { made, changed, before, remains, deleted = before } = scenario.expected;
  const { stack, declared } = await begun(lane, scenario, operation, kind, nth);
  if (operation.endsWith("update")) await scenario.always?.(world);

  const again = await processOf(world);
  const present = operation === "update" ? changed : made;
  if (declared && operation !== "given-up update") {
    await stack.up(again, declared);
    expect(await scenario.look(world), "what is there").toEqual(present);
    await scenario.always?.(world);
    await stack.expectNoDrift(again, declared);
  }
  await stack.destroy(again);
  const left = scenario.exception?.(operation, kind, request) ?? (remains ? present : deleted);
  expect(await scenario.look(world), "what is left").toEqual(left);
}

/** Registers the tests of a scenario: each fault at each request of each operation. */
export function sweep(scenarios: Scenario[]): void {
  const worlds: World[] = [];
  let pool: Pool<Lane>;
  beforeAll(async () => {
    worlds.push(...(await Promise.all(Array.from({ length: lanes }, openWorld))));
    pool = new Pool(worlds.map((world) => new Lane(world)));
  });
  afterAll(() => Promise.all(worlds.map((world) => world.close())));

  describe.each(scenarios)("$name", (scenario) => {
    const { remains } = scenario.expected;
    // What remains may be left half changed.
    const all = operations.filter((name) => !(remains && name === "given-up update"));
    describe.each(scenario.operations ?? all)("%s", (operation) => {
      let requests: string[] = [];
      beforeAll(async () => {
        requests = await pool.use((lane) => requestsOf(lane, scenario, operation));
      });

      const tried = (Object.keys(kinds) as Kind[]).filter(
        (kind) => operation !== "given-up update" || "killed" in kinds[kind],
      );
      test.concurrent.for(tried)("%s, at each request", async (kind, { task }) => {
        tries(task, "killed" in kinds[kind] ? "kill" : "fault", kind, requests.length);
        expect(requests.length).toBeGreaterThan(0);
        const problems = requests.map((request, index) =>
          pool
            .use((lane) => survive(lane, scenario, operation, kind, request, index + 1))
            .catch((error: Error) => `request ${index + 1} of ${requests.length}, ${request}: ${error.message}`),
        );
        expect((await Promise.all(problems)).filter((problem) => problem !== undefined)).toEqual([]);
      });
    });
  });
}
