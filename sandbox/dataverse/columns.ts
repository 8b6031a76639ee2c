import type { Collection, Column, ColumnKind, Table } from "./table.ts";

type More = Partial<Column>;

export const text = (length?: number, more: More = {}): Column => ({
  kind: "text",
  ...(length && { length }),
  ...more,
});
/** A column that the platform alone fills in. */
export const fixed = (kind: ColumnKind, initial?: Column["initial"], more: More = {}): Column => ({
  kind,
  readOnly: true,
  ...(initial !== undefined && { initial }),
  ...more,
});
export const flag = (initial = false, labels: Column["labels"] = ["No", "Yes"]): Column => ({
  kind: "boolean",
  initial,
  labels,
});
/** A boolean that the platform alone sets. */
export const fixedFlag = (initial: boolean, labels?: Column["labels"]): Column => ({
  ...flag(initial, labels),
  readOnly: true,
});
export const choice = (labels: Record<number, string>, initial?: number, more: More = {}): Column => ({
  kind: "choice",
  options: Object.keys(labels).map(Number),
  labels,
  ...(initial !== undefined && { initial }),
  ...more,
});
export const lookup = (navigation: Column["navigation"], more: More = {}): Column => ({
  kind: "lookup",
  navigation,
  ...more,
});
export const integer: Column = { kind: "integer" };
export const decimal: Column = { kind: "decimal" };
/** An amount of the row's currency, which the model does not have. */
export const money: Column = { kind: "decimal", attributeType: "Money" };
export const double: Column = { kind: "decimal", attributeType: "Double" };
/** A text of several lines. */
export const memo = (length?: number): Column => text(length, { attributeType: "Memo" });
export const date: Column = { kind: "datetime" };
export const guid: Column = { kind: "guid" };
/** An id that every row gets when it is made. */
const ownId: Column = { kind: "guid", readOnly: true, generated: true };

/** Columns that the platform keeps on every table. */
export const audit = {
  createdon: fixed("datetime"),
  createdby: lookup({ createdby: ["systemuser"] }, { readOnly: true }),
  createdonbehalfby: lookup({ createdonbehalfby: ["systemuser"] }, { readOnly: true }),
  modifiedon: fixed("datetime"),
  modifiedby: lookup({ modifiedby: ["systemuser"] }, { readOnly: true }),
  modifiedonbehalfby: lookup({ modifiedonbehalfby: ["systemuser"] }, { readOnly: true }),
  versionnumber: fixed("integer", undefined, { attributeType: "BigInt" }),
};
/** Of tables whose rows a user or team owns. */
export const owned = {
  ...audit,
  ownerid: lookup({ ownerid: ["systemuser", "team"] }),
  owninguser: lookup({ owninguser: ["systemuser"] }, { readOnly: true }),
  owningteam: lookup({ owningteam: ["team"] }, { readOnly: true }),
  owningbusinessunit: lookup({ owningbusinessunit: ["businessunit"] }, { readOnly: true }),
};
/** The same of an activity, whose navigation properties end in the table's name ("createdby_task"). */
export function ownedActivity(table: string): Record<string, Column> {
  const renamed = (navigation: Column["navigation"]) =>
    navigation && Object.fromEntries(Object.entries(navigation).map(([name, to]) => [`${name}_${table}`, to]));
  return Object.fromEntries(
    Object.entries(owned as Record<string, Column>).map(([name, column]) => [
      name,
      { ...column, ...(column.navigation && { navigation: renamed(column.navigation) }) },
    ]),
  );
}
/** Of tables whose rows belong to the organization, where that is a lookup. */
export const organizational = {
  ...audit,
  organizationid: lookup({ organizationid: ["organization"] }, { readOnly: true }),
};
/** The same where it is a plain id, as on users, teams and roles. */
export const organizationalById = { ...audit, organizationid: fixed("guid") };

/** One of the addresses of a row; `present` where each row has one from the start, if only an empty one. */
export function address(prefix: string, present: boolean): Record<string, Column> {
  const codes = choice({ 1: "Default Value" }, present ? 1 : undefined);
  const columns: Record<string, Column> = {
    addressid: present ? ownId : guid,
    addresstypecode: codes,
    shippingmethodcode: codes,
    latitude: double,
    longitude: double,
    utcoffset: integer,
  };
  for (const name of ["city", "country", "county", "fax", "line1", "line2", "line3", "name", "postalcode"]) {
    columns[name] = text();
  }
  for (const name of ["postofficebox", "stateorprovince", "telephone1", "telephone2", "telephone3", "upszone"]) {
    columns[name] = text();
  }
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [`${prefix}_${name}`, column]));
}

/** The image of a row, which the model leaves empty. */
export const image = {
  entityimage: fixed("text", undefined, { attributeType: "Virtual" }),
  entityimage_timestamp: fixed("integer", undefined, { attributeType: "BigInt" }),
  entityimage_url: fixed("text"),
  entityimageid: fixed("guid"),
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
      versionnumber: audit.versionnumber,
    },
    collections: {},
  };
}
