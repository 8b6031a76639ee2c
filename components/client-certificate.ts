import * as pulumi from "@pulumi/pulumi";
import { dayMilliseconds } from "../dynamic-providers/expiry.ts";
import { ApplicationCertificate } from "../dynamic-providers/resources/application-certificate.ts";
import { dayOf, graphTime } from "./rotation-schedule.ts";

export interface ClientCertificateArgs {
  /** Object id of the application, in the publisher's tenant. */
  readonly applicationObjectId: pulumi.Input<string>;
  /** Client id of the application: each new certificate is proven to sign in before an old one goes. */
  readonly applicationId: pulumi.Input<string>;
  /** Address of the Key Vault that makes it; {@link SecretVault.vaultUri} comes once who runs the stack may do so there. */
  readonly vaultUri: pulumi.Input<string>;
  /** Name of the certificate in the vault, and of the secret with its private key. Default: "client-certificate". */
  readonly certificateName?: pulumi.Input<string>;
  /** Distinguished name; Entra does not look at it. Default: "CN=dataverse-s2s". */
  readonly subject?: pulumi.Input<string>;
  /** Months that a certificate is valid. Default: 12. */
  readonly validityMonths?: number;
  /** Days before the expiry at which the next one is made, at the latest; fewer than the validity has. Default: 30. */
  readonly renewBeforeDays?: number;
  /** Bits of the RSA key: 2048 (default), 3072 or 4096. */
  readonly keySize?: 2048 | 3072 | 4096;
  /** Days for which the one before stays good. Default: 7. */
  readonly overlapDays?: number;
  /** The time that decides which period it is. Default: now. */
  readonly asOf?: Date;
}

/** A certificate's period: its label, and when the next one begins. */
export interface CertificatePeriod {
  readonly label: string;
  readonly endsOn: Date;
}

/** Periods are counted from here, so they are the same in every run and nothing has to be stored. */
const anchor = Date.UTC(2024, 0, 1);

/** Days that so many months have at the least: two fewer than the average, for February. */
export const shortestDays = (months: number) => Math.floor((months * 365) / 12) - 2;

/**
 * The period that `asOf` is in. A certificate is valid from when it is made, so one made on a period's first day has
 * `renewBeforeDays` left when the next period begins, and one made later has more.
 */
export function certificatePeriod(asOf: Date, validityMonths: number, renewBeforeDays: number): CertificatePeriod {
  const length = (shortestDays(validityMonths) - renewBeforeDays) * dayMilliseconds;
  const start = anchor + Math.floor((asOf.getTime() - anchor) / length) * length;
  return { label: dayOf(new Date(start)), endsOn: new Date(start + length) };
}

/**
 * The application's certificate of the present period, made in Key Vault, which alone has its private key. When a new period
 * begins, the next update makes a new version, registers it, and proves that it signs in; the one before stays good for the overlap.
 */
export class ClientCertificate extends pulumi.ComponentResource {
  /** Address of the certificate in the vault, without version. */
  readonly certificateUri: pulumi.Output<string>;
  /** Address of the secret with the private key (PEM), without version: what consumers read. */
  readonly secretUri: pulumi.Output<string>;
  /** Address of its present version. */
  readonly secretVersionUri: pulumi.Output<string>;
  /** When the certificate expires, such as "2027-06-01T00:00:00Z". */
  readonly expiresOn: pulumi.Output<string>;
  /** From when on an update makes the next one, likewise. */
  readonly nextRotationOn: pulumi.Output<string>;
  /** Id of the credential in the application. */
  readonly keyId: pulumi.Output<string>;

  constructor(name: string, args: ClientCertificateArgs, options?: pulumi.ComponentResourceOptions) {
    super("dataverse-s2s:index:ClientCertificate", name, {}, options);

    const asOf = args.asOf ?? new Date();
    const validityMonths = args.validityMonths ?? 12;
    const period = certificatePeriod(asOf, validityMonths, args.renewBeforeDays ?? 30);
    const certificate = new ApplicationCertificate(
      name,
      {
        applicationObjectId: args.applicationObjectId,
        applicationId: args.applicationId,
        vaultUri: args.vaultUri,
        certificateName: args.certificateName ?? "client-certificate",
        subject: args.subject ?? "CN=dataverse-s2s",
        validityMonths,
        keySize: args.keySize ?? 2048,
        period: period.label,
        overlapDays: args.overlapDays ?? 7,
        asOf: dayOf(asOf),
      },
      { parent: this },
    );

    this.certificateUri = certificate.certificateUri;
    this.secretUri = certificate.secretUri;
    this.secretVersionUri = certificate.secretVersionUri;
    this.expiresOn = certificate.expiresOn;
    this.keyId = certificate.keyId;
    // By the credential: where that could not be made, there is no next one to tell of.
    this.nextRotationOn = certificate.keyId.apply(() => graphTime(period.endsOn));
    const { certificateUri, secretUri, secretVersionUri, expiresOn, nextRotationOn, keyId } = this;
    this.registerOutputs({ certificateUri, secretUri, secretVersionUri, expiresOn, nextRotationOn, keyId });
  }
}
