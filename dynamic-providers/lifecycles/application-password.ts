import { z } from "zod";
import { connectPublisher, type PublisherConnection } from "../connection.ts";
import { addPassword, type PasswordCredential, passwordsOf } from "../entra/application-passwords.ts";
import { dayMilliseconds, expiryWarning } from "../expiry.ts";
import {
  deleteSecret,
  disableVersion,
  newestVersion,
  readSecret,
  type SecretVersion,
  versionsOf,
  writeSecret,
} from "../key-vault/secrets.ts";
import { lifecycle } from "./lifecycle.ts";
import { isForHere, isOurs, nameOf, type PasswordNaming, partsOf } from "./password-name.ts";
import { proveSignIn } from "./proof.ts";
import { atVault, inTurn } from "./settling.ts";
import { passwordsWith, removePasswords, shownPasswords } from "./shown-passwords.ts";

export interface ApplicationPasswordInputs extends PasswordNaming {
  readonly applicationObjectId: string;
  /** Client id of the application, to sign in with the secret. */
  readonly applicationId: string;
  readonly expiresOn: string;
  /** Days for which the predecessor still works after the secret was made. */
  readonly overlapDays: number;
  /** The day that decides whether the predecessor is to go: no difference makes an update. */
  readonly asOf: string;
}

export interface ApplicationPasswordOutputs {
  readonly keyId: string;
  readonly secretUri: string;
  readonly secretVersionUri: string;
  /** The period of the secret that is in place; empty when there is none that works. */
  readonly period: string;
  /** When the predecessor goes; empty when there is none. */
  readonly retireOn: string;
}

/** Tags of a secret's version that say which credential it holds, and of which application object. */
const keyIdTag = "keyId";
const applicationTag = "applicationObjectId";
const contentType = "client secret of an Entra application";
const targetOf = ({ applicationObjectId, vaultUri }: ApplicationPasswordInputs) =>
  `application object ${applicationObjectId} (kept in ${vaultUri})`;
const withoutSpaces = (reason: string) => z.string().regex(/^\S{1,32}$/, reason);

/** Lifecycle of a client secret; resources/application-password.ts has what programs declare. */
export const applicationPassword = lifecycle<
  ApplicationPasswordInputs,
  ApplicationPasswordOutputs,
  PublisherConnection
>({
  kind: "client secret",
  connect: (settings, { vaultUri }) => connectPublisher(settings, vaultUri),
  target: targetOf,
  schema: z.object({
    applicationObjectId: z.guid("must be the object id of the application, a GUID"),
    applicationId: z.guid("must be the client id of the application, a GUID"),
    vaultUri: z.url({ protocol: /^https$/, error: "must be the https:// address of a Key Vault" }),
    secretName: z.string().regex(/^[a-zA-Z0-9-]{1,127}$/, "must be 1 to 127 letters, digits and hyphens"),
    period: withoutSpaces("must be 1 to 32 characters without spaces"),
    rotateNow: withoutSpaces("must be 1 to 32 characters without spaces").optional(),
    expiresOn: z.iso.datetime("must be a time such as 2027-06-01T00:00:00Z"),
    overlapDays: z.int("must be a whole number of days").min(1, "must be at least 1").optional(),
    asOf: z.iso.date("must be a day such as 2027-06-01"),
    rowId: z.guid("must be a GUID"),
  }),
  replaceOn: ["applicationObjectId", "vaultUri", "secretName"],
  deleteBeforeReplace: false,
  updateOn: ["period", "expiresOn", "rotateNow"],
  defaults: { overlapDays: 7 },
  isDue: ({ retireOn }, { asOf }) => isPast(retireOn, asOf),
  warning: (state, { asOf }) => warningOf(state, new Date(asOf)),

  async ensure(connection, inputs, previous) {
    const { vault } = connection;
    const { secretName, rotateNow, asOf } = inputs;
    const newest = await atVault(connection, () => newestVersion(vault, secretName));
    const awaited = isForeign(newest, previous?.outputs) ? undefined : newest;
    const passwords = await passwordsBefore(connection, inputs, awaited, previous?.outputs);
    const inPlace = passwords.find((password) => isInPlace(password, awaited, inputs));
    const { current, version } =
      inPlace && newest ? { current: inPlace, version: newest } : await makeSecret(connection, inputs);
    await prove(connection, inputs, version);

    // Where Entra shows the new one, it also shows what a run that was cut off made before.
    const shown = inPlace ? passwords : await passwordsWith(connection, inputs.applicationObjectId, current.keyId);
    const others = shown.filter((password) => isOurs(password, inputs) && password.keyId !== current.keyId);
    const retireOn = new Date(Date.parse(current.startsOn) + inputs.overlapDays * dayMilliseconds).toISOString();
    const overlapIsOver = inPlace !== undefined && isPast(retireOn, asOf);
    const isRetired = (other: PasswordCredential) =>
      overlapIsOver ||
      // Of the same name: its text never reached the vault, in a run that was cut off, or is not there any more.
      other.displayName === current.displayName ||
      (rotateNow !== undefined && partsOf(other).rotateNow !== rotateNow);
    const kept = others.filter((other) => !isRetired(other));
    // The passwords go last: while one of them is there, a run that is cut off is taken up again.
    await disableAllBut(connection, inputs, [current, ...kept]);
    await removePasswords(connection, inputs.applicationObjectId, others.filter(isRetired));
    return outputsOf(inputs, current, version, kept.length > 0 ? retireOn : "");
  },

  async observe({ graph, vault, asOf, warn }, _id, state) {
    const passwords = await passwordsOf(graph, state.applicationObjectId);
    if (!passwords) return undefined;
    const newest = await newestVersion(vault, state.secretName);
    const current = passwords.find((password) => isInPlace(password, newest, state));
    // A secret that was removed, or another value in the vault: no period's secret is in place, and the next update makes one.
    if (!current || newest?.uri !== state.secretVersionUri) return { ...state, period: "" };
    const warning = warningOf(state, asOf);
    if (warning) warn(warning);
    return { ...state, expiresOn: current.expiresOn };
  },

  async remove(connection, _id, state) {
    const { graph, vault } = connection;
    // Those for here, one whose text never reached the vault too; of older names what is held here: what replaces this
    // resource, with another vault, may have one of the same name.
    const held = (await versionsOf(vault, state.secretName)).map(({ tags }) => tags[keyIdTag]);
    const passwords = (await passwordsOf(graph, state.applicationObjectId)) ?? [];
    const made = passwords.filter(
      (password) =>
        isForHere(password, state) || (isOurs(password, state) && [state.keyId, ...held].includes(password.keyId)),
    );
    await removePasswords(connection, state.applicationObjectId, made);
    await deleteSecret(vault, state.secretName);
  },
});

/** True when the day has begun by which `time` is over; never for an empty one. */
const isPast = (time: string | undefined, day: string) => Boolean(time) && Date.parse(day) >= Date.parse(time!);

const warningOf = (state: ApplicationPasswordInputs, asOf: Date) =>
  expiryWarning(
    `The client secret of ${targetOf(state)}`,
    state.expiresOn,
    asOf,
    "`pulumi up` of this stack makes a new one.",
  );

/**
 * The application's passwords. The vault tells of one that a run made which was cut off; one that the state knows has been seen
 * everywhere, so where it does not show it was removed.
 */
function passwordsBefore(
  connection: PublisherConnection,
  { applicationObjectId }: ApplicationPasswordInputs,
  newest: SecretVersion | undefined,
  known: ApplicationPasswordOutputs | undefined,
): Promise<PasswordCredential[]> {
  const { [keyIdTag]: keyId, [applicationTag]: objectId } = newest?.tags ?? {};
  const awaited = objectId === applicationObjectId && keyId !== known?.keyId ? keyId : undefined;
  return shownPasswords(connection, applicationObjectId, { mayBeNew: !known, keyId: awaited });
}

/** True when the vault holds the text of this password, and it is the one that is declared. */
function isInPlace(
  password: PasswordCredential,
  newest: SecretVersion | undefined,
  inputs: ApplicationPasswordInputs,
): boolean {
  const { period, rotateNow } = partsOf(password);
  return (
    isOurs(password, inputs) &&
    period === inputs.period &&
    (inputs.rotateNow ?? rotateNow) === rotateNow &&
    newest?.tags[keyIdTag] === password.keyId &&
    newest.enabled &&
    Date.parse(password.expiresOn) === Date.parse(inputs.expiresOn)
  );
}

/**
 * True when somebody wrote the newest version under tags that we made, which prove nothing then: a refresh found it and left no
 * period, or it is another version than the one that is known to hold that credential.
 */
function isForeign(
  newest: SecretVersion | undefined,
  known: (ApplicationPasswordInputs & ApplicationPasswordOutputs) | undefined,
): boolean {
  if (!known) return false;
  return known.period === "" || (newest?.tags[keyIdTag] === known.keyId && newest.uri !== known.secretVersionUri);
}

/** Adds a secret in Entra and writes it as the newest version in the vault. */
async function makeSecret(connection: PublisherConnection, inputs: ApplicationPasswordInputs) {
  const { graph, vault } = connection;
  const { applicationObjectId, secretName, expiresOn, period, rotateNow } = inputs;
  const asked = { displayName: nameOf(inputs), expiresOn };
  const { password, secretText } = await inTurn(connection, () => addPassword(graph, applicationObjectId, asked));
  const version = await atVault(connection, () =>
    writeSecret(vault, secretName, {
      value: secretText,
      contentType,
      expires: Date.parse(expiresOn) / 1000,
      tags: {
        [keyIdTag]: password.keyId,
        [applicationTag]: applicationObjectId,
        period,
        ...(rotateNow && { rotateNow }),
      },
    }),
  );
  return { current: password, version };
}

/** Signs in as the application with what the vault gives for the version. */
async function prove(
  connection: PublisherConnection,
  inputs: ApplicationPasswordInputs,
  version: SecretVersion,
): Promise<void> {
  const { applicationId: clientId, vaultUri } = inputs;
  const clientSecret = await atVault(connection, () => readSecret(connection.vault, version.uri));
  await proveSignIn(connection, {
    what: "client secret",
    target: targetOf(inputs),
    vaultUri,
    identity: { kind: "clientSecret", clientId, clientSecret },
  });
}

/** Disables the versions in the vault that hold other credentials than these. Those that nobody of us wrote have no such tag. */
async function disableAllBut(
  connection: PublisherConnection,
  { secretName }: ApplicationPasswordInputs,
  kept: PasswordCredential[],
): Promise<void> {
  const { vault } = connection;
  await atVault(connection, async () => {
    for (const version of await versionsOf(vault, secretName)) {
      const held = version.tags[keyIdTag];
      if (version.enabled && held && !kept.some(({ keyId }) => keyId === held)) await disableVersion(vault, version);
    }
  });
}

function outputsOf(
  inputs: ApplicationPasswordInputs,
  { keyId }: PasswordCredential,
  { uri }: SecretVersion,
  retireOn: string,
) {
  const secretUri = new URL(`/secrets/${inputs.secretName}`, inputs.vaultUri).href;
  return { id: secretUri, outputs: { keyId, secretUri, secretVersionUri: uri, period: inputs.period, retireOn } };
}
