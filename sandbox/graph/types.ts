import { z } from "zod";
import { guid } from "../body-types.ts";

// The types of what may be written, by Graph's reference of each resource. Members that are left out stay as they are.

const object = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject(shape).partial();
const text = z.string().nullable();
const flag = z.boolean().nullable();
const texts = z.array(z.string());
const redirects = object({ redirectUris: texts });
const optionalClaim = object({ name: text, source: text, essential: z.boolean(), additionalProperties: texts });

const permissionScope = object({
  id: guid,
  adminConsentDescription: text,
  adminConsentDisplayName: text,
  isEnabled: z.boolean(),
  origin: text,
  type: text,
  userConsentDescription: text,
  userConsentDisplayName: text,
  value: text,
});
const appRole = object({
  id: guid,
  allowedMemberTypes: texts,
  description: text,
  displayName: text,
  isEnabled: z.boolean(),
  origin: text,
  value: text,
});
const keyCredential = object({
  customKeyIdentifier: text,
  displayName: text,
  endDateTime: text,
  key: text,
  keyId: guid.nullable(),
  startDateTime: text,
  type: text,
  usage: text,
});

/** https://learn.microsoft.com/graph/api/resources/application */
export const applicationType = object({
  addIns: z.array(object({ id: guid, type: text, properties: z.array(object({ key: text, value: text })) })),
  api: object({
    acceptMappedClaims: flag,
    knownClientApplications: z.array(guid),
    oauth2PermissionScopes: z.array(permissionScope),
    preAuthorizedApplications: z.array(object({ appId: guid, delegatedPermissionIds: texts })),
    requestedAccessTokenVersion: z.int().nullable(),
  }),
  appRoles: z.array(appRole),
  defaultRedirectUri: text,
  description: text,
  displayName: z.string(),
  groupMembershipClaims: text,
  identifierUris: texts,
  info: object({
    logoUrl: text,
    marketingUrl: text,
    privacyStatementUrl: text,
    supportUrl: text,
    termsOfServiceUrl: text,
  }),
  isDeviceOnlyAuthSupported: flag,
  isDisabled: flag,
  isFallbackPublicClient: flag,
  keyCredentials: z.array(keyCredential),
  nativeAuthenticationApisEnabled: text,
  notes: text,
  oauth2RequirePostResponse: z.boolean(),
  optionalClaims: object({
    accessToken: z.array(optionalClaim),
    idToken: z.array(optionalClaim),
    saml2Token: z.array(optionalClaim),
  }).nullable(),
  parentalControlSettings: object({ countriesBlockedForMinors: texts, legalAgeGroupRule: text }).nullable(),
  publicClient: redirects,
  requiredResourceAccess: z.array(
    z.strictObject({
      resourceAppId: guid,
      resourceAccess: z.array(z.strictObject({ id: guid, type: z.enum(["Scope", "Role"]) })),
    }),
  ),
  samlMetadataUrl: text,
  serviceManagementReference: text,
  servicePrincipalLockConfiguration: object({
    allProperties: flag,
    credentialsWithUsageSign: flag,
    credentialsWithUsageVerify: flag,
    identifierUris: flag,
    isEnabled: z.boolean(),
    tokenEncryptionKeyId: flag,
  }).nullable(),
  signInAudience: z.string(),
  spa: redirects,
  tags: texts,
  tokenEncryptionKeyId: guid.nullable(),
  web: object({
    homePageUrl: text,
    implicitGrantSettings: object({ enableAccessTokenIssuance: flag, enableIdTokenIssuance: flag }),
    logoutUrl: text,
    redirectUris: texts,
    redirectUriSettings: z.array(object({ index: z.int().nullable(), uri: text })),
  }),
});

/** https://learn.microsoft.com/graph/api/resources/serviceprincipal */
export const servicePrincipalType = object({
  accountEnabled: flag,
  alternativeNames: texts,
  appRoleAssignmentRequired: z.boolean(),
  description: text,
  loginUrl: text,
  notes: text,
  notificationEmailAddresses: texts,
  preferredSingleSignOnMode: text,
  samlSingleSignOnSettings: object({ relayState: text }).nullable(),
  tags: texts,
  tokenEncryptionKeyId: guid.nullable(),
});

/** https://learn.microsoft.com/graph/api/resources/federatedidentitycredential */
export const federatedIdentityCredentialType = object({
  audiences: texts,
  description: text,
  issuer: z.string(),
  name: z.string(),
  subject: z.string(),
});

/** https://learn.microsoft.com/graph/api/resources/oauth2permissiongrant */
export const permissionGrantType = object({
  clientId: guid,
  consentType: z.string(),
  principalId: guid.or(z.literal("")).nullable(),
  resourceId: guid,
  scope: text,
});

/** https://learn.microsoft.com/graph/api/resources/approleassignment */
export const appRoleAssignmentType = object({ appRoleId: guid, principalId: guid, resourceId: guid });

/** What addPassword takes of a https://learn.microsoft.com/graph/api/resources/passwordcredential */
export const passwordType = object({
  displayName: text,
  endDateTime: z.iso.datetime({ offset: true }).nullable(),
  startDateTime: z.iso.datetime({ offset: true }).nullable(),
});

/** Members that Graph lets a client write and the sandbox does not have, by the resource that an error names. */
export const notServedMembers: Readonly<Record<string, readonly string[]>> = {
  Application: ["authenticationBehaviors", "logo", "requestSignatureVerification", "uniqueName"],
  ServicePrincipal: [
    "addIns",
    "appRoles",
    "customSecurityAttributes",
    "displayName",
    "homepage",
    "info",
    "keyCredentials",
    "logoutUrl",
    "oauth2PermissionScopes",
    "passwordCredentials",
    "preferredTokenSigningKeyThumbprint",
    "replyUrls",
    "servicePrincipalNames",
    "servicePrincipalType",
  ],
  FederatedIdentityCredential: ["claimsMatchingExpression"],
  OAuth2PermissionGrant: ["expiryTime", "startTime"],
};
