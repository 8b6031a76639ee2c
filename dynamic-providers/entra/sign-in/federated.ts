import { readFile } from "node:fs/promises";
import { VendorError } from "../../errors.ts";
import { send } from "../../http.ts";

/** Audience that Entra expects in the tokens of an outside issuer. */
const audience = "api://AzureADTokenExchange";

/**
 * The token of an outside issuer that is exchanged for one of Entra's, read anew at each call because it lives for minutes:
 * the text of `tokenFile`, else from where the variables of the azuread provider, of Kubernetes or of GitHub Actions say.
 */
export async function federatedToken(tokenFile: string | undefined, environment = process.env): Promise<string> {
  if (tokenFile) return readToken(tokenFile);
  const { ARM_OIDC_TOKEN, ARM_OIDC_TOKEN_FILE_PATH, AZURE_FEDERATED_TOKEN_FILE } = environment;
  if (ARM_OIDC_TOKEN) return ARM_OIDC_TOKEN;
  const file = ARM_OIDC_TOKEN_FILE_PATH || AZURE_FEDERATED_TOKEN_FILE;
  if (file) return readToken(file);
  const url = environment.ARM_OIDC_REQUEST_URL || environment.ACTIONS_ID_TOKEN_REQUEST_URL;
  const requestToken = environment.ARM_OIDC_REQUEST_TOKEN || environment.ACTIONS_ID_TOKEN_REQUEST_TOKEN;
  if (url && requestToken) return requestFromIssuer(url, requestToken);
  throw new VendorError(undefined, "no_federated_token", "nothing gives a token of the outside issuer");
}

async function readToken(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new VendorError(undefined, "no_federated_token", `the token file ${file} cannot be read (${error.code})`);
  });
  if (text.trim()) return text.trim();
  throw new VendorError(undefined, "no_federated_token", `the token file ${file} is empty`);
}

/** As GitHub Actions documents it: GET with the request token, and `value` in the answer. */
async function requestFromIssuer(address: string, requestToken: string): Promise<string> {
  if (!URL.canParse(address) || new URL(address).protocol !== "https:") {
    throw new VendorError(
      undefined,
      "no_federated_token",
      "the address that gives the token is not an https:// address",
    );
  }
  const url = new URL(address);
  url.searchParams.set("audience", audience);
  const { status, body } = await send({
    method: "GET",
    url: url.href,
    headers: { Authorization: `Bearer ${requestToken}` },
    timeout: 30_000,
  });
  const value = (body as { value?: unknown } | undefined)?.value;
  if (status === 200 && typeof value === "string" && value) return value;
  throw new VendorError(status, "no_federated_token", `${url.origin} gave no token`);
}
