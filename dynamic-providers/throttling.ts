import { setTimeout as sleep } from "node:timers/promises";
import { Interrupted, interruption } from "./interruption.ts";

/** Ends of the waits that callers have been asked for: somebody signed in, at one host. */
const heldUntil = new Map<string, number>();

/**
 * Holds back what a caller sends, for so many seconds from now. Dataverse counts what it refuses too: whoever goes on is asked
 * for ever longer waits (wire facts D10).
 */
export function hold(caller: string, seconds: number): void {
  heldUntil.set(caller, Math.max(heldUntil.get(caller) ?? 0, Date.now() + seconds * 1000));
}

/** Resolves when a caller may send: at once, unless it is held back. Rejects on Ctrl-C. */
export async function untilLetIn(caller: string): Promise<void> {
  const milliseconds = (heldUntil.get(caller) ?? 0) - Date.now();
  if (milliseconds <= 0) return;
  await sleep(milliseconds, undefined, { signal: interruption }).catch(() => {
    throw new Interrupted("waiting as a service asks");
  });
  await untilLetIn(caller); // another of its requests may have been refused meanwhile
}
