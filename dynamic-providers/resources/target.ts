import type * as pulumi from "@pulumi/pulumi";

/** Where a dynamic resource is: the arguments that all of them share. */
export interface TargetArgs {
  /**
   * Name of the subscriber, as in stack config `dataverse-s2s:subscribers`. By it the administrator's credential is found,
   * which is in no resource input: see docs/real-azure.md. A change of it alone changes nothing.
   */
  readonly subscriber: pulumi.Input<string>;
  /** Address of the Dataverse environment, such as `https://contoso.crm4.dynamics.com`. A change replaces the resource. */
  readonly environmentUrl: pulumi.Input<string>;
  /** Entra tenant of the environment; a wrong one is an error. Default: what the environment itself says. */
  readonly tenantId?: pulumi.Input<string>;
}
