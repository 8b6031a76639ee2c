/** An answer of Resource Manager that is not success; {@link body} is its envelope. */
export class ArmError extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Record<string, string>;
  readonly innererror: { code: string } | undefined;

  constructor(
    status: number,
    code: string,
    message: string,
    more: { headers?: Record<string, string>; innererror?: string } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = more.headers ?? {};
    this.innererror = more.innererror ? { code: more.innererror } : undefined;
  }

  get body() {
    return { error: { code: this.code, message: this.message, innererror: this.innererror } };
  }
}

/** Everything Resource Manager and its providers refuse, with the vendor's codes and texts. */
export const armErrors = {
  authenticationMissing: (login: string, tenantId: string) =>
    new ArmError(
      401,
      "AuthenticationFailed",
      "Authentication failed. The 'Authorization' header is missing.",
      challenge(login, tenantId, "The authentication failed because of missing 'Authorization' header."),
    ),
  tokenInvalid: (login: string, tenantId: string) =>
    new ArmError(
      401,
      "InvalidAuthenticationToken",
      "The access token is invalid.",
      challenge(login, tenantId, "The access token is invalid."),
    ),
  tokenExpired: (login: string, tenantId: string) =>
    new ArmError(
      401,
      "ExpiredAuthenticationToken",
      "The access token expired.",
      challenge(login, tenantId, "The access token expired."),
    ),
  tokenAudience: (found: string, allowed: readonly string[]) =>
    new ArmError(
      401,
      "InvalidAuthenticationTokenAudience",
      `The access token has been obtained for wrong audience or resource. ${found} It should exactly match with one of the allowed audiences ${allowed.map((one) => `'${one}'`).join(",")}.`,
    ),
  tokenTenant: (found: string, expected: string) =>
    new ArmError(
      401,
      "InvalidAuthenticationTokenTenant",
      `The access token is from the wrong issuer 'https://sts.windows.net/${found}/'. It must match the tenant 'https://sts.windows.net/${expected}/' associated with this subscription. Please use the authority (URL) 'https://login.windows.net/${expected}' to get the token.`,
    ),
  authorizationFailed: (appid: string, oid: string, action: string, scope: string) =>
    new ArmError(
      403,
      "AuthorizationFailed",
      `The client '${appid}' with object id '${oid}' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
    ),
  apiVersionMissing: () =>
    new ArmError(
      400,
      "MissingApiVersionParameter",
      "The api-version query parameter (?api-version=) is required for all requests.",
    ),
  apiVersionInvalid: (version: string) =>
    new ArmError(400, "InvalidApiVersionParameter", `The api-version '${version}' is invalid.`),
  mediaType: (given: string) =>
    new ArmError(
      415,
      "UnsupportedMediaType",
      `The content media type '${given}' is not supported. Only 'application/json' is supported.`,
    ),
  contentInvalid: (detail: string) =>
    new ArmError(
      400,
      "InvalidRequestContent",
      `The request content was invalid and could not be deserialized: '${detail}'.`,
    ),
  notServed: (what: string) => new ArmError(501, "SandboxNotImplemented", `The sandbox does not serve ${what}.`),
  subscriptionNotFound: (id: string) =>
    new ArmError(404, "SubscriptionNotFound", `The subscription '${id}' could not be found.`),
  groupNotFound: (name: string) =>
    new ArmError(404, "ResourceGroupNotFound", `Resource group '${name}' could not be found.`),
  resourceNotFound: (type: string, name: string, group: string) =>
    new ArmError(
      404,
      "ResourceNotFound",
      `The Resource '${type}/${name}' under resource group '${group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
    ),
  parentNotFound: (verb: string, parentId: string) =>
    new ArmError(
      404,
      "ParentResourceNotFound",
      `Failed to perform '${verb}' on resource(s) of type 'vaults/secrets', because the parent resource '${parentId}' could not be found.`,
    ),
  vaultLocationUnavailable: (location: string, available: readonly string[]) =>
    new ArmError(
      400,
      "LocationNotAvailableForResourceType",
      `The provided location '${location}' is not available for resource type 'Microsoft.KeyVault/vaults'. List of available regions for the resource type is '${available.join(",")}'.`,
    ),
  operationNotFound: (id: string) =>
    new ArmError(404, "OperationNotFound", `The operation '${id}' could not be found.`),
  locationRequired: () =>
    new ArmError(400, "LocationRequired", "The location property is required for this definition."),
  groupNameInvalid: (name: string) =>
    new ArmError(
      400,
      "InvalidParameter",
      `The provided resource group name '${name}' is invalid: it can only have letters, digits, '-', '.', '(', ')' or '_', at most 90, and not end with '.'.`,
    ),
  groupLocationUnavailable: (location: string, available: readonly string[]) =>
    new ArmError(
      400,
      "LocationNotAvailableForResourceGroup",
      `The provided location '${location}' is not available for resource group. List of available regions is '${available.join(",")}'.`,
    ),
  groupLocationFixed: (wanted: string, present: string) =>
    new ArmError(
      409,
      "InvalidResourceGroupLocation",
      `Invalid resource group location '${wanted}'. The Resource group already exists in location '${present}'.`,
    ),
  resourceLocationFixed: (name: string, group: string, wanted: string, present: string) =>
    new ArmError(
      409,
      "InvalidResourceLocation",
      `The resource '${name}' already exists in location '${present}' in resource group '${group}'. A resource with the same name cannot be created in location '${wanted}'. Please select a new resource name.`,
    ),
  vaultNameInvalid: (name: string) =>
    new ArmError(
      400,
      "VaultNameNotValid",
      `The vault name '${name}' is invalid. A vault's name must be between 3-24 alphanumeric characters. The name must begin with a letter, end with a letter or digit, and not contain consecutive hyphens. Follow this link for more information: https://go.microsoft.com/fwlink/?linkid=2147742`,
    ),
  vaultTaken: (name: string) =>
    new ArmError(
      409,
      "VaultAlreadyExists",
      `The vault name '${name}' is already in use. Vault names are globally unique so it is possible that the name is already taken.`,
    ),
  vaultDeleted: () =>
    new ArmError(
      409,
      "ConflictError",
      "A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete.",
    ),
  vaultNotDeleted: () =>
    new ArmError(
      404,
      "SoftDeletedVaultDoesNotExist",
      "A soft deleted vault with the given name does not exist. Ensure that the name for the vault that is being attempted to recover is in a recoverable state. For more information on soft delete please follow this link https://go.microsoft.com/fwlink/?linkid=2149745",
    ),
  deletedVaultNotFound: (name: string) =>
    new ArmError(404, "DeletedVaultNotFound", `The specified deleted vault '${name}' does not exist.`),
  purgeNotAllowed: () => new ArmError(405, "MethodNotAllowed", "Operation 'DeletedVaultPurge' is not allowed."),
  propertyRefused: (message: string) => new ArmError(400, "BadRequest", message),
  secretDeletion: () =>
    new ArmError(
      400,
      "DisallowedResourceOperation",
      "The operation 'delete' on resource type 'vaults/secrets' is disallowed.",
    ),
  secretInDeletedState: (message: string) =>
    new ArmError(409, "Conflict", message, { innererror: "ObjectIsDeletedButRecoverable" }),
  roleDefinitionNotFound: (id: string) =>
    new ArmError(404, "RoleDefinitionDoesNotExist", `The specified role definition with ID '${id}' does not exist.`),
  roleAssignmentNotFound: (id: string) =>
    new ArmError(404, "RoleAssignmentNotFound", `The role assignment '${id}' is not found.`),
  roleAssignmentNameInvalid: (name: string) =>
    new ArmError(
      400,
      "InvalidRoleAssignmentId",
      `The role assignment ID '${name}' is not valid. The role assignment ID must be a GUID.`,
    ),
  roleAssignmentExists: (existing: string) =>
    new ArmError(
      409,
      "RoleAssignmentExists",
      `The role assignment already exists. The ID of the existing role assignment is ${existing.replaceAll("-", "")}.`,
    ),
  roleAssignmentFixed: () =>
    new ArmError(
      400,
      "RoleAssignmentUpdateNotPermitted",
      "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
    ),
  principalNotFound: (id: string, tenantId: string) =>
    new ArmError(
      400,
      "PrincipalNotFound",
      `Principal ${id.replaceAll("-", "")} does not exist in the directory ${tenantId}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group. See https://aka.ms/docs-principaltype`,
    ),
  principalTypeWrong: (id: string, known: string, given: string) =>
    new ArmError(
      400,
      "UnmatchedPrincipalType",
      `The PrincipalId '${id.replaceAll("-", "")}' has type '${known}', which is different from specified PrincipalType '${given}'.`,
    ),
} as const;

function challenge(login: string, tenantId: string, description: string) {
  return {
    headers: {
      "WWW-Authenticate": `Bearer authorization_uri="${login}/${tenantId}", error="invalid_token", error_description="${description}"`,
    },
  };
}
