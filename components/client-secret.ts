import * as pulumi from "@pulumi/pulumi";
import { ApplicationPassword } from "../dynamic-providers/resources/application-password.ts";

export interface ClientSecretArgs {
  /** Object id of the application, in the publisher's tenant. */
  readonly applicationObjectId: pulumi.Input<string>;
  /** Address of the Key Vault to keep it in; {@link SecretVault.vaultUri} comes once who runs the stack may write there. */
  readonly vaultUri: pulumi.Input<string>;
  /** Name of the Key Vault secret, 1 to 127 letters, digits and hyphens. Default: "client-secret". */
  readonly secretName?: pulumi.Input<string>;
  /** Years from the start of its period until the secret expires: 1 (default) or 2, as in Microsoft's procedure. */
  readonly lifetimeYears?: 1 | 2;
  /** Days before the expiry at which the next period begins, with a secret of its own. Default: 30. */
  readonly renewBeforeDays?: number;
  /** The time that decides which period it is. Default: now. */
  readonly asOf?: Date;
}

/** A secret's period: its label, which names the resource, and the instant at which its secret expires. */
export interface SecretPeriod {
  readonly label: string;
  readonly expiresOn: Date;
}

const dayMilliseconds = 24 * 3600 * 1000;
/** Periods are counted from here, so they are the same in every run and nothing has to be stored. */
const anchor = Date.UTC(2024, 0, 1);

/** The period that `asOf` is in. Periods begin `renewBeforeDays` before the secret of the one before expires. */
export function secretPeriod(asOf: Date, lifetimeYears: 1 | 2, renewBeforeDays: number): SecretPeriod {
  const lifetime = lifetimeYears * 365 * dayMilliseconds;
  const length = lifetime - renewBeforeDays * dayMilliseconds;
  const start = anchor + Math.floor((asOf.getTime() - anchor) / length) * length;
  return { label: new Date(start).toISOString().slice(0, 10), expiresOn: new Date(start + lifetime) };
}

/** The text that Microsoft Graph gives back for a time: it has no milliseconds. */
const graphTime = (time: Date) => time.toISOString().replace(".000Z", "Z");

/**
 * The application's client secret of the present period, kept in Key Vault and nowhere else. When a new period begins, the next
 * update makes a new secret, writes it as a new version, and then removes the old one.
 */
export class ClientSecret extends pulumi.ComponentResource {
  /** Address of the Key Vault secret without version: what consumers read. */
  readonly secretUri: pulumi.Output<string>;
  /** Address of the present version. */
  readonly secretVersionUri: pulumi.Output<string>;
  /** When the secret expires, such as "2027-06-01T00:00:00Z". */
  readonly expiresOn: pulumi.Output<string>;
  /** Id of the credential in the application. */
  readonly keyId: pulumi.Output<string>;

  constructor(name: string, args: ClientSecretArgs, options?: pulumi.ComponentResourceOptions) {
    super("dataverse-s2s:index:ClientSecret", name, {}, options);

    const period = secretPeriod(args.asOf ?? new Date(), args.lifetimeYears ?? 1, args.renewBeforeDays ?? 30);
    const password = new ApplicationPassword(
      name,
      {
        applicationObjectId: args.applicationObjectId,
        vaultUri: args.vaultUri,
        secretName: args.secretName ?? "client-secret",
        period: period.label,
        expiresOn: graphTime(period.expiresOn),
      },
      { parent: this },
    );

    this.secretUri = password.secretUri;
    this.secretVersionUri = password.secretVersionUri;
    this.expiresOn = password.expiresOn;
    this.keyId = password.keyId;
    const { secretUri, secretVersionUri, expiresOn, keyId } = this;
    this.registerOutputs({ secretUri, secretVersionUri, expiresOn, keyId });
  }
}
