import { once } from "node:events";
import type { Socket } from "node:net";
import { z } from "zod";

const moment = z.enum(["before", "after"], "must be before or after");
const text = z.string("must be a text");
const whole = (least: number, most: number) =>
  z.int("must be a whole number").min(least, `must be at least ${least}`).max(most, `must be at most ${most}`);

const withoutBody = [204, 205, 304];

/** What a request must be like to be met, all of it optional, and which of those requests are. */
const matching = {
  /** As the journal names it: "login", "graph", "arm", "vault 0", "dataverse fabrikam". Never "control". */
  service: text.optional(),
  method: text.optional(),
  /** A regular expression, found anywhere in the path with its query. */
  path: text.refine(isRegularExpression, "must be a regular expression").optional(),
  /** The first of the matching requests that is met. Default: 1. */
  nth: whole(1, 1_000_000).default(1),
  /** How many from that one on. Default: 1. */
  times: z.union([whole(1, 1_000_000), z.literal("always")], "must be a number of 1 or more, or always").default(1),
};

/** What befalls it. `before`: the service never sees the request. `after`: it has done what was asked, and committed it. */
const happening = {
  /** An answer with this status in place of the service's. */
  status: whole(200, 599).optional(),
  /** Of `status`. Default: before. */
  statusWhen: moment.optional(),
  /** Header Retry-After of that answer, in seconds. */
  retryAfter: whole(0, 86_400).optional(),
  body: text.optional(),
  /** Default: application/json. */
  contentType: text.optional(),
  /** A pause before all else; alone, the request is then answered as ever. */
  latencyMilliseconds: whole(1, 600_000).optional(),
  /** The connection is closed without an answer. */
  drop: moment.optional(),
  /** The connection is reset (TCP RST), before the effect. */
  reset: z.literal(true, "must be true").optional(),
  /** No answer until the client gives up, or the faults are cleared: then the connection is closed. */
  hang: moment.optional(),
};

const kinds = ["status", "drop", "reset", "hang"] as const;

/** A fault, as `POST /faults` takes it. */
export const faultSchema = z.strictObject({ ...matching, ...happening }).superRefine((rule, context) => {
  const refuse = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
  const given = kinds.filter((kind) => rule[kind] !== undefined);
  if (given.length > 1) refuse(given[1]!, `cannot be together with ${given[0]}`);
  if (given.length === 0 && rule.latencyMilliseconds === undefined)
    refuse("status", "is missing: one of status, drop, reset, hang or latencyMilliseconds has to happen");
  for (const name of ["statusWhen", "retryAfter", "body", "contentType"] as const) {
    if (rule[name] !== undefined && rule.status === undefined) refuse(name, "goes with a status only");
  }
  if (rule.body !== undefined && withoutBody.includes(rule.status ?? 0)) refuse("body", "is never in such an answer");
});

type Rule = z.output<typeof faultSchema>;

/** A rule that is in force, with how many requests matched and how many of them it met. */
export type CountedRule = Rule & { matched: number; fired: number };

/** The rules in force, in the order they came. They live as long as the process. */
export class Faults {
  rules: CountedRule[] = [];
  private cleared = new AbortController();

  add(rule: Rule): CountedRule {
    const counted = { ...rule, matched: 0, fired: 0 };
    this.rules.push(counted);
    return counted;
  }

  /** Forgets all rules, and closes the connections of the requests that hang. */
  clear(): void {
    this.rules = [];
    this.cleared.abort();
    this.cleared = new AbortController();
  }

  /** The fault that meets a request: of the first rule whose turn it is. Each rule that matches counts it. */
  meet(request: { service: string; method: string; path: string }): Rule | undefined {
    if (request.service === "control") return undefined;
    const due = this.rules.filter((rule) => matches(rule, request)).filter((rule) => isDue(rule, ++rule.matched));
    if (due[0]) due[0].fired++;
    return due[0];
  }

  /** Resolves when the faults are cleared or the client has closed its connection. */
  async hang(socket: Socket): Promise<void> {
    const { signal } = this.cleared;
    if (!socket.destroyed && !signal.aborted) await Promise.race([once(socket, "close"), once(signal, "abort")]);
  }
}

/** What a request that was met has in the journal: "drop before"; undefined where it was only late. */
export function nameOf({ status, statusWhen = "before", drop, reset, hang }: Rule): string | undefined {
  if (status !== undefined) return `status ${statusWhen}`;
  if (drop) return `drop ${drop}`;
  if (hang) return `hang ${hang}`;
  return reset ? "reset before" : undefined;
}

/** The answer that a rule with a status gives. */
export function answerOf({ status = 200, body, contentType = "application/json", retryAfter }: Rule): Response {
  const headers = {
    ...(body !== undefined && { "Content-Type": contentType }),
    ...(retryAfter !== undefined && { "Retry-After": String(retryAfter) }),
  };
  return new Response(withoutBody.includes(status) ? null : (body ?? ""), { status, headers });
}

function matches(rule: Rule, { service, method, path }: { service: string; method: string; path: string }): boolean {
  return (
    (rule.service === undefined || rule.service === service) &&
    (rule.method === undefined || rule.method.toUpperCase() === method) &&
    (rule.path === undefined || new RegExp(rule.path).test(path))
  );
}

const isDue = ({ nth, times }: Rule, count: number) => count >= nth && (times === "always" || count < nth + times);

function isRegularExpression(pattern: string): boolean {
  try {
    new RegExp(pattern);
    return true;
  } catch {
    return false;
  }
}
