import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defaultSeed, type Seed } from "../../sandbox/seed.ts";
import type { JournalEntry } from "../../sandbox/server.ts";
import { type Engine, type Stack, sandboxConfig, startEngine } from "../support/engine.ts";
import { lateness, mostAtATime } from "../support/journal.ts";
import { tries } from "../support/reliability.ts";

/**
 * What the three environments of each customer are short of. Making a role takes six requests one after the other, so three in
 * five seconds are too few even on a slow machine; of the last environment's there is never more than one at a time.
 */
const shortages = {
  production: { requests: 3, windowSeconds: 5 },
  test: { executionMilliseconds: 150, requestMilliseconds: 50, windowSeconds: 5 },
  training: { concurrentRequests: 1, requestMilliseconds: 50 },
};
/** Twenty customers with three environments each. */
const tenants = Array.from({ length: 20 }, (_, tenant) => ({
  name: `customer-${tenant + 1}`,
  displayName: `Customer ${tenant + 1}`,
  domains: [`customer-${tenant + 1}.example`],
  organizations: Object.keys(shortages).map((name) => ({
    name: `customer-${tenant + 1}-${name}`,
    friendlyName: `Customer ${tenant + 1} (${name})`,
  })),
}));
const names = tenants.flatMap(({ organizations }) => organizations.map(({ name }) => name));
const seed: Seed = { tenants: [defaultSeed.tenants[0]!, ...tenants] };

type Shortage = keyof typeof shortages;
const shortOf = (kind: Shortage) => names.filter((name) => name.endsWith(kind));

let engine: Engine;
let stack: Stack;
/** What came to the environments in the first `up`, in the order of its beginning. */
let requests: JournalEntry[];
let ended: Awaited<ReturnType<Stack["run"]>>;

beforeAll(async () => {
  engine = await startEngine(seed);
  const publisher = await engine.stack("publisher");
  publisher.configure({ ...sandboxConfig(engine.endpoints), subscribers: {} });
  await publisher.ok("up", "--yes", "--skip-preview");
  for (const [kind, limits] of Object.entries(shortages)) {
    for (const name of shortOf(kind as Shortage)) {
      const { status } = await engine.http.put(`${engine.endpoints.control}/limits/${name}`, limits);
      expect(status).toBe(200);
    }
  }
  stack = await engine.stack("customers");
  const { endpoints } = sandboxConfig(engine.endpoints);
  const subscribers = Object.fromEntries(
    names.map((name) => [name, { environmentUrl: engine.endpoints.organizations[name], consent: "grant" }]),
  );
  stack.configure({ publisherStack: "organization/dataverse-s2s/publisher", endpoints, subscribers });
  await engine.journal();
  // All subscribers at once: more than the engine does by itself, which is four resources for each processor.
  ended = await stack.run("up", "--yes", "--skip-preview", "--parallel", "64");
  requests = (await engine.journal())
    .filter(({ service }) => service.startsWith("dataverse customer-"))
    .sort((one, other) => one.began - other.began);
}, 300_000);

afterAll(() => engine?.close());

const ofEnvironment = (name: string) => requests.filter(({ service }) => service === `dataverse ${name}`);
const refused = (name: string) => ofEnvironment(name).filter(({ status }) => status === 429);

describe("60 subscribers whose environments are short of requests or time, in one `up`", () => {
  it("come through without a failure", async () => {
    expect(ended.code, ended.out).toBe(0);
    const { environments } = (await stack.outputs()) as { environments: Record<string, object> };
    expect(Object.keys(environments)).toHaveLength(60);
    for (const environment of Object.values(environments))
      expect(environment).toMatchObject({ tableRead: "accounts", rolesHeld: ["Contoso Orders Integration"] });
  });

  it.for<Shortage>(["production", "test"])("are throttled: each environment named %s", (kind, { task }) => {
    const counts = shortOf(kind).map((name) => refused(name).length);
    tries(
      task,
      "fault",
      `throttled, on the engine (${kind})`,
      counts.reduce((sum, count) => sum + count),
    );
    expect(Math.min(...counts)).toBeGreaterThan(0);
  });

  it("wait as long as they are asked to, and no more than a few seconds longer", () => {
    const late = names.flatMap((name) => lateness(ofEnvironment(name)));
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...late)).toBeLessThan(5_000);
  });

  it("send an environment one request at a time, as what it gets is made one after the other", () => {
    for (const name of names) expect(mostAtATime(ofEnvironment(name)), name).toBe(1);
    for (const name of shortOf("training")) expect(refused(name), name).toEqual([]);
  });

  it("take 17 requests each that are not refused", () => {
    const counts = names.map((name) => ofEnvironment(name).length - refused(name).length);
    expect(new Set(counts)).toEqual(new Set([17]));
  });

  it("are left as they are by a second `up`", async () => {
    await stack.ok("up", "--yes", "--skip-preview", "--expect-no-changes");
    const journal = await engine.journal();
    expect(journal.filter(({ service }) => service.startsWith("dataverse "))).toEqual([]);
  });
});
