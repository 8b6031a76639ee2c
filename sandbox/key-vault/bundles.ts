import type { Secret, SecretVersion } from "./secrets.ts";
import type { Deletion, Vault } from "./vaults.ts";

/** A secret version as the data plane shows it, without its value. `url` is the vault's address without a trailing slash. */
export function versionBundle(vault: Vault, url: string, secret: Secret, version: SecretVersion) {
  return {
    ...content(vault, version),
    id: `${url}/secrets/${secret.name}/${version.version}`,
  };
}

/** A secret in the list of the vault: its id is without a version. */
export function listBundle(vault: Vault, url: string, secret: Secret) {
  return { ...content(vault, secret.versions.at(-1)!), id: `${url}/secrets/${secret.name}` };
}

/** What is said of a soft-deleted secret. */
export function deletion(url: string, secret: Secret) {
  const { deletedDate, scheduledPurgeDate } = secret.deletion as Deletion;
  return {
    recoveryId: `${url}/deletedsecrets/${secret.name}`,
    deletedDate: seconds(deletedDate),
    scheduledPurgeDate: seconds(scheduledPurgeDate),
  };
}

function content({ properties }: Vault, version: SecretVersion) {
  const customized = properties.softDeleteRetentionInDays < 90 ? "Customized" : "";
  return {
    contentType: version.contentType ?? undefined,
    attributes: {
      enabled: version.enabled,
      nbf: version.nbf ?? undefined,
      exp: version.exp ?? undefined,
      created: version.created,
      updated: version.updated,
      recoveryLevel: `${customized}Recoverable${properties.enablePurgeProtection ? "" : "+Purgeable"}`,
      recoverableDays: properties.softDeleteRetentionInDays,
    },
    tags: version.tags ?? undefined,
  };
}

function seconds(time: string): number {
  return Math.floor(new Date(time).getTime() / 1000);
}
