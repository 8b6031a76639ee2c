import * as authorization from "@pulumi/azure-native/authorization/index.js";
import * as keyvault from "@pulumi/azure-native/keyvault/index.js";
import * as resources from "@pulumi/azure-native/resources/index.js";
import * as pulumi from "@pulumi/pulumi";
import { uuidOf } from "../dynamic-providers/uuid.ts";

export interface SecretVaultArgs {
  /** Name of the resource group, made by this component. A change replaces group and vault. */
  readonly resourceGroup: pulumi.Input<string>;
  /** Azure region, such as `westeurope`. A change replaces group and vault. */
  readonly location: pulumi.Input<string>;
  /** Name of the vault, 3 to 24 letters, digits and hyphens, unique in the world. Default: made from the component's name. */
  readonly vaultName?: pulumi.Input<string>;
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
    const group = new resources.ResourceGroup(
      name,
      { resourceGroupName: args.resourceGroup, location: args.location },
      { parent: this, protect: args.protect },
    );
    const vault = new keyvault.Vault(
      name,
      {
        resourceGroupName: group.name,
        location: group.location,
        vaultName: args.vaultName,
        properties: {
          tenantId: runner.tenantId,
          sku: { family: "A", name: "standard" },
          enableRbacAuthorization: true,
          enableSoftDelete: true,
          softDeleteRetentionInDays: args.softDeleteRetentionDays ?? 90,
          // Resource Manager takes true or nothing, never false.
          enablePurgeProtection: args.purgeProtection || undefined,
        },
      },
      { parent: this, protect: args.protect },
    );

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
}
