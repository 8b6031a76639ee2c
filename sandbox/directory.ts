import type { Replication } from "./replication.ts";
import type { Store } from "./store.ts";

/** An Entra tenant. `domains` are its verified ones; the first is the initial `….onmicrosoft.com`. */
export interface Tenant {
  readonly id: string;
  displayName: string;
  domains: string[];
}

/** A secret of an application. The sandbox knows the text, as Entra does at the moment of signing in. */
export interface PasswordCredential {
  keyId: string;
  displayName: string | null;
  hint: string;
  secretText: string;
  startDateTime: string;
  endDateTime: string;
}

/** A registered application: lives in its home tenant only. Members have Microsoft Graph's names. */
export interface Application {
  readonly id: string;
  readonly tenantId: string;
  readonly appId: string;
  createdDateTime: string;
  deletedDateTime: string | null;
  displayName: string;
  description: string | null;
  notes: string | null;
  signInAudience:
    | "AzureADMyOrg"
    | "AzureADMultipleOrgs"
    | "AzureADandPersonalMicrosoftAccount"
    | "PersonalMicrosoftAccount";
  identifierUris: string[];
  tags: string[];
  web: {
    homePageUrl: string | null;
    logoutUrl: string | null;
    redirectUris: string[];
    [member: string]: unknown;
  };
  api: { requestedAccessTokenVersion: number | null; [member: string]: unknown };
  requiredResourceAccess: {
    resourceAppId: string;
    resourceAccess: { id: string; type: "Scope" | "Role" }[];
  }[];
  passwordCredentials: PasswordCredential[];
  keyCredentials: Record<string, unknown>[];
  federatedIdentityCredentials: Record<string, unknown>[];
  /** Object ids of the owners. */
  owners: string[];
  /** Members of the Graph type that the sandbox only stores. */
  [member: string]: unknown;
}

/** An application's presence in one tenant ("enterprise application"): made by consent or by an administrator. */
export interface ServicePrincipal {
  readonly id: string;
  readonly tenantId: string;
  readonly appId: string;
  appOwnerOrganizationId: string;
  displayName: string;
  accountEnabled: boolean;
  appRoleAssignmentRequired: boolean;
  deletedDateTime: string | null;
  servicePrincipalNames: string[];
  appRoles: { id: string; value: string; displayName: string }[];
  oauth2PermissionScopes: { id: string; value: string; adminConsentDisplayName: string }[];
  owners: string[];
  [member: string]: unknown;
}

/** An application permission (app role) of `resourceId` that `principalId` holds; both are service principals. */
export interface AppRoleAssignment {
  readonly id: string;
  readonly tenantId: string;
  principalId: string;
  resourceId: string;
  appRoleId: string;
}

/** A delegated permission granted to `clientId` on `resourceId` (service principals), for the whole tenant when AllPrincipals. */
export interface OAuth2PermissionGrant {
  readonly id: string;
  readonly tenantId: string;
  clientId: string;
  consentType: "AllPrincipals" | "Principal";
  principalId: string | null;
  resourceId: string;
  scope: string;
}

/** A person of one tenant who can sign in with a password. The sandbox's are administrators: they may consent for everybody. */
export interface User {
  readonly id: string;
  readonly tenantId: string;
  userPrincipalName: string;
  displayName: string;
  password: string;
}

/** Client ids of Microsoft's own applications, which have a service principal in each tenant. */
export const firstParty = {
  graph: "00000003-0000-0000-c000-000000000000",
  dataverse: "00000007-0000-0000-c000-000000000000",
  resourceManager: "797f4846-ba00-4fd7-ba43-dac1f8f63013",
  keyVault: "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
  powerApps: "475226c6-020e-4fb2-8a90-7a972cbfc1d4",
} as const;

/** The directory of all tenants, by object id, to look at: on the primary, or as a replica has it. */
export abstract class DirectoryView {
  abstract readonly tenants: ReadonlyMap<string, Tenant>;
  abstract readonly users: ReadonlyMap<string, User>;
  /** Applications by object id, soft-deleted ones too. */
  abstract readonly applications: ReadonlyMap<string, Application>;
  /** Service principals by object id, soft-deleted ones too. */
  abstract readonly servicePrincipals: ReadonlyMap<string, ServicePrincipal>;
  abstract readonly appRoleAssignments: ReadonlyMap<string, AppRoleAssignment>;
  abstract readonly oauth2PermissionGrants: ReadonlyMap<string, OAuth2PermissionGrant>;

  /** The tenant with this id or verified domain. */
  tenant(idOrDomain: string): Tenant | undefined {
    const wanted = idOrDomain.toLowerCase();
    return [...this.tenants.values()].find((tenant) => tenant.id === wanted || tenant.domains.includes(wanted));
  }

  /** The registered application with this client id, in whichever tenant is its home; not a soft-deleted one. */
  application(appId: string): Application | undefined {
    const wanted = appId.toLowerCase();
    return [...this.applications.values()].find((row) => row.appId === wanted && !row.deletedDateTime);
  }

  /** The service principal of a client id in one tenant; not a soft-deleted one. */
  servicePrincipal(tenantId: string, appId: string): ServicePrincipal | undefined {
    const wanted = appId.toLowerCase();
    return [...this.servicePrincipals.values()].find(
      (row) => row.tenantId === tenantId && row.appId === wanted && !row.deletedDateTime,
    );
  }

  /** Names of the application permissions that a service principal holds on the application `resourceAppId`. */
  appRolesOf(principal: ServicePrincipal, resourceAppId: string): string[] {
    const resource = this.servicePrincipal(principal.tenantId, resourceAppId);
    if (!resource) return [];
    return [...this.appRoleAssignments.values()]
      .filter((row) => row.principalId === principal.id && row.resourceId === resource.id)
      .flatMap((row) => resource.appRoles.filter((role) => role.id === row.appRoleId).map((role) => role.value));
  }
}

/** The directory as the replica that answers the present request has it. */
class DirectoryReplica extends DirectoryView {
  readonly tenants: ReadonlyMap<string, Tenant>;
  readonly users: ReadonlyMap<string, User>;
  private readonly replication: Replication;

  constructor({ tenants, users }: DirectoryView, replication: Replication) {
    super();
    this.tenants = tenants;
    this.users = users;
    this.replication = replication;
  }

  get applications() {
    return this.replication.rows<Application>("applications");
  }
  get servicePrincipals() {
    return this.replication.rows<ServicePrincipal>("servicePrincipals");
  }
  get appRoleAssignments() {
    return this.replication.rows<AppRoleAssignment>("appRoleAssignments");
  }
  get oauth2PermissionGrants() {
    return this.replication.rows<OAuth2PermissionGrant>("oauth2PermissionGrants");
  }
}

/**
 * The primary, where all is written. Entra signs in against the replica, Graph reads it, and the other services look into it;
 * what must be unique is so on the primary.
 */
export class Directory extends DirectoryView {
  readonly tenants: Map<string, Tenant>;
  readonly users: Map<string, User>;
  readonly applications: Map<string, Application>;
  readonly servicePrincipals: Map<string, ServicePrincipal>;
  readonly appRoleAssignments: Map<string, AppRoleAssignment>;
  readonly oauth2PermissionGrants: Map<string, OAuth2PermissionGrant>;
  readonly replica: DirectoryView;
  private readonly store: Store;

  constructor(store: Store, replication: Replication) {
    super();
    this.store = store;
    this.users = store.collection("users");
    this.tenants = store.collection("tenants");
    this.applications = store.collection("applications");
    this.servicePrincipals = store.collection("servicePrincipals");
    this.appRoleAssignments = store.collection("appRoleAssignments");
    this.oauth2PermissionGrants = store.collection("oauth2PermissionGrants");
    this.replica = new DirectoryReplica(this, replication);
  }

  /**
   * Installs an application in a tenant, as consent or `POST /servicePrincipals` does. What the principal shows of the
   * application is copied now; Entra carries later changes over in the home tenant only.
   */
  createServicePrincipal(application: Application, tenantId: string): ServicePrincipal {
    const principal: ServicePrincipal = {
      id: this.store.newId("servicePrincipal", tenantId, application.appId),
      tenantId,
      appId: application.appId,
      appOwnerOrganizationId: application.tenantId,
      displayName: application.displayName,
      accountEnabled: true,
      appRoleAssignmentRequired: false,
      createdDateTime: this.store.now().toISOString(),
      deletedDateTime: null,
      servicePrincipalNames: [],
      appRoles: [],
      oauth2PermissionScopes: [],
      owners: [],
    };
    mirrorApplication(application, principal);
    this.servicePrincipals.set(principal.id, principal);
    return principal;
  }

  /** The delegated permissions of `client` on `resource` for the whole tenant; made with no scope when there are none yet. */
  grantForAll(client: ServicePrincipal, resource: ServicePrincipal): OAuth2PermissionGrant {
    const id = grantId(client.id, resource.id);
    const grant = this.oauth2PermissionGrants.get(id) ?? {
      id,
      tenantId: client.tenantId,
      clientId: client.id,
      consentType: "AllPrincipals",
      principalId: null,
      resourceId: resource.id,
      scope: "",
    };
    this.oauth2PermissionGrants.set(id, grant);
    return grant;
  }
}

/** Copies to a service principal what it shows of its application. */
export function mirrorApplication(application: Application, principal: ServicePrincipal): void {
  principal.displayName = application.displayName;
  principal.servicePrincipalNames = [application.appId, ...application.identifierUris];
  principal.appRoles = (application.appRoles ?? []) as ServicePrincipal["appRoles"];
  principal.oauth2PermissionScopes = (application.api.oauth2PermissionScopes ??
    []) as ServicePrincipal["oauth2PermissionScopes"];
  principal.homepage = application.web.homePageUrl;
  principal.logoutUrl = application.web.logoutUrl;
  principal.replyUrls = application.web.redirectUris;
  principal.signInAudience = application.signInAudience;
}

/** Entra's id of a delegated permission grant is made of the ids of those it is between. */
export function grantId(...objectIds: string[]): string {
  return Buffer.from(objectIds.join("").replaceAll("-", ""), "hex").toString("base64url");
}
