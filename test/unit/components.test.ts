import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it } from "vitest";

interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
}

/** Marks a secret on its way to the engine. */
const secretMark = "4dabf18193072939515e22adb298388d";

const registered: Registered[] = [];

await pulumi.runtime.setMocks(
  {
    newResource: ({ type, name, inputs }) => {
      registered.push({ type, name, inputs });
      return { id: `${name}-id`, state: { ...inputs, clientId: "client-id", objectId: "object-id" } };
    },
    call: () => ({ tenantId: "tenant", objectId: "runner", subscriptionId: "subscription" }),
  },
  "dataverse-s2s",
  "test",
  false,
  "contoso",
);

const { MultiTenantApplication } = await import("../../components/multi-tenant-application.ts");
const { ClientSecret } = await import("../../components/client-secret.ts");
const { SecretVault } = await import("../../components/secret-vault.ts");
const { SubscriberAccess } = await import("../../components/subscriber-access.ts");

/** What was registered as `type`, once everything has settled. */
async function resources(type: string): Promise<Registered[]> {
  await new Promise((resolve) => setImmediate(resolve));
  return registered.filter((each) => each.type === type);
}

const settled = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => output.apply(resolve));

beforeEach(() => {
  registered.length = 0;
});

describe("MultiTenantApplication", () => {
  it("registers an application of many tenants with the Dynamics 365 permission and addresses as Entra keeps them", async () => {
    const application = new MultiTenantApplication("app", {
      displayName: "Orders",
      signOnUrl: "https://contoso.example",
      redirectUris: ["https://localhost", "https://contoso.example/consented"],
    });
    await settled(application.servicePrincipalId);
    const [only, ...others] = await resources("azuread:index/application:Application");
    expect(others).toEqual([]);
    expect(only?.inputs).toMatchObject({
      displayName: "Orders",
      signInAudience: "AzureADMultipleOrgs",
      web: {
        homepageUrl: "https://contoso.example",
        redirectUris: ["https://localhost/", "https://contoso.example/consented"],
      },
      requiredResourceAccesses: [
        {
          resourceAppId: "00000007-0000-0000-c000-000000000000",
          resourceAccesses: [{ id: "78ce3f0f-a1ce-49c2-8cde-64b5c0896db4", type: "Scope" }],
        },
      ],
    });
  });

  it("uses api://{client id} as Application ID URI unless one is given", async () => {
    await settled(
      new MultiTenantApplication("one", { displayName: "One", redirectUris: ["https://localhost"] }).identifierUri,
    );
    await settled(
      new MultiTenantApplication("two", {
        displayName: "Two",
        redirectUris: ["https://localhost"],
        identifierUri: "https://contoso.example/two",
      }).identifierUri,
    );
    const uris = await resources("azuread:index/applicationIdentifierUri:ApplicationIdentifierUri");
    expect(uris.map(({ inputs }) => inputs.identifierUri)).toEqual(["api://client-id", "https://contoso.example/two"]);
  });
});

describe("ClientSecret", () => {
  const secretAsOf = (name: string, asOf: string, lifetimeYears?: 1 | 2) =>
    new ClientSecret(name, { applicationId: "/applications/1", asOf: new Date(asOf), lifetimeYears });

  it("is the same resource all through its period, and another in the next one", async () => {
    for (const [name, day] of [
      ["a", "2026-11-23"],
      ["a", "2026-11-24"],
      ["a", "2027-11-24"],
    ] as const) {
      await settled(secretAsOf(name, day).keyId);
    }
    const names = (await resources("azuread:index/applicationPassword:ApplicationPassword")).map(({ name }) => name);
    expect(names[0]).toBe(names[1]);
    expect(names[2]).not.toBe(names[0]);
  });

  it("expires after its lifetime at most, 30 days after its successor's period begins, in the text that Graph gives back", async () => {
    for (const [name, years] of [
      ["one", 1],
      ["two", 2],
    ] as const) {
      await settled(secretAsOf(name, "2026-11-23T12:00:00Z", years).keyId);
    }
    for (const [index, { name, inputs }] of (
      await resources("azuread:index/applicationPassword:ApplicationPassword")
    ).entries()) {
      const start = Date.parse(name.slice(-10));
      expect(inputs.endDate).toMatch(/^\d{4}-\d\d-\d\dT00:00:00Z$/);
      expect(Date.parse(inputs.endDate as string) - start).toBe((index + 1) * 365 * 24 * 3600_000);
      expect(Date.parse(inputs.endDate as string)).toBeGreaterThan(Date.parse("2026-12-23"));
    }
  });

  it("keeps its value secret", async () => {
    expect(await pulumi.isSecret(secretAsOf("s", "2026-11-23").value)).toBe(true);
  });
});

describe("SecretVault", () => {
  it("keeps the secret with its expiry in a vault under RBAC, readable for those who are named and for who runs the stack", async () => {
    const vault = new SecretVault("vault", {
      resourceGroup: "rg",
      location: "westeurope",
      readers: ["reader-1"],
      value: pulumi.secret("hush"),
      expiresOn: "2027-06-01T00:00:00Z",
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await pulumi.isSecret(vault.secretUri)).toBe(false);
    const [secret] = await resources("azure-native:keyvault:Secret");
    expect(secret?.inputs).toMatchObject({
      secretName: "client-secret",
      properties: {
        [secretMark]: "1b47061264138c4ac30d75fd1eb44270",
        value: {
          value: "hush",
          contentType: "client secret of an Entra application",
          attributes: { enabled: true, expires: 1811808000 },
        },
      },
    });
    const [made] = await resources("azure-native:keyvault:Vault");
    expect(made?.inputs.properties).toMatchObject({
      enableRbacAuthorization: true,
      enableSoftDelete: true,
      softDeleteRetentionInDays: 90,
    });
    expect(made?.inputs.properties).not.toHaveProperty("enablePurgeProtection");
    const grants = await resources("azure-native:authorization:RoleAssignment");
    expect(grants.map(({ inputs }) => [inputs.principalId, (inputs.roleDefinitionId as string).slice(-36)])).toEqual([
      ["runner", "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"],
      ["reader-1", "4633458b-17de-408a-b874-0445c86b69e6"],
    ]);
  });
});

describe("SubscriberAccess", () => {
  it("declares role, user, assignment and check, with no credential in any input", async () => {
    const access = new SubscriberAccess("contoso", {
      environmentUrl: "https://contoso.crm4.dynamics.com",
      applicationId: "client-id",
      role: { name: "Orders", privileges: { prvReadAccount: "Global" } },
      secretUri: "https://v.vault.azure.net/secrets/client-secret/1",
    });
    await settled(access.userId);
    await settled(access.rolesHeld);
    const dynamic = registered.filter(({ type }) => type.startsWith("pulumi-nodejs:dynamic/dataverse:"));
    expect(dynamic.map(({ type }) => type.split(":").at(-1)).sort()).toEqual([
      "AccessCheck",
      "ApplicationUser",
      "RoleAssignment",
      "SecurityRole",
    ]);
    for (const { inputs } of dynamic) {
      expect(inputs.subscriber).toBe("contoso");
      expect(Object.keys(inputs).join()).not.toMatch(/clientSecret|admin|password/i);
      expect((inputs.__provider as string).length).toBeLessThan(700);
    }
  });
});
