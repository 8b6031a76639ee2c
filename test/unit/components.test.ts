import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it } from "vitest";

interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
}

const registered: Registered[] = [];

await pulumi.runtime.setMocks(
  {
    newResource: ({ type, name, inputs }) => {
      registered.push({ type, name, inputs });
      return { id: `${name}-id`, state: { ...inputs, clientId: "client-id", objectId: "object-id", keyId: "key-id" } };
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
const { secretPeriod } = await import("../../components/rotation-schedule.ts");
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
  /** What is asked of the engine for a secret on a day. */
  async function declaredOn(day: string, lifetimeYears?: 1 | 2): Promise<Record<string, unknown>> {
    registered.length = 0;
    const application = {
      applicationObjectId: "object-id",
      applicationId: "id",
      vaultUri: "https://v.vault.azure.net/",
    };
    await settled(new ClientSecret("secret", { ...application, asOf: new Date(day), lifetimeYears }).secretUri);
    const [only, ...others] = await resources("pulumi-nodejs:dynamic/entra:ApplicationPassword");
    expect(others).toEqual([]);
    return only!.inputs;
  }

  it("is the same all through its period, and another in the next one", async () => {
    const { period, expiresOn } = await declaredOn("2026-11-23");
    expect(await declaredOn("2026-11-24")).toMatchObject({ period, expiresOn });
    const next = await declaredOn("2027-11-24");
    expect(next.period).not.toBe(period);
    expect(next.expiresOn).not.toBe(expiresOn);
  });

  it.each([1, 2] as const)(
    "expires %d years after its period begins, in the text that Graph gives back",
    async (years) => {
      const { period, expiresOn } = await declaredOn("2026-11-23T12:00:00Z", years);
      expect(expiresOn).toMatch(/^\d{4}-\d\d-\d\dT00:00:00Z$/);
      expect(Date.parse(expiresOn as string) - Date.parse(period as string)).toBe(years * 365 * 24 * 3600_000);
    },
  );

  it("tells when the next one is due, and gives the provider the day and the overlap", async () => {
    const args = { applicationObjectId: "object-id", applicationId: "id", vaultUri: "https://v.vault.azure.net/" };
    const secret = new ClientSecret("secret", { ...args, asOf: new Date("2026-11-23T12:00:00Z"), rotateNow: "leak-1" });
    expect(await settled(secret.nextRotationOn)).toBe("2027-09-02T00:00:00Z");
    const [only] = await resources("pulumi-nodejs:dynamic/entra:ApplicationPassword");
    expect(only!.inputs).toMatchObject({
      asOf: "2026-11-23",
      overlapDays: 7,
      rotateNow: "leak-1",
      applicationId: "id",
    });
    expect(() => new ClientSecret("other", { ...args, overlapDays: 30 })).toThrow("less than renewBeforeDays");
  });

  it("is valid for 30 days at least on every day of three years", () => {
    for (let day = Date.UTC(2026, 0, 1); day < Date.UTC(2029, 0, 1); day += 24 * 3600_000) {
      const left = secretPeriod(new Date(day), 1, 30).expiresOn.getTime() - day;
      expect(left).toBeGreaterThan(30 * 24 * 3600_000);
      expect(left).toBeLessThanOrEqual(365 * 24 * 3600_000);
    }
  });
});

describe("SecretVault", () => {
  it("is a vault under RBAC, open for those who are named and for who runs the stack", async () => {
    const vault = new SecretVault("vault", { resourceGroup: "rg", location: "westeurope", readers: ["reader-1"] });
    await settled(vault.vaultUri);
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
