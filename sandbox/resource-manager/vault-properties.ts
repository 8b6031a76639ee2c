import { z } from "zod";
import { guid, tags } from "../body-types.ts";
import type { VaultProperties } from "../key-vault/vaults.ts";
import { armErrors } from "./errors.ts";
import { networkRules } from "./network-rules.ts";
import { checkEchoes, checkMembers, checkTypes } from "./routing.ts";

/** Since this version new vaults are role-based unless the request says otherwise. */
const roleBasedByDefaultSince = "2026-02-01";

/** The members of a vault's body and of its properties, those that only answers have included. */
const members = ["id", "name", "type", "location", "tags", "properties", "systemData"];
const properties = [
  "tenantId",
  "sku",
  "accessPolicies",
  "createMode",
  "enabledForDeployment",
  "enabledForDiskEncryption",
  "enabledForTemplateDeployment",
  "enableRbacAuthorization",
  "enableSoftDelete",
  "enablePurgeProtection",
  "softDeleteRetentionInDays",
  "publicNetworkAccess",
  "networkAcls",
  "vaultUri",
  "provisioningState",
];

/** A choice of words, in any case. */
const oneOf = (words: string) => z.string().regex(new RegExp(`^(${words})$`, "i"));
const permissions = (words: string) => z.array(oneOf(`all|get|list|delete|backup|restore|recover|purge|${words}`));
const rules = <Rule extends z.ZodRawShape>(rule: Rule) => z.array(z.strictObject(rule));

/** Types by azure-rest-api-specs, keyvault.json. */
const bodyType = z.object({
  location: z.string().nullish(),
  tags: tags.nullish(),
  properties: z
    .object({
      tenantId: guid,
      sku: z.strictObject({ family: z.string(), name: z.string() }),
      accessPolicies: rules({
        tenantId: guid,
        objectId: z.string(),
        applicationId: guid.nullish(),
        permissions: z
          .strictObject({
            certificates: permissions(
              "create|import|update|managecontacts|getissuers|listissuers|setissuers|deleteissuers|manageissuers",
            ),
            keys: permissions(
              "encrypt|decrypt|wrapKey|unwrapKey|sign|verify|create|update|import|release|rotate|getrotationpolicy|setrotationpolicy",
            ),
            secrets: permissions("set"),
            storage: permissions("set|update|regeneratekey|setsas|listsas|getsas|deletesas"),
          })
          .partial(),
      }).nullable(),
      createMode: z.enum(["default", "recover"]).nullable(),
      enabledForDeployment: z.boolean().nullable(),
      enabledForDiskEncryption: z.boolean().nullable(),
      enabledForTemplateDeployment: z.boolean().nullable(),
      enableRbacAuthorization: z.boolean().nullable(),
      enableSoftDelete: z.boolean().nullable(),
      enablePurgeProtection: z.boolean().nullable(),
      publicNetworkAccess: oneOf("enabled|disabled").nullable(),
      networkAcls: z
        .object({
          bypass: oneOf("None|AzureServices"),
          defaultAction: oneOf("Allow|Deny"),
          ipRules: rules({ value: z.string() }),
          virtualNetworkRules: z.array(z.object({ id: z.string() })),
        })
        .partial()
        .nullable(),
    })
    .partial()
    .nullish(),
});

/** Refuses a body with what the sandbox would only store. */
export function checkVaultBody(body: { properties?: { networkAcls?: unknown } } | undefined, name: string): void {
  checkTypes(body, bodyType);
  checkEchoes(body, { name, type: "Microsoft.KeyVault/vaults" });
  checkMembers(body, members);
  checkMembers(body?.properties, properties, "properties.");
  const network = ["bypass", "defaultAction", "ipRules", "virtualNetworkRules"];
  checkMembers(body?.properties?.networkAcls, network, "properties.networkAcls.");
}

/**
 * What a PUT makes of the properties: checked against Key Vault's rules, with its defaults; what cannot be undone is taken
 * over from the present vault.
 */
export function vaultProperties(
  requested: Record<string, unknown>,
  present: VaultProperties | undefined,
  apiVersion: string,
): VaultProperties {
  const { createMode: _createMode, vaultUri: _vaultUri, provisioningState: _state, ...kept } = requested;
  const sku = requested.sku as { family?: string; name?: string } | undefined;
  if (typeof requested.tenantId !== "string") throw armErrors.propertyRefused("Tenant ID is required.");
  if (sku?.family !== "A" || !/^(standard|premium)$/i.test(sku.name ?? "")) {
    throw armErrors.propertyRefused("The SKU is invalid: its family is 'A' and its name 'standard' or 'premium'.");
  }
  checkProtection(requested, present);
  const protectedFromPurge = requested.enablePurgeProtection === true || present?.enablePurgeProtection;
  const roleBased = requested.enableRbacAuthorization ?? present?.enableRbacAuthorization;
  return {
    ...kept,
    tenantId: requested.tenantId,
    sku: { family: "A", name: sku.name! },
    accessPolicies: (requested.accessPolicies as VaultProperties["accessPolicies"] | undefined) ?? [],
    enabledForDeployment: requested.enabledForDeployment ?? false,
    enableRbacAuthorization: (roleBased as boolean | undefined) ?? apiVersion >= roleBasedByDefaultSince,
    enableSoftDelete: true,
    softDeleteRetentionInDays:
      present?.softDeleteRetentionInDays ?? (requested.softDeleteRetentionInDays as number | undefined) ?? 90,
    enablePurgeProtection: protectedFromPurge ? true : undefined,
    networkAcls: networkRules(requested.networkAcls as VaultProperties["networkAcls"]),
    publicNetworkAccess: (requested.publicNetworkAccess as string | undefined) ?? "Enabled",
  };
}

function checkProtection(requested: Record<string, unknown>, present: VaultProperties | undefined): void {
  if (requested.enableSoftDelete === false) {
    throw armErrors.propertyRefused(
      "The property \"enableSoftDelete\" can be set to false only for creating new vault. Enabling the 'soft delete' functionality is an irreversible action.",
    );
  }
  if (requested.enablePurgeProtection === false) {
    throw armErrors.propertyRefused(
      'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for a vault is an irreversible action.',
    );
  }
  const days = requested.softDeleteRetentionInDays;
  if (days === undefined) return;
  if (!Number.isInteger(days) || (days as number) < 7 || (days as number) > 90) {
    throw armErrors.propertyRefused('The property "softDeleteRetentionInDays" must be a whole number from 7 to 90.');
  }
  if (present && present.softDeleteRetentionInDays !== days) {
    throw armErrors.propertyRefused(
      'The property "softDeleteRetentionInDays" has been set already and it can\'t be modified.',
    );
  }
}
