import { AuthError, ClientAuthError, ConfidentialClientApplication, ServerError } from "@azure/msal-node";
import { VendorError } from "../errors.ts";
import { msalNetwork, NoAnswer } from "../http.ts";
import type { Identity } from "./identity.ts";

/** Who signs in, where, and for what. */
export interface SignIn {
  readonly identity: Identity;
  /** Entra's address: {@link Cloud.loginUrl}. */
  readonly loginUrl: string;
  readonly tenantId: string;
  /** The resource the token is for, such as the environment's URL. */
  readonly resource: string;
}

/** Sign-ins under way, so that resources that start at the same time share one. */
const underWay = new Map<string, Promise<string>>();

/** One msal-node client an identity and address, so that its token cache serves the whole run. */
const clients = new Map<string, ConfidentialClientApplication>();

function clientFor({ identity, loginUrl, tenantId }: SignIn): ConfidentialClientApplication {
  const key = JSON.stringify([loginUrl, tenantId, identity]);
  let client = clients.get(key);
  if (!client) {
    client = new ConfidentialClientApplication({
      auth: {
        clientId: identity.clientId,
        clientSecret: identity.clientSecret,
        authority: `${loginUrl}/${tenantId}`,
        knownAuthorities: [new URL(loginUrl).host], // host with port, or msal-node asks Microsoft's cloud about it
      },
      system: { networkClient: msalNetwork },
    });
    clients.set(key, client);
  }
  return client;
}

/**
 * An access token, from the cache where it is still good. `fresh` asks Entra anyway, which is how a changed secret or a
 * consent shows. Rejects with {@link VendorError} (code "AADSTS…") or {@link NoAnswer}.
 */
export async function accessToken(signIn: SignIn, { fresh = false } = {}): Promise<string> {
  if (fresh) clients.delete(JSON.stringify([signIn.loginUrl, signIn.tenantId, signIn.identity]));
  const key = JSON.stringify(signIn);
  let token = underWay.get(key);
  if (!token) {
    token = acquire(signIn).finally(() => underWay.delete(key));
    underWay.set(key, token);
  }
  return token;
}

async function acquire(signIn: SignIn): Promise<string> {
  try {
    const result = await clientFor(signIn).acquireTokenByClientCredential({
      scopes: [`${signIn.resource}/.default`],
    });
    // msal-node gives an empty token, and no error, for an answer that has none.
    if (result?.accessToken) return result.accessToken;
  } catch (error) {
    throw vendorError(error);
  }
  throw new VendorError(200, "no_token", `${signIn.loginUrl} answered without an access token`);
}

function vendorError(error: unknown): unknown {
  if (error instanceof NoAnswer) return error;
  if (error instanceof ServerError && error.errorNo) {
    // "Error(s): 7000215 - Timestamp: … - Description: AADSTS7000215: text. Trace ID: …"
    const text =
      /Description: (?:AADSTS\d+: )?(.*?)(?: Trace ID: |\r?\n|$)/s.exec(error.errorMessage)?.[1] ?? error.errorMessage;
    return new VendorError(error.status, `AADSTS${error.errorNo}`, text);
  }
  if (error instanceof ClientAuthError || error instanceof AuthError) {
    return new VendorError(undefined, error.errorCode || "sign-in", error.errorMessage || error.message);
  }
  return error;
}
