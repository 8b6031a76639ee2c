import type { HonoRequest } from "hono";
import { repeatedOption, wholeNumber } from "../body-types.ts";
import { graphErrors } from "./errors.ts";
import { type Entity, type Kind, parseFilter } from "./filter.ts";

const defaultPageSize = 100;

/**
 * A list as Graph pages it: those that match `$filter`, `$top` of them a page, a link to the next one, and in advanced
 * queries their number. `$count=true` without the header is ignored, as
 * https://learn.microsoft.com/graph/aad-advanced-queries says.
 */
export function list(request: HonoRequest, kind: Kind, contextUrl: string, rows: readonly Entity[]) {
  const url = new URL(request.url);
  if (url.searchParams.has("$search") && !isEventual(request)) throw graphErrors.searchWithoutHeader();
  const query = options(url, ["$filter", "$select", "$top", "$skiptoken", "$count"]);
  const found = filtered(request, kind, rows);
  const top = wholeNumber(query.get("$top"), defaultPageSize);
  if (!(top >= 1 && top <= 999)) throw graphErrors.invalidValue("$top", "query");
  const start = wholeNumber(query.get("$skiptoken"), 0);
  if (Number.isNaN(start)) throw graphErrors.invalidValue("$skiptoken", "query");
  const value = found.slice(start, start + top).map((row) => select(row, query.get("$select")));
  const next = new URL(url.pathname + url.search, contextUrl);
  next.searchParams.set("$skiptoken", String(start + top));
  return {
    "@odata.context": contextUrl,
    ...(isAdvanced(request) ? { "@odata.count": found.length } : {}),
    ...(start + top < found.length ? { "@odata.nextLink": next.href } : {}),
    value,
  };
}

/** How many there are: the answer to a `/$count` segment, which wants the header ConsistencyLevel. */
export function count(request: HonoRequest, kind: Kind, rows: readonly Entity[]): string {
  options(new URL(request.url), ["$filter", "$count"]);
  if (!isEventual(request)) throw graphErrors.countWithoutHeader();
  return String(filtered(request, kind, rows).length);
}

/** One object, cut down to `$select`. */
export function single(request: HonoRequest, contextUrl: string, row: Entity): Entity {
  const query = options(new URL(request.url), ["$select"]);
  return { "@odata.context": `${contextUrl}/$entity`, ...select(row, query.get("$select")) };
}

/** The members that a request selects; undefined for all. */
export function selected(request: HonoRequest): string[] | undefined {
  return new URL(request.url).searchParams
    .get("$select")
    ?.split(",")
    .map((name) => name.trim());
}

function filtered(request: HonoRequest, kind: Kind, rows: readonly Entity[]): readonly Entity[] {
  const filter = new URL(request.url).searchParams.get("$filter");
  if (filter === null) return rows;
  if (!filter.trim()) throw graphErrors.invalidFilter(filter);
  return rows.filter(parseFilter(filter, kind, isAdvanced(request)));
}

const isEventual = (request: HonoRequest) => request.header("ConsistencyLevel")?.toLowerCase() === "eventual";

/** Advanced queries have the header and `$count=true`. */
function isAdvanced(request: HonoRequest): boolean {
  return isEventual(request) && new URL(request.url).searchParams.get("$count") === "true";
}

/** Query options of a URL. One that is not served is refused, never ignored: that would answer wrong rows. */
function options(url: URL, served: readonly string[]): URLSearchParams {
  const query = url.searchParams;
  const odd = [...query.keys()].find((name) => !served.includes(name)) ?? repeatedOption(query);
  if (odd) throw graphErrors.notServed(`the query option ${odd} of ${url.pathname}`);
  if (!/^(true|false)$/.test(query.get("$count") ?? "true")) throw graphErrors.invalidValue("$count", "query");
  return query;
}

function select(row: Entity, names: string | null): Entity {
  if (names === null) return row;
  const wanted = names.split(",").map((name) => name.trim());
  const missing = wanted.find((name) => !Object.hasOwn(row, name));
  if (missing !== undefined) throw graphErrors.notServed(`the member '${missing}' in $select`);
  return Object.fromEntries(wanted.map((name) => [name, row[name]]));
}
