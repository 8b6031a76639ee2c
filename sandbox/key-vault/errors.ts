/** An answer of Key Vault's data plane that is not success; {@link body} is its envelope. */
export class KeyVaultError extends Error {
  readonly status: number;
  readonly code: string;
  readonly innererror: { code: string } | undefined;
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    code: string,
    message: string,
    more: { innererror?: string; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.innererror = more.innererror ? { code: more.innererror } : undefined;
    this.headers = more.headers ?? {};
  }

  get body() {
    return { error: { code: this.code, message: this.message, innererror: this.innererror } };
  }
}

const unauthorized = (challenge: string, message: string) =>
  new KeyVaultError(401, "Unauthorized", message, { headers: { "WWW-Authenticate": challenge } });

const forbidden = (innererror: string, message: string) => new KeyVaultError(403, "Forbidden", message, { innererror });

/** Everything the data plane refuses, with the vendor's codes and texts. */
export const keyVaultErrors = {
  tokenMissing: (challenge: string) => unauthorized(challenge, "AKV10000: Request is missing a Bearer or PoP token."),
  tokenInvalid: (challenge: string) => unauthorized(challenge, "[BearerReadAccessTokenFailed] Error validating token."),
  tokenExpired: (challenge: string) => unauthorized(challenge, "[TokenExpired] Error validating token: 'S2S12086'."),
  tokenAudience: (challenge: string, found: string) =>
    unauthorized(challenge, `AKV10022: Invalid audience. Expected https://vault.azure.net, found: ${found}.`),
  tokenIssuer: (challenge: string, expected: string, found: string) =>
    unauthorized(
      challenge,
      `AKV10032: Invalid issuer. Expected one of https://sts.windows.net/${expected}/, found https://sts.windows.net/${found}/.`,
    ),
  byRoles: (caller: string, action: string, resource: string, vault: string) =>
    forbidden(
      "ForbiddenByRbac",
      `Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were changed recently, please observe propagation time.\r\nCaller: ${caller}\r\nAction: '${action}'\r\nResource: '${resource}'\r\nAssignment: (not found)\r\nDenyAssignmentId: null\r\nDecisionReason: null \r\nVault: ${vault}\r\n`,
    ),
  byPolicy: (caller: string, kind: string, permission: string, vault: string) =>
    forbidden(
      "AccessDenied",
      `The user, group or application '${caller}' does not have ${kind} ${permission} permission on key vault '${vault}'. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287`,
    ),
  byConnection: (caller: string, vault: string) =>
    forbidden(
      "ForbiddenByConnection",
      `Public network access is disabled and request is not from a trusted service nor via an approved private link.\r\nCaller: ${caller}\r\nVault: ${vault}`,
    ),
  byFirewall: (caller: string, vault: string) =>
    forbidden(
      "ForbiddenByFirewall",
      `Client address is not authorized and caller is not a trusted service.\r\nClient address: 127.0.0.1\r\nCaller: ${caller}\r\nVault: ${vault}`,
    ),
  disabledSecret: () => forbidden("SecretDisabled", "Operation get is not allowed on a disabled secret."),
  purgeProtected: (vault: string) =>
    new KeyVaultError(
      403,
      "Forbidden",
      `Operation "purge" is not allowed because purge protection is enabled for this vault. Key Vault service will automatically purge it after the retention period has passed.\r\nVault: ${vault}`,
    ),
  secretNotFound: (id: string) =>
    new KeyVaultError(
      404,
      "SecretNotFound",
      `A secret with (name/id) ${id} was not found in this key vault. If you recently deleted this secret you may be able to recover it using the correct recovery command. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182`,
    ),
  deletedSecretNotFound: (name: string) =>
    new KeyVaultError(404, "SecretNotFound", `Deleted Secret not found: ${name}`),
  certificateNotFound: (id: string) =>
    new KeyVaultError(
      404,
      "CertificateNotFound",
      `A certificate with (name/id) ${id} was not found in this key vault. If you recently deleted this certificate you may be able to recover it using the correct recovery command. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182`,
    ),
  deletedCertificateNotFound: (name: string) =>
    new KeyVaultError(404, "CertificateNotFound", `Deleted Certificate not found: ${name}`),
  pendingNotFound: (name: string) =>
    new KeyVaultError(404, "PendingCertificateNotFound", `Pending certificate not found: ${name}`),
  /** Text and code by Microsoft's "Monitor and manage certificate creation". */
  pendingInProgress: () =>
    new KeyVaultError(
      409,
      "Forbidden",
      "A new key vault certificate can not be created or imported while a pending key vault certificate's status is inProgress.",
    ),
  /** The source (terraform-provider-azurerm issue 5659) has the operation "set"; the others are taken to be refused likewise. */
  managedSecret: (operation: string) =>
    forbidden(
      "SecretManagedByKeyVault",
      `Operation "${operation}" is not allowed as this object's lifetime is managed by Key Vault.`,
    ),
  inDeletedState: (message: string) =>
    new KeyVaultError(409, "Conflict", message, { innererror: "ObjectIsDeletedButRecoverable" }),
  beingDeleted: (name: string) =>
    new KeyVaultError(
      409,
      "Conflict",
      `Object ${name} is currently being deleted and cannot be re-created; retry later.`,
      { innererror: "ObjectIsBeingDeleted" },
    ),
  /** Own wording after that of a deletion. */
  beingRecovered: (name: string) =>
    new KeyVaultError(409, "Conflict", `Object ${name} is currently being recovered; retry later.`, {
      innererror: "ObjectIsBeingRecovered",
    }),
  badParameter: (message: string) => new KeyVaultError(400, "BadParameter", message),
  noVault: () =>
    new KeyVaultError(404, "VaultNotFound", "No vault has this address. (On Azure the host name would not resolve.)"),
  notServed: (what: string) => new KeyVaultError(501, "SandboxNotImplemented", `The sandbox does not serve ${what}.`),
} as const;
