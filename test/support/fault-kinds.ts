/** Each kind of fault: what the sandbox does to the one request, and whether the process waits for an answer no longer, or dies. */
export const kinds = {
  "503": { rule: { status: 503, retryAfter: 0 } },
  "429 with Retry-After": { rule: { status: 429, retryAfter: 1 } },
  "502 after the effect": { rule: { status: 502, statusWhen: "after", retryAfter: 0 } },
  "answer lost after the effect": { rule: { drop: "after" } },
  "connection reset": { rule: { reset: true } },
  "hang before the effect": { rule: { hang: "before" }, timesOut: true },
  "hang after the effect": { rule: { hang: "after" }, timesOut: true },
  "killed before the effect": { rule: { hang: "before" }, killed: true },
  "killed after the effect": { rule: { hang: "after" }, killed: true },
} as const;
export type Kind = keyof typeof kinds;
