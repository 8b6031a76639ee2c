import * as pulumi from "@pulumi/pulumi";
import { thinProvider } from "dataverse-s2s/thin-provider";
import { rowId } from "./row-id.ts";

export interface ApplicationPasswordArgs {
  /** Object id of the application, in the publisher's tenant. A change replaces the secret. */
  readonly applicationObjectId: pulumi.Input<string>;
  /** Address of the Key Vault that keeps the secret. Who runs the stack must be allowed to write there. A change replaces the secret. */
  readonly vaultUri: pulumi.Input<string>;
  /** Name of the Key Vault secret, 1 to 127 letters, digits and hyphens. A change replaces the secret. */
  readonly secretName: pulumi.Input<string>;
  /** Names the period that the secret is for, such as "2026-10-02". With another, a new secret is made, and the old one removed after. */
  readonly period: pulumi.Input<string>;
  /** When the secret expires, such as "2027-06-01T00:00:00Z". */
  readonly expiresOn: pulumi.Input<string>;
}

/**
 * A client secret that goes from Entra straight into Key Vault. Its text is no input, no output and in no state: the engine
 * never sees it, so it cannot show it (docs/decisions/004-secret-past-the-engine.md). A value that somebody changes in the
 * vault, or a secret removed from the application, is drift, and mended with a new secret.
 */
export class ApplicationPassword extends pulumi.dynamic.Resource {
  /** Id of the credential in the application. */
  declare readonly keyId: pulumi.Output<string>;
  /** Address of the Key Vault secret without version: what consumers read. */
  declare readonly secretUri: pulumi.Output<string>;
  /** Address of the present version. */
  declare readonly secretVersionUri: pulumi.Output<string>;
  declare readonly expiresOn: pulumi.Output<string>;

  constructor(name: string, args: ApplicationPasswordArgs, options?: pulumi.CustomResourceOptions) {
    const outputs = { keyId: undefined, secretUri: undefined, secretVersionUri: undefined };
    const props = { ...outputs, ...args, rowId: rowId("ApplicationPassword", name) };
    super(thinProvider("ApplicationPassword"), name, props, options, "entra", "ApplicationPassword");
  }
}
