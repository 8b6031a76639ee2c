import type { Column, ColumnKind } from "./table.ts";

const ofKind: Record<ColumnKind, string> = {
  guid: "Uniqueidentifier",
  text: "String",
  integer: "Integer",
  decimal: "Decimal",
  boolean: "Boolean",
  datetime: "DateTime",
  choice: "Picklist",
  lookup: "Lookup",
  managedProperty: "ManagedProperty",
};

/** Columns whose type follows from their name, on every table. */
const ofName: Record<string, string> = {
  statecode: "State",
  statuscode: "Status",
  ownerid: "Owner",
  parentcustomerid: "Customer",
};

/** The type of a column as its metadata names it (AttributeTypeCode). */
export function attributeTypeOf(name: string, column: Column): string {
  const named = column.kind === "lookup" || column.kind === "choice" ? ofName[name] : undefined;
  return named ?? column.attributeType ?? ofKind[column.kind];
}

/** The type of a column in the CSDL. */
export function edmTypeOf({ kind, attributeType }: Column): string {
  if (attributeType === "BigInt") return "Edm.Int64";
  if (attributeType === "Double") return "Edm.Double";
  if (attributeType === "Virtual") return "Edm.Binary";
  return edmOfKind[kind];
}

const edmOfKind: Record<ColumnKind, string> = {
  guid: "Edm.Guid",
  text: "Edm.String",
  integer: "Edm.Int32",
  decimal: "Edm.Decimal",
  boolean: "Edm.Boolean",
  datetime: "Edm.DateTimeOffset",
  choice: "Edm.Int32",
  lookup: "Edm.Guid",
  managedProperty: "mscrm.BooleanManagedProperty",
};
