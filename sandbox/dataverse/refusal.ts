import { catalogue, type ErrorDefinition, type ErrorName } from "./errors.ts";

/** Thrown where the service refuses a request; becomes `{"error":{"code","message"}}`. */
export class DataverseError extends Error {
  readonly code: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor({ code, status, message }: ErrorDefinition, headers = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.headers = headers;
  }
}

/** Throws the named error with its places filled in. `status` replaces the catalogue's, where a switch decides it. */
export function refuse(
  name: ErrorName,
  values: readonly unknown[] = [],
  status?: number,
  headers?: Record<string, string>,
): never {
  const definition: ErrorDefinition = catalogue[name];
  const message = definition.message.replace(/\{(\d)\}/g, (_, place) => String(values[Number(place)] ?? ""));
  throw new DataverseError({ code: definition.code, status: status ?? definition.status, message }, headers);
}

/** Answers 501 for what Dataverse can do and the sandbox cannot: never a made-up answer. */
export function notServed(what: string): never {
  throw new DataverseError({
    code: "SandboxNotImplemented",
    status: 501,
    message: `The sandbox's Dataverse does not serve ${what}.`,
  });
}
