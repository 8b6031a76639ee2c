import type { JournalEntry } from "../../sandbox/server.ts";

/** The most requests that were under way at the same time. */
export function mostAtATime(entries: readonly JournalEntry[]): number {
  const steps = entries.flatMap(({ began, ended }) => [
    { at: began, by: 1 },
    { at: ended, by: -1 },
  ]);
  steps.sort((one, other) => one.at - other.at || one.by - other.by);
  let now = 0;
  return Math.max(...steps.map(({ by }) => (now += by)));
}

/**
 * For each request that was refused with 429: how many milliseconds after the wait that it was asked for it came again. No
 * two of the requests are to be alike; Infinity where one did not come again.
 */
export function lateness(entries: readonly JournalEntry[]): number[] {
  const left = [...entries].sort((one, other) => one.began - other.began);
  const refused = left.filter(({ status }) => status === 429).sort((one, other) => one.ended - other.ended);
  return refused.map((entry) => {
    const again = left.find(
      (other) =>
        other !== entry && other.began >= entry.ended && other.method === entry.method && other.path === entry.path,
    );
    return again ? again.began - entry.ended - Number(entry.retryAfter) * 1000 : Number.POSITIVE_INFINITY;
  });
}
