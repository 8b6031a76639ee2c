import * as azuread from "@pulumi/azuread";
import * as pulumi from "@pulumi/pulumi";

export interface ClientSecretArgs {
  /** The application, as `/applications/{object id}`. */
  readonly applicationId: pulumi.Input<string>;
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

/** The text that Microsoft Graph gives back for a time: with milliseconds it would be a difference for ever after. */
const graphTime = (time: Date) => time.toISOString().replace(".000Z", "Z");

/** The application's client secret of the present period. Each period has a resource of its own: the new one comes before the old one goes. */
export class ClientSecret extends pulumi.ComponentResource {
  /** The secret's text; a secret output. */
  readonly value: pulumi.Output<string>;
  /** When it expires, such as "2027-06-01T00:00:00Z". */
  readonly expiresOn: pulumi.Output<string>;
  /** Id of the credential in the application; not secret. */
  readonly keyId: pulumi.Output<string>;

  constructor(name: string, args: ClientSecretArgs, options?: pulumi.ComponentResourceOptions) {
    super("dataverse-s2s:index:ClientSecret", name, {}, options);

    const { label, expiresOn } = secretPeriod(
      args.asOf ?? new Date(),
      args.lifetimeYears ?? 1,
      args.renewBeforeDays ?? 30,
    );
    const password = new azuread.ApplicationPassword(
      `${name}-${label}`,
      { applicationId: args.applicationId, displayName: `${name} ${label}`, endDate: graphTime(expiresOn) },
      { parent: this },
    );

    this.value = pulumi.secret(password.value);
    this.expiresOn = password.endDate;
    this.keyId = password.keyId;
    this.registerOutputs({ value: this.value, expiresOn: this.expiresOn, keyId: this.keyId });
  }
}
