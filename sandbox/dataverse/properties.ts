import { lookupTarget } from "./lookups.ts";
import { tableNamed } from "./model.ts";
import type { OrganizationData, Row, Value } from "./organization-data.ts";
import { notServed, refuse } from "./refusal.ts";
import { type ColumnKind, columnOfProperty, lookupOfNavigation, type Table } from "./table.ts";

/** A column's kind, or a navigation property by its own name: Dataverse compares that with null only. */
export type PropertyKind = ColumnKind | "navigation";

/** A property of a row in `$filter` or `$orderby`: its kind and how to get its value. */
export interface Property {
  readonly kind: PropertyKind;
  readonly get: (row: Row) => Value;
  /** Of a lookup: the name of the row it leads to, by which Dataverse orders ("Order rows"). */
  readonly shown?: (row: Row) => Value;
}

/** The parts of a managed property that can be filtered by. */
const managedParts = new Set(["Value", "CanBeChanged"]);

/** Resolves `name`, `_lookup_value` or `navigation/name` on a table; 400 0x80060888 where there is no such property. */
export function propertyOf(data: OrganizationData, table: Table, path: string): Property {
  const [first, ...rest] = path.split("/");
  if (first!.startsWith("$") || table.collections[first!]) notServed(`'${path}' in a query`);
  const found = columnOfProperty(table, first!);
  if (found && rest.length === 0) {
    const { name, column } = found;
    const property = { kind: column.kind, get: (row: Row) => row[name] ?? null };
    if (column.kind !== "lookup") return property;
    return { ...property, shown: (row) => lookupTarget(data, row, found)?.name ?? null };
  }
  const part = rest.join("/");
  if (found?.column.kind === "managedProperty" && managedParts.has(part)) {
    return { kind: "boolean", get: (row) => (row[found.name] as Record<string, Value> | null)?.[part] ?? null };
  }
  if (rest.length === 0) {
    const lookup = lookupOfNavigation(table, path);
    if (lookup) return { kind: "navigation", get: (row) => row[lookup.name] ?? null };
    refuse("PropertyNotFound", [path, table.logicalName]);
  }
  const lookup = lookupOfNavigation(table, first!);
  if (!lookup) refuse("PropertyNotFound", [first, table.logicalName]);
  if (lookup.targets.length > 1) notServed(`'${path}': ${first} leads to several tables`);
  const target = tableNamed(lookup.targets[0]!);
  const property = propertyOf(data, target, rest.join("/"));
  const ofRelated = (get: (row: Row) => Value) => (row: Row) => {
    const id = row[lookup.name] as string | null | undefined;
    const related = id ? data.find(target.logicalName, id) : undefined;
    return related ? get(related) : null;
  };
  const { kind, get, shown } = property;
  return { kind, get: ofRelated(get), ...(shown && { shown: ofRelated(shown) }) };
}

/** Orders two values of one kind as SQL Server does: null first, texts as they are folded, without spaces at the end. */
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
  return folded(String(value)).trimEnd();
}

/** A text as the collation of an English environment sees it (CI_AI): without letter case and accents. */
export function folded(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
