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

const version = "api-version=7.4";

/** The data plane of a vault, or of whatever vault a secret's address is in. */
export const keyVault = (address: string, token: () => Promise<string>) => jsonApi(new URL(address).origin, token);

/** The value of a secret, by its address with or without a version. */
export async function readSecret(vault: Api, secretUri: string): Promise<string> {
  const answer = await vault.get(`${new URL(secretUri).pathname}?${version}`);
  return readRow(z.object({ value: z.string().min(1) }), answer, "the secret").value;
}

/** The newest version of a secret; undefined when there is no such secret. */
export async function newestVersion(vault: Api, name: string): Promise<SecretVersion | undefined> {
  try {
    return versionOf(await vault.get(`/secrets/${name}?${version}`));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Writes a new version; a soft-deleted secret of that name, which blocks it, is recovered first. `expires` in epoch seconds. */
export async function writeSecret(
  vault: Api,
  name: string,
  secret: { value: string; contentType: string; expires: number; tags: Record<string, string> },
): Promise<SecretVersion> {
  const { value, contentType, expires, tags } = secret;
  const write = async () =>
    versionOf(
      await vault.put(`/secrets/${name}?${version}`, { value, contentType, tags, attributes: { exp: expires } }),
    );
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof VendorError && error.code === "ObjectIsDeletedButRecoverable")) throw error;
    await vault.post(`/deletedsecrets/${name}/recover?${version}`, {});
    return write();
  }
}

/** Deletes a secret with all its versions, softly: it can be recovered until the vault's retention is over. */
export async function deleteSecret(vault: Api, name: string): Promise<void> {
  await vault.delete(`/secrets/${name}?${version}`).catch((error) => {
    if (!isMissing(error)) throw error;
  });
}

const versionShape = z.object({
  id: z.url({ protocol: /^https$/ }),
  tags: optional(z.record(z.string(), z.string())),
  attributes: optional(z.object({ enabled: optional(z.boolean()) })),
});

function versionOf(row: Row): SecretVersion {
  const { id: uri, tags = {}, attributes } = readRow(versionShape, row, "the secret's version");
  return { uri, tags, enabled: attributes?.enabled !== false };
}
