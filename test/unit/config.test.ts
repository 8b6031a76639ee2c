import { describe, expect, it } from "vitest";
import { checkConfig } from "../../config.ts";

const good = {
  application: {
    displayName: "Contoso Orders",
    contactEmail: "support@contoso.example",
    signOnUrl: "https://contoso.example",
    redirectUris: ["https://contoso.example/consented"],
    keyVault: { resourceGroup: "rg-orders", location: "westeurope" },
  },
  role: { name: "Contoso Orders Integration", privileges: { prvReadAccount: "Global" } },
  subscribers: { contoso: { environmentUrl: "https://contoso.crm4.dynamics.com" } },
};

/** The good config with one thing changed: `set("role.name", 1)`; undefined removes it. */
function set(path: string, value: unknown): Record<string, unknown> {
  const copy = structuredClone(good) as Record<string, unknown>;
  const keys = path.split(".");
  const last = keys.pop()!;
  let place = copy;
  for (const key of keys) place = place[key] as Record<string, unknown>;
  if (value === undefined) delete place[last];
  else place[last] = value;
  return copy;
}

function problems(values: Record<string, unknown>, stack = "dev"): string[] {
  const checked = checkConfig(values, stack);
  return "problems" in checked ? checked.problems.map(({ path, reason }) => `${path} ${reason}`) : [];
}

describe("the stack config", () => {
  it("fills in the defaults", () => {
    const checked = checkConfig(good, "dev");
    expect(checked).toMatchObject({
      config: {
        application: {
          secret: { lifetimeYears: 1, renewBeforeDays: 30, overlapDays: 7 },
          keyVault: {
            readers: [],
            softDeleteRetentionDays: 90,
            purgeProtection: false,
            existing: false,
            recover: false,
          },
        },
        protect: false,
      },
    });
  });

  it.each([
    ["application", "application is missing: declare it, or name the stack that does in publisherStack"],
    ["application.displayName", "application.displayName is missing"],
    ["application.contactEmail", "application.contactEmail is missing"],
    ["application.signOnUrl", "application.signOnUrl is missing"],
    ["application.redirectUris", "application.redirectUris is missing"],
    [
      "application.keyVault",
      "application.keyVault is missing: the client secret is kept there (with certificate or federatedCredentials there is none)",
    ],
    ["application.keyVault.resourceGroup", "application.keyVault.resourceGroup is missing"],
    ["application.keyVault.location", "application.keyVault.location is missing"],
    ["role", "role is missing"],
    ["role.name", "role.name is missing"],
    ["role.privileges", "role.privileges is missing"],
    ["subscribers.contoso.environmentUrl", "subscribers.contoso.environmentUrl is missing"],
  ])("says that %s is missing", (path, expected) => {
    expect(problems(set(path, undefined))).toEqual([expected]);
  });

  it.each([
    ["application", "text", "must be a map"],
    ["application.displayName", 7, "must be a text"],
    ["application.contactEmail", "nobody", "must be an email address"],
    ["application.signOnUrl", "http://contoso.example", "must be an https:// address"],
    ["application.redirectUris", "https://localhost", "must be a list of addresses"],
    ["application.redirectUris", [], "must have at least one address"],
    ["application.identifierUri", "contoso", "must begin with api:// or https://"],
    ["application.secret", { lifetimeYears: 3 }, "must be 1 or 2"],
    ["application.secret", { renewBeforeDays: 0 }, "must be at least 2"],
    [
      "application.secret",
      { overlapDays: 30 },
      "application.secret.overlapDays must be less than renewBeforeDays (30)",
    ],
    [
      "application.secret",
      { renewBeforeDays: 7 },
      "application.secret.overlapDays must be less than renewBeforeDays (7)",
    ],
    ["application.secret", { rotateNow: "a leak" }, "must be 1 to 32 letters, digits, dots, hyphens and underscores"],
    ["application.keyVault", { resourceGroup: "rg", existing: true }, "application.keyVault.name is missing"],
    ["application.keyVault.recover", true, "application.keyVault.name is missing"],
    ["application.keyVault.network", { allowedIpRanges: ["here"] }, "must be an IPv4 address or range"],
    ["application.keyVault.network", { allowedSubnetIds: ["default"] }, "must be the resource id of a subnet"],
    ["asOf", "tomorrow", "asOf must be a time such as 2027-06-01T00:00:00Z"],
    ["application.keyVault.softDeleteRetentionDays", 5, "must be at least 7"],
    ["application.keyVault.readers", ["me"], "must be a GUID"],
    ["application.colour", "red", "is not a known setting"],
    ["role.name", "System Administrator", "is one of the platform's default roles"],
    ["role.name", "  basic user ", "is one of the platform's default roles"],
    ["role.privileges", {}, "must name at least one privilege"],
    ["role.privileges", { readAccount: "Global" }, "must be a privilege's name"],
    ["role.privileges", { prvReadAccount: "All" }, "must be one of Basic, Local, Deep, Global"],
    ["subscribers", "contoso", "must be a map"],
    ["subscribers.contoso.environmentUrl", "http://contoso.crm4.dynamics.com", "must be an https:// address"],
    ["subscribers.contoso.environmentUrl", "https://contoso.example", "is not an address of Dataverse in any cloud"],
    ["subscribers.contoso.environmentUrl", "https://contoso.crm4.dynamics.com/main.aspx", "without a path"],
    ["subscribers.contoso.tenantId", "contoso", "must be a GUID"],
    ["subscribers.Contoso GmbH", { environmentUrl: "https://contoso.crm4.dynamics.com" }, "must begin with a letter"],
    ["colour", "red", "colour is not a known setting"],
  ])("refuses %s: %j", (path, value, expected) => {
    const found = problems(set(path, value));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(expected);
  });

  it("takes localhost while developing, and refuses it in production", () => {
    const local = set("application.redirectUris", ["https://localhost", "https://contoso.example"]);
    (local.application as Record<string, unknown>).signOnUrl = "https://localhost";
    expect(problems(local)).toEqual([]);
    expect(problems(local, "prod")).toEqual([
      "application.signOnUrl must not be localhost in a production stack: use the application's public address",
      "application.redirectUris[0] must not be localhost in a production stack: use the application's public address",
    ]);
    expect(problems({ ...local, production: true })).toHaveLength(2);
  });

  it("declares its publisher, or refers to the stack that does, and then needs no role of its own", () => {
    const { subscribers } = good;
    expect(problems({ publisherStack: "contoso/dataverse-s2s/prod", subscribers })).toEqual([]);
    expect(problems({ publisherStack: "prod", subscribers })).toEqual([
      "publisherStack must be a stack's full name: organization/project/stack",
    ]);
    expect(problems({ ...good, publisherStack: "contoso/dataverse-s2s/prod" })).toEqual([
      "publisherStack cannot be together with application: a stack declares its publisher or refers to one",
    ]);
  });

  it("takes an existing vault by its name, without a region, and with nothing that would change it", () => {
    const existing = { resourceGroup: "rg-vaults", name: "kv-company", existing: true };
    expect(problems(set("application.keyVault", existing))).toEqual([]);
    expect(problems(set("application.keyVault", { ...existing, recover: true, network: {} }))).toEqual([
      "application.keyVault.recover cannot be together with existing: that vault is taken as it is",
      "application.keyVault.network cannot be together with existing: that vault is taken as it is",
    ]);
  });

  it("takes a vault's network settings, and a time of its own", () => {
    const network = {
      publicAccess: true,
      allowedIpRanges: ["203.0.113.7", "198.51.100.0/24"],
      allowedSubnetIds: [
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/default",
      ],
    };
    expect(problems(set("application.keyVault.network", network))).toEqual([]);
    expect(problems(set("asOf", "2027-06-01T12:00:00+02:00"))).toEqual([]);
  });

  it("takes each way of consent", () => {
    expect(problems(set("subscribers.contoso.consent", "grant"))).toEqual([]);
    expect(problems(set("subscribers.contoso.consent", "maybe"))).toEqual([
      "subscribers.contoso.consent must be require, wait or grant",
    ]);
  });

  it("tells everything that is wrong at once", () => {
    const bad = set("role.name", "System Administrator");
    (bad.application as Record<string, unknown>).displayName = undefined;
    (bad.subscribers as Record<string, unknown>).contoso = { environmentUrl: "https://contoso.example", tenantId: 1 };
    expect(problems(bad)).toHaveLength(4);
  });
});
