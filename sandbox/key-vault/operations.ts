import type { Store } from "../store.ts";
import { checkBody, secretType } from "./body.ts";
import { deletion, listBundle, versionBundle } from "./bundles.ts";
import { keyVaultErrors } from "./errors.ts";
import {
  addVersion,
  changeVersion,
  deletedStateMessage,
  isManaged,
  purgeSecret,
  type Secret,
  type SecretContent,
  type SecretVersion,
  secretsOf,
  validSecretName,
} from "./secrets.ts";
import { keyVaultSwitch } from "./switches.ts";
import { deletionNow, type Vault } from "./vaults.ts";

/** The vault a request is for, after sign-in and authorization. `url` is its address without a trailing slash. */
export interface Target {
  readonly store: Store;
  readonly vault: Vault;
  readonly url: string;
}

export function setSecret({ store, vault, url }: Target, name: string, content: Partial<SecretContent>) {
  if (!validSecretName(name)) {
    throw keyVaultErrors.badParameter(`The request URI contains an invalid name: ${name}`);
  }
  checkBody(secretType, content);
  const { value } = content;
  if (typeof value !== "string") throw keyVaultErrors.badParameter("Property value is required.");
  const present = secretsOf(store, vault).get(name.toLowerCase());
  if (present && takePending(present, "deletion")) throw keyVaultErrors.beingDeleted(present.name);
  if (present?.deletion) throw keyVaultErrors.inDeletedState(deletedStateMessage(present.name));
  if (present && takePending(present, "recovery")) throw keyVaultErrors.beingRecovered(present.name);
  if (present) refuseManaged(present, "set");
  const { secret, version } = addVersion(store, vault, name, { ...content, value });
  return { value: version.value, ...versionBundle(vault, url, secret, version) };
}

/** The value with its attributes. Dates do not stand in the way: a get works outside nbf and exp, by Key Vault's documentation. */
export function getSecret(target: Target, name: string, versionId: string | undefined) {
  const { secret, version } = find(target, name, versionId);
  if (!version.enabled) throw keyVaultErrors.disabledSecret();
  return { value: version.value, ...versionBundle(target.vault, target.url, secret, version) };
}

export function updateSecret(
  target: Target,
  name: string,
  versionId: string | undefined,
  changes: Omit<Partial<SecretContent>, "value">,
) {
  checkBody(secretType.omit({ value: true }), changes);
  const { secret, version } = find(target, name, versionId);
  refuseManaged(secret, "update");
  changeVersion(target.store, version, changes ?? {});
  return versionBundle(target.vault, target.url, secret, version);
}

export function deleteSecret(target: Target, name: string) {
  const { secret } = find(target, name, undefined);
  refuseManaged(secret, "delete");
  secret.deletion = deletionNow(target.store, target.vault.properties);
  begin(target.store, secret, "deletion");
  return deletedBundle(target, secret);
}

export function getDeletedSecret(target: Target, name: string) {
  return deletedBundle(target, findDeleted(target, name));
}

export function recoverSecret(target: Target, name: string) {
  const secret = findDeleted(target, name);
  refuseManaged(secret, "recover");
  secret.deletion = null;
  begin(target.store, secret, "recovery");
  return versionBundle(target.vault, target.url, secret, secret.versions.at(-1)!);
}

export function purgeDeletedSecret(target: Target, name: string): void {
  const { store, vault } = target;
  const secret = findDeleted(target, name);
  refuseManaged(secret, "purge");
  if (vault.properties.enablePurgeProtection) {
    throw keyVaultErrors.purgeProtected(`${vault.name};location=${vault.location}`);
  }
  purgeSecret(store, vault, secret);
}

export function listSecrets({ store, vault, url }: Target) {
  return sorted(store, vault)
    .filter((secret) => !secret.deletion)
    .map((secret) => listBundle(vault, url, secret));
}

export function listVersions(target: Target, name: string) {
  const { secret } = find(target, name, undefined);
  return secret.versions.map((version) => versionBundle(target.vault, target.url, secret, version));
}

export function listDeletedSecrets({ store, vault, url }: Target) {
  return sorted(store, vault)
    .filter((secret) => secret.deletion)
    .map((secret) => ({ ...deletion(url, secret), ...listBundle(vault, url, secret) }));
}

function find({ store, vault }: Target, name: string, versionId: string | undefined) {
  const secret = secretsOf(store, vault).get(name.toLowerCase());
  if (!secret || secret.deletion || takePending(secret, "recovery")) throw keyVaultErrors.secretNotFound(name);
  const version: SecretVersion | undefined = versionId
    ? secret.versions.find((row) => row.version === versionId.toLowerCase())
    : secret.versions.at(-1);
  if (!version) throw keyVaultErrors.secretNotFound(`${name}/${versionId}`);
  return { secret, version };
}

function findDeleted({ store, vault }: Target, name: string): Secret {
  const secret = secretsOf(store, vault).get(name.toLowerCase());
  if (!secret?.deletion || takePending(secret, "deletion")) throw keyVaultErrors.deletedSecretNotFound(name);
  return secret;
}

function begin(store: Store, secret: Secret, transition: Secret["pending"]): void {
  if (keyVaultSwitch(store, "secretTransitions") === "at the second look") secret.pending = transition;
}

/** Whether this look is the one that comes too early. */
function takePending(secret: Secret, transition: Secret["pending"]): boolean {
  if (secret.pending !== transition) return false;
  secret.pending = undefined;
  return true;
}

function deletedBundle({ vault, url }: Target, secret: Secret) {
  return { ...deletion(url, secret), ...versionBundle(vault, url, secret, secret.versions.at(-1)!) };
}

function refuseManaged(secret: Secret, operation: string): void {
  if (isManaged(secret)) throw keyVaultErrors.managedSecret(operation);
}

function sorted(store: Store, vault: Vault): Secret[] {
  return [...secretsOf(store, vault).values()].sort((a, b) => a.name.localeCompare(b.name));
}
