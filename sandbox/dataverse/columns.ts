import type { Collection, Column, ColumnKind, Table } from "./table.ts";

export const text = (length = 100, more: Partial<Column> = {}): Column => ({ kind: "text", length, ...more });
export const fixed = (kind: ColumnKind, initial?: Column["initial"]): Column => ({ kind, readOnly: true, initial });
export const flag = (initial = false): Column => ({ kind: "boolean", initial });
export const choice = (options: readonly number[], initial?: number, more: Partial<Column> = {}): Column => ({
  kind: "choice",
  options,
  initial,
  ...more,
});
export const lookup = (navigation: Column["navigation"], more: Partial<Column> = {}): Column => ({
  kind: "lookup",
  navigation,
  ...more,
});
export const integer: Column = { kind: "integer" };
export const money: Column = { kind: "decimal" };
export const date: Column = { kind: "datetime" };
export const guid: Column = { kind: "guid" };

/** Columns that the platform keeps on every table. */
export const audit = {
  createdon: fixed("datetime"),
  createdby: lookup({ createdby: ["systemuser"] }, { readOnly: true }),
  modifiedon: fixed("datetime"),
  modifiedby: lookup({ modifiedby: ["systemuser"] }, { readOnly: true }),
  versionnumber: fixed("integer"),
};
/** Of tables whose rows a user or team owns. */
export const owned = {
  ...audit,
  ownerid: lookup({ ownerid: ["systemuser", "team"] }),
  owninguser: lookup({ owninguser: ["systemuser"] }, { readOnly: true }),
  owningteam: lookup({ owningteam: ["team"] }, { readOnly: true }),
  owningbusinessunit: lookup({ owningbusinessunit: ["businessunit"] }, { readOnly: true }),
};
/** Of tables whose rows belong to the organization. */
export const organizational = {
  ...audit,
  organizationid: lookup({ organizationid: ["organization"] }, { readOnly: true }),
};

/** One end of a many-to-many relationship, which both ends call by the same name. */
export function intersect(table: string, target: string, from: string, to: string): Collection {
  return { target, intersect: { table, from, to } };
}

/** The table behind a many-to-many relationship. */
export function intersectTable(
  logicalName: string,
  schemaName: string,
  objectTypeCode: number,
  ends: readonly string[],
  more: Record<string, Column> = {},
): Table {
  const primaryId = logicalName === "teammembership" ? "teammembershipid" : `${logicalName.slice(0, -1)}id`;
  return {
    logicalName,
    schemaName,
    entitySet: `${logicalName}collection`,
    primaryId,
    primaryName: null,
    objectTypeCode,
    ownership: "None",
    platformOnly: true,
    keys: [],
    columns: {
      [primaryId]: guid,
      ...Object.fromEntries(ends.map((column) => [column, guid])),
      ...more,
      versionnumber: fixed("integer"),
    },
    collections: {},
  };
}
