import { type ClientAssertionCallback, ConfidentialClientApplication } from "@azure/msal-node";
import { type Authority, msalConfiguration, type TokenSource, tokenBy } from "./msal.ts";

/** How an application proves who it is. */
type Credential =
  | { readonly clientSecret: string }
  | { readonly clientCertificate: { readonly privateKey: string; readonly thumbprintSha256: string } }
  | { readonly clientAssertion: ClientAssertionCallback };

/** An application that signs in as itself, by the client credentials flow. */
export function applicationTokens(authority: Authority, clientId: string, credential: Credential): TokenSource {
  const client = new ConfidentialClientApplication(msalConfiguration(authority, { clientId, ...credential }));
  return async (resource, fresh) => {
    const request = { scopes: [`${resource}/.default`], skipCache: fresh };
    return (await tokenBy(() => client.acquireTokenByClientCredential(request))).accessToken;
  };
}
