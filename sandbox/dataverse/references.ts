import { rowOfKey } from "./keys.ts";
import { tableOfSet } from "./model.ts";
import type { OrganizationData, Row } from "./organization-data.ts";
import { refuse } from "./refusal.ts";
import type { Table } from "./table.ts";
import { decode, parseKey, parsePath } from "./url.ts";

/** Root of the Web API in an address: `/api/data/v9.x/`. */
export const apiRoot = /^\/+api\/data\/(v\d+\.\d+)\/?/;

/** The row that the address of an `@odata.id` or `$id` names: an absolute one of this organization (wire facts D5). */
export function rowOfAbsoluteUrl(data: OrganizationData, set: string, target: Table, url: unknown): Row {
  const wrong = (): never => refuse("ReferenceNotAbsolute", [set, url, target.entitySet]);
  if (typeof url !== "string" || !URL.canParse(url)) return wrong();
  const { origin, pathname } = new URL(url);
  if (origin !== data.url || !apiRoot.test(pathname)) return wrong();
  const found = rowOfPath(data, pathname.replace(apiRoot, ""));
  return found?.table === target ? found.row : wrong();
}

/** The row that an `@odata.bind` names: `/set(key)`, with or without the slash, or the absolute address. */
export function rowOfBinding(data: OrganizationData, binding: string): { table: Table; row: Row } | undefined {
  if (!URL.canParse(binding)) return rowOfPath(data, binding);
  const { origin, pathname } = new URL(binding);
  return origin === data.url ? rowOfPath(data, pathname.replace(apiRoot, "")) : undefined;
}

function rowOfPath(data: OrganizationData, path: string): { table: Table; row: Row } | undefined {
  const segments = parsePath(decode(path));
  const table = segments.length === 1 ? tableOfSet(segments[0]!.name) : undefined;
  const key = segments[0]?.arguments;
  if (!table || key === undefined) return undefined;
  return { table, row: rowOfKey(data, table, parseKey(key, new Map())) };
}
