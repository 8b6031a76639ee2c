import * as pulumi from "@pulumi/pulumi";
import type { Privileges } from "../dynamic-providers/dataverse/privileges.ts";
import { AccessCheck } from "../dynamic-providers/resources/access-check.ts";
import { ApplicationUser } from "../dynamic-providers/resources/application-user.ts";
import { RoleAssignment } from "../dynamic-providers/resources/role-assignment.ts";
import { SecurityRole } from "../dynamic-providers/resources/security-role.ts";

export interface SubscriberAccessArgs {
  /** Address of the subscriber's Dataverse environment. A change moves the access there. */
  readonly environmentUrl: pulumi.Input<string>;
  /** Entra tenant of the environment. Default: what the environment says. */
  readonly tenantId?: pulumi.Input<string>;
  /** Client id of the publisher's application. */
  readonly applicationId: pulumi.Input<string>;
  /** Full name for the application user. */
  readonly fullName?: pulumi.Input<string>;
  /** Primary email of the application user. */
  readonly primaryEmail?: pulumi.Input<string>;
  /** Name or id of the application user's business unit. Default: the root one. */
  readonly businessUnit?: pulumi.Input<string>;
  /** The custom role: its name and privileges, and whether to take over one of that name. */
  readonly role: { readonly name: string; readonly privileges: Privileges; readonly adopt?: boolean };
  /** Address of the version of the Key Vault secret to prove the access with. */
  readonly secretUri: pulumi.Input<string>;
}

/** Everything that one subscriber's environment needs: the role, the application user, the user's role, and the proof that it works. */
export class SubscriberAccess extends pulumi.ComponentResource {
  readonly userId: pulumi.Output<string>;
  readonly userName: pulumi.Output<string>;
  readonly roleId: pulumi.Output<string>;
  readonly rolesHeld: pulumi.Output<string[]>;
  /** Entity set that was read as the application. */
  readonly tableRead: pulumi.Output<string | undefined>;

  /** `name` is the subscriber's name in stack config. */
  constructor(name: string, args: SubscriberAccessArgs, options?: pulumi.ComponentResourceOptions) {
    super("dataverse-s2s:index:SubscriberAccess", name, {}, options);

    const target = { subscriber: name, environmentUrl: args.environmentUrl, tenantId: args.tenantId };
    const { applicationId, fullName, primaryEmail, businessUnit } = args;
    const role = new SecurityRole(name, { ...target, ...args.role }, { parent: this });
    const user = new ApplicationUser(
      name,
      { ...target, applicationId, fullName, primaryEmail, businessUnit },
      { parent: this },
    );
    const assignment = new RoleAssignment(
      name,
      { ...target, userId: user.userId, roleId: role.roleId },
      { parent: this },
    );
    const check = new AccessCheck(
      name,
      {
        ...target,
        applicationId,
        secretUri: args.secretUri,
        userId: user.userId,
        roleIds: [assignment.assignedRoleId],
        privileges: role.privileges,
      },
      { parent: this },
    );

    this.userId = user.userId;
    this.userName = user.userName;
    this.roleId = role.roleId;
    this.rolesHeld = check.rolesHeld;
    this.tableRead = check.tableRead;
    this.registerOutputs({
      userId: this.userId,
      userName: this.userName,
      roleId: this.roleId,
      rolesHeld: this.rolesHeld,
      tableRead: this.tableRead,
    });
  }
}
