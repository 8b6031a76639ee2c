import { graphErrors } from "./errors.ts";

/** A Graph object as it is answered. */
export type Entity = Record<string, unknown>;

const defaultPageSize = 100;
const equality = /^\s*([\w/]+)\s+eq\s+(?:'((?:[^']|'')*)'|(true|false|null))\s*$/i;

/** A list as Graph pages it: those that match `$filter`, `$top` of them a page, a link to the next one. */
export function list(requestUrl: string, contextUrl: string, publicBase: string, rows: readonly Entity[]) {
  const url = new URL(requestUrl);
  const query = options(url, ["$filter", "$select", "$top", "$skiptoken"]);
  const matches = parseFilter(query.get("$filter"));
  const found = rows.filter(matches);
  const top = query.has("$top") ? Number(query.get("$top")) : defaultPageSize;
  if (!Number.isInteger(top) || top < 1 || top > 999) throw graphErrors.invalidValue("$top", "query");
  const start = Number(query.get("$skiptoken") ?? 0);
  const value = found.slice(start, start + top).map((row) => select(row, query.get("$select")));
  const next = new URL(`${publicBase}${url.pathname}${url.search}`);
  next.searchParams.set("$skiptoken", String(start + top));
  return {
    "@odata.context": contextUrl,
    ...(start + top < found.length ? { "@odata.nextLink": next.href } : {}),
    value,
  };
}

/** One object, cut down to `$select`. */
export function single(requestUrl: string, contextUrl: string, row: Entity): Entity {
  const query = options(new URL(requestUrl), ["$select"]);
  return { "@odata.context": `${contextUrl}/$entity`, ...select(row, query.get("$select")) };
}

/** The members that a request selects; undefined for all. */
export function selected(requestUrl: string): string[] | undefined {
  return new URL(requestUrl).searchParams
    .get("$select")
    ?.split(",")
    .map((name) => name.trim());
}

/** System query options of a URL. One that is not served is refused, never ignored: that would answer wrong rows. */
function options(url: URL, served: readonly string[]): URLSearchParams {
  for (const name of url.searchParams.keys()) {
    if (name.startsWith("$") && !served.includes(name)) throw graphErrors.notServed(`the query option ${name}`);
  }
  return url.searchParams;
}

function select(row: Entity, names: string | null): Entity {
  if (!names) return row;
  const wanted = names.split(",").map((name) => name.trim());
  return Object.fromEntries(wanted.filter((name) => name in row).map((name) => [name, row[name]]));
}

/** A filter of `member eq 'value'` terms joined by `and`; text is compared without regard to case, as Graph does. */
function parseFilter(filter: string | null): (row: Entity) => boolean {
  if (!filter) return () => true;
  const terms = splitByAnd(filter).map((term) => {
    const match = equality.exec(term);
    if (!match) {
      if (/\b(or|not|ne|in|gt|ge|lt|le|startswith|endswith|any|all|has)\b/i.test(term))
        throw graphErrors.notServed(`the filter '${filter}'`);
      throw graphErrors.invalidFilter(filter);
    }
    const [, member, text, literal] = match;
    const value = literal ? JSON.parse(literal.toLowerCase()) : text!.replaceAll("''", "'").toLowerCase();
    return { member: member!, value };
  });
  return (row) =>
    terms.every(({ member, value }) => {
      const actual = member.split("/").reduce<unknown>((at, part) => (at as Entity | null)?.[part], row);
      return (typeof actual === "string" ? actual.toLowerCase() : (actual ?? null)) === value;
    });
}

/** Splits at `and` outside of quotes. */
function splitByAnd(filter: string): string[] {
  const parts = filter.match(/'(?:[^']|'')*'|[^']+/g) ?? [];
  const terms = [""];
  for (const part of parts) {
    const [first = "", ...rest] = part.startsWith("'") ? [part] : part.split(/\s+and\s+/i);
    terms[terms.length - 1] += first;
    terms.push(...rest);
  }
  return terms;
}
