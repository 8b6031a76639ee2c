import { expect } from "vitest";
import type { Engine, Stack } from "./engine.ts";

/** What befalls a request on the way from the engine. */
const faults = {
  "503": { status: 503, retryAfter: 0 },
  "429 with Retry-After": { status: 429, retryAfter: 1 },
  "answer lost after the effect": { drop: "after" },
  "hang after the effect": { hang: "after" },
} as const;

/** What befalls the whole engine: it is killed while a request is held. */
const kills = {
  "killed before the effect": { hang: "before" },
  "killed after the effect": { hang: "after" },
} as const;

export const faultKinds = Object.keys(faults) as (keyof typeof faults)[];
export const killKinds = Object.keys(kills) as (keyof typeof kills)[];

/** Longer than a request takes, but for one that hangs. */
export const patience = { DATAVERSE_S2S_TIMEOUT_SECONDS: "5" };

/** A request that is met: the n-th to a service or with a path. */
interface Met<Kind> {
  readonly kind: Kind;
  readonly service?: string;
  readonly path?: string;
  readonly nth: number;
}

/** Runs a command that meets faults, each of them once, whatever it ends with. */
export async function runWithFaults(
  engine: Engine,
  stack: Stack,
  met: readonly Met<keyof typeof faults>[],
  [command = "", ...args]: string[],
): Promise<void> {
  for (const { kind, ...request } of met) await engine.fault({ ...request, ...faults[kind] });
  const { out } = await stack.run(command, ...args);
  for (const { fired, nth, service, path } of await engine.faults())
    expect(fired, `the fault at request ${nth} of ${service ?? path} fired:\n${out}`).toBe(1);
  await engine.clearFaults();
}

/** Kills the engine and all that it started while it waits for a request; then unlocks the stack, which is all that is typed. */
export async function runKilled(
  engine: Engine,
  stack: Stack,
  { kind, ...request }: Met<keyof typeof kills>,
  [command = "", ...args]: string[],
): Promise<void> {
  await engine.fault({ ...request, ...kills[kind] });
  const running = stack.start(command, ...args);
  await engine.until("the request that is held", async () => (await engine.faults()).some(({ fired }) => fired > 0));
  await running.kill();
  await engine.clearFaults();
  await stack.unlock();
}

/** Which of `count` requests the n-th of `all` samples meets: spread from the first to the last. */
export const spread = (sample: number, all: number, count: number) =>
  1 + Math.round((sample / Math.max(1, all - 1)) * (count - 1));

/** What a killed run left undecided: after the next `up` it has been made in any case, so it can be forgotten. */
export async function forgetPendingCreates(stack: Stack): Promise<void> {
  await stack.ok("refresh", "--yes", "--skip-preview", "--run-program", "--clear-pending-creates");
  expect(JSON.parse(await stack.state()).deployment.pending_operations ?? []).toEqual([]);
}
