import type { ErrorDefinition } from "./errors.ts";

/** Errors of the service protection limits (wire facts D10); part of the catalogue. */
export const throttlingErrors = {
  TooManyRequests: {
    code: "0x80072322",
    status: 429,
    message: "Number of requests exceeded the limit of {0} over time window of {1} seconds.",
  },
  TooMuchTime: {
    code: "0x80072321",
    status: 429,
    message:
      "Combined execution time of incoming requests exceeded limit of {0} milliseconds over time window of {1} seconds. Decrease number of concurrent requests or reduce the duration of requests and try again later.",
  },
  TooManyAtATime: {
    code: "0x80072326",
    status: 429,
    message: "Number of concurrent requests exceeded the limit of {0}.",
  },
} as const satisfies Record<string, ErrorDefinition>;
