import * as pulumi from "@pulumi/pulumi";
import type { ApplicationCredential } from "../dynamic-providers/credential.ts";
import type { Privileges } from "../dynamic-providers/dataverse/privileges.ts";
import { AccessCheck } from "../dynamic-providers/resources/access-check.ts";
import { AdminConsent } from "../dynamic-providers/resources/admin-consent.ts";
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
  /** What to do where the tenant has not consented: `require` (default), `wait` or `grant`; see {@link AdminConsent}. */
  readonly consent?: "require" | "wait" | "grant";
  /** Minutes to wait with `wait`. Default: 30. */
  readonly consentWaitMinutes?: number;
  /** Where Entra sends the administrator after consent; one of the application's redirect URIs. */
  readonly redirectUri?: pulumi.Input<string>;
  /** Full name for the application user. */
  readonly fullName?: pulumi.Input<string>;
  /** Primary email of the application user. */
  readonly primaryEmail?: pulumi.Input<string>;
  /** Name or id of the application user's business unit. Default: the root one. */
  readonly businessUnit?: pulumi.Input<string>;
  /** The custom role: its name and privileges, and whether to take over one of that name. */
  readonly role: { readonly name: string; readonly privileges: Privileges; readonly adopt?: boolean };
  /** Take every other role from the application user, see {@link RoleAssignment}. Default: false, they are reported only. */
  readonly exclusive?: boolean;
  /** What the application signs in with: `clientSecret` (default), `certificate` or `federated`; see docs/certificates-and-federation.md. */
  readonly credential?: pulumi.Input<ApplicationCredential>;
  /** Address of the version of the Key Vault secret to prove the access with; left out where none holds the credential. */
  readonly secretUri?: pulumi.Input<string>;
}

/** Everything that one subscriber needs: the tenant's consent, and in its environment the role, the application user, the user's role, and the proof that it works. */
export class SubscriberAccess extends pulumi.ComponentResource {
  /** Where an administrator of the tenant consents. */
  readonly consentUrl: pulumi.Output<string>;
  /** Object id of the application's service principal in the tenant. */
  readonly servicePrincipalId: pulumi.Output<string>;
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
    const { credential, secretUri, redirectUri, consentWaitMinutes: waitMinutes } = args;
    const mode = args.consent ?? "require";
    const consent = new AdminConsent(
      name,
      { ...target, applicationId, credential, secretUri, mode, redirectUri, waitMinutes },
      { parent: this },
    );
    const { servicePrincipalId } = consent;
    // Nothing is made in the environment of a tenant that has not consented.
    const role = new SecurityRole(name, { ...target, ...args.role }, { parent: this, dependsOn: consent });
    const user = new ApplicationUser(
      name,
      { ...target, applicationId, servicePrincipalId, fullName, primaryEmail, businessUnit },
      // After the role: where that is refused, a user that was there before is left as it is.
      { parent: this, dependsOn: role },
    );
    const { userId, businessUnitId, objectId: principalId } = user;
    const assignment = new RoleAssignment(
      name,
      { ...target, userId, businessUnitId, principalId, roleId: role.roleId, exclusive: args.exclusive },
      { parent: this },
    );
    const check = new AccessCheck(
      name,
      {
        ...target,
        applicationId,
        credential,
        secretUri,
        userId,
        roleIds: [assignment.assignedRoleId],
        roleNames: [role.name],
        privileges: role.privileges,
      },
      { parent: this },
    );

    this.consentUrl = consent.consentUrl;
    this.servicePrincipalId = servicePrincipalId;
    this.userId = userId;
    this.userName = user.userName;
    this.roleId = role.roleId;
    this.rolesHeld = check.rolesHeld;
    this.tableRead = check.tableRead;
    this.registerOutputs({
      consentUrl: this.consentUrl,
      servicePrincipalId: this.servicePrincipalId,
      userId: this.userId,
      userName: this.userName,
      roleId: this.roleId,
      rolesHeld: this.rolesHeld,
      tableRead: this.tableRead,
    });
  }
}
