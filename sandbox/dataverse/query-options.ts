import { notServed, refuse } from "./refusal.ts";
import { decode, splitOutside } from "./url.ts";

/** The system query options of a request, or of one `$expand` item. */
export interface QueryOptions {
  readonly select: readonly string[] | undefined;
  readonly filter: string | undefined;
  readonly orderBy: string | undefined;
  readonly top: number | undefined;
  readonly count: boolean;
  readonly expand: readonly Expand[];
  readonly skipToken: string | undefined;
  /** `$id` of DELETE …/$ref. */
  readonly id: string | undefined;
  /** Parameter aliases with their `@`. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Names and decoded values as they came. */
  readonly given: readonly (readonly [string, string])[];
}

export interface Expand {
  readonly navigation: string;
  readonly query: QueryOptions;
  /** The nested options as a query, for the link to the whole collection. */
  readonly text: string;
}

/** Reads a URL's query. `api-version` is ignored as Dataverse does (wire facts D1); what is not known here is 501. */
export function parseQuery(search: string): QueryOptions {
  const given = search
    .replace(/^\?/, "")
    .split("&")
    .filter((part) => part !== "")
    .map((part) => {
      const equals = part.indexOf("=");
      const [name, value] = equals < 0 ? [part, ""] : [part.slice(0, equals), part.slice(equals + 1)];
      return [decode(name.replaceAll("+", " ")), decode(value.replaceAll("+", " "))] as const;
    });
  return interpret(given);
}

/** Refuses with 501 the options that a route has no use for, rather than leave them out silently. */
export function allowOnly(query: QueryOptions, ...names: string[]): void {
  for (const [name] of query.given) {
    if (name.startsWith("$") && !names.includes(name)) notServed(`the query option ${name} here`);
  }
}

/** Reads options; those nested in `$expand` know the aliases of the request. */
function interpret(given: QueryOptions["given"], outer?: ReadonlyMap<string, string>): QueryOptions {
  const aliases = new Map(outer);
  const options = new Map<string, string>();
  for (const [name, value] of given) {
    if (name.startsWith("@")) aliases.set(name, value);
    else if (name === "$skip") refuse("SkipNotSupported");
    else if (name.startsWith("$") && value.trim() === "") notServed(`an empty ${name}`);
    else if (options.has(name)) refuse("QueryOptionTwice", [name]);
    else if (known.has(name)) options.set(name, value);
    else if (name !== "api-version") notServed(`the query option ${name}`);
  }
  const top = options.get("$top");
  if (top !== undefined && !/^\d+$/.test(top)) refuse("QuerySyntax", [`$top '${top}'`]);
  if (Number(top) === 0) notServed("the query option $top=0");
  const count = options.get("$count");
  if (count !== undefined && count !== "true" && count !== "false") refuse("QuerySyntax", [`$count '${count}'`]);
  return {
    select: options.get("$select")?.split(",").map(trimmed),
    filter: options.get("$filter"),
    orderBy: options.get("$orderby"),
    top: top === undefined ? undefined : Number(top),
    count: count === "true",
    expand: parseExpand(options.get("$expand"), aliases),
    skipToken: options.get("$skiptoken"),
    id: options.get("$id"),
    aliases,
    given,
  };
}

const known = new Set(["$select", "$filter", "$orderby", "$top", "$count", "$expand", "$skiptoken", "$id"]);

function parseExpand(text: string | undefined, aliases: ReadonlyMap<string, string>): Expand[] {
  if (!text) return [];
  return splitOutside(text, ",").map((item) => {
    const match = /^\s*([\w]+)\s*(?:\((.*)\))?\s*$/s.exec(item);
    if (!match) notServed(`$expand of '${item}'`);
    const nested = match[2] ?? "";
    const given = splitOutside(nested, ";")
      .map(trimmed)
      .filter(Boolean)
      .map((option) => {
        const equals = option.indexOf("=");
        if (equals < 0) refuse("QuerySyntax", [`'${option}' in $expand`]);
        return [option.slice(0, equals).trim(), option.slice(equals + 1).trim()] as const;
      });
    const query = interpret(given, aliases);
    if (query.expand.length > 0) notServed("a nested $expand");
    allowOnly(query, "$select", "$filter", "$orderby", "$top");
    return {
      navigation: match[1]!,
      query,
      text: given.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&"),
    };
  });
}

function trimmed(text: string): string {
  return text.trim();
}
