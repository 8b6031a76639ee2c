import type { PublisherConnection } from "../connection.ts";
import type { Identity } from "../entra/identity.ts";
import { tenantOfVault } from "../entra/tenant.ts";
import { accessToken, type SignIn } from "../entra/tokens.ts";
import { AccessError, explain } from "../errors.ts";
import { untilSettled } from "../waiting.ts";
import { newCredential, settling, settlingSeconds } from "./settling.ts";

/** A credential of the application as the vault gives it back. */
export interface VaultCredential {
  /** For sentences: "the client secret". */
  readonly what: string;
  /** For sentences: what it is for. */
  readonly target: string;
  readonly vaultUri: string;
  readonly identity: Extract<Identity, { kind: keyof typeof newCredential }>;
}

/**
 * Signs in as the application, in the vault's own tenant, with what the vault holds: an old credential goes only after that. A
 * new one takes a while to be known to all of Entra.
 */
export async function proveSignIn({ cloud, say }: PublisherConnection, credential: VaultCredential): Promise<void> {
  const { what, target, vaultUri, identity } = credential;
  const tenantId = await tenantOfVault(vaultUri);
  const signIn: SignIn = { identity, loginUrl: cloud.loginUrl, tenantId, resource: cloud.graphUrl };
  const codes = [...newCredential[identity.kind], ...settling.principal];
  try {
    await untilSettled(`Entra to accept the application's ${what}`, settlingSeconds, codes, say, () =>
      accessToken(signIn, { fresh: true }),
    );
  } catch (error) {
    const doing = `Proving that the ${what} in the vault signs in`;
    const { message } = explain(error, { doing, target, tenantId, applicationId: identity.clientId });
    throw new AccessError(`${message} The one before it was left in place; the next \`pulumi up\` goes on here.`);
  }
}
