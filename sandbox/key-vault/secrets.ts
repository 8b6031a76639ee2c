import type { Store } from "../store.ts";
import type { Deletion, Vault } from "./vaults.ts";

/** What a writer may say of a secret version; times are seconds since 1970, as on the wire. */
export interface SecretContent {
  value: string;
  contentType?: string;
  tags?: Record<string, string>;
  attributes?: { enabled?: boolean; nbf?: number; exp?: number };
}

export interface SecretVersion {
  /** 32 hex digits, the last segment of the secret's id. */
  readonly version: string;
  readonly value: string;
  contentType: string | null;
  tags: Record<string, string> | null;
  enabled: boolean;
  nbf: number | null;
  exp: number | null;
  readonly created: number;
  updated: number;
  /** True where a certificate of the same name and version owns it. */
  readonly managed?: true;
}

/** A secret of one vault with all its versions, oldest first. Resource Manager and the data plane write the same row. */
export interface Secret {
  readonly name: string;
  readonly versions: SecretVersion[];
  deletion: Deletion | null;
  /** What the next look at it does not find done yet, see the switch secretTransitions. */
  pending?: "deletion" | "recovery" | undefined;
}

/** The secrets of one vault by lower-case name, deleted ones too; those whose retention has ended are gone. */
export function secretsOf(store: Store, vault: Vault): Map<string, Secret> {
  const all = store.collection<Record<string, Secret>>("keyVaultSecrets");
  const rows = new Map(Object.entries(all.get(vault.name.toLowerCase()) ?? {}));
  for (const [key, secret] of rows) {
    if (secret.deletion && new Date(secret.deletion.scheduledPurgeDate) <= store.now()) rows.delete(key);
  }
  return rows;
}

/** Whether a name is one that Key Vault accepts. */
export function validSecretName(name: string): boolean {
  return /^[0-9a-zA-Z-]{1,127}$/.test(name);
}

/** Adds a version, and the secret where it is new; `ofCertificate` is the version of the certificate that owns it. */
export function addVersion(
  store: Store,
  vault: Vault,
  name: string,
  content: SecretContent,
  ofCertificate?: string,
): { secret: Secret; version: SecretVersion } {
  const now = Math.floor(store.now().getTime() / 1000);
  const version: SecretVersion = {
    version:
      ofCertificate ??
      store.newId("secretVersion", vault.subscriptionId, vault.name, name.toLowerCase()).replaceAll("-", ""),
    value: content.value,
    contentType: content.contentType ?? null,
    tags: content.tags ?? null,
    enabled: content.attributes?.enabled ?? true,
    nbf: content.attributes?.nbf ?? null,
    exp: content.attributes?.exp ?? null,
    created: now,
    updated: now,
    ...(ofCertificate && { managed: true as const }),
  };
  const secret = secretsOf(store, vault).get(name.toLowerCase()) ?? { name, versions: [], deletion: null };
  secret.versions.push(version);
  keep(store, vault, secret);
  return { secret, version };
}

/** True for the secret of a certificate: only through that can it be changed. */
export const isManaged = ({ versions }: Secret) => versions.at(-1)?.managed === true;

/** Changes everything but the value; what is left out stays. */
export function changeVersion(
  store: Store,
  version: SecretVersion,
  changes: Omit<Partial<SecretContent>, "value">,
): void {
  if (changes.contentType !== undefined) version.contentType = changes.contentType;
  if (changes.tags !== undefined) version.tags = changes.tags;
  const { enabled, nbf, exp } = changes.attributes ?? {};
  if (enabled !== undefined) version.enabled = enabled;
  if (nbf !== undefined) version.nbf = nbf;
  if (exp !== undefined) version.exp = exp;
  version.updated = Math.floor(store.now().getTime() / 1000);
}

export function purgeSecret(store: Store, vault: Vault, secret: Secret): void {
  const all = store.collection<Record<string, Secret>>("keyVaultSecrets");
  delete all.get(vault.name.toLowerCase())?.[secret.name.toLowerCase()];
}

/** Ends all secrets of a vault, as its purge does. */
export function dropSecrets(store: Store, vault: Vault): void {
  store.collection("keyVaultSecrets").delete(vault.name.toLowerCase());
}

/** Why a name cannot be used again after soft deletion: the same text on both planes. */
export function deletedStateMessage(name: string): string {
  return `Secret ${name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged.`;
}

function keep(store: Store, vault: Vault, secret: Secret): void {
  const all = store.collection<Record<string, Secret>>("keyVaultSecrets");
  const key = vault.name.toLowerCase();
  const rows = all.get(key) ?? {};
  rows[secret.name.toLowerCase()] = secret;
  all.set(key, rows);
}
