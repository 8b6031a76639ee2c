import type { OrganizationData, Row } from "./organization-data.ts";
import { refuse } from "./refusal.ts";
import { columnOfProperty, type Table } from "./table.ts";
import { guidPattern, type Key } from "./url.ts";

/** The row a key predicate names. Throws 404 (by which code depends on the key), or 400 where it is no key of the table. */
export function rowOfKey(data: OrganizationData, table: Table, key: Key): Row {
  const id = primaryIdOf(table, key);
  if (id !== undefined) return data.get(table.logicalName, id);
  return findByAlternateKey(data, table, key) ?? refuse("NotFoundByKey", [table.logicalName]);
}

/** The row an alternate key names; 400 where it is no key of the table. */
export function findByAlternateKey(data: OrganizationData, table: Table, key: Key): Row | undefined {
  const values = "values" in key ? key.values : new Map<string, string>();
  const columns = [...values].map(([property, value]) => {
    const found = columnOfProperty(table, property);
    return found ? ([found.name, value] as const) : refuse("KeyNotValid", [table.logicalName]);
  });
  const isKey = table.keys.some(
    (key) => key.length === columns.length && columns.every(([name]) => key.includes(name)),
  );
  if (!isKey) refuse("KeyNotValid", [table.logicalName]);
  const same = (row: Row, name: string, value: string) =>
    String(row[name] ?? table.columns[name]!.initial ?? "").toLowerCase() === value.toLowerCase();
  return [...data.rows(table.logicalName).values()].find((row) =>
    columns.every(([name, value]) => same(row, name, value)),
  );
}

/** The primary key of a predicate that gives it: `(guid)` or `(accountid=guid)`. */
export function primaryIdOf(table: Table, key: Key): string | undefined {
  if ("id" in key) return key.id;
  const value = key.values.size === 1 ? key.values.get(table.primaryId) : undefined;
  if (value === undefined) return undefined;
  return guidPattern.test(value) ? value.toLowerCase() : refuse("KeyNotValid", [table.logicalName]);
}
