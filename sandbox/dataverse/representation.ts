import { propertyAnnotations } from "./annotations.ts";
import { tableNamed } from "./model.ts";
import type { OrganizationData, Row } from "./organization-data.ts";
import { allowOnly, type Expand } from "./query-options.ts";
import { notServed, refuse } from "./refusal.ts";
import type { DataverseRequest } from "./request.ts";
import { type Caller, readableRows, requireRight, requireRightOn } from "./security.ts";
import { selectRows } from "./selection.ts";
import { type Collection, columnOfProperty, lookupOfNavigation, type Table } from "./table.ts";

/** What showing a row depends on. */
type Represented = Pick<DataverseRequest, "data" | "caller" | "base" | "preferences">;

/** The etag of a row: its version. */
export function etagOf(row: Row): string {
  return `W/"${row.versionnumber}"`;
}

/** Address of a row. */
export function urlOf(base: string, table: Table, id: string): string {
  return `${base}${table.entitySet}(${id})`;
}

/** A row as JSON: etag, the selected columns (all, unless told) with explicit nulls, and what is expanded. */
export function represent(
  request: Represented,
  table: Table,
  row: Row,
  select: readonly string[] | undefined,
  expand: readonly Expand[],
): Record<string, unknown> {
  const body: Record<string, unknown> = { "@odata.etag": etagOf(row) };
  for (const property of selectedProperties(table, select)) {
    Object.assign(body, propertyAnnotations(request, table, row, property));
    body[property] = row[columnOfProperty(table, property)!.name] ?? null;
  }
  for (const item of expand) {
    const collection = table.collections[item.navigation];
    if (collection) {
      const url = `${urlOf(request.base, table, row[table.primaryId] as string)}/${item.navigation}`;
      body[item.navigation] = expandCollection(request, table, row, collection, item);
      body[`${item.navigation}@odata.nextLink`] = item.text ? `${url}?${item.text}` : url;
    } else {
      body[item.navigation] = expandLookup(request, table, row, item);
    }
  }
  return body;
}

/** Refuses what cannot be shown, also where there is no row to show it of. */
export function checkShown(
  data: OrganizationData,
  table: Table,
  select: readonly string[] | undefined,
  expand: readonly Expand[],
): void {
  selectedProperties(table, select);
  for (const { navigation, query } of expand) {
    const collection = table.collections[navigation];
    const lookup = lookupOfNavigation(table, navigation);
    if (!collection && !lookup) refuse("PropertyNotFound", [navigation, table.logicalName]);
    if (lookup && lookup.targets.length > 1) notServed(`$expand of ${navigation}, which leads to several tables`);
    if (lookup) allowOnly(query, "$select");
    const target = tableNamed(collection?.target ?? lookup!.targets[0]!);
    selectedProperties(target, query.select);
    if (collection) selectRows(data, target, [], query);
  }
}

/** Names of the properties to show: the primary key always, then those asked for. */
function selectedProperties(table: Table, select: readonly string[] | undefined): string[] {
  const all = Object.entries(table.columns).map(([name, column]) =>
    column.kind === "lookup" ? `_${name}_value` : name,
  );
  if (!select || select.includes("*")) return all;
  const wanted = select.map((property) => {
    if (columnOfProperty(table, property)) return property;
    const lookup = lookupOfNavigation(table, property);
    if (!lookup) refuse("PropertyNotFound", [property, table.logicalName]);
    return `_${lookup.name}_value`;
  });
  return [...new Set([...wanted, table.primaryId])];
}

/** The `#…` part of a context URL: the entity set with what was selected and expanded. */
export function contextOf(
  base: string,
  table: Table,
  select: readonly string[] | undefined,
  expand: readonly Expand[],
): string {
  const nested = expand.map(({ navigation, query }) => `${navigation}(${query.select?.join(",") ?? ""})`);
  const shown = [...(select ?? []), ...nested].join(",");
  return `${base}$metadata#${table.entitySet}${shown ? `(${shown})` : ""}`;
}

/** The rows at the other end of a collection-valued navigation property that the caller may read. */
export function relatedRows(data: OrganizationData, caller: Caller, id: string, collection: Collection): Row[] {
  const target = tableNamed(collection.target);
  const { intersect, via } = collection;
  const ids = intersect && new Set(data.linked(intersect.table, intersect.from, id, intersect.to));
  return readableRows(data, caller, target).filter((other) =>
    ids ? ids.has(other[target.primaryId] as string) : other[via!] === id,
  );
}

function expandCollection(
  request: Represented,
  table: Table,
  row: Row,
  collection: Collection,
  { query }: Expand,
): unknown[] {
  const target = tableNamed(collection.target);
  const rows = relatedRows(request.data, request.caller, row[table.primaryId] as string, collection);
  return selectRows(request.data, target, rows, query)
    .slice(0, query.top)
    .map((other) => represent(request, target, other, query.select, []));
}

function expandLookup(request: Represented, table: Table, row: Row, { navigation, query }: Expand): unknown {
  const lookup = lookupOfNavigation(table, navigation);
  if (!lookup) refuse("PropertyNotFound", [navigation, table.logicalName]);
  const found = followLookup(request.data, row, lookup);
  if (!found) {
    requireRight(request.caller, tableNamed(lookup.targets[0]!), "Read");
    return null;
  }
  requireRightOn(request.data, request.caller, found.table, "Read", found.row);
  return represent(request, found.table, found.row, query.select, []);
}

/** The row a lookup leads to, in whichever of its target tables it is. */
export function followLookup(
  data: OrganizationData,
  row: Row,
  lookup: { name: string; targets: readonly string[] },
): { table: Table; row: Row } | undefined {
  const id = row[lookup.name] as string | null | undefined;
  if (!id) return undefined;
  for (const target of lookup.targets) {
    const found = data.find(target, id);
    if (found) return { table: tableNamed(target), row: found };
  }
  return undefined;
}
