import { guidOf } from "../store.ts";
import { tables } from "./model.ts";
import type { Row } from "./organization-data.ts";
import { accessRights, privileges } from "./privileges.ts";
import { allowOnly } from "./query-options.ts";
import { notServed, refuse } from "./refusal.ts";
import type { Answer, DataverseRequest } from "./request.ts";
import { requireNamed } from "./security.ts";
import { selectRows } from "./selection.ts";
import type { Column, Table } from "./table.ts";
import { guidPattern, parseArguments } from "./url.ts";

const text: Column = { kind: "text" };

/** What `EntityDefinitions` shows of a table, and what it can be filtered by. */
const definition: Table = {
  logicalName: "EntityMetadata",
  schemaName: "EntityMetadata",
  entitySet: "EntityDefinitions",
  primaryId: "MetadataId",
  primaryName: null,
  objectTypeCode: 9800,
  ownership: "None",
  keys: [],
  collections: {},
  columns: {
    MetadataId: { kind: "guid" },
    LogicalName: text,
    SchemaName: text,
    EntitySetName: text,
    LogicalCollectionName: text,
    PrimaryIdAttribute: text,
    PrimaryNameAttribute: text,
    ObjectTypeCode: { kind: "integer" },
    OwnershipType: text,
    IsActivity: { kind: "boolean" },
    IsIntersect: { kind: "boolean" },
    IsCustomEntity: { kind: "boolean" },
    Privileges: { kind: "managedProperty" },
  },
};

const metadataTable = { logicalName: "entity", schemaName: "Entity", objectTypeCode: 9800 };

/** GET of `EntityDefinitions` or of one of them by LogicalName or MetadataId; only with `$select`, as more is not modelled. */
export function readDefinitions(request: DataverseRequest, key: string | undefined): Answer {
  if (request.method !== "GET") notServed(`${request.method} of EntityDefinitions`);
  requireNamed(request.caller, "prvReadEntity", metadataTable);
  const { query, data, base } = request;
  const select = query.select;
  if (!select) notServed("EntityDefinitions without $select");
  for (const property of select) {
    if (!definition.columns[property]) notServed(`${property} of EntityDefinitions`);
  }
  const shown = (row: Row) =>
    Object.fromEntries([...new Set([...select, "MetadataId"])].map((name) => [name, row[name]]));
  const context = `${base}$metadata#EntityDefinitions(${select.join(",")})`;
  const rows = tables.map(definitionOf);
  if (key === undefined) {
    allowOnly(query, "$select", "$filter");
    const value = selectRows(data, definition, rows, query).map(shown);
    return { status: 200, body: { "@odata.context": context, value } };
  }
  allowOnly(query, "$select");
  const row = definitionOfKey(rows, key);
  return { status: 200, body: { "@odata.context": `${context}/$entity`, ...shown(row) } };
}

function definitionOfKey(rows: readonly Row[], key: string): Row {
  if (guidPattern.test(key)) {
    const row = rows.find(({ MetadataId }) => MetadataId === key.toLowerCase());
    return row ?? refuse("NotFound", ["EntityMetadata", key]);
  }
  const name = parseArguments(key, new Map()).get("LogicalName");
  if (name === undefined) refuse("KeyNotValid", ["EntityMetadata"]);
  const row = rows.find(({ LogicalName }) => LogicalName === name);
  // A table that Dataverse has may be missing from the sandbox's model, so its absence says nothing.
  return row ?? notServed(`the table '${name}'`);
}

function definitionOf(table: Table): Row {
  return {
    MetadataId: guidOf(`table ${table.logicalName}`),
    LogicalName: table.logicalName,
    SchemaName: table.schemaName,
    EntitySetName: table.entitySet,
    LogicalCollectionName: table.entitySet,
    PrimaryIdAttribute: table.primaryId,
    PrimaryNameAttribute: table.primaryName,
    ObjectTypeCode: table.objectTypeCode,
    OwnershipType: table.ownership,
    IsActivity: table.privilege === "Activity",
    IsIntersect: table.entitySet.endsWith("collection"),
    IsCustomEntity: false,
    Privileges: privilegesOf(table),
  };
}

function privilegesOf(table: Table): object[] {
  return [...privileges.values()]
    .filter(
      ({ name, accessright }) =>
        accessright !== 0 && name.replace(/^prv(AppendTo|[A-Z][a-z]+)/, "") === table.privilege,
    )
    .map((row) => ({
      CanBeBasic: row.canbebasic,
      CanBeDeep: row.canbedeep,
      CanBeGlobal: row.canbeglobal,
      CanBeLocal: row.canbelocal,
      CanBeEntityReference: row.canbeentityreference,
      CanBeParentEntityReference: row.canbeparententityreference,
      Name: row.name,
      PrivilegeId: row.privilegeid,
      PrivilegeType: Object.entries(accessRights).find(([, bit]) => bit === row.accessright)![0],
    }));
}
