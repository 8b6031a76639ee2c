import type { z } from "zod";
import { repeatedOption, wrongMember } from "../body-types.ts";
import type { Context } from "../context.ts";
import type { Claims } from "../tokens.ts";
import { armErrors } from "./errors.ts";

/** A request after sign-in and authorization. */
export interface ArmRequest {
  readonly context: Context;
  readonly caller: Claims;
  /** The path's variable segments, as the client wrote them. */
  readonly parameters: Record<string, string>;
  readonly query: URLSearchParams;
  /** Path of the request, as the client wrote it. */
  readonly path: string;
  // biome-ignore lint/suspicious/noExplicitAny: bodies are the client's; each handler checks the members it uses
  readonly body: any;
}

export interface ArmAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** One request that Resource Manager serves. */
export interface Route {
  readonly method: string;
  /** With `:name` for a variable segment and a leading `*scope` for any resource; compared without regard to case. */
  readonly path: string;
  /** What the caller must be allowed to do at the resource; left out where everyone of the tenant may. */
  readonly action?: string;
  /** True where any api-version does: the addresses that operations are polled at. */
  readonly anyVersion?: boolean;
  /** Query options beside api-version. */
  readonly query?: readonly string[];
  handle(request: ArmRequest): ArmAnswer | Promise<ArmAnswer>;
}

interface Match {
  readonly route: Route;
  readonly parameters: Record<string, string>;
}

/** Compiles a table of routes; the result finds the one for a request, or throws 501. */
export function router(routes: readonly Route[]): (method: string, path: string) => Match {
  const compiled = routes.map((route) => ({ route, pattern: patternOf(route.path) }));
  return (method, path) => {
    for (const { route, pattern } of compiled) {
      if (route.method !== method) continue;
      const found = pattern.exec(path);
      if (!found) continue;
      const parameters = Object.entries(found.groups ?? {}).map(([name, value]) => [name, decoded(value ?? "")]);
      return { route, parameters: Object.fromEntries(parameters) };
    }
    throw armErrors.notServed(`${method} ${path}`);
  };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw armErrors.contentInvalid("The URL is not well encoded.");
  }
}

/**
 * The api-versions that are served, by provider: those for which the azure-native plugin and Azure's own clients have types.
 * Azure has more, and answers NoRegisteredProviderFound with all of them for one that it does not have.
 */
const apiVersions: Readonly<Record<string, readonly string[]>> = {
  "Microsoft.Authorization": [
    "2018-01-01-preview",
    "2020-08-01-preview",
    "2020-10-01-preview",
    "2022-04-01",
    "2022-05-01-preview",
  ],
  "Microsoft.KeyVault": [
    "2022-07-01",
    "2023-02-01",
    "2023-07-01",
    "2024-04-01-preview",
    "2024-11-01",
    "2024-12-01-preview",
    "2025-05-01",
    "2026-02-01",
    "2026-03-01-preview",
  ],
  "Microsoft.Resources": [
    "2016-06-01",
    "2019-06-01",
    "2020-01-01",
    "2020-10-01",
    "2021-01-01",
    "2021-04-01",
    "2022-09-01",
    "2022-12-01",
    "2023-07-01",
    "2024-03-01",
    "2024-07-01",
    "2024-11-01",
    "2025-03-01",
    "2025-04-01",
  ],
};

/** Refuses what the sandbox would silently ignore, and requests without a usable api-version. */
export function checkQuery(route: Route, query: URLSearchParams): void {
  const version = query.get("api-version");
  if (!version) throw armErrors.apiVersionMissing();
  if (!/^\d{4}-\d{2}-\d{2}(-preview)?$/.test(version)) throw armErrors.apiVersionInvalid(version);
  const provider = /.*\/providers\/([^/]+)/.exec(route.path)?.[1] ?? "Microsoft.Resources";
  if (!route.anyVersion && !apiVersions[provider]!.includes(version)) {
    throw armErrors.notServed(`api-version ${version} of ${provider}`);
  }
  const served = ["api-version", ...(route.query ?? [])];
  const odd = [...query.keys()].find((option) => !served.includes(option)) ?? repeatedOption(query);
  if (odd) throw armErrors.notServed(`the query option '${odd}' of ${route.method} ${route.path}`);
}

/** Refuses the members of an object that the sandbox would ignore; those that are null ask for nothing. */
export function checkMembers(value: unknown, served: readonly string[], path = ""): void {
  for (const [name, member] of Object.entries(value ?? {})) {
    if (member !== null && !served.includes(name)) throw armErrors.notServed(`the member '${path}${name}'`);
  }
}

/** Refuses a body with members of other types than the service's; which members there may be, {@link checkMembers} says. */
export function checkTypes(body: unknown, type: z.ZodType): void {
  const wrong = wrongMember(type, body ?? {});
  if (wrong?.unknown) throw armErrors.notServed(`the member '${wrong.path}'`);
  if (wrong) throw armErrors.contentInvalid(`Error converting the value of '${wrong.path}'.`);
}

/** Refuses an answer's members that a client sends back changed: what they would mean is not served. */
export function checkEchoes(body: unknown, answered: Readonly<Record<string, unknown>>): void {
  for (const [name, expected] of Object.entries(answered)) {
    const given = (body as Record<string, unknown> | undefined)?.[name] ?? expected;
    if (String(given).toLowerCase() !== String(expected).toLowerCase())
      throw armErrors.notServed(`the member '${name}' with another value than the resource's`);
  }
}

/** What a request is about, for authorization: the resource, or for a list what contains it. */
export function scopeOf(route: Route, path: string): string {
  const last = route.path.slice(route.path.lastIndexOf("/") + 1);
  return last.startsWith(":") ? path : path.replace(/(\/providers\/[^/]+)?\/[^/]+$/i, "");
}

function patternOf(path: string): RegExp {
  const pattern = path
    .replaceAll(".", "\\.")
    .replace(/\*(\w+)/, "(?<$1>.*)")
    .replace(/:(\w+)/g, "(?<$1>[^/]+)");
  return new RegExp(`^${pattern}/?$`, "i");
}
