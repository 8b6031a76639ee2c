import * as pulumi from "@pulumi/pulumi";
import { thinProvider } from "dataverse-s2s/thin-provider";
import { rowId } from "./row-id.ts";

export interface ApplicationCertificateArgs {
  /** Object id of the application, in the publisher's tenant. A change replaces the certificate. */
  readonly applicationObjectId: pulumi.Input<string>;
  /** Client id of the application: each certificate is proven to sign in with it, in the vault's tenant, before an old one goes. */
  readonly applicationId: pulumi.Input<string>;
  /** Address of the Key Vault that makes and keeps it. Who runs the stack must be Key Vault Certificates Officer and Key Vault Secrets Officer there. A change replaces the certificate. */
  readonly vaultUri: pulumi.Input<string>;
  /** Name in the vault, 1 to 127 letters, digits and hyphens; of the secret with its private key too. A change replaces the certificate. */
  readonly certificateName: pulumi.Input<string>;
  /** Distinguished name, such as "CN=Contoso Orders". With another, a new version is made. */
  readonly subject: pulumi.Input<string>;
  /** Months that it is valid, from when it is made. With another number, a new version is made. */
  readonly validityMonths: pulumi.Input<number>;
  /** Bits of its RSA key (Entra takes no other kind): 2048, 3072 or 4096. With another, a new version is made. */
  readonly keySize: pulumi.Input<number>;
  /** Names the period that the certificate is for, such as "2026-10-02". With another, a new version is made. */
  readonly period: pulumi.Input<string>;
  /** Days after which the version before is taken from the application and disabled in the vault. */
  readonly overlapDays: pulumi.Input<number>;
  /** The day it is, such as "2026-11-25": on it depends whether those days are over. Another day alone is no change. */
  readonly asOf: pulumi.Input<string>;
}

/**
 * A certificate that Key Vault makes and signs itself, registered on the application. The private key stays in the vault: it is
 * in the secret of the same name, for who may read that, and never in state. A certificate that somebody changes in the vault
 * or takes from the application is drift, and mended.
 */
export class ApplicationCertificate extends pulumi.dynamic.Resource {
  /** Id of the credential in the application. */
  declare readonly keyId: pulumi.Output<string>;
  /** Address of the certificate in the vault, without version. */
  declare readonly certificateUri: pulumi.Output<string>;
  declare readonly certificateVersionUri: pulumi.Output<string>;
  /** Address of the secret with the private key (PEM), without version: what consumers read. */
  declare readonly secretUri: pulumi.Output<string>;
  /** Address of its present version. */
  declare readonly secretVersionUri: pulumi.Output<string>;
  /** When it expires, such as "2027-06-01T00:00:00Z". */
  declare readonly expiresOn: pulumi.Output<string>;
  /** When the version before goes, likewise; empty when there is none. */
  declare readonly retireOn: pulumi.Output<string>;

  constructor(name: string, args: ApplicationCertificateArgs, options?: pulumi.CustomResourceOptions) {
    const outputs = {
      keyId: undefined,
      certificateUri: undefined,
      certificateVersionUri: undefined,
      secretUri: undefined,
      secretVersionUri: undefined,
      expiresOn: undefined,
      retireOn: undefined,
    };
    const props = { ...outputs, ...args, rowId: rowId("ApplicationCertificate", name) };
    super(thinProvider("ApplicationCertificate"), name, props, options, "entra", "ApplicationCertificate");
  }
}
