import { tableNamed } from "./model.ts";
import type { OrganizationData, Row } from "./organization-data.ts";
import type { Column, Table } from "./table.ts";

/** Where a lookup of a row leads: the row, its table, its name, and the navigation property that goes there. */
interface LookupTarget {
  readonly table: Table;
  readonly row: Row;
  readonly navigation: string;
  readonly name: string | undefined;
}

/** The row a lookup leads to, in whichever of its target tables it is; undefined where it is empty. */
export function lookupTarget(
  data: OrganizationData,
  row: Row,
  lookup: { readonly name: string; readonly column: Column },
): LookupTarget | undefined {
  const id = row[lookup.name] as string | null | undefined;
  if (!id) return undefined;
  for (const [navigation, targets] of Object.entries(lookup.column.navigation ?? {})) {
    for (const table of targets.map(tableNamed)) {
      const found = data.find(table.logicalName, id);
      if (!found) continue;
      const name = table.primaryName ? found[table.primaryName] : undefined;
      return { table, row: found, navigation, name: name == null ? undefined : String(name) };
    }
  }
  return undefined;
}
