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
  /** Object ids of service principals that may read the secret ("Key Vault Secrets User"). Default: none. */
  readonly readers?: string[];
  /** Refuse to delete the vault. Default: false. */
  readonly protect?: boolean;
  /** Name of the secret, 1 to 127 letters, digits and hyphens. Default: "client-secret". */
  readonly secretName?: string;
  /** The client secret to keep. */
  readonly value: pulumi.Input<string>;
  /** When it expires, such as "2027-06-01T00:00:00Z". */
  readonly expiresOn: pulumi.Input<string>;
}

/** Built-in roles: the same ids in every tenant. */
const secretsUser = "4633458b-17de-408a-b874-0445c86b69e6";
const secretsOfficer = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7";

/** A Key Vault of the publisher's, governed by RBAC, that holds the application's client secret for its consumers. */
export class SecretVault extends pulumi.ComponentResource {
  /** Address of the vault. */
  readonly vaultUri: pulumi.Output<string>;
  /** Address of the secret without version: what consumers read. */
  readonly secretUri: pulumi.Output<string>;
  /** Address of the present version. */
  readonly secretVersionUri: pulumi.Output<string>;

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
    // Who runs the stack reads the secret back to prove that it works, and deletes it on destroy.
    const runnerAccess = grant("runner", runner.objectId, secretsOfficer);
    for (const reader of args.readers ?? []) grant(`reader-${reader}`, reader, secretsUser);

    const secret = new keyvault.Secret(
      name,
      {
        resourceGroupName: group.name,
        vaultName: vault.name,
        secretName: args.secretName ?? "client-secret",
        properties: {
          value: args.value,
          contentType: "client secret of an Entra application",
          attributes: {
            enabled: true,
            expires: pulumi.output(args.expiresOn).apply((time) => Date.parse(time) / 1000),
          },
        },
      },
      { parent: this, dependsOn: runnerAccess },
    );

    this.vaultUri = vault.properties.apply(({ vaultUri }) => vaultUri!);
    // The properties hold the value and are secret as a whole; the addresses are not.
    const { secretUri, secretUriWithVersion } = pulumi.unsecret(secret.properties);
    this.secretUri = secretUri;
    this.secretVersionUri = secretUriWithVersion;
    this.registerOutputs({
      vaultUri: this.vaultUri,
      secretUri: this.secretUri,
      secretVersionUri: this.secretVersionUri,
    });
  }
}
