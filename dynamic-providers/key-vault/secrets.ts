import { VendorError } from "../errors.ts";
import { send } from "../http.ts";

/** The value of a Key Vault secret, by its address (with or without a version), with a token for Key Vault. */
export async function readSecret(secretUri: string, token: string): Promise<string> {
  const { status, body } = await send({
    method: "GET",
    url: `${secretUri}?api-version=7.4`,
    headers: { Authorization: `Bearer ${token}` },
  });
  const { value, error } = (body ?? {}) as {
    value?: string;
    error?: { code?: string; message?: string; innererror?: { code?: string } };
  };
  if (status === 200 && typeof value === "string") return value;
  const reason = error?.message?.split(/\r?\n/)[0] ?? "Key Vault gave no secret";
  throw new VendorError(status, error?.innererror?.code ?? error?.code ?? "key_vault", reason);
}
