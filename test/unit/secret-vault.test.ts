import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it } from "vitest";

interface Registered {
  readonly type: string;
  readonly inputs: Record<string, unknown>;
}

const registered: Registered[] = [];

await pulumi.runtime.setMocks({
  newResource: ({ type, name, inputs }) => {
    registered.push({ type, inputs });
    return { id: `${name}-id`, state: { ...inputs, properties: { vaultUri: "https://new.vault.azure.net/" } } };
  },
  call: ({ token, inputs }) =>
    token === "azure-native:keyvault:getVault"
      ? {
          id: `${inputs.vaultName}-id`,
          properties: { enableRbacAuthorization: true, vaultUri: "https://there.vault.azure.net/" },
        }
      : { tenantId: "tenant", objectId: "runner", subscriptionId: "subscription" },
});

const { SecretVault } = await import("../../components/secret-vault.ts");

const settled = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => output.apply(resolve));
const ofType = (type: string) => registered.filter((each) => each.type === type).map(({ inputs }) => inputs);

/** Properties that are declared for the vault. */
async function declared(args: object): Promise<unknown> {
  const vault = new SecretVault("vault", {
    resourceGroup: "rg",
    location: "westeurope",
    vaultName: "kv-orders",
    ...args,
  });
  await settled(vault.vaultUri);
  return ofType("azure-native:keyvault:Vault")[0]!.properties;
}

beforeEach(() => {
  registered.length = 0;
});

describe("SecretVault with an existing vault", () => {
  it("makes nothing but the role assignments on it", async () => {
    const vault = new SecretVault("vault", {
      resourceGroup: "rg",
      vaultName: "kv-company",
      existing: true,
      readers: ["reader-1"],
    });
    expect(await settled(vault.vaultUri)).toBe("https://there.vault.azure.net/");
    const custom = registered.map(({ type }) => type).filter((type) => type.startsWith("azure-native:"));
    expect(custom).toEqual(Array(2).fill("azure-native:authorization:RoleAssignment"));
    const grants = ofType("azure-native:authorization:RoleAssignment");
    expect(grants.map(({ scope, principalId }) => [scope, principalId])).toEqual([
      ["kv-company-id", "runner"],
      ["kv-company-id", "reader-1"],
    ]);
  });

  it("refuses to guess its name", () => {
    expect(() => new SecretVault("vault", { resourceGroup: "rg", existing: true })).toThrow("needs vaultName");
  });
});

describe("SecretVault of its own", () => {
  it("leaves the network to the platform unless told", async () => {
    const properties = await declared({});
    expect(properties).not.toHaveProperty("networkAcls");
    expect(properties).toHaveProperty("publicNetworkAccess", "enabled"); // the SDK's default
    expect(properties).not.toHaveProperty("createMode");
  });

  it.each([
    [{}, "enabled", "Allow", []],
    [{ publicAccess: false }, "disabled", "Allow", []],
    [{ allowedIpRanges: ["203.0.113.7", "198.51.100.0/24"] }, "enabled", "Deny", ["203.0.113.7/32", "198.51.100.0/24"]],
    [{ allowedSubnetIds: ["/subscriptions/s/subnets/a"] }, "enabled", "Deny", []],
  ])("declares network %j", async (network, publicNetworkAccess, defaultAction, ranges) => {
    const { allowedSubnetIds = [] } = network as { allowedSubnetIds?: string[] };
    expect(await declared({ network })).toMatchObject({
      publicNetworkAccess,
      networkAcls: {
        bypass: "AzureServices",
        defaultAction,
        ipRules: ranges.map((value) => ({ value })),
        virtualNetworkRules: allowedSubnetIds.map((id) => ({ id })),
      },
    });
  });

  it("recovers a deleted one when told", async () => {
    expect(await declared({ recover: true })).toMatchObject({ createMode: "recover" });
  });
});
