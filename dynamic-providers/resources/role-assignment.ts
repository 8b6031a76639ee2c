import * as pulumi from "@pulumi/pulumi";
import { thinProvider } from "dataverse-s2s/thin-provider";
import type { TargetArgs } from "./target.ts";

export interface RoleAssignmentArgs extends TargetArgs {
  /** Id of the application user's row. A change replaces the assignment. */
  readonly userId: pulumi.Input<string>;
  /** Id of the role in the root business unit: the copy of the user's own unit is assigned. A change assigns the new role before it takes the old one away. */
  readonly roleId: pulumi.Input<string>;
  /**
   * Business unit of the user, {@link ApplicationUser.businessUnitId}. A change assigns the role's copy there, in place: the
   * platform drops a user's roles when it moves. Default: wherever the user is.
   */
  readonly businessUnitId?: pulumi.Input<string>;
  /**
   * Service principal of the user, {@link ApplicationUser.objectId}. A change assigns the role again: the user was made anew,
   * without its roles. Default: not looked at.
   */
  readonly principalId?: pulumi.Input<string>;
  /**
   * The user is to hold this role and no other: the rest is taken away, once this one is there. Roles that it inherits through
   * teams are not touched. Default: false, and others stay. Updates in place.
   */
  readonly exclusive?: boolean | undefined;
}

/** A security role held by an application user. One that is held already is adopted, and left in place on destroy. */
export class RoleAssignment extends pulumi.dynamic.Resource {
  /** Id of the copy of the role that the user holds. */
  declare readonly assignedRoleId: pulumi.Output<string>;
  declare readonly roleName: pulumi.Output<string>;
  /** True when the user held the role before this stack; destroy then leaves it. */
  declare readonly adopted: pulumi.Output<boolean>;
  /** With `exclusive`: names of other roles that the last refresh found; the next update takes them away. */
  declare readonly excessRoles: pulumi.Output<string[] | undefined>;

  constructor(name: string, args: RoleAssignmentArgs, options?: pulumi.CustomResourceOptions) {
    const outputs = { assignedRoleId: undefined, roleName: undefined, adopted: undefined, excessRoles: undefined };
    const props = { ...outputs, ...args, exclusive: args.exclusive || undefined };
    super(thinProvider("RoleAssignment"), name, props, options, "dataverse", "RoleAssignment");
  }
}
