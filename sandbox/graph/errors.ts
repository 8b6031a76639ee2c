import { randomUUID } from "node:crypto";

/** A failed Graph request: HTTP status, Graph's error code and message. {@link errorBody} writes it out. */
export class GraphError extends Error {
  readonly status: 400 | 401 | 403 | 404 | 409 | 501;
  readonly code: string;
  readonly details: { code: string; target: string; message: string }[] | undefined;

  constructor(status: GraphError["status"], code: string, message: string, details?: GraphError["details"]) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

const badRequest = (message: string) => new GraphError(400, "Request_BadRequest", message);
const unsupportedQuery = (message: string) => new GraphError(400, "Request_UnsupportedQuery", message);
const conflict = (message: string) => new GraphError(409, "Request_MultipleObjectsWithSameKeyValue", message);

/**
 * All errors of Graph's directory part. Texts follow Graph's as far as they are known; where only the rule is documented,
 * not what Graph says of it, the text is marked as own wording.
 */
export const graphErrors = {
  noToken: () => new GraphError(401, "InvalidAuthenticationToken", "Access token is empty."),
  malformedToken: () =>
    new GraphError(401, "InvalidAuthenticationToken", "IDX14100: JWT is not well formed or its signature is invalid."),
  expiredToken: () =>
    new GraphError(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired."),
  wrongAudience: () =>
    new GraphError(401, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience."),
  unknownTenant: () =>
    new GraphError(401, "InvalidAuthenticationToken", "Access token validation failure. Invalid issuer."),
  accessDenied: () =>
    new GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."),
  foreignApplication: () =>
    new GraphError(
      403,
      "Authorization_RequestDenied",
      "When using this permission, the backing application of the service principal being created must in the local tenant",
    ),
  notFound: (key: string) =>
    new GraphError(
      404,
      "Request_ResourceNotFound",
      `Resource '${key}' does not exist or one of its queried reference-property objects are not present.`,
    ),
  invalidVersion: (version: string) => new GraphError(400, "BadRequest", `Invalid version: ${version}`),
  unreadableBody: () =>
    new GraphError(
      400,
      "BadRequest",
      "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.",
    ),
  invalidProperty: (name: string) => badRequest(`Invalid property '${name}'.`),
  required: (property: string, resource: string) =>
    badRequest(`A value is required for property '${property}' of resource '${resource}'.`),
  invalidValue: (property: string, resource: string) =>
    badRequest(`Invalid value specified for property '${property}' of resource '${resource}'.`),
  invalidFilter: (filter: string) => new GraphError(400, "BadRequest", `Invalid filter clause: ${filter}`),
  operatorNotSupported: (operator: string) => unsupportedQuery(`Filter operator '${operator}' is not supported.`),
  searchWithoutHeader: () =>
    unsupportedQuery(
      "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'",
    ),
  countWithoutHeader: () =>
    unsupportedQuery(
      "Raw count (/$count) is not supported because the 'ConsistencyLevel:eventual' header is missing. Refer to https://aka.ms/graph-docs/advanced-queries for more information",
    ),
  notServed: (what: string) => new GraphError(501, "SandboxNotImplemented", `The sandbox does not serve ${what}.`),
  hostNotVerified: (uri: string) =>
    new GraphError(
      400,
      "HostNameNotOnVerifiedDomain",
      `Values of identifierUris property must use a verified domain of the organization or its subdomain: '${uri}'`,
    ),
  identifierUriPolicy: (uri: string) =>
    badRequest(
      `Failed to add identifier URI ${uri}. All newly added URIs must contain a tenant verified domain, tenant ID, or app ID, as per the default tenant policy of your organization. See https://aka.ms/identifier-uri-addition-error for more information on this error.`,
    ),
  identifierUriTaken: () => {
    const message = "Another object with the same value for property identifierUris already exists.";
    return new GraphError(400, "Request_BadRequest", message, [
      { code: "ObjectConflict", target: "identifierUris", message },
    ]);
  },
  /** Own wording. */
  redirectUri: (uri: string, rule: string) =>
    badRequest(`Invalid value specified for property 'redirectUris' of resource 'WebApplication'. '${uri}': ${rule}`),
  accessTokenVersion: () => badRequest("Property api.requestedAccessTokenVersion is invalid."),
  secretsNotAllowed: () =>
    new GraphError(
      400,
      "CredentialTypeNotAllowedAsPerAppPolicy",
      "Credential type not allowed as per assigned policy.",
    ),
  secretTooLong: () =>
    new GraphError(
      400,
      "CredentialInvalidLifetimeAsPerAppPolicy",
      "Credential lifetime exceeds the max value allowed as per assigned policy.",
    ),
  passwordNotFound: () => badRequest("No password credential found with keyId."),
  /** Own wording. */
  passwordMustBeGenerated: () =>
    badRequest("New password credentials must be generated with service actions: use addPassword."),
  keyEndDate: () => new GraphError(400, "KeyCredentialsInvalidEndDate", "Key credential end date is invalid."),
  noSuchApplication: (appId: string) =>
    badRequest(`The appId '${appId}' of the service principal does not reference a valid application object.`),
  servicePrincipalExists: (appId: string) =>
    conflict(
      `The service principal cannot be created, updated, or restored because the service principal name ${appId} is already in use.`,
    ),
  ownerExists: () =>
    badRequest("One or more added object references already exist for the following modified properties: 'owners'."),
  grantExists: () => conflict("Permission entry already exists."),
  appRoleAssignmentExists: () => badRequest("Permission being assigned already exists on the object"),
  appRoleUnknown: () => badRequest("Permission being assigned was not found on application"),
  federatedNameTaken: (name: string) => conflict(`FederatedIdentityCredential with name ${name} already exists.`),
  federatedSubjectTaken: (issuer: string, subject: string) =>
    new GraphError(
      400,
      "InvalidFederatedIdentityCredentialValue",
      `The combination of issuer and subject must be unique for the application. Issuer ${issuer} and Subject: ${subject} already exist. paramName: FederatedIdentityCredential.Subject, paramValue: ${subject}, objectType: Microsoft.Online.DirectoryServices.Application`,
    ),
  /** Own wording. */
  federatedValue: (member: string) =>
    new GraphError(
      400,
      "InvalidFederatedIdentityCredentialValue",
      `The value of FederatedIdentityCredential.${member} is not valid. paramName: FederatedIdentityCredential.${member}, objectType: Microsoft.Online.DirectoryServices.Application`,
    ),
  /** Own wording. */
  federatedLimit: () =>
    new GraphError(
      400,
      "Directory_QuotaExceeded",
      "The maximum number of federated identity credentials for an application is 20.",
    ),
};

/** Graph's error envelope, as the directory part writes it: the key is `innerError`. */
export function errorBody(error: GraphError, now: Date, clientRequestId: string | undefined) {
  const requestId = randomUUID();
  return {
    error: {
      code: error.code,
      message: error.message,
      ...(error.details ? { details: error.details } : {}),
      innerError: {
        date: now.toISOString().slice(0, 19),
        "request-id": requestId,
        "client-request-id": clientRequestId ?? requestId,
      },
    },
  };
}
