import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkConfig } from "../../config.ts";

const secret = "not-to-be-shown-8Q~";
const guid = "11111111-2222-4333-8444-555555555555";

const good = {
  application: {
    displayName: "Contoso Orders",
    contactEmail: "support@contoso.example",
    signOnUrl: "https://contoso.example",
    redirectUris: ["https://contoso.example/consented"],
    identifierUri: "api://contoso",
    secret: { lifetimeYears: 1, renewBeforeDays: 30 },
    keyVault: { resourceGroup: "rg-orders", location: "westeurope", readers: [guid] },
  },
  role: { name: "Contoso Orders Integration", privileges: { prvReadAccount: "Global" } },
  clientSecret: secret,
  subscribers: {
    contoso: {
      environmentUrl: "https://contoso.crm4.dynamics.com",
      tenantId: guid,
      consent: "wait",
      admin: { kind: "clientSecret", clientId: guid, clientSecret: secret },
    },
  },
  protect: false,
};

/** The path of each value in the good config. */
function pathsOf(value: unknown, path: string[] = []): string[][] {
  const inner = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return [path, ...inner.flatMap(([key, member]) => pathsOf(member, [...path, key]))];
}

/** The good config with another value at a path, or with one more beside it. */
function mutated(path: string[], value: unknown): Record<string, unknown> {
  const copy: Record<string, unknown> = structuredClone(good);
  const place = path.slice(0, -1).reduce((at, key) => at[key] as Record<string, unknown>, copy);
  Object.defineProperty(place, path.at(-1)!, { value, enumerable: true, configurable: true, writable: true });
  return copy;
}

const value = fc.oneof(
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withSparseArray: true }),
  fc.jsonValue(),
  fc.string(),
  fc.webUrl(),
  fc.constantFrom(
    undefined,
    null,
    "",
    "https://",
    "https://contoso.crm4.dynamics.com/x",
    "http://[",
    "__proto__",
    secret,
  ),
);
const paths = pathsOf(good).filter(({ length }) => length > 0);
/** A list has its length for itself. */
const anyKey = fc.string().filter((key) => key !== "length");
const path = fc
  .tuple(fc.constantFrom(...paths), fc.option(fc.oneof(anyKey, fc.constantFrom("__proto__", "toString"))))
  .map(([at, other]) => (other === null ? at : [...at.slice(0, -1), other]));

/** Either a config, or problems that each say where and what, in words. */
function expectAnswer(values: Record<string, unknown>, stack: string): void {
  const checked = checkConfig(values, stack);
  if ("config" in checked) {
    expect(checkConfig({ ...checked.config }, stack), "a checked config is a good one").toHaveProperty("config");
    return;
  }
  expect(checked.problems.length).toBeGreaterThan(0);
  for (const { path, reason } of checked.problems) {
    expect(typeof path).toBe("string");
    expect(reason).toMatch(/^(is|must|cannot|has|does) \S/);
    expect(reason).not.toMatch(/undefined|\[object|NaN/);
    expect(reason).not.toContain(secret);
  }
}

const stack = fc.constantFrom("dev", "prod", "");

describe("whatever is in the stack config", () => {
  it("is a config or a list of what is wrong: 3000 good ones with one value changed or added", () => {
    expectAnswer(good, "dev");
    fc.assert(
      fc.property(path, value, stack, (at, other, name) => expectAnswer(mutated(at, other), name)),
      { numRuns: 3000 },
    );
  });

  it("is a config or a list of what is wrong: 1000 of anything", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...Object.keys(good), "publisherStack", "endpoints", "x"), value),
        stack,
        expectAnswer,
      ),
      { numRuns: 1000 },
    );
  });
});
