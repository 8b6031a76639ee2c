import { tableNamed } from "./model.ts";
import type { OrganizationData, Row, Value } from "./organization-data.ts";
import { refuse } from "./refusal.ts";
import { type ColumnKind, columnOfProperty, lookupOfNavigation, type Table } from "./table.ts";

/** A column's kind, or a navigation property by its own name: Dataverse compares that with null only. */
export type PropertyKind = ColumnKind | "navigation";

/** A property of a row in `$filter` or `$orderby`: its kind and how to get its value. */
export interface Property {
  readonly kind: PropertyKind;
  readonly get: (row: Row) => Value;
}

/** Resolves `name`, `_lookup_value` or `navigation/name` on a table; 400 0x80060888 where there is no such property. */
export function propertyOf(data: OrganizationData, table: Table, path: string): Property {
  const [first, ...rest] = path.split("/");
  if (rest.length === 0) {
    const found = columnOfProperty(table, path);
    if (found) return { kind: found.column.kind, get: (row) => row[found.name] ?? null };
    const lookup = lookupOfNavigation(table, path);
    if (lookup) return { kind: "navigation", get: (row) => row[lookup.name] ?? null };
    refuse("PropertyNotFound", [path, table.logicalName]);
  }
  const lookup = lookupOfNavigation(table, first!);
  if (!lookup) refuse("PropertyNotFound", [first, table.logicalName]);
  const target = tableNamed(lookup.targets[0]!);
  const property = propertyOf(data, target, rest.join("/"));
  return {
    kind: property.kind,
    get(row) {
      const id = row[lookup.name] as string | null | undefined;
      const related = id ? data.find(target.logicalName, id) : undefined;
      return related ? property.get(related) : null;
    },
  };
}

/** Orders two values of one kind as SQL Server does with Dataverse's collation: null first, text without letter case. */
export function compareValues(kind: PropertyKind, one: Value, other: Value): number {
  const [left, right] = [comparable(kind, one), comparable(kind, other)];
  if (left === null || right === null) return (left === null ? 0 : 1) - (right === null ? 0 : 1);
  return left < right ? -1 : left > right ? 1 : 0;
}

function comparable(kind: PropertyKind, value: Value): string | number | null {
  if (value === null) return null;
  if (kind === "datetime") return Date.parse(String(value));
  if (kind === "boolean") return value ? 1 : 0;
  if (kind === "integer" || kind === "decimal" || kind === "choice") return Number(value);
  return String(value).toLowerCase();
}
