import * as pulumi from "@pulumi/pulumi";
import { thinProvider } from "dataverse-s2s/thin-provider";
import { rowId } from "./row-id.ts";
import type { TargetArgs } from "./target.ts";

export interface ApplicationUserArgs extends TargetArgs {
  /** Client id of the application. Its service principal must be in the environment's tenant: consent comes first. A change replaces the user. */
  readonly applicationId: pulumi.Input<string>;
  /** Object id of the service principal that the user must be of, in the environment's tenant. A change, as after new consent, replaces the user. Default: not verified. */
  readonly servicePrincipalId?: pulumi.Input<string>;
  /** Full name for a new user. The platform may put the Entra application's name there, and keeps what it put. */
  readonly fullName?: pulumi.Input<string>;
  /** Primary email, such as `support@contoso.example`. Default: the platform's choice. Updates in place. */
  readonly primaryEmail?: pulumi.Input<string>;
  /** Name or id of the business unit. Default: the root one. A change moves the user, and the platform then drops its roles. */
  readonly businessUnit?: pulumi.Input<string>;
}

/**
 * The user that an application acts as in a Dataverse environment. One that exists already is adopted: brought to what is
 * declared, and left in place on destroy. One of the stack's own is deleted for good.
 */
export class ApplicationUser extends pulumi.dynamic.Resource {
  /** Id of the user's row (systemuserid). */
  declare readonly userId: pulumi.Output<string>;
  declare readonly applicationId: pulumi.Output<string>;
  /** User name, made by the platform. */
  declare readonly userName: pulumi.Output<string>;
  /** Full name as the platform shows it. */
  declare readonly displayName: pulumi.Output<string>;
  /** Application ID URI, from Entra; undefined where the application has none. */
  declare readonly applicationIdUri: pulumi.Output<string | undefined>;
  /** Object id of the application's service principal in the environment's tenant. */
  declare readonly objectId: pulumi.Output<string>;
  declare readonly businessUnitId: pulumi.Output<string>;
  /** False while somebody has disabled the user; the next update enables it. */
  declare readonly enabled: pulumi.Output<boolean>;
  /** True when the user was there before this stack; destroy then leaves it. */
  declare readonly adopted: pulumi.Output<boolean>;

  constructor(name: string, args: ApplicationUserArgs, options?: pulumi.CustomResourceOptions) {
    const outputs = {
      userId: undefined,
      userName: undefined,
      displayName: undefined,
      applicationIdUri: undefined,
      objectId: undefined,
      businessUnitId: undefined,
      enabled: undefined,
      adopted: undefined,
    };
    const props = { ...outputs, ...args, rowId: rowId("ApplicationUser", name) };
    super(thinProvider("ApplicationUser"), name, props, options, "dataverse", "ApplicationUser");
  }
}
