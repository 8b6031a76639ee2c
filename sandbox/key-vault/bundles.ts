import type { Secret, SecretVersion } from "./secrets.ts";
import type { Deletion, Vault } from "./vaults.ts";

/** A secret version as the data plane shows it, without its value. `url` is the vault's address without a trailing slash. */
export function versionBundle(vault: Vault, url: string, secret: Secret, version: SecretVersion) {
  return {
    ...content(vault, version),
    id: `${url}/secrets/${secret.name}/${version.version}`,
    ...(version.managed && { kid: `${url}/keys/${secret.name}/${version.version}` }),
  };
}

/** A secret in the list of the vault: its id is without a version. */
export function listBundle(vault: Vault, url: string, secret: Secret) {
  return { ...content(vault, secret.versions.at(-1)!), id: `${url}/secrets/${secret.name}` };
}

/** What is said of a soft-deleted secret or certificate. */
export function deletion(url: string, object: Pick<Secret, "name" | "deletion">, kind = "secrets") {
  const { deletedDate, scheduledPurgeDate } = object.deletion as Deletion;
  return {
    recoveryId: `${url}/deleted${kind}/${object.name}`,
    deletedDate: seconds(deletedDate),
    scheduledPurgeDate: seconds(scheduledPurgeDate),
  };
}

function content(vault: Vault, version: SecretVersion) {
  return {
    contentType: version.contentType ?? undefined,
    attributes: attributesOf(vault, version),
    tags: version.tags ?? undefined,
    managed: version.managed,
  };
}

/** Attributes of a secret's or a certificate's version. */
export function attributesOf(
  { properties }: Vault,
  version: Pick<SecretVersion, "enabled" | "nbf" | "exp" | "created" | "updated">,
) {
  const customized = properties.softDeleteRetentionInDays < 90 ? "Customized" : "";
  return {
    enabled: version.enabled,
    nbf: version.nbf ?? undefined,
    exp: version.exp ?? undefined,
    created: version.created,
    updated: version.updated,
    recoveryLevel: `${customized}Recoverable${properties.enablePurgeProtection ? "" : "+Purgeable"}`,
    recoverableDays: properties.softDeleteRetentionInDays,
  };
}

function seconds(time: string): number {
  return Math.floor(new Date(time).getTime() / 1000);
}
