import type * as pulumi from "@pulumi/pulumi";
import { ClientCertificate } from "./components/client-certificate.ts";
import { ClientSecret } from "./components/client-secret.ts";
import { FederatedCredentials } from "./components/federated-credentials.ts";
import type { MultiTenantApplication } from "./components/multi-tenant-application.ts";
import { RegisteredCertificates } from "./components/registered-certificates.ts";
import type { StackConfig } from "./config.ts";
import type { ApplicationCredential } from "./dynamic-providers/credential.ts";

/** Of what is declared, that which whoever runs a stack signs in with as the application. */
interface Chosen {
  /** Known once it is there. */
  readonly credential: pulumi.Input<ApplicationCredential>;
  readonly secretVersionUri?: pulumi.Output<string>;
  readonly outputs: Record<string, pulumi.Output<string>>;
}

/**
 * Declares the application's credentials: all that config names. The stacks sign in with the one that they can come by most
 * simply: what Key Vault has before what they would have to be given, a certificate before a secret.
 */
export function declareCredentials(
  { application, asOf }: StackConfig & { application: object },
  { clientId: applicationId, objectId: applicationObjectId }: MultiTenantApplication,
  vaultUri: pulumi.Output<string> | undefined,
) {
  const { secret: secretArgs, certificate: certificateArgs, federatedCredentials } = application;
  const clock = asOf === undefined ? {} : { asOf: new Date(asOf) };
  const choices: Chosen[] = [];

  if (certificateArgs?.keyVault) {
    const { name: certificateName, ...args } = certificateArgs.keyVault;
    const place = { applicationObjectId, applicationId, vaultUri: vaultUri!, certificateName };
    const made = new ClientCertificate("client-certificate", { ...args, ...place, ...clock });
    const { certificateUri, secretVersionUri, expiresOn: credentialExpiresOn, nextRotationOn } = made;
    const outputs = { certificateUri, certificateSecretUri: made.secretUri, credentialExpiresOn, nextRotationOn };
    choices.push({ credential: "certificate", secretVersionUri, outputs });
  }
  if (secretArgs) {
    const place = { applicationObjectId, applicationId, vaultUri: vaultUri! };
    const made = new ClientSecret("client-secret", { ...secretArgs, ...place, ...clock });
    const { secretUri, secretVersionUri, expiresOn: credentialExpiresOn, nextRotationOn } = made;
    const outputs = { secretUri, credentialExpiresOn, nextRotationOn };
    choices.push({ credential: "clientSecret", secretVersionUri, outputs });
  }
  if (certificateArgs?.pem) {
    const args = { applicationObjectId, certificates: certificateArgs.pem, ...clock };
    const { keyIds, expiresOn: credentialExpiresOn } = new RegisteredCertificates("certificates", args);
    choices.push({ credential: keyIds.apply(() => "certificate" as const), outputs: { credentialExpiresOn } });
  }
  if (federatedCredentials) {
    const args = { applicationObjectId, credentials: federatedCredentials };
    const { credentialIds } = new FederatedCredentials("federated", args);
    choices.push({ credential: credentialIds.apply(() => "federated" as const), outputs: {} });
  }
  const [chosen] = choices; // config sees to it that there is one
  const outputs: Chosen["outputs"] = Object.assign({}, ...choices.map((choice) => choice.outputs).reverse());
  return { ...chosen!, outputs };
}
