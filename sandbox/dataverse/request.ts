import type { OrganizationData } from "./organization-data.ts";
import type { Preferences } from "./preferences.ts";
import type { QueryOptions } from "./query-options.ts";
import type { Caller } from "./security.ts";

/** Largest page Dataverse gives, and where its counts stop (wire facts D4). */
export const pageLimit = 5000;

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
  /** An object goes out as JSON, a text as it is. */
  readonly body?: unknown;
  /** Of a text. Default: `text/plain`. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Address of the row that was written: what a later operation of a change set can refer to. */
  readonly entity?: string;
  /** The preferences that were honoured, as `Preference-Applied` names them. */
  readonly applied?: readonly string[];
}
