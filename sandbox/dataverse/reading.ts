import { listAnnotations } from "./annotations.ts";
import { tableNamed } from "./model.ts";
import type { Row } from "./organization-data.ts";
import { allowOnly } from "./query-options.ts";
import { notServed, refuse } from "./refusal.ts";
import { checkShown, contextOf, etagOf, followLookup, relatedRows, represent, urlOf } from "./representation.ts";
import { type Answer, type DataverseRequest, pageLimit } from "./request.ts";
import { rulesOf } from "./rules/rules.ts";
import { readableRows, requireRight, requireRightOn } from "./security.ts";
import { pageOf, selectRows } from "./selection.ts";
import { columnOfProperty, lookupOfNavigation, type Table } from "./table.ts";

/** GET of an entity set. */
export function readSet(request: DataverseRequest, table: Table): Answer {
  return readRows(request, table, readableRows(request.data, request.caller, table));
}

/** GET of an entity set's `$count`: the number alone, as text. */
export function countSet(request: DataverseRequest, table: Table): Answer {
  allowOnly(request.query, "$filter");
  const rows = readableRows(request.data, request.caller, table);
  const { length } = selectRows(request.data, table, rows, request.query);
  return { status: 200, body: String(Math.min(length, pageLimit)) };
}

/** GET of one row, 304 where the client has this version already. */
export function readRow(request: DataverseRequest, table: Table, row: Row): Answer {
  allowOnly(request.query, "$select", "$expand");
  requireRightOn(request.data, request.caller, table, "Read", row);
  // Never with $expand or annotations, which the version does not cover (wire facts D4).
  const conditional = request.query.expand.length === 0 && request.preferences.annotations === undefined;
  if (conditional && request.ifNoneMatch === etagOf(row)) return { status: 304 };
  const body = rowBody(request, table, row);
  rulesOf(table).read?.(request.data, row);
  return { status: 200, body };
}

/** A row as the body of an answer about one row. */
export function rowBody(request: DataverseRequest, table: Table, row: Row): Record<string, unknown> {
  const { select, expand } = request.query;
  checkShown(request.data, table, select, expand);
  return {
    "@odata.context": `${contextOf(request.base, table, select, expand)}/$entity`,
    ...represent(request, table, row, select, expand),
  };
}

/** GET of `set(key)/name`: a column, the row a lookup leads to, or the rows of a collection. */
export function readProperty(request: DataverseRequest, table: Table, row: Row, name: string): Answer {
  requireRightOn(request.data, request.caller, table, "Read", row);
  const id = row[table.primaryId] as string;
  const collection = table.collections[name];
  if (collection) {
    const rows = relatedRows(request.data, request.caller, id, collection);
    return readRows(request, tableNamed(collection.target), rows);
  }
  const lookup = lookupOfNavigation(table, name);
  if (lookup) {
    if (lookup.targets.length > 1) notServed(`the path '${request.path}', as ${name} leads to several tables`);
    const found = followLookup(request.data, row, lookup);
    if (found) return readRow(request, found.table, found.row);
    requireRight(request.caller, tableNamed(lookup.targets[0]!), "Read");
    return { status: 204 };
  }
  const column = columnOfProperty(table, name) ?? refuse("SegmentNotFound", [name]);
  allowOnly(request.query);
  const value = row[column.name] ?? null;
  if (value === null) return { status: 204 };
  return {
    status: 200,
    body: { "@odata.context": `${urlContext(request, table, id)}/${name}`, value },
  };
}

/** GET of `set(key)/navigation/$ref`: addresses in place of rows. */
export function readReferences(request: DataverseRequest, table: Table, row: Row, name: string): Answer {
  requireRightOn(request.data, request.caller, table, "Read", row);
  const collection = table.collections[name];
  if (collection) {
    allowOnly(request.query, "$filter", "$top");
    const target = tableNamed(collection.target);
    const rows = relatedRows(request.data, request.caller, row[table.primaryId] as string, collection);
    const value = selectRows(request.data, target, rows, request.query)
      .slice(0, request.query.top)
      .map((other) => ({ "@odata.id": urlOf(request.base, target, other[target.primaryId] as string) }));
    return { status: 200, body: { "@odata.context": `${request.base}$metadata#Collection($ref)`, value } };
  }
  const lookup = lookupOfNavigation(table, name) ?? refuse("SegmentNotFound", [name]);
  const found = followLookup(request.data, row, lookup);
  if (!found) return { status: 204 };
  const id = urlOf(request.base, found.table, found.row[found.table.primaryId] as string);
  return { status: 200, body: { "@odata.context": `${request.base}$metadata#$ref`, "@odata.id": id } };
}

function readRows(request: DataverseRequest, table: Table, rows: readonly Row[]): Answer {
  const { data, query, preferences } = request;
  if (query.id) notServed("the query option $id here");
  if (request.ifNoneMatch) notServed("If-None-Match for a list");
  checkShown(data, table, query.select, query.expand);
  const selected = selectRows(data, table, rows, query);
  const size = query.top === undefined ? (preferences.pageSize ?? pageLimit) : Math.min(query.top, pageLimit);
  const { page, nextToken } = pageOf(data, table, selected, query, size);
  const body: Record<string, unknown> = {
    "@odata.context": contextOf(request.base, table, query.select, query.expand),
  };
  if (query.count) body["@odata.count"] = Math.min(selected.length, pageLimit);
  Object.assign(body, listAnnotations(preferences, query.count ? selected.length : undefined));
  body.value = page.map((row) => represent(request, table, row, query.select, query.expand));
  if (nextToken && query.top === undefined) body["@odata.nextLink"] = nextLink(request, nextToken);
  return {
    status: 200,
    body,
    applied: preferences.pageSize && query.top === undefined ? [`odata.maxpagesize=${preferences.pageSize}`] : [],
  };
}

function nextLink(request: DataverseRequest, token: string): string {
  const options = request.query.given
    .filter(([name]) => name !== "$skiptoken")
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const path = request.path.split("/").map(encodeURI).join("/");
  return `${request.base}${path}?${[...options, `$skiptoken=${encodeURIComponent(token)}`].join("&")}`;
}

function urlContext(request: DataverseRequest, table: Table, id: string): string {
  return `${request.base}$metadata#${table.entitySet}(${id})`;
}
