import type { OrganizationData } from "./organization-data.ts";
import type { QueryOptions } from "./query-options.ts";
import type { Caller } from "./security.ts";

/** Largest page Dataverse gives, and where its counts stop (wire facts D4). */
export const pageLimit = 5000;

/** The parts of the `Prefer` header that this service honours. */
export interface Preferences {
  readonly representation: boolean;
  readonly pageSize: number | undefined;
}

/** An authenticated request of the Web API, taken apart. */
export interface DataverseRequest {
  readonly data: OrganizationData;
  readonly caller: Caller;
  readonly method: string;
  /** Root of the version asked for: `https://…/api/data/v9.2/`. */
  readonly base: string;
  /** Path under the root, decoded, with the query as it came: for the next link. */
  readonly path: string;
  readonly query: QueryOptions;
  readonly preferences: Preferences;
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
  /** The JSON body; undefined where there is none. */
  readonly body: unknown;
}

/** What a handler answers; the service adds the headers that all answers have. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}
