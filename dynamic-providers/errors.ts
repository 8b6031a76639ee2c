import { NoAnswer } from "./http.ts";

/** A refusal by one of Microsoft's services, with what it said. */
export class VendorError extends Error {
  /** HTTP status; undefined where the client library keeps it to itself. */
  readonly status: number | undefined;
  /** The vendor's code: "AADSTS7000215", "0x80072560", "ForbiddenByRbac". */
  readonly code: string;

  constructor(status: number | undefined, code: string, message: string) {
    super(message);
    this.name = "VendorError";
    this.status = status;
    this.code = code;
  }
}

/** Takes what was sent in confidence out of an answer's words: a proxy may show the request, for one. */
export const hiding = (secrets: string[]) => (text: string) =>
  secrets.filter(Boolean).reduce((shown, secret) => shown.replaceAll(secret, "(secret)"), text);

/** No vendor's sentence is longer. */
const longestReason = 1000;

/** What a service said, as one line without a full stop, and what was tried before it was let stand. */
export function reasonOf(text: string, tried: string | undefined): string {
  const [line = ""] = text.trim().split(/\r?\n/);
  return [sentence(line.slice(0, longestReason)), tried].filter(Boolean).join("; ");
}

/** An answer with a good status that is not what the service is documented to give. `problem` never has a part of it. */
export const unexpected = (status: number | undefined, problem: string) =>
  new VendorError(status, "unexpected_answer", problem);

/** What the user reads: what failed, for whom, why, and what to do. Has no stack, which would be noise on the screen. */
export class AccessError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "AccessError";
    this.stack = message;
  }
}

/** What was being done when something failed, for the sentence. */
export interface Place {
  /** For example "Creating application user". */
  readonly doing: string;
  /** For what: "'contoso' (https://contoso.crm4.dynamics.com)". */
  readonly target: string;
  /** The tenant, where it is known. */
  readonly tenantId?: string | undefined;
  /** Client id of the application, where the failure may be about it. */
  readonly applicationId?: string | undefined;
}

type NextStep = (place: Place) => string;

const tenantOf = (place: Place) => (place.tenantId ? `tenant ${place.tenantId}` : "the environment's tenant");
const adminOf = (place: Place) => `the administrator identity of ${place.target}`;
const consent: NextStep = (place) =>
  `Ask an administrator of ${tenantOf(place)} to consent to application ${place.applicationId ?? "(its client id)"} first.`;

/** What the engine does with changed config (facts on dynamic providers): said where a credential is refused. */
const staleConfig =
  "Was it changed just now? `pulumi refresh` and `pulumi destroy` need --run-program to see the config of today.";

const federation: NextStep = (place) =>
  `Give application ${place.applicationId ?? "(its client id)"} a federated identity credential with that issuer, subject and audience, to the letter.`;
const azLogin: NextStep = (place) =>
  `Run: az login --allow-no-subscriptions${place.tenantId ? ` --tenant ${place.tenantId}` : ""}`;
const otherIdentity = "or give another identity: docs/admin-identities.md has all kinds.";

/** What to do about each code that has a known cause. Codes from the vendor's reference, and of entra/sign-in. */
const nextSteps: Record<string, NextStep> = {
  AADSTS700016: (place) =>
    `Check the client id, that the application is multi-tenant, and that ${tenantOf(place)} is the right tenant and has consented.`,
  AADSTS7000229: consent,
  AADSTS7000215: (place) =>
    `Check the client secret of the identity that signed in for ${place.target}: its value, not its id. ${staleConfig}`,
  AADSTS7000222: (place) => `Give the identity that signed in for ${place.target} a new client secret. ${staleConfig}`,
  AADSTS500011: (place) => `Check environmentUrl, and that the environment belongs to ${tenantOf(place)}.`,
  not_shown: () => "Run the command again: it goes on where this stopped.",
  no_challenge: () => "Check environmentUrl.",
  AADSTS90002: () => "Check tenantId, and that the environment is in the cloud its address says.",
  AADSTS900023: () => "Check tenantId: it is a GUID.",
  AADSTS700027: (place) =>
    `Register the certificate on application ${place.applicationId ?? "(its client id)"}, or a new one where it has expired.`,
  AADSTS700024: () => "Check this machine's clock, and that the federated token is not an old one.",
  AADSTS70021: federation,
  AADSTS700211: federation,
  AADSTS700212: federation,
  AADSTS700213: federation,
  AADSTS7002137: federation,
  AADSTS7002138: federation,
  AADSTS501051: (place) =>
    `Assign application ${place.applicationId ?? "(its client id)"} to a role of that resource in ${tenantOf(place)}, or switch off "Assignment required?" there (enterprise applications, properties).`,
  AADSTS7000112: (place) => `Enable the application in ${tenantOf(place)} (enterprise applications, properties).`,
  AADSTS7000218: () => "Allow public client flows on that application, or leave clientId out.",
  AADSTS65001: consent,
  AADSTS65004: () => "Run the command again and accept.",
  AADSTS70019: () => "Run the command again and enter the code in time.",
  device_code_expired: () => "Run the command again and enter the code in time.",
  AADSTS50020: (place) => `Sign in as a person of ${tenantOf(place)}.`,
  AADSTS53003: (place) => `Ask an administrator of ${tenantOf(place)} about its Conditional Access policies.`,
  AADSTS50076: azLogin,
  AADSTS50173: azLogin,
  AADSTS70043: azLogin,
  AADSTS700082: azLogin,
  azure_cli_signed_out: azLogin,
  azure_cli_missing: () => `Install it (https://aka.ms/azure-cli), ${otherIdentity}`,
  no_federated_token: () =>
    `Set tokenFile; or in GitHub Actions give the job the permission id-token: write; for the publisher's application set DATAVERSE_S2S_CLIENT_FEDERATED_TOKEN_FILE; ${otherIdentity}`,
  "0x80072560": (place) =>
    `Add ${adminOf(place)} to the environment as an application user with the System Administrator role.`,
  "0x80040225": () => "Enable that user in the environment.",
  "0x8004a112": () => "Enable that user in the environment.",
  "0x80042f09": () => "Give that user a security role.",
  "0x80040220": (place) =>
    `Give ${adminOf(place)} a role with the privilege that is missing (System Administrator has all).`,
  "0x80048d3b": (place) =>
    `Give ${adminOf(place)} the privileges of the role that it is to assign (System Administrator has all).`,
  "0x8004f510": consent,
  "0x80041403": () => "Choose another role name, or set adopt: true to take that role over.",
  "0x80041409": () => "Assign the role's copy of the user's own business unit.",
  "0x8004140b": () => "Choose a depth that the privilege has: Global where it is for the whole organization only.",
  "0x80072322": () => "The environment's service protection limit was met: run the command again in five minutes.",
  "0x80072321": () => "The environment's service protection limit was met: run the command again in five minutes.",
  "0x80072326": () => "The environment's service protection limit was met: run the command again in five minutes.",
  // Not repeated with a new token: the one in memory was good when it was given, and a new run asks for another.
  "HTTP 401": (place) =>
    `Run the command again, which signs in anew. If it stays, check that the environment belongs to ${tenantOf(place)}.`,
  unexpected_answer: () =>
    "Check that nothing between here and the service, such as a proxy, answers in its place; then run the command again.",
  ForbiddenByRbac: () =>
    "Give the identity that runs the stack the role 'Key Vault Secrets Officer' on the vault, and 'Key Vault Certificates Officer' for a certificate.",
  ForbiddenByFirewall: () =>
    "Run it from an address that the vault lets in, or add this machine's to keyVault.network.allowedIpRanges.",
  ForbiddenByConnection: () =>
    "Run it where the vault's private endpoint can be reached, or set keyVault.network.publicAccess to true.",
  SecretDisabled: () =>
    "Run `pulumi up`: that version was retired or disabled, and another is in its place or is made.",
  Authorization_RequestDenied: () =>
    "Give the identity that runs the stack the application permission Application.ReadWrite.OwnedBy of Microsoft Graph, and make it an owner of the application.",
  Directory_ConcurrencyViolation: () => "Run the command again: another change to that application was under way.",
  CredentialTypeNotAllowedAsPerAppPolicy: () =>
    "The tenant's app management policy forbids client secrets: use a certificate or a federated credential (docs/credentials.md), or ask for an exemption of this application.",
  CredentialInvalidLifetimeAsPerAppPolicy: () =>
    "The tenant's app management policy wants client secrets of a shorter life than a year: use a certificate or a federated credential (docs/credentials.md), or ask for an exemption of this application.",
  SecretNotFound: () => "Run `pulumi up --refresh`: the secret was deleted from its vault.",
};

/** Turns whatever was thrown into the sentence of the house: `Doing X for 'subscriber' (url) failed: reason (code). Next step.` */
export function explain(error: unknown, place: Place): AccessError {
  if (error instanceof AccessError) return error;
  const where = `${place.doing} for ${place.target} failed`;
  if (error instanceof VendorError) {
    const next = Object.hasOwn(nextSteps, error.code) ? nextSteps[error.code]!(place) : "";
    const codes = new Set([error.code, ...(error.status ? [`HTTP ${error.status}`] : [])]);
    return new AccessError(`${where}: ${sentence(error.message)} (${[...codes].join(", ")}). ${next}`.trim());
  }
  if (error instanceof NoAnswer) {
    return new AccessError(
      `${where}: ${sentence(error.message)}. Check the network and environmentUrl, then run the command again: it goes on where this stopped.`,
    );
  }
  return new AccessError(`${where}: ${error instanceof Error ? error.message : String(error)}`);
}

const sentence = (text: string) => text.trim().replace(/\.$/, "");
