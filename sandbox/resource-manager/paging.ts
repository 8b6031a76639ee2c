import type { ArmRequest } from "./routing.ts";

/** One page of a list: at most `$top` rows, with `nextLink` where there are more. */
export function page<Row>({ context, path, query }: ArmRequest, rows: readonly Row[]) {
  const top = Number(query.get("$top") ?? rows.length);
  const start = Number(query.get("$skiptoken") ?? 0);
  const value = rows.slice(start, start + top);
  if (start + top >= rows.length) return { value };
  const next = new URLSearchParams(query);
  next.set("$skiptoken", String(start + top));
  return { value, nextLink: `${context.endpoints.arm}${path}?${next}` };
}
