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

/** Client ids of Microsoft's own applications, which have a service principal in each tenant. */
export const firstParty = {
  graph: "00000003-0000-0000-c000-000000000000",
  dataverse: "00000007-0000-0000-c000-000000000000",
  resourceManager: "797f4846-ba00-4fd7-ba43-dac1f8f63013",
  keyVault: "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
} as const;

/** The directory of all tenants, by object id. Entra signs in against it, Graph manages it, the other services look into it. */
export class Directory {
  readonly tenants: Map<string, Tenant>;
  /** Applications by object id, soft-deleted ones too. */
  readonly applications: Map<string, Application>;
  /** Service principals by object id, soft-deleted ones too. */
  readonly servicePrincipals: Map<string, ServicePrincipal>;
  readonly appRoleAssignments: Map<string, AppRoleAssignment>;
  readonly oauth2PermissionGrants: Map<string, OAuth2PermissionGrant>;

  constructor(store: Store) {
    this.tenants = store.collection("tenants");
    this.applications = store.collection("applications");
    this.servicePrincipals = store.collection("servicePrincipals");
    this.appRoleAssignments = store.collection("appRoleAssignments");
    this.oauth2PermissionGrants = store.collection("oauth2PermissionGrants");
  }

  /** The tenant with this id or verified domain. */
  tenant(idOrDomain: string): Tenant | undefined {
    const wanted = idOrDomain.toLowerCase();
    return [...this.tenants.values()].find(
      (tenant) => tenant.id === wanted || tenant.domains.includes(wanted),
    );
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
      .flatMap((row) =>
        resource.appRoles.filter((role) => role.id === row.appRoleId).map((role) => role.value),
      );
  }
}
