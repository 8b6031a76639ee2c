import { tables } from "./model.ts";
import type { OrganizationData, Row } from "./organization-data.ts";
import { allowOnly, type QueryOptions } from "./query-options.ts";
import { notServed, refuse } from "./refusal.ts";
import type { Answer, DataverseRequest } from "./request.ts";
import { requireNamed } from "./security.ts";
import { selectRows } from "./selection.ts";
import type { Table } from "./table.ts";
import { definitions, type MetadataKind, parts } from "./table-metadata.ts";
import { guidPattern, parseArguments, type Segment } from "./url.ts";

const metadataTable = { logicalName: "entity", schemaName: "Entity", objectTypeCode: 9800 };

/** GET of `EntityDefinitions`, of one of them by LogicalName or MetadataId, or of a part of one: its Attributes and so on. */
export function readDefinitions(request: DataverseRequest, [first, part, ...more]: readonly Segment[]): Answer {
  const { method, query, data, base, caller } = request;
  if (method !== "GET") notServed(`${method} of EntityDefinitions`);
  if (more.length > 0) notServed(`the path '${request.path}'`);
  requireNamed(caller, "prvReadEntity", metadataTable);
  const key = first!.arguments;
  if (key === undefined) {
    allowOnly(query, "$select", "$filter", "$expand");
    const value = itemsOf(data, definitions, query, tables);
    return { status: 200, body: { "@odata.context": contextOf(base, "EntityDefinitions", query), value } };
  }
  const table = tableOfKey(key);
  if (part) return readPart(request, table, part, `EntityDefinitions(${key})`);
  allowOnly(query, "$select", "$expand");
  const [item] = itemsOf(data, definitions, query, [table]);
  return {
    status: 200,
    body: { "@odata.context": `${contextOf(base, "EntityDefinitions", query)}/$entity`, ...item },
  };
}

/** All items of a part, or the one of a name. */
function readPart({ data, query, base }: DataverseRequest, table: Table, part: Segment, path: string): Answer {
  const kind = parts.get(part.name) ?? notServed(`${part.name} of EntityDefinitions`);
  const context = contextOf(base, `${path}/${part.name}`, query);
  if (part.arguments === undefined) {
    allowOnly(query, "$select", "$filter");
    return { status: 200, body: { "@odata.context": context, value: itemsOf(data, kind, query, [table]) } };
  }
  allowOnly(query, "$select");
  const name = parseArguments(part.arguments, query.aliases).get("LogicalName");
  if (name === undefined || !kind.shape.columns.LogicalName) notServed(`'${part.name}(${part.arguments})'`);
  const filter = `LogicalName eq '${name.replaceAll("'", "''")}'`;
  const [item] = itemsOf(data, kind, { ...query, filter }, [table]);
  // A column that Dataverse has may be missing from the sandbox's model, so its absence says nothing.
  if (!item) notServed(`the column '${name}' of ${table.logicalName}`);
  return { status: 200, body: { "@odata.context": `${context}/$entity`, ...item } };
}

function tableOfKey(key: string): Table {
  const isWanted = ({ MetadataId, LogicalName }: Row, name: string | undefined) =>
    name === undefined ? MetadataId === key.toLowerCase() : LogicalName === name;
  const name = guidPattern.test(key) ? undefined : parseArguments(key, new Map()).get("LogicalName");
  if (name === undefined && !guidPattern.test(key)) refuse("KeyNotValid", ["EntityMetadata"]);
  const table = tables.find((candidate) => isWanted(definitions.rowsOf(candidate)[0]!, name));
  // A table that Dataverse has may be missing from the sandbox's model, so its absence says nothing.
  return table ?? notServed(`the table '${name ?? key}'`);
}

/** The items of some tables as the query selects and shows them, each with what is expanded. */
function itemsOf(data: OrganizationData, kind: MetadataKind, query: QueryOptions, of: readonly Table[]): Row[] {
  const properties = query.select ?? Object.keys(kind.shape.columns);
  for (const property of properties) {
    if (!Object.hasOwn(kind.shape.columns, property)) notServed(`${property} of ${kind.shape.entitySet}`);
  }
  const called = /([\w.]+)\s*\(/.exec((query.filter ?? "").replace(/'[^']*'|\b(?:and|or|not)\b/g, ""))?.[1];
  if (called) refuse("MetadataFunction", [called]);
  const shown = new Set([...properties, "MetadataId"]);
  const tableOf = new Map(of.flatMap((table) => kind.rowsOf(table).map((row) => [row, table] as const)));
  return selectRows(data, kind.shape, [...tableOf.keys()], query).map((row) => ({
    ...Object.fromEntries(Object.entries(row).filter(([name]) => shown.has(name) || name.startsWith("@"))),
    ...expanded(data, query, tableOf.get(row)!),
  }));
}

function expanded(data: OrganizationData, query: QueryOptions, table: Table): Row {
  return Object.fromEntries(
    query.expand.map(({ navigation, query: nested }) => {
      const kind = parts.get(navigation) ?? notServed(`$expand of ${navigation} of EntityDefinitions`);
      allowOnly(nested, "$select", "$filter");
      return [navigation, itemsOf(data, kind, nested, [table])];
    }),
  );
}

function contextOf(base: string, path: string, { select, expand }: QueryOptions): string {
  const nested = expand.map(({ navigation, query }) => `${navigation}(${query.select?.join(",") ?? ""})`);
  const shown = [...(select ?? []), ...nested].join(",");
  return `${base}$metadata#${path}${shown ? `(${shown})` : ""}`;
}
