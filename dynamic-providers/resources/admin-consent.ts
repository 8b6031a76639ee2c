import * as pulumi from "@pulumi/pulumi";
import { thinProvider } from "dataverse-s2s/thin-provider";
import type { ApplicationCredential } from "../credential.ts";
import { rowId } from "./row-id.ts";
import type { TargetArgs } from "./target.ts";

export interface AdminConsentArgs extends TargetArgs {
  /** Client id of the publisher's application. A change replaces the consent. */
  readonly applicationId: pulumi.Input<string>;
  /** What the application signs in with: `clientSecret` (default), `certificate` or `federated`; see docs/certificates-and-federation.md. */
  readonly credential?: pulumi.Input<ApplicationCredential>;
  /**
   * Address of the Key Vault secret by which the application signs in: whether it can is how consent is found out. Left out for
   * `federated`, and for a certificate that environment variable DATAVERSE_S2S_CLIENT_CERTIFICATE_PATH names.
   */
  readonly secretUri?: pulumi.Input<string>;
  /**
   * What to do where the tenant has not consented. `require`: fail at once, with the address to send to its administrator.
   * `wait`: show the address and wait. `grant`: consent with the rights of the subscriber's `admin` identity, which needs
   * Application.ReadWrite.All and DelegatedPermissionGrant.ReadWrite.All there.
   */
  readonly mode: pulumi.Input<"require" | "wait" | "grant">;
  /** Where Entra sends the administrator afterwards; one of the application's redirect URIs. Default: the application's own. */
  readonly redirectUri?: pulumi.Input<string>;
  /** Minutes to wait for consent with `wait`. Default: 30. */
  readonly waitMinutes?: pulumi.Input<number>;
}

/**
 * A tenant's consent to the application: its enterprise application there. What the tenant's administrator gave is left in
 * place on destroy; what `grant` made is taken back, with the last environment of the tenant that was granted it. Consent that was withdrawn, or given anew, is drift.
 */
export class AdminConsent extends pulumi.dynamic.Resource {
  /** Object id of the application's service principal in the tenant. */
  declare readonly servicePrincipalId: pulumi.Output<string>;
  /** Where an administrator of the tenant consents. */
  declare readonly consentUrl: pulumi.Output<string>;
  /** True when `grant` made the service principal, for this environment or another one of the tenant. */
  declare readonly granted: pulumi.Output<boolean>;

  constructor(name: string, args: AdminConsentArgs, options?: pulumi.CustomResourceOptions) {
    const outputs = { servicePrincipalId: undefined, consentUrl: undefined, granted: undefined };
    const props = { ...outputs, ...args, rowId: rowId("AdminConsent", name) };
    super(thinProvider("AdminConsent"), name, props, options, "entra", "AdminConsent");
  }
}
