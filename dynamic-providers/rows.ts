import { z } from "zod";
import { unexpected } from "./errors.ts";

/** A GUID in small letters, so that ids can be compared. */
export const id = z.guid().toLowerCase();

/** A member that may be left out or null. */
export const optional = <T extends z.ZodType>(member: T) => member.nullish().transform((value) => value ?? undefined);

/**
 * The members of a row that are asked for. Throws a VendorError where one is missing or of a wrong type: it names the
 * member, never what is there.
 */
export function readRow<T>(shape: z.ZodType<T>, row: unknown, what: string): T {
  const { data, error } = shape.safeParse(row);
  if (!error) return data;
  throw unexpected(200, `${what} came with a ${error.issues[0]!.path.join(".") || "row"} that cannot be read`);
}
