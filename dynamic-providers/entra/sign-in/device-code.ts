import { type AccountInfo, type AuthenticationResult, PublicClientApplication } from "@azure/msal-node";
import type { Say } from "../../waiting.ts";
import { heldTokens } from "./held-tokens.ts";
import { type Authority, msalConfiguration, type TokenSource, tokenBy } from "./msal.ts";

/**
 * A person who enters a code in a browser: once, for all resources of the tenant. It waits as long as the code lives,
 * which Entra says (15 minutes).
 */
export function deviceCodeTokens(authority: Authority, clientId: string, say: Say): TokenSource {
  const client = new PublicClientApplication(msalConfiguration(authority, { clientId }));
  let person: Promise<AccountInfo> | undefined;

  function askPerson(scopes: string[]): Promise<AuthenticationResult> {
    const signIn = tokenBy(() =>
      client.acquireTokenByDeviceCode({
        scopes,
        deviceCodeCallback: ({ userCode, verificationUri, expiresIn }) =>
          say(`sign in at ${verificationUri} with code ${userCode} (within ${Math.round(expiresIn / 60)} minutes)`),
      }),
    );
    person = signIn.then(({ account }) => account!); // never null for a person
    person.catch(() => {
      person = undefined; // the next one may ask again
    });
    return signIn;
  }

  // msal-node's own memory goes by the permissions in the answer, among which it does not find "/.default" again.
  return heldTokens(async (resource) => {
    const scopes = [`${resource}/.default`];
    // Nothing is awaited where nobody is signed in yet: two who ask at once would ask the person twice.
    const account = person ? await person : undefined;
    const { accessToken, expiresOn } = account
      ? await tokenBy(() => client.acquireTokenSilent({ account, scopes, forceRefresh: true }))
      : await askPerson(scopes);
    return { token: accessToken, until: expiresOn?.getTime() ?? 0 };
  });
}
