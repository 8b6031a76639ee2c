import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkConfig, type StackConfig } from "../../config.ts";
import { newCertificate } from "../support/certificate.ts";

const secret = "not-to-be-shown-8Q~";
const guid = "11111111-2222-4333-8444-555555555555";

const { certificate, privateKey } = await newCertificate();

/** Stack configs that are good, and have every setting between them. */
const goods: Record<string, unknown>[] = [
  {
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
  },
  {
    application: {
      displayName: "Contoso Orders",
      contactEmail: "support@contoso.example",
      signOnUrl: "https://contoso.example",
      redirectUris: ["https://contoso.example/consented"],
      certificate: { pem: certificate },
      federatedCredentials: {
        github: {
          issuer: "https://token.actions.example",
          subject: "repo:contoso/orders",
          audience: "x",
          description: "x",
        },
      },
    },
    role: {
      name: "Contoso Orders Integration",
      privileges: { prvReadAccount: "Basic", prvWriteAccount: "Deep" },
      adopt: true,
    },
    subscribers: {
      one: {
        environmentUrl: "https://one.crm4.dynamics.com",
        admin: { kind: "certificate", clientId: guid, certificate: certificate + privateKey },
      },
      two: {
        environmentUrl: "https://two.crm4.dynamics.com",
        admin: { kind: "federated", clientId: guid, tokenFile: "/token" },
      },
      three: { environmentUrl: "https://three.crm4.dynamics.com", admin: { kind: "azureCli" } },
      four: { environmentUrl: "https://four.crm4.dynamics.com", admin: { kind: "deviceCode", clientId: guid } },
    },
    asOf: "2027-06-01T00:00:00Z",
    production: false,
  },
  {
    application: {
      displayName: "Contoso Orders",
      contactEmail: "support@contoso.example",
      signOnUrl: "https://contoso.example",
      redirectUris: ["https://contoso.example/consented"],
      certificate: {
        keyVault: { name: "orders", subject: "CN=Orders", validityMonths: 12, renewBeforeDays: 30, keySize: 2048 },
      },
      keyVault: {
        resourceGroup: "rg-orders",
        location: "westeurope",
        name: "kv-orders",
        softDeleteRetentionDays: 7,
        purgeProtection: false,
        recover: false,
        network: {
          publicAccess: true,
          allowedIpRanges: ["203.0.113.0/24"],
          allowedSubnetIds: ["/subscriptions/x/subnets/y"],
        },
      },
    },
    role: { name: "Contoso Orders Integration", privileges: { prvReadAccount: "Global" } },
  },
  {
    publisherStack: "organization/dataverse-s2s/prod",
    endpoints: { loginUrl: "https://127.0.0.1:1", graphUrl: "https://127.0.0.1:2", keyVaultHost: "127.0.0.1" },
    subscribers: {
      contoso: {
        environmentUrl: "https://127.0.0.1:3",
        businessUnit: "Sales",
        consent: "grant",
        consentWaitMinutes: 5,
        exclusive: true,
      },
    },
  },
];

/** The path of each value in the good config. */
function pathsOf(value: unknown, path: string[] = []): string[][] {
  const inner = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return [path, ...inner.flatMap(([key, member]) => pathsOf(member, [...path, key]))];
}

/** A good config with another value at a path, or with one more beside it. */
function mutated(good: Record<string, unknown>, path: string[], value: unknown): Record<string, unknown> {
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
/** A list has its length for itself. */
const anyKey = fc.string().filter((key) => key !== "length");
/** One of the good ones, with a path in it. */
const place = fc
  .constantFrom(...goods.flatMap((good) => pathsOf(good).map((path) => ({ good, path }))))
  .filter(({ path }) => path.length > 0);
const changed = fc
  .tuple(place, fc.option(fc.oneof(anyKey, fc.constantFrom("__proto__", "toString"))))
  .map(([{ good, path }, other]) => ({ good, path: other === null ? path : [...path.slice(0, -1), other] }));

/** A checked config as somebody would write it: certificates in one text. */
function asGiven({ application, ...config }: StackConfig): Record<string, unknown> {
  const { certificate } = application ?? {};
  const given = certificate?.pem ? { ...certificate, pem: certificate.pem.join("") } : certificate;
  return { ...config, ...(application && { application: { ...application, certificate: given } }) };
}

/** Either a config, or problems that each say where and what, in words. */
function expectAnswer(values: Record<string, unknown>, stack: string): void {
  const checked = checkConfig(values, stack);
  if ("config" in checked) {
    expect(checkConfig(asGiven(checked.config), stack), "a checked config is a good one").toHaveProperty("config");
    return;
  }
  expect(checked.problems.length).toBeGreaterThan(0);
  for (const { path, reason } of checked.problems) {
    expect(typeof path).toBe("string");
    expect(reason).toMatch(/^(is|must|cannot|has|does|leaves) \S/);
    expect(reason).not.toMatch(/undefined|\[object|NaN/);
    expect(reason).not.toContain(secret);
    expect(reason).not.toContain("PRIVATE KEY-----\n");
  }
}

const stack = fc.constantFrom("dev", "prod", "");

describe("whatever is in the stack config", () => {
  it("is a config or a list of what is wrong: 6000 good ones with one value changed or added", () => {
    for (const good of goods) expect(checkConfig(good, "dev")).toHaveProperty("config");
    fc.assert(
      fc.property(changed, value, stack, ({ good, path }, other, name) =>
        expectAnswer(mutated(good, path, other), name),
      ),
      { numRuns: 6000 },
    );
  });

  it("is a config or a list of what is wrong: 1000 of anything", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...goods.flatMap((good) => Object.keys(good)), "x"), value),
        stack,
        expectAnswer,
      ),
      { numRuns: 1000 },
    );
  });
});
