import { z } from "zod";
import { connectPublisher, type PublisherConnection } from "../connection.ts";
import { addPassword, type PasswordCredential, passwordsOf, removePassword } from "../entra/application-passwords.ts";
import { AccessError } from "../errors.ts";
import { deleteSecret, newestVersion, type SecretVersion, writeSecret } from "../key-vault/secrets.ts";
import { untilSettled } from "../waiting.ts";
import { lifecycle } from "./lifecycle.ts";
import { settling, vaultSettlingSeconds } from "./settling.ts";

export interface ApplicationPasswordInputs {
  readonly applicationObjectId: string;
  readonly vaultUri: string;
  readonly secretName: string;
  /** Names the period that the secret is for. */
  readonly period: string;
  readonly expiresOn: string;
  /** By it the credentials that this resource made are known in the application. */
  readonly rowId: string;
}

export interface ApplicationPasswordOutputs {
  readonly keyId: string;
  readonly secretUri: string;
  readonly secretVersionUri: string;
  /** The period of the secret that is in place; empty when there is none that works. */
  readonly period: string;
}

/** Tag of a secret's version that says which credential of the application it holds. */
const keyIdTag = "keyId";
const contentType = "client secret of an Entra application";

/** Lifecycle of a client secret; resources/application-password.ts has what programs declare. */
export const applicationPassword = lifecycle<
  ApplicationPasswordInputs,
  ApplicationPasswordOutputs,
  PublisherConnection
>({
  kind: "client secret",
  connect: (settings, { vaultUri }) => connectPublisher(settings, vaultUri),
  target: ({ applicationObjectId, vaultUri }) => `application object ${applicationObjectId} (kept in ${vaultUri})`,
  schema: z.object({
    applicationObjectId: z.guid("must be the object id of the application, a GUID"),
    vaultUri: z.url({ protocol: /^https$/, error: "must be the https:// address of a Key Vault" }),
    secretName: z.string().regex(/^[a-zA-Z0-9-]{1,127}$/, "must be 1 to 127 letters, digits and hyphens"),
    period: z.string().min(1, "must not be empty"),
    expiresOn: z.iso.datetime("must be a time such as 2027-06-01T00:00:00Z"),
    rowId: z.guid("must be a GUID"),
  }),
  replaceOn: ["applicationObjectId", "vaultUri", "secretName"],
  deleteBeforeReplace: false,
  updateOn: ["period", "expiresOn"],

  async ensure(connection, inputs, previous) {
    const { graph, vault, say } = connection;
    const { applicationObjectId, secretName, expiresOn } = inputs;
    const atVault = <T>(act: () => Promise<T>) =>
      untilSettled("Key Vault to let in who runs the stack", vaultSettlingSeconds, settling.vault, say, act);

    const kept = await atVault(() => newestVersion(vault, secretName));
    const passwords = await passwordsOf(graph, applicationObjectId);
    if (!passwords)
      throw new AccessError(`Entra has no application object ${applicationObjectId}. Run the command with --refresh.`);
    const ours = passwords.filter((password) => isOurs(password, inputs));
    // A refresh that found another value in the vault leaves no period: the tags of that version prove nothing then.
    const foreign = previous?.outputs.period === "";
    const current = foreign ? undefined : ours.find((password) => isInPlace(password, kept, inputs));
    if (current && kept) return outputsOf(inputs, current.keyId, kept);

    // A password whose text never reached the vault, in a run that was cut off, is of no use to anybody.
    for (const lost of ours.filter(
      ({ displayName, keyId }) => displayName === nameOf(inputs) && kept?.tags[keyIdTag] !== keyId,
    )) {
      await removePassword(graph, applicationObjectId, lost.keyId);
    }
    const { keyId, secretText } = await addPassword(graph, applicationObjectId, {
      displayName: nameOf(inputs),
      expiresOn,
    });
    const version = await atVault(() =>
      writeSecret(vault, secretName, {
        value: secretText,
        contentType,
        expires: Date.parse(expiresOn) / 1000,
        tags: { [keyIdTag]: keyId },
      }),
    );
    for (const old of ours) {
      await removePassword(graph, applicationObjectId, old.keyId);
    }
    return outputsOf(inputs, keyId, version);
  },

  async observe({ graph, vault }, _id, state) {
    const passwords = await passwordsOf(graph, state.applicationObjectId);
    if (!passwords) return undefined;
    const kept = await newestVersion(vault, state.secretName);
    const current = passwords.find((password) => isInPlace(password, kept, state));
    // A secret that was removed, or another value in the vault: no period's secret is in place, and the next update makes one.
    if (!current || kept?.uri !== state.secretVersionUri) return { ...state, period: "" };
    return { ...state, expiresOn: current.expiresOn };
  },

  async remove({ graph, vault }, _id, state) {
    for (const password of (await passwordsOf(graph, state.applicationObjectId)) ?? []) {
      if (isOurs(password, state)) await removePassword(graph, state.applicationObjectId, password.keyId);
    }
    await deleteSecret(vault, state.secretName);
  },
});

const markOf = ({ rowId }: ApplicationPasswordInputs) => `(${rowId.slice(0, 8)})`;
const nameOf = (inputs: ApplicationPasswordInputs) => `dataverse-s2s ${inputs.period} ${markOf(inputs)}`;
const isOurs = ({ displayName }: PasswordCredential, inputs: ApplicationPasswordInputs) =>
  displayName.endsWith(markOf(inputs));

/** True when the vault holds the text of this password, and it is the one that is declared. */
function isInPlace(
  password: PasswordCredential,
  kept: SecretVersion | undefined,
  inputs: ApplicationPasswordInputs,
): boolean {
  return (
    password.displayName === nameOf(inputs) &&
    kept?.tags[keyIdTag] === password.keyId &&
    kept.enabled &&
    Date.parse(password.expiresOn) === Date.parse(inputs.expiresOn)
  );
}

function outputsOf(inputs: ApplicationPasswordInputs, keyId: string, { uri }: SecretVersion) {
  const secretUri = new URL(`/secrets/${inputs.secretName}`, inputs.vaultUri).href;
  return { id: secretUri, outputs: { keyId, secretUri, secretVersionUri: uri, period: inputs.period } };
}
