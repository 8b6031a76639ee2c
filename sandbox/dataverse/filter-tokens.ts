import { refuse } from "./refusal.ts";

export interface Token {
  readonly type: "guid" | "date" | "number" | "text" | "json" | "name" | "alias" | "mark";
  /** Text without quotes (`json` is one in double quotes, for lists only); a name, alias or mark as it is. */
  readonly value: string;
}

/** In this order: a guid can begin like a number, and a number like a date. */
const patterns: readonly (readonly [Token["type"], RegExp])[] = [
  ["guid", /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![\w-])/i],
  ["date", /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?/],
  ["number", /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.])/i],
  ["text", /^'(?:[^']|'')*'/],
  ["json", /^"(?:[^"\\]|\\.)*"/],
  ["alias", /^@\w+/],
  ["name", /^[A-Za-z_$][\w./$]*/],
  ["mark", /^[(),[\]=:-]/],
];

/** Cuts the text of a `$filter` (or of a parameter alias) into tokens. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let rest = text.trimStart();
  while (rest !== "") {
    const found = patterns
      .map(([type, pattern]) => ({ type, match: pattern.exec(rest)?.[0] }))
      .find(({ match }) => match !== undefined);
    if (!found) refuse("QuerySyntax", [`at '${rest}'`]);
    tokens.push({ type: found.type, value: textOf(found.type, found.match!) });
    rest = rest.slice(found.match!.length).trimStart();
  }
  return tokens;
}

function textOf(type: Token["type"], source: string): string {
  if (type === "text") return source.slice(1, -1).replaceAll("''", "'");
  return type === "json" ? source.slice(1, -1).replace(/\\(.)/g, "$1") : source;
}
