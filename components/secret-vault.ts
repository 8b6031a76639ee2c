import * as authorization from "@pulumi/azure-native/authorization/index.js";
import * as keyvault from "@pulumi/azure-native/keyvault/index.js";
import * as resources from "@pulumi/azure-native/resources/index.js";
import * as pulumi from "@pulumi/pulumi";
import { uuidOf } from "../dynamic-providers/uuid.ts";

/** Who reaches the vault's address at all, whatever his rights. */
interface VaultNetwork {
  /** False lets in nobody but private endpoints and Microsoft's trusted services, whatever is allowed below. Default: true. */
  readonly publicAccess?: boolean;
  /** Public addresses or CIDR ranges, such as "203.0.113.0/24". With any of these, or a subnet, all others are refused. */
  readonly allowedIpRanges?: string[];
  /** Resource ids of subnets that have the service endpoint Microsoft.KeyVault. */
  readonly allowedSubnetIds?: string[];
}

export interface SecretVaultArgs {
  /** Name of the resource group, made by this component unless `existing`. A change replaces group and vault. */
  readonly resourceGroup: pulumi.Input<string>;
  /** Azure region, such as `westeurope`; not for an existing vault, which is where it is. A change replaces group and vault. */
  readonly location?: pulumi.Input<string>;
  /** Name of the vault, 3 to 24 letters, digits and hyphens, unique in the world. Default: made from the component's name. */
  readonly vaultName?: pulumi.Input<string>;
  /**
   * Use the vault of that name in that group, which is there and governed by RBAC. It gets the role assignments, nothing else of
   * it is touched, and destroy leaves it. Default: false.
   */
  readonly existing?: boolean;
  /**
   * Bring the soft-deleted vault of that name back, with what was in it and the settings it had, instead of making one. Take it
   * out again afterwards: that is a change in place, which brings the settings to what is declared. Default: false.
   */
  readonly recover?: boolean;
  /** Default: open to all networks, as the platform makes it. Updates in place. */
  readonly network?: VaultNetwork;
  /** Days for which a deleted vault or secret can be recovered, 7 to 90. Default: 90. Fixed once the vault exists. */
  readonly softDeleteRetentionDays?: number;
  /** Nobody can purge before those days are over. Default: false. It can be turned on, never off again. */
  readonly purgeProtection?: boolean;
  /** Object ids of service principals that may read its secrets ("Key Vault Secrets User"). Default: none. */
  readonly readers?: string[];
  /** Certificates are made there: who runs the stack gets the right to. Default: false. */
  readonly certificates?: boolean;
  /** Refuse to delete the vault. Default: false. */
  readonly protect?: boolean;
}

/** Built-in roles: the same ids in every tenant. */
const secretsUser = "4633458b-17de-408a-b874-0445c86b69e6";
const secretsOfficer = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7";
const certificatesOfficer = "a4417e6f-fecd-4de8-b567-7b0420556985";

/** A Key Vault of the publisher's, governed by RBAC: for who runs the stack, and for readers. */
export class SecretVault extends pulumi.ComponentResource {
  /** Address of the vault, such as "https://orders.vault.azure.net/". */
  readonly vaultUri: pulumi.Output<string>;

  constructor(name: string, args: SecretVaultArgs, options?: pulumi.ComponentResourceOptions) {
    super("dataverse-s2s:index:SecretVault", name, {}, options);

    const runner = authorization.getClientConfigOutput({ parent: this });
    const vault = args.existing ? this.found(args) : this.made(name, args, runner.tenantId);

    const grant = (label: string, principalId: pulumi.Input<string>, roleId: string) =>
      new authorization.RoleAssignment(
        `${name}-${label}`,
        {
          // From what it grants, so that it is found again, and never there twice (409 RoleAssignmentExists).
          roleAssignmentName: pulumi
            .all([vault.id, principalId])
            .apply((parts) => uuidOf([...parts, roleId].join("/").toLowerCase())),
          scope: vault.id,
          principalId,
          principalType: "ServicePrincipal", // asks Azure not to look a new principal up, which it may not see yet
          roleDefinitionId: pulumi.interpolate`/subscriptions/${runner.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${roleId}`,
        },
        { parent: this },
      );
    // Who runs the stack writes the secret, reads it back to prove that it works, and deletes it on destroy.
    const runnerAccess = [grant("runner", runner.objectId, secretsOfficer)];
    // The right to secrets is none to certificates.
    if (args.certificates) runnerAccess.push(grant("runner-certificates", runner.objectId, certificatesOfficer));
    for (const reader of args.readers ?? []) grant(`reader-${reader}`, reader, secretsUser);

    // With the URN, what is kept in the vault comes after the right to use it, and goes before it.
    const granted = pulumi.all(runnerAccess.map(({ urn }) => urn));
    this.vaultUri = pulumi.all([vault.properties, granted]).apply(([{ vaultUri }]) => vaultUri!);
    this.registerOutputs({ vaultUri: this.vaultUri });
  }

  private found({ resourceGroup, vaultName }: SecretVaultArgs) {
    if (vaultName === undefined) throw new pulumi.RunError("SecretVault: an existing vault needs vaultName");
    const vault = keyvault.getVaultOutput({ resourceGroupName: resourceGroup, vaultName }, { parent: this });
    const properties = vault.properties.apply((seen) => {
      if (seen.enableRbacAuthorization) return seen;
      throw new pulumi.RunError(
        "The existing vault is governed by access policies, under which role assignments give no rights: set its permission model to Azure role-based access control.",
      );
    });
    return { id: vault.id, properties };
  }

  private made(name: string, args: SecretVaultArgs, tenantId: pulumi.Output<string>) {
    const group = new resources.ResourceGroup(
      name,
      { resourceGroupName: args.resourceGroup, location: args.location },
      { parent: this, protect: args.protect },
    );
    return new keyvault.Vault(
      name,
      {
        resourceGroupName: group.name,
        location: group.location,
        vaultName: args.vaultName,
        properties: {
          tenantId,
          sku: { family: "A", name: "standard" },
          enableRbacAuthorization: true,
          enableSoftDelete: true,
          softDeleteRetentionInDays: args.softDeleteRetentionDays ?? 90,
          // Resource Manager takes true or nothing, never false.
          enablePurgeProtection: args.purgeProtection || undefined,
          createMode: args.recover ? "recover" : undefined,
          ...(args.network && networkProperties(args.network)),
        },
      },
      { parent: this, protect: args.protect },
    );
  }
}

function networkProperties({ publicAccess = true, allowedIpRanges = [], allowedSubnetIds = [] }: VaultNetwork) {
  const isLimited = allowedIpRanges.length + allowedSubnetIds.length > 0;
  return {
    publicNetworkAccess: publicAccess ? "enabled" : "disabled",
    networkAcls: {
      bypass: "AzureServices",
      defaultAction: isLimited ? "Deny" : "Allow",
      // A single address comes back with its length, and would look like drift.
      ipRules: allowedIpRanges.map((range) => ({ value: range.includes("/") ? range : `${range}/32` })),
      virtualNetworkRules: allowedSubnetIds.map((id) => ({ id })),
    },
  };
}
