import type { Context } from "../context.ts";
import type { Store } from "../store.ts";
import { dropCertificates } from "./certificates.ts";
import { dropSecrets } from "./secrets.ts";

/** Properties of a vault, with the names of Microsoft.KeyVault/vaults. */
export interface VaultProperties {
  tenantId: string;
  sku: { family: string; name: string };
  accessPolicies: AccessPolicy[];
  enableRbacAuthorization: boolean;
  enableSoftDelete: true;
  softDeleteRetentionInDays: number;
  /** Only ever true: it cannot be turned off again. */
  enablePurgeProtection?: true;
  publicNetworkAccess: string;
  networkAcls?: { defaultAction?: string; ipRules?: { value: string }[]; [member: string]: unknown };
  /** Members that the sandbox only stores. */
  [member: string]: unknown;
}

/** Rights that a vault without role-based access gives to one principal. */
interface AccessPolicy {
  tenantId: string;
  objectId: string;
  permissions: { secrets?: string[]; [kind: string]: string[] | undefined };
}

/** A vault, live or soft-deleted: either way its name is taken everywhere. */
export interface Vault {
  readonly name: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  tags: Record<string, string>;
  properties: VaultProperties;
  /** Which data plane it has; none while deleted. */
  slot: number | null;
  deletion: Deletion | null;
  readonly createdAt: string;
  readonly createdBy: string;
  modifiedAt: string;
  modifiedBy: string;
}

/** When something was soft-deleted, and when it goes for good. */
export interface Deletion {
  deletedDate: string;
  scheduledPurgeDate: string;
}

const dayMilliseconds = 86_400_000;

/** All vaults by lower-case name; those whose retention has ended are gone. */
export function vaults(store: Store): Map<string, Vault> {
  const rows = store.collection<Vault>("keyVaults");
  for (const vault of rows.values()) {
    if (vault.deletion && new Date(vault.deletion.scheduledPurgeDate) <= store.now()) {
      rows.delete(vault.name.toLowerCase());
      dropObjects(store, vault);
    }
  }
  return rows;
}

export function vaultId(vault: Vault): string {
  return `/subscriptions/${vault.subscriptionId}/resourceGroups/${vault.resourceGroup}/providers/Microsoft.KeyVault/vaults/${vault.name}`;
}

/** The data plane's base address, as `vaultUri` shows it: with a trailing slash. Empty while deleted. */
export async function vaultUri(context: Context, vault: Vault): Promise<string> {
  return vault.slot === null ? "" : `${await context.vaultUrl(vault.slot)}/`;
}

/** The live vault whose data plane has this slot. */
export function vaultAt(store: Store, slot: number): Vault | undefined {
  return [...vaults(store).values()].find((vault) => vault.slot === slot);
}

/** The lowest slot that no vault has. */
export function freeSlot(store: Store): number {
  const taken = new Set([...vaults(store).values()].map((vault) => vault.slot));
  let slot = 0;
  while (taken.has(slot)) slot++;
  return slot;
}

/** What soft deletion records at this moment in a vault with its retention period. */
export function deletionNow(store: Store, properties: VaultProperties): Deletion {
  const now = store.now();
  const purge = new Date(now.getTime() + properties.softDeleteRetentionInDays * dayMilliseconds);
  return { deletedDate: now.toISOString(), scheduledPurgeDate: purge.toISOString() };
}

/** Soft delete: the name stays taken and the secrets stay, but the data plane is gone. */
export function softDelete(store: Store, vault: Vault): void {
  vault.deletion = deletionNow(store, vault.properties);
  vault.slot = null;
}

/** Ends a soft-deleted vault for good. */
export function purge(store: Store, vault: Vault): void {
  vaults(store).delete(vault.name.toLowerCase());
  dropObjects(store, vault);
}

function dropObjects(store: Store, vault: Vault): void {
  dropSecrets(store, vault);
  dropCertificates(store, vault);
}
