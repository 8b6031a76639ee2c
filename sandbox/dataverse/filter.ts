import { type Token, tokenize } from "./filter-tokens.ts";
import type { OrganizationData, Row, Value } from "./organization-data.ts";
import { compareValues, folded, type Property, type PropertyKind, propertyOf } from "./properties.ts";
import { notServed, refuse } from "./refusal.ts";
import type { Table } from "./table.ts";
import { guidPattern } from "./url.ts";

export type Predicate = (row: Row) => boolean;

interface Literal {
  readonly type: "guid" | "date" | "number" | "text" | "boolean" | "null";
  readonly value: Value;
}

const operatorNames = new Map(
  Object.entries({
    eq: "Equal",
    ne: "NotEqual",
    gt: "GreaterThan",
    ge: "GreaterThanOrEqual",
    lt: "LessThan",
    le: "LessThanOrEqual",
  }),
);

const edmTypes: Record<PropertyKind, string> = {
  navigation: "Microsoft.Dynamics.CRM.crmbaseentity",
  guid: "Edm.Guid",
  lookup: "Edm.Guid",
  text: "Edm.String",
  integer: "Edm.Int32",
  choice: "Edm.Int32",
  decimal: "Edm.Decimal",
  boolean: "Edm.Boolean",
  datetime: "Edm.DateTimeOffset",
  managedProperty: "Microsoft.Dynamics.CRM.BooleanManagedProperty",
};

const literalTypes: Record<Literal["type"], string> = {
  guid: "Edm.Guid",
  date: "Edm.DateTimeOffset",
  number: "Edm.Int32",
  text: "Edm.String",
  boolean: "Edm.Boolean",
  null: "Edm.Null",
};

/** Names that are values. */
const constants = new Set(["true", "false", "null"]);

const textFunctions = new Map<string, (value: string, part: string) => boolean>([
  ["contains", (value, part) => value.includes(part)],
  ["startswith", (value, part) => value.startsWith(part)],
  ["endswith", (value, part) => value.endsWith(part)],
]);

/** Compiles a `$filter` over a table. Guids are taken with and without quotes, as Dataverse does (wire facts D4). */
export function compileFilter(
  data: OrganizationData,
  table: Table,
  text: string,
  aliases: ReadonlyMap<string, string>,
): Predicate {
  return new FilterParser(data, table, text, aliases).parse();
}

class FilterParser {
  private readonly data: OrganizationData;
  private readonly table: Table;
  private readonly aliases: ReadonlyMap<string, string>;
  private readonly tokens: readonly Token[];
  private position = 0;

  constructor(data: OrganizationData, table: Table, text: string, aliases: ReadonlyMap<string, string>) {
    this.data = data;
    this.table = table;
    this.aliases = aliases;
    this.tokens = tokenize(text);
  }

  parse(): Predicate {
    const predicate = this.either();
    if (this.position < this.tokens.length) this.unexpected();
    return predicate;
  }

  private either(): Predicate {
    let left = this.both();
    while (this.takeName("or")) {
      const [one, other] = [left, this.both()];
      left = (row) => one(row) || other(row);
    }
    return left;
  }

  private both(): Predicate {
    let left = this.term();
    while (this.takeName("and")) {
      const [one, other] = [left, this.term()];
      left = (row) => one(row) && other(row);
    }
    return left;
  }

  private term(): Predicate {
    if (this.takeName("not")) {
      if (!this.isNext("mark", "(", 0) && !this.isNext("mark", "(", 1)) {
        notServed("'not' before anything but a function or a parenthesis");
      }
      const inner = this.term();
      return (row) => !inner(row);
    }
    if (this.takeMark("(")) {
      const inner = this.either();
      this.expectMark(")");
      return inner;
    }
    const { type, value } = this.next();
    if (type === "mark" && value !== "-") this.unexpected();
    if (type !== "name" || constants.has(value)) notServed(`a condition that begins with '${value}'`);
    return this.takeMark("(") ? this.call(value) : this.comparison(value);
  }

  private comparison(path: string): Predicate {
    const property = propertyOf(this.data, this.table, path);
    if (this.isAtEndOfCondition()) notServed(`the condition '${path}' without an operator`);
    const operator = this.next().value;
    const operatorName = operatorNames.get(operator);
    if (!operatorName) notServed(`the filter operator '${operator}'`);
    const literal = this.literal();
    const { value } = this.fitting(property, literal, operatorName);
    const order = (row: Row) => compareValues(property.kind, property.get(row), value);
    if (operator === "eq") return (row) => order(row) === 0;
    if (operator === "ne") return (row) => order(row) !== 0;
    const holds = (row: Row) => property.get(row) !== null && value !== null;
    if (operator === "gt") return (row) => holds(row) && order(row) > 0;
    if (operator === "ge") return (row) => holds(row) && order(row) >= 0;
    if (operator === "lt") return (row) => holds(row) && order(row) < 0;
    return (row) => holds(row) && order(row) <= 0;
  }

  private call(name: string): Predicate {
    if (name === "Microsoft.Dynamics.CRM.In") return this.in();
    const test = textFunctions.get(name);
    if (!test) notServed(`the filter function '${name}'`);
    const path = this.next();
    if (path.type !== "name") notServed(`${name} with '${path.value}' as its first argument`);
    if (this.isNext("mark", "(", 0)) notServed(`the filter function '${path.value}'`);
    const property = propertyOf(this.data, this.table, path.value);
    this.expectMark(",");
    const { type, value } = this.literal();
    this.endCall(name);
    if (type !== "text" || property.kind !== "text") {
      refuse("QueryTypes", [edmTypes[property.kind], literalTypes[type], name]);
    }
    // Dataverse takes these for the wildcards of SQL's LIKE.
    const wildcard = /[%_[\]]/.exec(String(value))?.[0];
    if (wildcard) notServed(`the wildcard '${wildcard}' in ${name}`);
    const part = folded(String(value));
    return (row) => test(folded(String(property.get(row) ?? "")), part);
  }

  private endCall(name: string): void {
    this.expectMark(")");
    if (!this.isAtEndOfCondition()) notServed(`the comparison of what '${name}' gives`);
  }

  private in(): Predicate {
    const parameters = new Map<string, Literal[]>();
    do {
      const name = this.next().value;
      this.expectMark("=");
      parameters.set(name, this.list());
    } while (this.takeMark(","));
    this.endCall("Microsoft.Dynamics.CRM.In");
    const path = parameters.get("PropertyName")?.[0]?.value;
    const values = parameters.get("PropertyValues");
    if (typeof path !== "string" || !values) {
      refuse("ParameterMissing", ["PropertyName or PropertyValues", "In", "Edm.String"]);
    }
    const property = propertyOf(this.data, this.table, path);
    return (row) => values.some(({ value }) => compareValues(property.kind, property.get(row), value) === 0);
  }

  /** A literal, or a bracketed list of them; through an alias too. */
  private list(): Literal[] {
    const token = this.tokens[this.position];
    if (token?.type === "alias") {
      this.position++;
      return new FilterParser(this.data, this.table, this.alias(token.value), new Map()).list();
    }
    if (!this.takeMark("[")) return [this.literal()];
    const items: Literal[] = [];
    if (this.takeMark("]")) return items;
    do items.push(this.item());
    while (this.takeMark(","));
    this.expectMark("]");
    return items;
  }

  private item(): Literal {
    if (this.tokens[this.position]?.type !== "json") return this.literal();
    return { type: "text", value: this.next().value };
  }

  private literal(): Literal {
    const { type, value } = this.next();
    if (type === "alias") {
      return new FilterParser(this.data, this.table, this.alias(value), new Map()).literal();
    }
    if (type === "date" && Number.isNaN(Date.parse(value))) refuse("QuerySyntax", [`'${value}' is no date`]);
    if (type === "number") return { type, value: Number(value) };
    if (type === "guid" || type === "date" || type === "text") return { type, value };
    if (value === "true" || value === "false") return { type: "boolean", value: value === "true" };
    if (value === "null") return { type: "null", value: null };
    if (type === "name") notServed(`comparing a column with '${value}'`);
    return this.unexpected();
  }

  /** The literal, where its type can be compared with the property's; else 400 as Dataverse's query layer says it. */
  private fitting(property: Property, literal: Literal, operator: string): Literal {
    const { type, value } = literal;
    const fits: Record<PropertyKind, boolean> = {
      navigation: false,
      guid: type === "guid" || (type === "text" && guidPattern.test(String(value))),
      lookup: type === "guid" || (type === "text" && guidPattern.test(String(value))),
      text: type === "text",
      integer: type === "number",
      decimal: type === "number",
      choice: type === "number",
      boolean: type === "boolean",
      datetime: type === "date",
      managedProperty: false,
    };
    if (type === "null" || fits[property.kind]) return literal;
    return refuse("QueryTypes", [edmTypes[property.kind], literalTypes[type], operator]);
  }

  private alias(name: string): string {
    return this.aliases.get(name) ?? refuse("QuerySyntax", [`the parameter alias ${name} has no value`]);
  }

  private next(): Token {
    const token = this.tokens[this.position];
    if (!token) refuse("QuerySyntax", ["the filter ends too early"]);
    this.position++;
    return token;
  }

  private isNext(type: Token["type"], value: string, ahead: number): boolean {
    const token = this.tokens[this.position + ahead];
    return token?.type === type && token.value === value;
  }

  private isAtEndOfCondition(): boolean {
    const token = this.tokens[this.position];
    return !token || [")", "and", "or"].includes(token.value);
  }

  private takeName(value: string): boolean {
    return this.take("name", value);
  }

  private takeMark(value: string): boolean {
    return this.take("mark", value);
  }

  private take(type: Token["type"], value: string): boolean {
    if (!this.isNext(type, value, 0)) return false;
    this.position++;
    return true;
  }

  private expectMark(value: string): void {
    if (!this.takeMark(value)) this.unexpected();
  }

  private unexpected(): never {
    return refuse("QuerySyntax", [`at '${this.tokens[this.position]?.value ?? "the end"}' of the filter`]);
  }
}
