/**
 * Seconds for what is under way when the user presses Ctrl-C. Most requests are answered in that time, and then it is known what
 * they did. The engine itself waits as long as its provider does.
 */
export const graceSeconds = 5;

const pressed = new AbortController();
const over = new AbortController();

/** Aborted when the user presses Ctrl-C: nothing is waited for any more. */
export const interruption: AbortSignal = pressed.signal;

/** Aborted a few seconds later: requests that are still under way are given up. */
export const graceOver: AbortSignal = over.signal;

/** The engine asks to come to an end. */
export function interrupt(): void {
  pressed.abort();
  setTimeout(() => over.abort(), graceSeconds * 1000).unref();
}

/** The user pressed Ctrl-C before it was done. What it did until then is found by the next run, as after any failure. */
export class Interrupted extends Error {
  constructor(doing: string) {
    super(`interrupted while ${doing}. Run the command again: it goes on where this stopped.`);
    this.name = "Interrupted";
  }
}
