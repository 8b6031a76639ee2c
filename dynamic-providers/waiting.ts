import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { reasonOf, VendorError } from "./errors.ts";
import { Interrupted, interruption } from "./interruption.ts";

/** Tells the user something while a resource is worked on; the engine shows it on the stack's line. */
export type Say = (line: string) => void;

/**
 * Tries until `attempt` gives something, with growing pauses (a quarter of a second to ten seconds), for at most
 * `seconds`. After the first pauses it says what it waits for. Gives undefined when the time is over, and rejects on Ctrl-C.
 */
export async function waitFor<T>(
  what: string,
  seconds: number,
  say: Say,
  attempt: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const deadline = Date.now() + seconds * 1000;
  let said = false;
  for (let pause = 250; ; pause = Math.min(pause * 2, 10_000)) {
    const result = await attempt();
    if (result !== undefined) return result;
    if (Date.now() + pause > deadline) return undefined;
    if (pause >= 2_000 && !said) {
      say(`waiting for ${what} (at most ${seconds} s)`);
      said = true;
    }
    await sleep(pause, undefined, { signal: interruption }).catch(() => {
      throw new Interrupted(`waiting for ${what}`);
    });
  }
}

/** The azuread plugin wants five, seconds apart; three in a row tell two replicas that differ. */
const answersInARow = 3;

/**
 * As {@link waitFor}, until `attempt` gives the same several times in a row: the replicas of a directory do not get a write at
 * the same time, and the next answer may be of one that is behind (wire facts C7).
 */
export function untilSteady<T>(
  what: string,
  seconds: number,
  say: Say,
  attempt: () => Promise<T | undefined>,
): Promise<T | undefined> {
  return waitFor(what, seconds, say, async () => {
    const first = await attempt();
    for (let times = 1; first !== undefined && times < answersInARow; times++) {
      if (!isDeepStrictEqual(await attempt(), first)) return undefined;
    }
    return first;
  });
}

/** Tries again while the refusal is one that passes (`codes`), for at most `seconds`; then the refusal stands. */
export async function untilSettled<T>(
  what: string,
  seconds: number,
  codes: readonly string[],
  say: Say,
  act: () => Promise<T>,
): Promise<T> {
  let refused: VendorError | undefined;
  const done = await waitFor(what, seconds, say, async () => {
    try {
      return { result: await act() };
    } catch (error) {
      if (!(error instanceof VendorError && codes.includes(error.code))) throw error;
      refused = error;
      return undefined;
    }
  });
  if (done) return done.result;
  const { status, code, message } = refused!; // without a result there was a refusal
  throw new VendorError(status, code, seconds > 0 ? reasonOf(message, `waited ${seconds} s for ${what}`) : message);
}
