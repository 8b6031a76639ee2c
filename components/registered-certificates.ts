import { X509Certificate } from "node:crypto";
import * as azuread from "@pulumi/azuread";
import * as pulumi from "@pulumi/pulumi";
import { expiryWarning } from "../dynamic-providers/expiry.ts";
import { graphTime } from "./rotation-schedule.ts";

export interface RegisteredCertificatesArgs {
  /** Object id of the application, in the publisher's tenant. A change registers the certificates anew. */
  readonly applicationObjectId: pulumi.Input<string>;
  /**
   * Certificates as PEM text, one each, without their private keys. One that is added is registered before one that is left out
   * is taken away; to have both good for a while, list both.
   */
  readonly certificates: string[];
  /** The time by which it is told that the last one is about to expire. Default: now. */
  readonly asOf?: Date;
}

/** Certificates whose private keys the vendor keeps, registered on the application. */
export class RegisteredCertificates extends pulumi.ComponentResource {
  /** Ids of the credentials in the application; known once all are registered. */
  readonly keyIds: pulumi.Output<string[]>;
  /** When the first of them expires, such as "2027-06-01T00:00:00Z". */
  readonly expiresOn: pulumi.Output<string>;

  constructor(name: string, args: RegisteredCertificatesArgs, options?: pulumi.ComponentResourceOptions) {
    super("dataverse-s2s:index:RegisteredCertificates", name, {}, options);

    const certificates = args.certificates.map((pem) => ({ pem, certificate: new X509Certificate(pem) }));
    const registered = certificates.map(({ pem, certificate }) => {
      const thumbprint = certificate.fingerprint256.replaceAll(":", "").toLowerCase();
      return new azuread.ApplicationCertificate(
        `${name}-${thumbprint.slice(0, 16)}`,
        {
          applicationId: pulumi.interpolate`/applications/${args.applicationObjectId}`,
          type: "AsymmetricX509Cert",
          encoding: "pem",
          value: pem,
          // The provider wants one, and Graph refuses one that is later than the certificate's.
          endDate: graphTime(certificate.validToDate),
        },
        { parent: this },
      );
    });
    const ends = certificates.map(({ certificate }) => certificate.validToDate.getTime());
    const end = (time: number) => graphTime(new Date(time));

    this.keyIds = pulumi.all(registered.map(({ keyId }) => keyId));
    this.expiresOn = pulumi.output(end(Math.min(...ends)));
    const warning = expiryWarning(
      `The last certificate of '${name}'`, // one that has a successor beside it was renewed
      end(Math.max(...ends)),
      args.asOf ?? new Date(),
      "Register its successor beside it.",
    );
    if (warning) void pulumi.log.warn(warning, this);
    this.registerOutputs({ keyIds: this.keyIds, expiresOn: this.expiresOn });
  }
}
