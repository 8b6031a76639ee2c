import { type Dataverse, literal } from "./client.ts";

/**
 * The entity set that a read privilege opens ("prvReadAccount" → "accounts"), or undefined where the environment has no
 * such table. Privileges end in the table's schema name.
 */
export async function entitySetOf(api: Dataverse, privilege: string): Promise<string | undefined> {
  const filter = encodeURIComponent(`SchemaName eq ${literal(privilege.replace(/^prvRead/, ""))}`);
  const [row] = await api.list(`EntityDefinitions?$select=EntitySetName&$filter=${filter}`);
  return typeof row?.EntitySetName === "string" ? row.EntitySetName : undefined;
}
