import { randomUUID } from "node:crypto";

/** What a failed sign-in says, before ids and time are added. Thrown by the endpoints; {@link errorBody} writes it out. */
export class EntraError extends Error {
  readonly status: 400 | 401 | 501;
  /** OAuth 2.0 error code. */
  readonly error: string;
  /** Number after "AADSTS"; undefined where the sandbox speaks for itself. */
  readonly code: number | undefined;

  constructor(status: EntraError["status"], error: string, code: number | undefined, text: string) {
    super(code === undefined ? text : `AADSTS${code}: ${text}`);
    this.status = status;
    this.error = error;
    this.code = code;
  }
}

const wrongTenant =
  "This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You ";
const federationGuide = "https://learn.microsoft.com/entra/workload-id/workload-identity-federation";
const unmatched = (what: string, value: string, extra = "") =>
  `No matching federated identity record found for presented assertion ${what} '${value}'. ${extra}Check your federated identity credential Subject, Audience and Issuer against the presented assertion. ${federationGuide}`;
const unusableKey = (reason: string, thumbprint: string, appId: string) =>
  `[Reason - ${reason}., Thumbprint of key used by client: '${thumbprint}', Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for app Id '${appId}'.]`;

/** All errors of the sign-in service: HTTP status, OAuth error, AADSTS code and Microsoft's text. */
export const entraErrors = {
  notServed: (what: string) =>
    new EntraError(501, "sandbox_not_implemented", undefined, `The sandbox does not serve ${what}.`),
  missingParameter: (name: string) =>
    new EntraError(400, "invalid_request", 900144, `The request body must contain the following parameter: '${name}'.`),
  unknownTenant: (tenant: string) =>
    new EntraError(
      400,
      "invalid_tenant",
      90002,
      `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.`,
    ),
  malformedTenant: (tenant: string) =>
    new EntraError(
      400,
      "invalid_request",
      900023,
      `Specified tenant identifier '${tenant}' is neither a valid DNS name, nor a valid external domain.`,
    ),
  duplicatedParameter: (name: string) =>
    new EntraError(
      400,
      "invalid_request",
      9000411,
      `The request is not properly formatted. The parameter '${name}' is duplicated.`,
    ),
  resourceParameter: () =>
    new EntraError(400, "invalid_request", 901002, "The 'resource' request parameter is not supported."),
  unknownInstance: () => new EntraError(400, "invalid_instance", 50049, "Unknown or invalid instance."),
  tenantNeeded: () =>
    new EntraError(
      400,
      "invalid_request",
      9001023,
      "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.",
    ),
  unsupportedGrantType: (grantType: string) =>
    new EntraError(400, "unsupported_grant_type", 70003, `The app requested an unsupported grant type '${grantType}'.`),
  scopeWithoutDefault: (scope: string) =>
    new EntraError(
      400,
      "invalid_scope",
      1002012,
      `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`,
    ),
  invalidScope: (scope: string) =>
    new EntraError(
      400,
      "invalid_scope",
      70011,
      `The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope ${scope} is not valid.`,
    ),
  noConsent: (appId: string, name: string) =>
    new EntraError(
      400,
      "invalid_grant",
      65001,
      `The user or administrator has not consented to use the application with ID '${appId}' named '${name}'. Send an interactive authorization request for this user and resource.`,
    ),
  applicationNotFound: (appId: string, tenantName: string) =>
    new EntraError(
      400,
      "unauthorized_client",
      700016,
      `Application with identifier '${appId}' was not found in the directory '${tenantName}'. ${wrongTenant}may have sent your authentication request to the wrong tenant.`,
    ),
  noServicePrincipal: (appId: string, tenantId: string) =>
    new EntraError(
      401,
      "invalid_client",
      7000229,
      `The client application ${appId} is missing service principal in the tenant ${tenantId}. See instructions here: https://go.microsoft.com/fwlink/?linkid=2225119`,
    ),
  applicationDisabled: (appId: string, name: string) =>
    new EntraError(400, "unauthorized_client", 7000112, `Application '${appId}'(${name}) is disabled.`),
  wrongSecret: (appId: string) =>
    new EntraError(
      401,
      "invalid_client",
      7000215,
      `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${appId}'.`,
    ),
  expiredSecret: (appId: string) =>
    new EntraError(
      401,
      "invalid_client",
      7000222,
      `The provided client secret keys for app '${appId}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.`,
    ),
  credentialMissing: () =>
    new EntraError(
      401,
      "invalid_client",
      7000218,
      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    ),
  credentialMissingForClientCredentials: () =>
    new EntraError(
      401,
      "invalid_client",
      7000216,
      "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
    ),
  resourceNotFound: (resource: string, tenantName: string) =>
    new EntraError(
      400,
      "invalid_resource",
      500011,
      `The resource principal named ${resource} was not found in the tenant named ${tenantName}. ${wrongTenant}might have sent your authentication request to the wrong tenant.`,
    ),
  notAssigned: (appId: string, name: string, resourceId: string, resourceName: string) =>
    new EntraError(
      400,
      "invalid_grant",
      501051,
      `Application '${appId}'(${name}) is not assigned to a role for the application '${resourceId}'(${resourceName}).`,
    ),
  malformedAssertion: () => new EntraError(400, "invalid_request", 50027, "JWT token is invalid or malformed."),
  certificateNotRegistered: (thumbprint: string, appId: string) =>
    new EntraError(
      401,
      "invalid_client",
      700027,
      `The certificate with identifier used to sign the client assertion is not registered on application. ${unusableKey("The key was not found", thumbprint, appId)}`,
    ),
  certificateExpired: (thumbprint: string, appId: string) =>
    new EntraError(
      401,
      "invalid_client",
      700027,
      `Client assertion contains an invalid signature. ${unusableKey("The key used is expired", thumbprint, appId)}`,
    ),
  wrongAssertionSignature: (thumbprint: string, appId: string) =>
    new EntraError(
      401,
      "invalid_client",
      700027,
      `Client assertion contains an invalid signature. ${unusableKey("The provided signature value did not match the expected signature value", thumbprint, appId)}`,
    ),
  assertionAudience: () =>
    new EntraError(
      401,
      "invalid_client",
      700023,
      "Client assertion audience claim does not match Realm issuer. Review the documentation at https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials.",
    ),
  assertionExpired: () =>
    new EntraError(
      401,
      "invalid_client",
      700024,
      "Client assertion is not within its valid time range. Review the documentation at https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials.",
    ),
  federatedIssuer: (issuer: string) => new EntraError(401, "invalid_client", 700211, unmatched("issuer", issuer)),
  federatedAudience: (audience: string) =>
    new EntraError(401, "invalid_client", 700212, unmatched("audience", audience)),
  federatedSubject: (subject: string) => new EntraError(401, "invalid_client", 700213, unmatched("subject", subject)),
  /** The one refusal of older builds for whatever does not match. */
  federatedMismatch: (issuer: string, subject: string, audience: string) =>
    new EntraError(
      400,
      "invalid_request",
      70021,
      `No matching federated identity record found for presented assertion. Assertion Issuer: '${issuer}'. Assertion Subject: '${subject}'. Assertion Audience: '${audience}'. ${federationGuide}`,
    ),
  federatedSubjectCase: (subject: string) =>
    new EntraError(
      401,
      "invalid_client",
      7002138,
      unmatched(
        "subject",
        subject,
        "The subject matches with case-insensitive comparison, but not with case-sensitive comparison. ",
      ),
    ),
  issuerUnreachable: (issuer: string, reason: string) =>
    new EntraError(
      400,
      "invalid_request",
      50166,
      `Request to External OIDC endpoint failed. Issuer '${issuer}': ${reason}`,
    ),
  federatedSignature: (reason: string) =>
    new EntraError(401, "invalid_client", 50013, `Assertion failed signature validation. [Reason - ${reason}.]`),
  authorizationPending: () =>
    new EntraError(
      400,
      "authorization_pending",
      70016,
      "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
    ),
  authorizationDeclined: () =>
    new EntraError(400, "authorization_declined", 65004, "User declined to consent to access the app."),
  badVerificationCode: () =>
    new EntraError(
      400,
      "bad_verification_code",
      70018,
      "Invalid verification code due to User typing in wrong user code for device code flow.",
    ),
  deviceCodeExpired: () =>
    new EntraError(400, "expired_token", 70019, "Verification code expired. Have the user retry the sign-in."),
  refreshTokenInvalid: () =>
    new EntraError(400, "invalid_grant", 9002313, "Invalid request. Request is malformed or invalid."),
  wrongPassword: () =>
    new EntraError(400, "invalid_grant", 50126, "Error validating credentials due to invalid username or password."),
  userNotInTenant: (userName: string, tenantName: string) =>
    new EntraError(
      400,
      "invalid_grant",
      50020,
      `User account '${userName}' from another identity provider does not exist in tenant '${tenantName}' and cannot access the application in that tenant. The account needs to be added as an external user in the tenant first.`,
    ),
  redirectUriMismatch: (redirectUri: string, appId: string) =>
    new EntraError(
      400,
      "invalid_request",
      50011,
      `The redirect URI '${redirectUri}' specified in the request does not match the redirect URIs configured for the application '${appId}'. Make sure the redirect URI sent in the request matches one added to your application in the Azure portal. Navigate to https://aka.ms/redirectUriMismatchError to learn more about how to fix this.`,
    ),
  redirectUriMissing: (appId: string) =>
    new EntraError(400, "invalid_request", 500113, `No reply address is registered for the application '${appId}'.`),
  resourceNotInTenant: (application: string, resource: string, tenantName: string) =>
    new EntraError(
      400,
      "invalid_client",
      650052,
      `The app '${application}' is trying to access a service '${resource}' that your organization '${tenantName}' lacks a service principal for. Contact your IT Admin to review the configuration of your service subscriptions or consent to the application in order to create the required service principal.`,
    ),
  permissionUnknown: (application: string, permission: string, resource: string) =>
    new EntraError(
      400,
      "invalid_client",
      650053,
      `The application '${application}' asked for scope '${permission}' that doesn't exist on the resource '${resource}'. Contact the app vendor.`,
    ),
};

/** Codes that login.microsoftonline.com/error explains; only those answers carry `error_uri`. */
const explained = new Set([
  50011, 50027, 50049, 70011, 70016, 90002, 500011, 700016, 700023, 700024, 700027, 900023, 900144, 7000215, 7000216,
  7000218, 7000222,
]);

/** Ids and time of one answer, as the token endpoint's body and the error page show them. */
export function errorDetails(error: EntraError, now: Date, correlationId: string | undefined) {
  const timestamp = `${now.toISOString().slice(0, 19).replace("T", " ")}Z`;
  return {
    message: error.message,
    timestamp,
    traceId: randomUUID(),
    correlationId: correlationId ?? randomUUID(),
  };
}

/** The token endpoint's error body; the correlation id is the request's `client-request-id` where it sent one. */
export function errorBody(error: EntraError, now: Date, correlationId: string | undefined, separator: string) {
  const details = errorDetails(error, now, correlationId);
  const { message, traceId, timestamp } = details;
  const lines = [
    message,
    `Trace ID: ${traceId}`,
    `Correlation ID: ${details.correlationId}`,
    `Timestamp: ${timestamp}`,
  ];
  return {
    error: error.error,
    error_description: lines.join(separator),
    error_codes: error.code === undefined ? [] : [error.code],
    timestamp: details.timestamp,
    trace_id: details.traceId,
    correlation_id: details.correlationId,
    ...(error.code !== undefined && explained.has(error.code)
      ? { error_uri: `https://login.microsoftonline.com/error?code=${error.code}` }
      : {}),
  };
}
