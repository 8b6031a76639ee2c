import { notServed, refuse } from "./refusal.ts";

export const guidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** One step of a resource path: `name` or `name(arguments)`. */
export interface Segment {
  readonly name: string;
  /** What is between the parentheses; undefined where there are none. */
  readonly arguments: string | undefined;
}

/** A key predicate: the primary key alone, or named values. */
export type Key = { readonly id: string } | { readonly values: ReadonlyMap<string, string> };

/** Percent-decodes; 400 where that cannot be done. */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return refuse("QuerySyntax", [`'${text}' is not well encoded`]);
  }
}

/** Splits at a separator that is outside quotes and parentheses. */
export function splitOutside(text: string, separator: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quote = "";
  let part = "";
  for (const character of text) {
    if (quote) quote = character === quote ? "" : quote;
    else if (character === "'" || character === '"') quote = character;
    else if (character === "(" || character === "[") depth++;
    else if (character === ")" || character === "]") depth--;
    if (character === separator && depth === 0 && !quote) {
      parts.push(part);
      part = "";
    } else {
      part += character;
    }
  }
  return [...parts, part];
}

/** Takes a decoded resource path apart; empty steps (doubled and trailing slashes) do not count. */
export function parsePath(path: string): Segment[] {
  return splitOutside(path, "/")
    .filter((step) => step !== "")
    .map((step) => {
      const match = /^([^(]+)(?:\((.*)\))?$/s.exec(step);
      if (!match) refuse("QuerySyntax", [`'${step}'`]);
      return { name: match[1]!, arguments: match[2] };
    });
}

/** Reads a key predicate: a guid, or `name=value` pairs with an alias for a value where `aliases` has it. */
export function parseKey(text: string, aliases: ReadonlyMap<string, string>): Key {
  const bare = text.trim();
  if (guidPattern.test(bare)) return { id: bare.toLowerCase() };
  if (guidPattern.test(unquote(bare))) notServed(`the key ${bare}, a guid in quotes`);
  const values = parseArguments(text, aliases);
  if (values.size === 0) refuse("QuerySyntax", [`'${text}' is not a key`]);
  return { values };
}

/** Reads the arguments of a function: `Name=value,…`, or `Name=@alias` with the alias in the query. */
export function parseArguments(text: string, aliases: ReadonlyMap<string, string>): Map<string, string> {
  const values = new Map<string, string>();
  if (text.trim() === "") return values;
  for (const part of splitOutside(text, ",")) {
    const match = /^\s*([\w.]+)\s*=\s*(.*?)\s*$/s.exec(part);
    if (!match) refuse("QuerySyntax", [`'${part}' is not a name with a value`]);
    const value = match[2]!.startsWith("@") ? aliases.get(match[2]!) : match[2]!;
    if (value === undefined) refuse("QuerySyntax", [`the parameter alias ${match[2]} has no value`]);
    values.set(match[1]!, unquote(value));
  }
  return values;
}

/** A literal without its quotes, doubled quotes inside being one. */
function unquote(literal: string): string {
  return /^'.*'$/s.test(literal) ? literal.slice(1, -1).replaceAll("''", "'") : literal;
}
