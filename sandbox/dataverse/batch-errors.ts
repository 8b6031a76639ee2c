import type { ErrorDefinition } from "./errors.ts";

/**
 * Errors of a batch as a whole; part of the catalogue. The text of an unknown reference is in "Execute batch operations using
 * the Web API", the other texts are those of the OData library that Dataverse is built on. Their code has no source.
 */
export const batchErrors = {
  BatchReferenceUnknown: {
    code: "0x80060888",
    status: 400,
    message: "Content-ID Reference: '{0}' does not exist in the batch context.",
  },
  BatchTooLarge: {
    code: "0x80060888",
    status: 400,
    message:
      "The current batch message contains too many parts. Only batch messages with a maximum number of '{0}' query operations and change sets are allowed.",
  },
  BatchNested: { code: "0x80060888", status: 400, message: "Nested change sets in a batch are not supported." },
  BatchMethod: {
    code: "0x80060888",
    status: 400,
    message:
      "An invalid HTTP method '{0}' was detected for a request in a change set. Requests in change sets only support the HTTP methods 'POST', 'PUT', 'DELETE', and 'PATCH'.",
  },
  BatchPart: { code: "0x80060888", status: 400, message: "A part of the batch is not an HTTP request: '{0}'." },
} as const satisfies Record<string, ErrorDefinition>;
