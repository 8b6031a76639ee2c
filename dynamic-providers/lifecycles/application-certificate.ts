import { z } from "zod";
import { connectPublisher, type PublisherConnection } from "../connection.ts";
import { certificatesOf, type KeyCredential, newCertificate } from "../entra/application-certificates.ts";
import { AccessError, VendorError } from "../errors.ts";
import { dayMilliseconds, expiryWarning } from "../expiry.ts";
import {
  type CertificatePolicy,
  deleteCertificate,
  disableOtherVersions,
  newestCertificate,
  requestCertificate,
  untilMade,
  type VaultCertificate,
} from "../key-vault/certificates.ts";
import { readSecret } from "../key-vault/secrets.ts";
import { uuidOf } from "../uuid.ts";
import { lifecycle } from "./lifecycle.ts";
import { proveSignIn } from "./proof.ts";
import { steadyCertificates, writeCertificates } from "./registered-certificates.ts";
import { atVault } from "./settling.ts";

export interface ApplicationCertificateInputs extends CertificatePolicy {
  readonly applicationObjectId: string;
  /** Client id of the application, to sign in with the certificate. */
  readonly applicationId: string;
  readonly vaultUri: string;
  readonly certificateName: string;
  /** Names the period that the certificate is for. */
  readonly period: string;
  /** Days for which the predecessor stays registered. */
  readonly overlapDays: number;
  /** The day it is, such as "2026-11-25"; another alone makes no difference. */
  readonly asOf: string;
  /** By it the credentials and versions that this resource made are known. */
  readonly rowId: string;
}

export interface ApplicationCertificateOutputs extends CertificatePolicy {
  readonly keyId: string;
  readonly certificateUri: string;
  readonly certificateVersionUri: string;
  readonly secretUri: string;
  readonly secretVersionUri: string;
  /** Such as "2027-06-01T00:00:00Z". */
  readonly expiresOn: string;
  /** When the predecessor goes, likewise; empty when there is none. */
  readonly retireOn: string;
  /** The period of the certificate that is in place; empty when there is none that works. */
  readonly period: string;
}

const targetOf = ({ applicationObjectId, vaultUri }: ApplicationCertificateInputs) =>
  `application object ${applicationObjectId} (kept in ${vaultUri})`;

/** Tags of a certificate's version that say whose it is. */
const tagsOf = ({ period, rowId }: ApplicationCertificateInputs) => ({ period, madeBy: rowId });

/** Lifecycle of a certificate made in Key Vault; resources/application-certificate.ts has what programs declare. */
export const applicationCertificate = lifecycle<
  ApplicationCertificateInputs,
  ApplicationCertificateOutputs,
  PublisherConnection
>({
  kind: "certificate",
  connect: (settings, { vaultUri }) => connectPublisher(settings, vaultUri),
  target: targetOf,
  schema: z.object({
    applicationObjectId: z.guid("must be the object id of the application, a GUID"),
    applicationId: z.guid("must be the client id of the application, a GUID"),
    vaultUri: z.url({ protocol: /^https$/, error: "must be the https:// address of a Key Vault" }),
    certificateName: z.string().regex(/^[a-zA-Z0-9-]{1,127}$/, "must be 1 to 127 letters, digits and hyphens"),
    subject: z.string().regex(/^[A-Z]+=./, "must be a distinguished name, such as CN=Contoso Orders"),
    validityMonths: z.int("must be a number of months").min(1, "must be at least 1"),
    keySize: z.literal([2048, 3072, 4096], "must be 2048, 3072 or 4096"),
    period: z.string().min(1, "must not be empty"),
    overlapDays: z.int("must be a number of days").min(1, "must be at least 1"),
    asOf: z.iso.date("must be a day such as 2026-11-25"),
    rowId: z.guid("must be a GUID"),
  }),
  replaceOn: ["applicationObjectId", "vaultUri", "certificateName"],
  deleteBeforeReplace: true,
  updateOn: ["period", "subject", "validityMonths", "keySize"],
  isDue: ({ retireOn }, { asOf }) => retireOn !== "" && Date.parse(asOf) >= Date.parse(retireOn),
  warning: (state, { asOf }) => warningOf(state, new Date(asOf)),

  async ensure(connection, inputs, previous) {
    const { vault, say } = connection;
    const { applicationObjectId, certificateName: name } = inputs;
    const registered = await steadyCertificates(connection, applicationObjectId, previous === undefined);
    if (!registered)
      throw new AccessError(`Entra has no application object ${applicationObjectId}. Run the command with --refresh.`);
    // A run that was cut off may have left one in the making.
    const kept = await atVault(connection, async () => {
      await untilMade(vault, name, say);
      return newestCertificate(vault, name);
    });
    if (kept && !previous && kept.tags.madeBy !== inputs.rowId) {
      throw new AccessError(
        `There is a certificate '${name}' in ${inputs.vaultUri} that this stack did not make. Give the certificate another name.`,
      );
    }
    let certificate = kept;
    if (!certificate || !isInPlace(certificate, inputs)) {
      await atVault(connection, () => requestCertificate(vault, name, inputs, tagsOf(inputs)));
      const status = await atVault(connection, () => untilMade(vault, name, say));
      certificate = await atVault(connection, () => newestCertificate(vault, name));
      if (!certificate || !isInPlace(certificate, inputs))
        throw new VendorError(undefined, `certificate_${status}`, `Key Vault did not make certificate '${name}'`);
    }

    const keyId = keyIdOf(certificate);
    const overlapEnds = overlapEndOf(certificate, inputs);
    const overlapIsOver = certificate === kept && Date.parse(inputs.asOf) >= overlapEnds.getTime();
    const known = registered.some((credential) => credential.keyId === keyId)
      ? registered
      : [...registered, newCertificate(keyId, nameOf(inputs), certificate.der)];
    if (known !== registered) await write(connection, inputs, known);
    await prove(connection, inputs, certificate);

    const stays = (credential: KeyCredential) =>
      credential.keyId === keyId || !isOurs(credential, inputs) || !overlapIsOver;
    const wanted = known.filter(stays);
    if (wanted.length < known.length) await write(connection, inputs, wanted);
    const { uri } = certificate;
    if (overlapIsOver) await atVault(connection, () => disableOtherVersions(vault, name, uri));
    return {
      id: new URL(`/certificates/${name}`, inputs.vaultUri).href,
      outputs: outputsOf(certificate, wanted, inputs),
    };
  },

  async observe({ graph, vault, asOf, warn }, _id, state) {
    const registered = await certificatesOf(graph, state.applicationObjectId);
    if (!registered) return undefined;
    const kept = await newestCertificate(vault, state.certificateName);
    const isKnown = registered.some(({ keyId }) => kept && keyId === keyIdOf(kept));
    // Deleted or replaced in the vault, or taken from the application: no period's certificate is in place.
    if (!kept?.enabled || !isKnown || kept.uri !== state.certificateVersionUri) return { ...state, period: "" };
    const warning = warningOf(state, asOf);
    if (warning) warn(warning);
    return outputsOf(kept, registered, state);
  },

  async remove(connection, _id, state) {
    const registered = (await steadyCertificates(connection, state.applicationObjectId, false)) ?? [];
    const others = registered.filter((credential) => !isOurs(credential, state));
    if (others.length < registered.length) await write(connection, state, others);
    await deleteCertificate(connection.vault, state.certificateName);
  },
});

/** Writes the certificates; it is ours that must show then as they were written. */
const write = (connection: PublisherConnection, inputs: ApplicationCertificateInputs, wanted: KeyCredential[]) =>
  writeCertificates(connection, inputs.applicationObjectId, wanted, (credential) => isOurs(credential, inputs));

const warningOf = (state: ApplicationCertificateInputs & ApplicationCertificateOutputs, asOf: Date) =>
  expiryWarning(
    `The certificate of ${targetOf(state)}`,
    state.expiresOn,
    asOf,
    "`pulumi up` of this stack makes a new one.",
  );

/** Signs in as the application with the private key that the vault holds. */
async function prove(
  connection: PublisherConnection,
  inputs: ApplicationCertificateInputs,
  { secretUri }: VaultCertificate,
): Promise<void> {
  const { applicationId: clientId, vaultUri } = inputs;
  const pem = await atVault(connection, () => readSecret(connection.vault, secretUri));
  await proveSignIn(connection, {
    what: "certificate",
    target: targetOf(inputs),
    vaultUri,
    identity: { kind: "certificate", clientId, certificate: pem },
  });
}

const markOf = ({ rowId }: ApplicationCertificateInputs) => `(${rowId.slice(0, 8)})`;
const nameOf = (inputs: ApplicationCertificateInputs) => `dataverse-s2s ${inputs.period} ${markOf(inputs)}`;
const isOurs = ({ displayName }: KeyCredential, inputs: ApplicationCertificateInputs) =>
  (displayName ?? "").endsWith(markOf(inputs));

/** The same for the same version in every run, so that one whose registration's answer was lost is not registered twice. */
const keyIdOf = ({ uri }: VaultCertificate) => uuidOf(uri);

/** True when this version is the one that is declared. */
const isInPlace = (certificate: VaultCertificate, inputs: ApplicationCertificateInputs) =>
  certificate.enabled &&
  certificate.tags.madeBy === inputs.rowId &&
  certificate.tags.period === inputs.period &&
  certificate.subject === inputs.subject &&
  certificate.validityMonths === inputs.validityMonths &&
  certificate.keySize === inputs.keySize;

const overlapEndOf = ({ createdOn }: VaultCertificate, { overlapDays }: ApplicationCertificateInputs) =>
  new Date(createdOn.getTime() + overlapDays * dayMilliseconds);

function outputsOf(
  certificate: VaultCertificate,
  registered: KeyCredential[],
  inputs: ApplicationCertificateInputs,
): ApplicationCertificateOutputs {
  const keyId = keyIdOf(certificate);
  const hasPredecessor = registered.some((credential) => isOurs(credential, inputs) && credential.keyId !== keyId);
  return {
    keyId,
    certificateUri: new URL(`/certificates/${inputs.certificateName}`, inputs.vaultUri).href,
    certificateVersionUri: certificate.uri,
    secretUri: new URL(`/secrets/${inputs.certificateName}`, inputs.vaultUri).href,
    secretVersionUri: certificate.secretUri,
    expiresOn: timeText(certificate.expiresOn),
    retireOn: hasPredecessor ? timeText(overlapEndOf(certificate, inputs)) : "",
    period: certificate.tags.period ?? "",
    subject: certificate.subject,
    validityMonths: certificate.validityMonths,
    keySize: certificate.keySize,
  };
}

const timeText = (time: Date) => time.toISOString().replace(".000Z", "Z");
