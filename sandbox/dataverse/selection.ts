import { compileFilter } from "./filter.ts";
import type { OrganizationData, Row, Value } from "./organization-data.ts";
import { compareValues, propertyOf } from "./properties.ts";
import type { QueryOptions } from "./query-options.ts";
import { notServed, refuse } from "./refusal.ts";
import type { Table } from "./table.ts";
import { decode } from "./url.ts";

/** A row's place in an order: its values of the `$orderby` properties, then its id. */
type Place = readonly Value[];

interface Order {
  /** How many values a place has. */
  readonly length: number;
  place(row: Row): Place;
  compare(one: Place, other: Place): number;
}

/** Filters and orders rows as a query says; rows of equal rank are in order of their ids, so pages never overlap. */
export function selectRows(
  data: OrganizationData,
  table: Table,
  rows: readonly Row[],
  query: Pick<QueryOptions, "filter" | "orderBy" | "aliases">,
): Row[] {
  const order = orderOf(data, table, query.orderBy);
  const matches = query.filter ? compileFilter(data, table, query.filter, query.aliases) : () => true;
  return rows
    .filter(matches)
    .map((row) => ({ row, place: order.place(row) }))
    .sort((one, other) => order.compare(one.place, other.place))
    .map(({ row }) => row);
}

/** One page of selected rows: those after the skip token's place, and the token of the next page if there is one. */
export function pageOf(
  data: OrganizationData,
  table: Table,
  rows: readonly Row[],
  query: Pick<QueryOptions, "orderBy" | "skipToken">,
  size: number,
): { page: Row[]; nextToken: string | undefined } {
  const order = orderOf(data, table, query.orderBy);
  const cookie = query.skipToken ? readCookie(query.skipToken, order.length) : { page: 1, after: undefined };
  const { after } = cookie;
  const rest = after ? rows.filter((row) => order.compare(order.place(row), after) > 0) : rows;
  const page = rest.slice(0, size);
  if (rest.length <= size) return { page, nextToken: undefined };
  const place = encodeURIComponent(JSON.stringify(order.place(page.at(-1)!)));
  const number = cookie.page + 1;
  return {
    page,
    nextToken: `<cookie pagenumber="${number}" pagingcookie="${place}" istracking="False" />`,
  };
}

function orderOf(data: OrganizationData, table: Table, orderBy: string | undefined): Order {
  const terms = (orderBy?.split(",") ?? []).map((term) => {
    const [path, direction = "asc", ...more] = term.trim().split(/\s+/);
    if (more.length > 0 || !/^(asc|desc)$/.test(direction)) refuse("QuerySyntax", [`$orderby '${term}'`]);
    if (path!.includes("(")) notServed(`$orderby '${term}'`);
    const { kind, get, shown } = propertyOf(data, table, path!);
    if (kind === "navigation" || kind === "managedProperty") notServed(`$orderby '${term}'`);
    const sign = direction === "asc" ? 1 : -1;
    return shown ? { kind: "text" as const, get: shown, sign } : { kind, get, sign };
  });
  const id = { kind: "guid", get: (row: Row) => row[table.primaryId] ?? null, sign: 1 } as const;
  const all = [...terms, id];
  return {
    length: all.length,
    place: (row) => all.map(({ get }) => get(row)),
    compare(one, other) {
      for (const [index, { kind, sign }] of all.entries()) {
        const order = sign * compareValues(kind, one[index] ?? null, other[index] ?? null);
        if (order !== 0) return order;
      }
      return 0;
    },
  };
}

/** Takes a skip token apart, whose place has so many values. */
function readCookie(token: string, length: number): { page: number; after: Place | undefined } {
  const match = /^<cookie pagenumber="(\d+)" pagingcookie="([^"]*)" istracking="False" \/>$/.exec(token);
  if (!match) refuse("QuerySyntax", ["malformed $skiptoken"]);
  try {
    const after: unknown = JSON.parse(decode(match[2]!));
    if (Array.isArray(after) && after.length === length) return { page: Number(match[1]), after };
  } catch {
    // is refused below
  }
  return refuse("QuerySyntax", ["malformed $skiptoken"]);
}
