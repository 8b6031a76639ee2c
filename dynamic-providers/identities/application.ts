import type { ApplicationCredential } from "../credential.ts";
import type { Identity } from "../entra/identity.ts";
import { firstSet, IdentityProblem, identityFrom, pemOf, type Setting } from "./settings.ts";

/** Which application signs in, and by what. */
export interface ApplicationIdentity {
  readonly applicationId: string;
  readonly credential: ApplicationCredential;
  /** Address of the Key Vault secret that holds the client secret, or the certificate with its private key. */
  readonly secretUri?: string;
}

const secretVariable = "DATAVERSE_S2S_CLIENT_SECRET";
const secretKey = "dataverse-s2s:clientSecret";
const pathVariable = "DATAVERSE_S2S_CLIENT_CERTIFICATE_PATH";
const passwordVariable = "DATAVERSE_S2S_CLIENT_CERTIFICATE_PASSWORD";
const tokenFileVariable = "DATAVERSE_S2S_CLIENT_FEDERATED_TOKEN_FILE";

/**
 * The publisher's application: by its environment variables or stack config `clientSecret`, else by the Key Vault secret, which
 * `read` reads. A federated token is found when it is used, by a variable too. `mayBeNew` says that the credential may have been
 * made in this very run, so that not all of Entra knows it. Throws {@link IdentityProblem}, never with a credential in it.
 */
export async function applicationIdentity(
  environment: Record<string, string | undefined>,
  config: (key: string) => string | undefined,
  { applicationId, credential: kind, secretUri }: ApplicationIdentity,
  read: (secretUri: string) => Promise<string>,
): Promise<{ identity: Identity; mayBeNew: boolean }> {
  const by = (fields: Record<string, Setting | undefined>, mayBeNew = true) => {
    const who = {
      kind: { name: "credential", value: kind },
      clientId: { name: "applicationId", value: applicationId },
    };
    const identity = identityFrom({ ...who, ...fields }, (field) =>
      field === "passphrase" ? passwordVariable : field,
    );
    return { identity, mayBeNew };
  };
  if (kind === "federated") return by({ tokenFile: firstSet(environment, tokenFileVariable) });

  if (kind === "certificate") {
    const path = firstSet(environment, pathVariable);
    if (path) return by({ certificate: pemOf(path), passphrase: firstSet(environment, passwordVariable) });
    if (!secretUri) {
      throw new IdentityProblem(
        `its certificate is in no Key Vault. Set ${pathVariable} to a PEM file with the certificate and its private key, and ${passwordVariable} where the key is encrypted`,
      );
    }
    const value = await read(secretUri);
    if (value.includes("-----BEGIN ")) return by({ certificate: { name: secretUri, value } });
    throw new IdentityProblem(
      `the secret ${secretUri} is not PEM text. Its content type must be application/x-pem-file`,
    );
  }

  const given = firstSet({ ...environment, [secretKey]: config(secretKey) }, secretVariable, secretKey);
  if (given) return by({ clientSecret: given }, false);
  if (!secretUri) throw new IdentityProblem(`its client secret is in no Key Vault. Set ${secretVariable}`);
  return by({ clientSecret: { name: secretUri, value: await read(secretUri) } });
}
