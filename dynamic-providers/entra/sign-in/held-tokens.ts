import type { TokenSource } from "./msal.ts";

/** A token and when it ends, in milliseconds. */
export interface TimedToken {
  readonly token: string;
  readonly until: number;
}

/** A token that has less left is asked for again, as msal-node does. */
const spareMilliseconds = 300_000;

/** Keeps the tokens that `ask` gives while they are good. */
export function heldTokens(ask: (resource: string) => Promise<TimedToken>): TokenSource {
  const held = new Map<string, TimedToken>();
  return async (resource, fresh) => {
    const known = held.get(resource);
    if (known && !fresh && known.until - spareMilliseconds > Date.now()) return known.token;
    const answer = await ask(resource);
    held.set(resource, answer);
    return answer.token;
  };
}
