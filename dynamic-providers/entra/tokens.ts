import type { Say } from "../waiting.ts";
import type { Identity } from "./identity.ts";
import { applicationTokens } from "./sign-in/application.ts";
import { azureCliTokens } from "./sign-in/azure-cli.ts";
import { openCertificate } from "./sign-in/certificate.ts";
import { deviceCodeTokens } from "./sign-in/device-code.ts";
import { federatedToken } from "./sign-in/federated.ts";
import type { Authority, TokenSource } from "./sign-in/msal.ts";

/** Who signs in, where, and for what. The tenant may be empty for the Azure CLI: its current one. */
export interface SignIn extends Authority {
  readonly identity: Identity;
  /** The resource the token is for, such as the environment's URL. */
  readonly resource: string;
  /** Shows the code of a device code sign-in. Default: standard error. */
  readonly say?: Say;
}

/** One source an identity and tenant, which keeps the tokens by resource for the whole run. */
const sources = new Map<string, TokenSource>();

/** Sign-ins under way, so that resources that start at the same time share one. */
const underWay = new Map<string, Promise<string>>();

/**
 * An access token, from memory where it is still good. `fresh` asks Entra anyway, which is how a changed secret or a
 * consent shows. Rejects with a VendorError (code "AADSTS…") or NoAnswer.
 */
export async function accessToken(signIn: SignIn, { fresh = false } = {}): Promise<string> {
  const { identity, loginUrl, tenantId, resource } = signIn;
  const signer = JSON.stringify([loginUrl, tenantId, identity]);
  const key = JSON.stringify([signer, resource, fresh]);
  let token = underWay.get(key);
  if (!token) {
    const source = sources.get(signer) ?? sourceOf(signIn);
    sources.set(signer, source);
    token = source(resource, fresh).finally(() => underWay.delete(key));
    underWay.set(key, token);
  }
  return token;
}

function sourceOf(signIn: SignIn): TokenSource {
  const { identity, tenantId, say = console.error } = signIn;
  switch (identity.kind) {
    case "clientSecret":
      return applicationTokens(signIn, identity.clientId, { clientSecret: identity.clientSecret });
    case "certificate":
      return applicationTokens(signIn, identity.clientId, { clientCertificate: openCertificate(identity) });
    case "federated":
      return applicationTokens(signIn, identity.clientId, {
        clientAssertion: () => federatedToken(identity.tokenFile),
      });
    case "azureCli":
      return azureCliTokens(tenantId);
    case "deviceCode":
      return deviceCodeTokens(signIn, identity.clientId, say);
  }
}
