import { z } from "zod";
import { type Api, isMissing, jsonApi, type Row } from "../api.ts";
import { VendorError } from "../errors.ts";
import { optional, readRow } from "../rows.ts";

/** A version of a secret, without its value. */
export interface SecretVersion {
  /** Address with the version. */
  readonly uri: string;
  readonly tags: Record<string, string>;
  readonly enabled: boolean;
}

/** What a new version of a secret has. */
export interface SecretContent {
  readonly value: string;
  readonly contentType: string;
  /** Epoch seconds. Key Vault gives the value after it too: it is for people and policies. */
  readonly expires: number;
  readonly tags: Record<string, string>;
}

const version = "api-version=7.4";

/** The data plane of a vault, or of whatever vault a secret's address is in. */
export const keyVault = (address: string, token: () => Promise<string>) => jsonApi(new URL(address).origin, token);

/** The value of a secret, by its address with or without a version. */
export async function readSecret(vault: Api, secretUri: string): Promise<string> {
  const answer = await vault.get(`${new URL(secretUri).pathname}?${version}`);
  return readRow(z.object({ value: z.string().min(1) }), answer, "the secret").value;
}

/** The newest version of a secret; undefined when there is no such secret, or nobody can read that version as it is disabled. */
export async function newestVersion(vault: Api, name: string): Promise<SecretVersion | undefined> {
  try {
    return versionOf(await vault.get(`/secrets/${name}?${version}`));
  } catch (error) {
    if (isMissing(error) || hasCode(error, "SecretDisabled")) return undefined;
    throw error;
  }
}

/** All versions of a secret, in no order; none when there is no such secret. */
export async function versionsOf(vault: Api, name: string): Promise<SecretVersion[]> {
  try {
    return (await vault.list(`/secrets/${name}/versions?${version}`)).map(versionOf);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Makes a version unreadable; it stays, and can be enabled again by hand. */
export async function disableVersion(vault: Api, { uri }: SecretVersion): Promise<void> {
  await vault.patch(`${new URL(uri).pathname}?${version}`, { attributes: { enabled: false } });
}

/**
 * Writes a new version. A soft-deleted secret of that name, which blocks it, is recovered; that takes the vault a while, in
 * which the write is refused as ObjectIsBeingRecovered: try again.
 */
export async function writeSecret(vault: Api, name: string, secret: SecretContent): Promise<SecretVersion> {
  const { value, contentType, expires, tags } = secret;
  const write = async () =>
    versionOf(
      await vault.put(`/secrets/${name}?${version}`, { value, contentType, tags, attributes: { exp: expires } }),
    );
  try {
    return await write();
  } catch (error) {
    if (!hasCode(error, "ObjectIsDeletedButRecoverable")) throw error;
    await vault.post(`/deletedsecrets/${name}/recover?${version}`, {}).catch((refusal) => {
      if (!isMissing(refusal) && !hasCode(refusal, "ObjectIsBeingRecovered")) throw refusal; // it is on its way already
    });
    return write();
  }
}

/** Deletes a secret with all its versions, softly: it can be recovered until the vault's retention is over. */
export async function deleteSecret(vault: Api, name: string): Promise<void> {
  await vault.delete(`/secrets/${name}?${version}`).catch((error) => {
    if (!isMissing(error)) throw error;
  });
}

const hasCode = (error: unknown, code: string) => error instanceof VendorError && error.code === code;

const versionShape = z.object({
  id: z.url({ protocol: /^https$/ }),
  tags: optional(z.record(z.string(), z.string())),
  attributes: optional(z.object({ enabled: optional(z.boolean()) })),
});

function versionOf(row: Row): SecretVersion {
  const { id: uri, tags = {}, attributes } = readRow(versionShape, row, "the secret's version");
  return { uri, tags, enabled: attributes?.enabled !== false };
}
