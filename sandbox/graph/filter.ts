import { graphErrors } from "./errors.ts";

/** A Graph object as it is answered. */
export type Entity = Record<string, unknown>;

/** How a member is compared: "guid" takes a bare id, "texts" is a collection for `any`; "name" is a text that has startsWith. */
type MemberType = "text" | "name" | "guid" | "boolean" | "texts";

/**
 * The kinds of objects that are listed, with the members by which the sandbox can filter them: those for which Graph's
 * reference of each resource says so ("Supports $filter"), as far as clients use them.
 */
const filterable = {
  application: {
    id: "text",
    appId: "text",
    displayName: "name",
    identifierUris: "texts",
    publisherDomain: "name",
    signInAudience: "text",
    tags: "texts",
  },
  servicePrincipal: {
    id: "text",
    accountEnabled: "boolean",
    appId: "text",
    appOwnerOrganizationId: "guid",
    displayName: "name",
    servicePrincipalNames: "texts",
    servicePrincipalType: "text",
    tags: "texts",
  },
  oAuth2PermissionGrant: {
    clientId: "text",
    consentType: "text",
    principalId: "text",
    resourceId: "text",
    scope: "text",
  },
  appRoleAssignment: { principalId: "guid", resourceId: "guid", appRoleId: "guid", principalDisplayName: "name" },
  federatedIdentityCredential: { name: "text", issuer: "text", subject: "text" },
  directoryObject: {},
  organization: {},
  domain: {},
} as const satisfies Record<string, Record<string, MemberType>>;

export type Kind = keyof typeof filterable;

type Test = (row: Entity) => boolean;

const token =
  /\s*(?:(?<text>'(?:[^']|'')*')|(?<guid>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b)|(?<value>-?\d[\w.:+-]*)|(?<word>[\w$]+(?:\/[\w$]+)*)|(?<mark>[(),:]))/iy;

/**
 * Compiles `$filter`: `eq`, `in`, `startsWith`, `any` with one of these, `ne` and `not` in advanced queries, joined by `and`,
 * `or` and parentheses. Text is compared without regard to case, as Graph does. What Graph has beyond that is 501.
 */
export function parseFilter(filter: string, kind: Kind, advanced: boolean): Test {
  return new Parser(filter, filterable[kind], advanced).parse();
}

class Parser {
  private readonly filter: string;
  private readonly members: Record<string, MemberType>;
  private readonly advanced: boolean;
  private readonly tokens: Record<string, string | undefined>[] = [];

  constructor(filter: string, members: Record<string, MemberType>, advanced: boolean) {
    this.filter = filter;
    this.members = members;
    this.advanced = advanced;
    const rest = filter.trimEnd();
    token.lastIndex = 0;
    while (token.lastIndex < rest.length) {
      const found = token.exec(rest);
      if (!found) throw graphErrors.invalidFilter(filter);
      this.tokens.push(found.groups!);
    }
  }

  parse(): Test {
    const test = this.or();
    if (this.tokens.length) throw graphErrors.invalidFilter(this.filter);
    return test;
  }

  private or(): Test {
    const tests = [this.and()];
    while (this.takes("or")) tests.push(this.and());
    return (row) => tests.some((test) => test(row));
  }

  private and(): Test {
    const tests = [this.factor()];
    while (this.takes("and")) tests.push(this.factor());
    return (row) => tests.every((test) => test(row));
  }

  private factor(): Test {
    if (this.takes("not")) {
      if (!this.advanced) throw graphErrors.operatorNotSupported("Not");
      const test = this.factor();
      return (row) => !test(row);
    }
    if (this.takes("(")) {
      const test = this.or();
      this.expects(")");
      return test;
    }
    const word = this.take("word");
    if (this.next("mark") !== "(") return this.comparison(word);
    if (word.toLowerCase() === "startswith") return this.startsWith();
    const [, collection, lambda] = /^(.+)\/(\w+)$/.exec(word) ?? [];
    if (lambda?.toLowerCase() !== "any") throw this.notServed();
    return this.any(collection!);
  }

  /** `member eq 'value'`, `ne`, `in ('a','b')`. */
  private comparison(member: string): Test {
    const type = this.typeOf(member);
    if (type === "texts") throw graphErrors.invalidFilter(this.filter);
    const operator = this.take("word").toLowerCase();
    if (operator === "ne" && !this.advanced) throw graphErrors.operatorNotSupported("NotEqualsMatch");
    if (operator === "eq" || operator === "ne") {
      const wanted = this.literal(type);
      return (row) => (comparable(row[member]) === wanted) === (operator === "eq");
    }
    if (operator !== "in") throw this.notServed();
    this.expects("(");
    const wanted = [this.literal(type)];
    while (this.takes(",")) wanted.push(this.literal(type));
    this.expects(")");
    return (row) => wanted.includes(comparable(row[member]));
  }

  /** `startsWith(member,'text')`, the name being read already. */
  private startsWith(): Test {
    this.expects("(");
    const member = this.take("word");
    if (this.typeOf(member) !== "name") throw this.notServed();
    this.expects(",");
    const start = this.literal("text");
    if (start === null) throw graphErrors.invalidFilter(this.filter);
    this.expects(")");
    return (row) => String(comparable(row[member])).startsWith(String(start));
  }

  /** `collection/any(x:x eq 'text')` and `any(x:startsWith(x,'text'))`, the name being read already. */
  private any(collection: string): Test {
    if (this.typeOf(collection) !== "texts") throw this.notServed();
    this.expects("(");
    const variable = this.take("word");
    this.expects(":");
    const element = new Parser("", { [variable]: "name" }, this.advanced);
    element.tokens.push(...this.tokens.splice(0, this.closing()));
    this.expects(")");
    const test = element.parse();
    return (row) => (row[collection] as unknown[]).some((value) => test({ [variable]: value }));
  }

  /** Where the parenthesis ends that is open. */
  private closing(): number {
    let open = 1;
    const at = this.tokens.findIndex(({ mark }) => {
      if (mark === "(") open++;
      if (mark === ")") open--;
      return open === 0;
    });
    if (at < 0) throw graphErrors.invalidFilter(this.filter);
    return at;
  }

  private literal(type: MemberType): unknown {
    const { text, guid, word } = this.tokens.shift() ?? {};
    if (word?.toLowerCase() === "null") return null;
    if (type === "boolean" && /^(true|false)$/i.test(word ?? "")) return word!.toLowerCase() === "true";
    if (type === "guid" && guid) return guid.toLowerCase();
    if ((type === "text" || type === "name") && text) return text.slice(1, -1).replaceAll("''", "'").toLowerCase();
    throw graphErrors.invalidFilter(this.filter);
  }

  private typeOf(member: string): MemberType {
    const type = Object.hasOwn(this.members, member) ? this.members[member] : undefined;
    if (!type) throw graphErrors.notServed(`'${member}' in the filter '${this.filter}'`);
    return type;
  }

  private notServed(): Error {
    return graphErrors.notServed(`the filter '${this.filter}'`);
  }

  private next(kind: "word" | "mark"): string | undefined {
    return this.tokens[0]?.[kind];
  }

  private take(kind: "word"): string {
    const value = this.tokens.shift()?.[kind];
    if (!value) throw graphErrors.invalidFilter(this.filter);
    return value;
  }

  /** Takes a keyword or mark if it is next. */
  private takes(wanted: string): boolean {
    const found = (this.next("word") ?? this.next("mark"))?.toLowerCase() === wanted;
    if (found) this.tokens.shift();
    return found;
  }

  private expects(mark: string): void {
    if (!this.takes(mark)) throw graphErrors.invalidFilter(this.filter);
  }
}

const comparable = (value: unknown) => (typeof value === "string" ? value.toLowerCase() : (value ?? null));
