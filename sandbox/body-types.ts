import { z } from "zod";

/** The first member of a body that its type does not allow. */
export interface WrongMember {
  /** Where it is: "web.redirectUris". Empty for the body itself. */
  readonly path: string;
  readonly name: string;
  /** True where the type has no member of this name. */
  readonly unknown: boolean;
}

/** What is wrong with a body; undefined where nothing is. Objects that may have no other members are `z.strictObject`. */
export function wrongMember(type: z.ZodType, body: unknown): WrongMember | undefined {
  const issue = type.safeParse(body).error?.issues[0];
  if (!issue) return undefined;
  const unknown = issue.code === "unrecognized_keys";
  const path = unknown ? [...issue.path, issue.keys[0]] : issue.path;
  const name = path.findLast((part) => typeof part === "string") ?? "";
  return { path: path.filter((part) => typeof part === "string").join("."), name, unknown };
}

/** A query option that must be a whole number; `fallback` where it was not given, NaN where it is none. */
export function wholeNumber(text: string | null | undefined, fallback: number): number {
  if (text === null || text === undefined) return fallback;
  return /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
}

/** The query option that a URL has twice: with one of the two, the answer would be a guess. */
export function repeatedOption(query: URLSearchParams): string | undefined {
  const names = [...query.keys()];
  return names.find((name, index) => names.indexOf(name) !== index);
}

export const guid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i);
export const tags = z.record(z.string(), z.string());
