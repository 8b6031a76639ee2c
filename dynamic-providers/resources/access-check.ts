import * as pulumi from "@pulumi/pulumi";
import { thinProvider } from "dataverse-s2s/thin-provider";
import type { ApplicationCredential } from "../credential.ts";
import type { Privileges } from "../dataverse/privileges.ts";
import type { TargetArgs } from "./target.ts";

export interface AccessCheckArgs extends TargetArgs {
  /** Client id of the application. */
  readonly applicationId: pulumi.Input<string>;
  /** What the application signs in with: `clientSecret` (default), `certificate` or `federated`; see docs/certificates-and-federation.md. */
  readonly credential?: pulumi.Input<ApplicationCredential>;
  /**
   * Address of the Key Vault secret that holds the application's client secret, or its certificate with the private key (PEM),
   * with its version, so that a renewed one is checked again. The identity that runs the stack must be allowed to read it.
   * Left out for `federated`, and for a certificate that environment variable DATAVERSE_S2S_CLIENT_CERTIFICATE_PATH names.
   */
  readonly secretUri?: pulumi.Input<string>;
  /** Id of the application user that the application must turn out to be. */
  readonly userId: pulumi.Input<string>;
  /** Ids of the roles that the user is to hold, as assigned. Others that it holds are reported. */
  readonly roleIds: pulumi.Input<pulumi.Input<string>[]>;
  /** Names of those roles: a renamed one is looked at again. Default: not looked at. */
  readonly roleNames?: pulumi.Input<pulumi.Input<string>[]>;
  /** Privileges of the role: one row of the first table among them is read. */
  readonly privileges: pulumi.Input<Privileges>;
}

/**
 * The proof that access works: the application itself signs in with its credential, asks WhoAmI, and reads a table
 * that its role allows. Runs when an argument changes, and on refresh; waits for up to ten minutes for what takes time to be
 * seen everywhere.
 */
export class AccessCheck extends pulumi.dynamic.Resource {
  declare readonly organizationId: pulumi.Output<string>;
  /** Entity set that was read, such as "accounts"; undefined when the role opens no table. */
  declare readonly tableRead: pulumi.Output<string | undefined>;
  /** Names of the roles that the user holds. */
  declare readonly rolesHeld: pulumi.Output<string[]>;
  /** False when the last refresh found that access does not work; `problem` says why. */
  declare readonly working: pulumi.Output<boolean>;
  declare readonly problem: pulumi.Output<string>;

  constructor(name: string, args: AccessCheckArgs, options?: pulumi.CustomResourceOptions) {
    const outputs = {
      organizationId: undefined,
      tableRead: undefined,
      rolesHeld: undefined,
      working: undefined,
      problem: undefined,
    };
    super(thinProvider("AccessCheck"), name, { ...outputs, ...args }, options, "dataverse", "AccessCheck");
  }
}
