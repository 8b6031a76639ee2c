import { wholeNumber } from "../body-types.ts";
import { armErrors } from "./errors.ts";
import type { ArmRequest } from "./routing.ts";

/** One page of a list: at most `$top` rows, with `nextLink` where there are more. */
export function page<Row>({ context, path, query }: ArmRequest, rows: readonly Row[]) {
  const top = wholeNumber(query.get("$top"), Math.max(rows.length, 1));
  const start = wholeNumber(query.get("$skiptoken"), 0);
  if (!(top > 0)) throw armErrors.contentInvalid("The value of $top is not a positive number.");
  if (Number.isNaN(start)) throw armErrors.contentInvalid("The value of $skiptoken is not valid.");
  const value = rows.slice(start, start + top);
  if (start + top >= rows.length) return { value };
  const next = new URLSearchParams(query);
  next.set("$skiptoken", String(start + top));
  return { value, nextLink: `${context.endpoints.arm}${path}?${next}` };
}
