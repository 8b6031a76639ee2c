import * as pulumi from "@pulumi/pulumi";
import { ApplicationPassword } from "../dynamic-providers/resources/application-password.ts";
import { dayOf, graphTime, secretPeriod } from "./rotation-schedule.ts";

export interface ClientSecretArgs {
  /** Object id of the application, in the publisher's tenant. A change replaces the secret. */
  readonly applicationObjectId: pulumi.Input<string>;
  /** Client id of the application: each new secret is proven to sign in before an old one goes. */
  readonly applicationId: pulumi.Input<string>;
  /** Address of the Key Vault to keep it in; {@link SecretVault.vaultUri} comes once who runs the stack may write there. */
  readonly vaultUri: pulumi.Input<string>;
  /** Name of the Key Vault secret, 1 to 127 letters, digits and hyphens. Default: "client-secret". */
  readonly secretName?: pulumi.Input<string>;
  /** Years from the start of its period until the secret expires: 1 (default) or 2, as in Microsoft's procedure. */
  readonly lifetimeYears?: 1 | 2;
  /** Days before the expiry at which the next period begins, with a secret of its own. Default: 30. */
  readonly renewBeforeDays?: number;
  /** Days for which the predecessor still works after a new secret was made; fewer than `renewBeforeDays`. Default: 7. */
  readonly overlapDays?: number;
  /** Label of a rotation out of turn, such as "leak-1": a new secret now, and the old one removed in the same update. */
  readonly rotateNow?: string;
  /** The time that decides which period it is, and whether the predecessor goes. Default: now. */
  readonly asOf?: Date;
}

/**
 * The application's client secret of the present period, kept in Key Vault and nowhere else. When a new period begins, the next
 * update makes a new secret, writes it as a new version, and proves that it signs in. Once `overlapDays` are over, the next
 * update disables the version before and removes its secret. docs/credentials.md tells the whole story.
 */
export class ClientSecret extends pulumi.ComponentResource {
  /** Address of the Key Vault secret without version: what consumers read. */
  readonly secretUri: pulumi.Output<string>;
  /** Address of the present version. */
  readonly secretVersionUri: pulumi.Output<string>;
  /** When the secret expires, such as "2027-06-01T00:00:00Z". */
  readonly expiresOn: pulumi.Output<string>;
  /** When the next secret is due, such as "2027-05-02T00:00:00Z": the first update from then on makes it. */
  readonly nextRotationOn: pulumi.Output<string>;
  /** Id of the credential in the application. */
  readonly keyId: pulumi.Output<string>;

  constructor(name: string, args: ClientSecretArgs, options?: pulumi.ComponentResourceOptions) {
    super("dataverse-s2s:index:ClientSecret", name, {}, options);

    const { applicationObjectId, applicationId, vaultUri, overlapDays = 7, renewBeforeDays = 30, rotateNow } = args;
    if (overlapDays >= renewBeforeDays) {
      throw new pulumi.RunError(`ClientSecret '${name}': overlapDays must be less than renewBeforeDays`);
    }
    const asOf = args.asOf ?? new Date();
    const period = secretPeriod(asOf, args.lifetimeYears ?? 1, renewBeforeDays);
    const password = new ApplicationPassword(
      name,
      {
        applicationObjectId,
        applicationId,
        vaultUri,
        secretName: args.secretName ?? "client-secret",
        period: period.label,
        expiresOn: graphTime(period.expiresOn),
        overlapDays,
        rotateNow,
        asOf: dayOf(asOf),
      },
      { parent: this },
    );

    this.secretUri = password.secretUri;
    this.secretVersionUri = password.secretVersionUri;
    this.expiresOn = password.expiresOn;
    this.keyId = password.keyId;
    // By the credential: where that could not be made, there is no next one to tell of.
    this.nextRotationOn = password.keyId.apply(() => graphTime(period.nextRotationOn));
    const { secretUri, secretVersionUri, expiresOn, nextRotationOn, keyId } = this;
    this.registerOutputs({ secretUri, secretVersionUri, expiresOn, nextRotationOn, keyId });
  }
}
