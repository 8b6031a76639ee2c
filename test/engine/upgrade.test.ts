import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Engine, type Stack, startEngine } from "../support/engine.ts";
import { configure, keepState, keptReleases, presentRelease, stackNames, stateOf } from "../support/release-states.ts";

/** The stacks that are kept of a release, in a sandbox of their own, configured as they were. */
async function newStacks(engine: Engine): Promise<[string, Stack][]> {
  const stacks: [string, Stack][] = [];
  for (const name of stackNames) {
    const stack = await engine.stack(name);
    configure(stack, name, engine);
    stacks.push([name, stack]);
  }
  return stacks;
}

it(`keeps the stacks of ${presentRelease}, made now if it is a new release`, async () => {
  if (keptReleases().includes(presentRelease)) return;
  expect(
    process.env.CI,
    `run this test where a folder for ${presentRelease} can be made, and commit it`,
  ).toBeUndefined();
  const engine = await startEngine();
  for (const [name, stack] of await newStacks(engine)) {
    await stack.ok("up", "--yes", "--skip-preview");
    keepState(presentRelease, name, await stack.state(), engine);
  }
  await engine.close();
});

describe.each(keptReleases())("the stacks of release %s", (release) => {
  let engine: Engine;
  const stacks = new Map<string, Stack>();

  beforeAll(async () => {
    engine = await startEngine();
    for (const [name, stack] of await newStacks(engine)) {
      const file = join(engine.directory, `${name}.json`);
      writeFileSync(file, stateOf(release, name, engine));
      await stack.import(file);
      stacks.set(name, stack);
    }
  });

  afterAll(async () => {
    await engine?.close();
  });

  it.each(stackNames)("lose, replace and gain nothing in the %s's, when this release takes them on", async (name) => {
    const out = await stacks.get(name)!.ok("preview", "--diff");
    expect(out).toMatch(/^ +\d+ unchanged/m);
    expect(/\d+ to (create|delete|replace)/.test(out), out).toBe(false);
  });
});
