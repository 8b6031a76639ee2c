import { z } from "zod";
import type { Connection, Target } from "../connection.ts";
import { applicationCredentials } from "../credential.ts";
import type { SignIn } from "../entra/tokens.ts";
import type { ApplicationIdentity } from "../identities/application.ts";
import { untilSettled } from "../waiting.ts";
import { newCredential, settling } from "./settling.ts";

/** The inputs by which a resource signs in as the publisher's application. */
export const applicationSignInShape = {
  applicationId: z.guid("must be the client id of the application, a GUID"),
  credential: z.enum(applicationCredentials, "must be clientSecret, certificate or federated").optional(),
  secretUri: z.url({ protocol: /^https$/, error: "must be the https:// address of a Key Vault secret" }).optional(),
};

export const applicationSignInDefaults = { credential: "clientSecret" } as const;

/**
 * How to sign in as the application, for the environment. `newCredential` are the refusals that pass when the credential was
 * made just now; `seconds` is how long to wait for the right to read the vault.
 */
export async function signInOf(
  connection: Connection,
  inputs: ApplicationIdentity & Target,
  seconds: number,
): Promise<{ signIn: SignIn; newCredential: readonly string[] }> {
  const { credential = applicationSignInDefaults.credential, environmentUrl } = inputs;
  const { identity, mayBeNew } = await untilSettled(
    "the right to read the secret",
    seconds,
    settling.vault,
    connection.say,
    () => connection.application({ ...inputs, credential }),
  );
  const { cloud, tenantId } = connection;
  return {
    signIn: { identity, loginUrl: cloud.loginUrl, tenantId, resource: environmentUrl },
    newCredential: mayBeNew ? newCredential[credential] : [],
  };
}
