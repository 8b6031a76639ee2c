import * as pulumi from "@pulumi/pulumi";
import { thinProvider } from "dataverse-s2s/thin-provider";
import { rowId } from "./row-id.ts";

export interface ApplicationPasswordArgs {
  /** Object id of the application, in the publisher's tenant. A change replaces the secret. */
  readonly applicationObjectId: pulumi.Input<string>;
  /** Client id of the application: a new secret is proven to sign in with it, in the vault's tenant, before an old one goes. */
  readonly applicationId: pulumi.Input<string>;
  /** Address of the Key Vault that keeps the secret. Who runs the stack must be allowed to write there. A change replaces the secret. */
  readonly vaultUri: pulumi.Input<string>;
  /** Name of the Key Vault secret, 1 to 127 letters, digits and hyphens. A change replaces the secret. */
  readonly secretName: pulumi.Input<string>;
  /**
   * Names the period that the secret is for, such as "2026-10-02"; without spaces. With another, a new secret is made, and the
   * old one still works for `overlapDays`.
   */
  readonly period: pulumi.Input<string>;
  /** When the secret expires, such as "2027-06-01T00:00:00Z". With another, a new secret takes the old one's place at once. */
  readonly expiresOn: pulumi.Input<string>;
  /** Days for which the predecessor still works after the new secret was added: an update after them removes it. Default: 7. */
  readonly overlapDays?: pulumi.Input<number>;
  /**
   * Label of a rotation out of turn, such as "leak-1". With another than the present secret's a new secret is made, and those
   * with another label are removed in the same update, once the new one works. Taking it out again changes nothing. Default: none.
   */
  readonly rotateNow?: pulumi.Input<string>;
  /** The day, such as "2026-10-02", that decides whether the predecessor's time is over. It is no change. Default: today. */
  readonly asOf?: pulumi.Input<string>;
}

/**
 * A client secret that goes from Entra straight into Key Vault. Its text is no input, no output and in no state: the engine
 * never sees it, so it cannot show it (docs/decisions/004-secret-past-the-engine.md). A value that somebody changes in the
 * vault, or a secret removed from the application, is drift, and mended with a new secret. docs/credentials.md has its life.
 */
export class ApplicationPassword extends pulumi.dynamic.Resource {
  /** Id of the credential in the application. */
  declare readonly keyId: pulumi.Output<string>;
  /** Address of the Key Vault secret without version: what consumers read. */
  declare readonly secretUri: pulumi.Output<string>;
  /** Address of the present version. */
  declare readonly secretVersionUri: pulumi.Output<string>;
  declare readonly expiresOn: pulumi.Output<string>;
  /** When the predecessor goes, such as "2026-10-09T08:15:30.000Z"; empty when there is none. */
  declare readonly retireOn: pulumi.Output<string>;

  constructor(name: string, args: ApplicationPasswordArgs, options?: pulumi.CustomResourceOptions) {
    const outputs = { keyId: undefined, secretUri: undefined, secretVersionUri: undefined, retireOn: undefined };
    const asOf = args.asOf ?? new Date().toISOString().slice(0, 10);
    const props = { ...outputs, ...args, asOf, rowId: rowId("ApplicationPassword", name) };
    super(thinProvider("ApplicationPassword"), name, props, options, "entra", "ApplicationPassword");
  }
}
