import * as pulumi from "@pulumi/pulumi";
import { thinProvider } from "dataverse-s2s/thin-provider";
import type { Privileges } from "../dataverse/privileges.ts";
import { rowId } from "./row-id.ts";
import type { TargetArgs } from "./target.ts";

export interface SecurityRoleArgs extends TargetArgs {
  /**
   * Name of the role, unique in the environment. Never one of the platform's default roles: Microsoft's procedure wants a
   * custom one. A change renames the role.
   */
  readonly name: pulumi.Input<string>;
  /**
   * What the role allows: names of privileges to depths, `Basic` (own rows), `Local` (own business unit), `Deep` (that and
   * those below) or `Global`. For example `{ prvReadAccount: "Global", prvWriteAccount: "Local" }`. Exactly these: what
   * somebody adds by hand is taken away by the next update. The nine that the platform puts into each new role may stay.
   */
  readonly privileges: pulumi.Input<Record<string, pulumi.Input<Privileges[string]>>>;
  /** Take over a role of this name that exists: it is brought to the declared privileges, and left in place on destroy. Default: false, an error. */
  readonly adopt?: pulumi.Input<boolean>;
}

/** A custom security role in the root business unit of a Dataverse environment; the platform copies it to the units below. */
export class SecurityRole extends pulumi.dynamic.Resource {
  /** Id of the role in the root business unit. */
  declare readonly roleId: pulumi.Output<string>;
  declare readonly name: pulumi.Output<string>;
  declare readonly privileges: pulumi.Output<Privileges>;
  /** Id of the root business unit. */
  declare readonly businessUnitId: pulumi.Output<string>;
  /** True when the role was there before this stack; destroy then leaves it. */
  declare readonly adopted: pulumi.Output<boolean>;

  constructor(name: string, args: SecurityRoleArgs, options?: pulumi.CustomResourceOptions) {
    const outputs = { roleId: undefined, businessUnitId: undefined, adopted: undefined };
    const props = { ...outputs, ...args, rowId: rowId("SecurityRole", name) };
    super(thinProvider("SecurityRole"), name, props, options, "dataverse", "SecurityRole");
  }
}
