import type { Application, ServicePrincipal, Tenant } from "../directory.ts";
import type { Entity } from "./filter.ts";

/** Members of an application that a client may write, with the values a new one begins with. */
export const applicationDefaults = {
  displayName: "",
  description: null,
  notes: null,
  signInAudience: "AzureADandPersonalMicrosoftAccount",
  identifierUris: [],
  tags: [],
  addIns: [],
  api: {
    acceptMappedClaims: null,
    knownClientApplications: [],
    requestedAccessTokenVersion: null,
    oauth2PermissionScopes: [],
    preAuthorizedApplications: [],
  },
  appRoles: [],
  defaultRedirectUri: null,
  groupMembershipClaims: null,
  info: {
    logoUrl: null,
    marketingUrl: null,
    privacyStatementUrl: null,
    supportUrl: null,
    termsOfServiceUrl: null,
  },
  isDeviceOnlyAuthSupported: null,
  isDisabled: null,
  isFallbackPublicClient: null,
  keyCredentials: [],
  nativeAuthenticationApisEnabled: null,
  oauth2RequirePostResponse: false,
  optionalClaims: null,
  parentalControlSettings: { countriesBlockedForMinors: [], legalAgeGroupRule: "Allow" },
  publicClient: { redirectUris: [] },
  requiredResourceAccess: [],
  samlMetadataUrl: null,
  serviceManagementReference: null,
  servicePrincipalLockConfiguration: null,
  spa: { redirectUris: [] },
  tokenEncryptionKeyId: null,
  web: {
    homePageUrl: null,
    logoutUrl: null,
    redirectUris: [],
    implicitGrantSettings: { enableAccessTokenIssuance: false, enableIdTokenIssuance: false },
    redirectUriSettings: [],
  },
};

/** Members of a service principal that a client may write, with the values a new one begins with. */
const servicePrincipalDefaults = {
  accountEnabled: true,
  alternativeNames: [],
  appRoleAssignmentRequired: false,
  description: null,
  loginUrl: null,
  notes: null,
  notificationEmailAddresses: [],
  preferredSingleSignOnMode: null,
  samlSingleSignOnSettings: null,
  tags: [],
  tokenEncryptionKeyId: null,
};

/**
 * An application as Graph answers it: never a secret's text, and a certificate only when `keyCredentials` is selected of a
 * single application.
 */
export function applicationEntity(
  row: Application,
  tenant: Tenant | undefined,
  options: { beta: boolean; withKeys: boolean },
): Entity {
  const { tenantId: _, owners: __, federatedIdentityCredentials: ___, ...members } = row;
  const entity: Entity = {
    applicationTemplateId: null,
    disabledByMicrosoftStatus: null,
    publisherDomain: tenant?.domains[0] ?? null,
    uniqueName: null,
    verifiedPublisher: { displayName: null, verifiedPublisherId: null, addedDateTime: null },
    certification: null,
    ...structuredClone(applicationDefaults),
    ...members,
    passwordCredentials: row.passwordCredentials.map((credential) => ({
      customKeyIdentifier: null,
      ...credential,
      secretText: null,
    })),
    keyCredentials: row.keyCredentials.map((credential) =>
      options.withKeys ? credential : { ...credential, key: null },
    ),
  };
  if (!options.beta) for (const member of betaMembers) delete entity[member];
  return entity;
}

/** What the azuread plugin asks beta for. */
const betaMembers = ["isDisabled", "oauth2RequirePostResponse"];

/** A service principal as Graph answers it. */
export function servicePrincipalEntity(row: ServicePrincipal, options: { beta: boolean }): Entity {
  const { tenantId: _, owners: __, ...members } = row;
  return {
    appDisplayName: row.displayName,
    appDescription: null,
    applicationTemplateId: null,
    createdDateTime: null,
    disabledByMicrosoftStatus: null,
    homepage: null,
    info: structuredClone(applicationDefaults.info),
    keyCredentials: [],
    logoutUrl: null,
    passwordCredentials: [],
    preferredTokenSigningKeyThumbprint: null,
    replyUrls: [],
    resourceSpecificApplicationPermissions: [],
    servicePrincipalType: "Application",
    signInAudience: "AzureADMultipleOrgs",
    verifiedPublisher: { displayName: null, verifiedPublisherId: null, addedDateTime: null },
    ...structuredClone(servicePrincipalDefaults),
    ...members,
    ...(options.beta ? { samlMetadataUrl: row.samlMetadataUrl ?? null } : {}),
  };
}
