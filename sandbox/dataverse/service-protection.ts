import { setTimeout } from "node:timers/promises";
import { z } from "zod";
import { refuse } from "./refusal.ts";
import type { throttlingErrors } from "./throttling-errors.ts";

const whole = (least: number) => z.int("must be a whole number").min(least, `must be at least ${least}`);

/** The limits of an organization, as `PUT /limits/{organization}` takes them: what is left out stays as it is. */
export const limitsSchema = z
  .strictObject({
    /** False: everything is counted and nobody refused. */
    enforced: z.boolean("must be true or false"),
    /** Most requests of a user in the window. */
    requests: whole(1),
    /** Most milliseconds that all requests of a user in the window may have taken together. */
    executionMilliseconds: whole(1),
    /** Most requests of a user at the same time. */
    concurrentRequests: whole(1),
    windowSeconds: whole(1),
    /** How long each request takes at the least; here they are done at once otherwise. */
    requestMilliseconds: whole(0),
  })
  .partial();

type Limits = Required<z.output<typeof limitsSchema>>;

/** The platform's numbers, for one web server. */
const platformLimits: Limits = {
  enforced: true,
  requests: 6000,
  executionMilliseconds: 1_200_000,
  concurrentRequests: 52,
  windowSeconds: 300,
  requestMilliseconds: 0,
};

/** What a user has asked for in the window, in the order of time (milliseconds). */
interface Usage {
  running: number;
  arrivals: number[];
  executions: { readonly end: number; readonly took: number }[];
}

/** Seconds as the platform writes them in a header: "1,199.46". */
const seconds = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** No source says how long a user with too many requests at a time has to wait. */
const concurrencyWaitSeconds = 1;

/**
 * Dataverse's service protection limits (wire facts D10; "Service protection API limits"): for each user on each web server, of
 * which an organization has one here. A refused request counts as one too, which is how "the duration is extended" for who
 * does not wait: "all requests will return these errors until the volume falls below the limit". The counts, and what the
 * limits are set to, live as long as the process.
 */
export class ServiceProtection {
  limits = platformLimits;
  private readonly users = new Map<string, Usage>();
  private readonly now: () => Date;

  /** `now` is the clock of the sliding window. */
  constructor(now: () => Date) {
    this.now = now;
  }

  /** Does what a user asks for; refuses it with 429 where a limit is met. */
  async admit<Result>(user: string, work: () => Promise<Result>): Promise<Result> {
    const usage = this.usageOf(user);
    usage.arrivals.push(this.now().getTime());
    if (this.limits.enforced) this.refuseBeyond(usage);
    usage.running++;
    const began = performance.now();
    try {
      if (this.limits.requestMilliseconds) await setTimeout(this.limits.requestMilliseconds);
      return await work();
    } finally {
      usage.running--;
      usage.executions.push({ end: this.now().getTime(), took: performance.now() - began });
    }
  }

  /** The headers that say what a user has left; they are for people, and no client is to depend on them. */
  remaining(user: string): Record<string, string> {
    const { arrivals, executions } = this.usageOf(user);
    const { requests, executionMilliseconds } = this.limits;
    return {
      "x-ms-ratelimit-burst-remaining-xrm-requests": String(Math.max(0, requests - arrivals.length)),
      "x-ms-ratelimit-time-remaining-xrm-requests": seconds.format(
        Math.max(0, executionMilliseconds - total(executions)) / 1000,
      ),
    };
  }

  private refuseBeyond({ running, arrivals, executions }: Usage): void {
    const { requests, executionMilliseconds, concurrentRequests, windowSeconds } = this.limits;
    const refuseFor = (wait: number, name: keyof typeof throttlingErrors, values: unknown[]) =>
      refuse(name, values, 429, { "Retry-After": String(wait) });
    if (running >= concurrentRequests) refuseFor(concurrencyWaitSeconds, "TooManyAtATime", [concurrentRequests]);
    const now = this.now().getTime();
    /** Seconds until something of this time has left the window, in whole ones. */
    const leaves = (time: number) => Math.max(1, Math.ceil((time - now) / 1000 + windowSeconds));
    if (arrivals.length > requests)
      refuseFor(leaves(arrivals.at(-requests)!), "TooManyRequests", [requests, windowSeconds]);
    let excess = total(executions) - executionMilliseconds;
    if (excess < 0) return;
    for (const { end, took } of executions) {
      excess -= took;
      if (excess < 0)
        refuseFor(leaves(end), "TooMuchTime", [executionMilliseconds.toLocaleString("en-US"), windowSeconds]);
    }
  }

  /** Without what has left the window. */
  private usageOf(user: string): Usage {
    const usage = this.users.get(user) ?? { running: 0, arrivals: [], executions: [] };
    this.users.set(user, usage);
    const now = this.now().getTime();
    const start = now - this.limits.windowSeconds * 1000;
    // The clock can have been set back.
    usage.arrivals = usage.arrivals.filter((time) => time > start && time <= now);
    usage.executions = usage.executions.filter(({ end }) => end > start && end <= now);
    return usage;
  }
}

const total = (executions: Usage["executions"]) => executions.reduce((sum, { took }) => sum + took, 0);
