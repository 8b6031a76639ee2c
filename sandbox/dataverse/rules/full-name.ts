import type { Row } from "../organization-data.ts";

/** The full name that a row will have once `changes` are made: first and last name, or null without either. */
export function fullName(row: Row, changes: Row): string | null {
  const { firstname, lastname } = { ...row, ...changes };
  return [firstname, lastname].filter(Boolean).join(" ") || null;
}
