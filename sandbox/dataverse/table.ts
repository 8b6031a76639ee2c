/** What a column holds; decides how a body's value is checked and how a filter's literal is compared. */
export type ColumnKind =
  | "guid"
  | "text"
  | "integer"
  | "decimal"
  | "boolean"
  | "datetime"
  | "choice"
  | "lookup"
  | "managedProperty";

export interface Column {
  readonly kind: ColumnKind;
  /** A value in a body is accepted and has no effect, as observed of Dataverse's read-only columns (wire facts D4). */
  readonly readOnly?: boolean;
  /** A row cannot be without it. */
  readonly required?: boolean;
  readonly length?: number;
  readonly options?: readonly number[];
  /** What is shown for a choice or a boolean (index 0 and 1), as formatted value. */
  readonly labels?: Readonly<Record<number, string>>;
  /** Every row gets a guid of its own. */
  readonly generated?: boolean;
  /** What the metadata calls it, where that does not follow from the kind. */
  readonly attributeType?: "BigInt" | "Double" | "EntityName" | "Memo" | "Money" | "Virtual";
  /** Of a time: shown as a date. */
  readonly dateOnly?: boolean;
  /** Value of a row that was created without one. */
  readonly initial?: string | number | boolean | object;
  /** Of a lookup: its single-valued navigation properties and the tables each leads to. */
  readonly navigation?: Readonly<Record<string, readonly string[]>>;
}

/** A collection-valued navigation property: one-to-many by a lookup of the target, or many-to-many by an intersect table. */
export interface Collection {
  readonly target: string;
  /** One-to-many: the target's lookup column that holds this row's id. */
  readonly via?: string;
  /** Many-to-many: the intersect table, and its columns for this row and for the target. */
  readonly intersect?: { readonly table: string; readonly from: string; readonly to: string };
}

export interface Table {
  readonly logicalName: string;
  readonly schemaName: string;
  readonly entitySet: string;
  readonly primaryId: string;
  readonly primaryName: string | null;
  readonly objectTypeCode: number;
  readonly ownership: "UserOwned" | "BusinessOwned" | "OrganizationOwned" | "None";
  /** Middle of its privileges' names ("Account" of prvReadAccount); reading is open to all users where there is none. */
  readonly privilege?: string;
  readonly columns: Readonly<Record<string, Column>>;
  readonly collections: Readonly<Record<string, Collection>>;
  /** Alternate keys, as lists of columns. */
  readonly keys: readonly (readonly string[])[];
  /** Rows come from the platform only: POST, PATCH and DELETE are refused. */
  readonly platformOnly?: boolean;
}

/** The column a property of a row's JSON stands for: itself, or the lookup of `_name_value`. */
export function columnOfProperty(table: Table, property: string): { name: string; column: Column } | undefined {
  const lookupName = /^_(.+)_value$/.exec(property)?.[1];
  const name = lookupName ?? property;
  const column = table.columns[name];
  if (!column || (column.kind === "lookup") !== (lookupName !== undefined)) return undefined;
  return { name, column };
}

/** The lookup column and target tables of a single-valued navigation property. */
export function lookupOfNavigation(
  table: Table,
  navigation: string,
): { name: string; column: Column; targets: readonly string[] } | undefined {
  for (const [name, column] of Object.entries(table.columns)) {
    const targets = column.navigation?.[navigation];
    if (targets) return { name, column, targets };
  }
  return undefined;
}
