import { tableNamed } from "./model.ts";
import type { OrganizationData, Row, Value } from "./organization-data.ts";
import { rowOfBinding } from "./references.ts";
import { notServed, refuse } from "./refusal.ts";
import { type Column, columnOfProperty, lookupOfNavigation, type Table } from "./table.ts";
import { guidPattern } from "./url.ts";

/** What a body says of a row: column values, and rows to link through collection-valued navigation properties. */
export interface Payload {
  readonly columns: Row;
  readonly links: readonly { readonly navigation: string; readonly target: Row }[];
}

/** Reads the body of a create or update. Read-only columns are dropped; a property that does not exist is 400 0x80048d19. */
export function readPayload(data: OrganizationData, table: Table, body: unknown): Payload {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    refuse("PayloadNotJson", [table.entitySet]);
  }
  const columns: Row = {};
  const links: { navigation: string; target: Row }[] = [];
  for (const [property, value] of Object.entries(body as Record<string, unknown>)) {
    const [name, annotation] = splitAnnotation(property);
    if (annotation === "odata.bind") bind(data, table, name, value, columns, links);
    else if (annotation === undefined) setProperty(table, name, value, columns);
  }
  return { columns, links };
}

/** Checks one column's value and gives it as it is stored. */
export function columnValue(table: Table, name: string, column: Column, value: unknown): Value {
  if (value === null) {
    if (column.required) refuse("RequiredNull", [name, table.logicalName]);
    return null;
  }
  const { edm, accepts } = kinds[column.kind];
  if (!accepts(value)) {
    refuse("PropertyType", [table.entitySet, JSON.stringify(value), edm, name]);
  }
  if (column.kind === "guid") return (value as string).toLowerCase();
  if (column.kind === "datetime" && (value as string).includes("T")) {
    return new Date(value as string).toISOString().replace(/\.\d+Z$/, "Z");
  }
  if (column.length !== undefined && (value as string).length > column.length) {
    refuse("TextTooLong", [name, table.logicalName, column.length]);
  }
  if (column.options && !column.options.includes(value as number)) {
    refuse("ChoiceOutOfRange", [value, name, table.logicalName, column.options.join(",")]);
  }
  return value as Value;
}

const dateOrTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/;

const kinds: Record<Column["kind"], { edm: string; accepts: (value: unknown) => boolean }> = {
  guid: { edm: "Edm.Guid", accepts: (value) => typeof value === "string" && guidPattern.test(value) },
  text: { edm: "Edm.String", accepts: (value) => typeof value === "string" },
  integer: { edm: "Edm.Int32", accepts: (value) => Number.isInteger(value) },
  decimal: { edm: "Edm.Decimal", accepts: (value) => typeof value === "number" },
  boolean: { edm: "Edm.Boolean", accepts: (value) => typeof value === "boolean" },
  choice: { edm: "Edm.Int32", accepts: (value) => Number.isInteger(value) },
  datetime: {
    edm: "Edm.DateTimeOffset",
    accepts: (value) => typeof value === "string" && dateOrTime.test(value) && !Number.isNaN(Date.parse(value)),
  },
  lookup: { edm: "Edm.Guid", accepts: () => false },
  managedProperty: {
    edm: "Microsoft.Dynamics.CRM.BooleanManagedProperty",
    accepts: (value) => typeof value === "object" && "Value" in (value as object),
  },
};

function setProperty(table: Table, name: string, value: unknown, columns: Row): void {
  const found = columnOfProperty(table, name);
  if (found?.column.kind === "lookup") {
    if (!found.column.readOnly) refuse("LookupNotBound", [name]);
  } else if (found) {
    if (!found.column.readOnly) columns[found.name] = columnValue(table, found.name, found.column, value);
  } else if (lookupOfNavigation(table, name)) {
    if (value !== null) notServed("creating related rows in one request (deep insert)");
    bindLookup(table, name, null, columns);
  } else if (table.collections[name]) {
    notServed("creating related rows in one request (deep insert)");
  } else {
    refuse("PropertyUndeclared", [table.entitySet, name, table.logicalName]);
  }
}

function bind(
  data: OrganizationData,
  table: Table,
  navigation: string,
  value: unknown,
  columns: Row,
  links: { navigation: string; target: Row }[],
): void {
  const collection = table.collections[navigation];
  const lookup = lookupOfNavigation(table, navigation);
  if (!collection && !lookup) refuse("PropertyUndeclared", [table.entitySet, navigation, table.logicalName]);
  if (lookup && value === null) {
    bindLookup(table, navigation, null, columns);
    return;
  }
  const bindings = collection ? value : [value];
  if (!Array.isArray(bindings) || !bindings.every((binding) => typeof binding === "string")) {
    refuse("PropertyType", [table.entitySet, JSON.stringify(value), "Edm.String", navigation]);
  }
  const targets = lookup?.targets ?? [collection!.target];
  for (const binding of bindings) {
    const found = rowOfBinding(data, binding);
    if (!found || !targets.includes(found.table.logicalName)) {
      refuse("ReferenceNotAbsolute", [table.entitySet, binding, tableNamed(targets[0]!).entitySet]);
    }
    if (collection) links.push({ navigation, target: found.row });
    else bindLookup(table, navigation, found.row[found.table.primaryId] as string, columns);
  }
}

function bindLookup(table: Table, navigation: string, id: string | null, columns: Row): void {
  const { name, column } = lookupOfNavigation(table, navigation)!;
  if (column.readOnly) return;
  if (id === null && column.required) refuse("RequiredNull", [name, table.logicalName]);
  columns[name] = id;
}

function splitAnnotation(property: string): [string, string | undefined] {
  const at = property.indexOf("@");
  return at < 0 ? [property, undefined] : [property.slice(0, at), property.slice(at + 1)];
}
