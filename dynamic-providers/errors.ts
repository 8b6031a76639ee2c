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

/** What to do about each code that has a known cause. Codes from the vendor's reference. */
const nextSteps: Record<string, NextStep> = {
  AADSTS700016: (place) =>
    `Check the client id, that the application is multi-tenant, and that ${tenantOf(place)} is the right tenant and has consented.`,
  AADSTS7000229: consent,
  AADSTS7000215: (place) =>
    `Check the client secret of the identity that signed in for ${place.target}: its value, not its id. ${staleConfig}`,
  AADSTS7000222: (place) => `Give the identity that signed in for ${place.target} a new client secret. ${staleConfig}`,
  AADSTS500011: (place) => `Check environmentUrl, and that the environment belongs to ${tenantOf(place)}.`,
  AADSTS90002: () => "Check tenantId, and that the environment is in the cloud its address says.",
  AADSTS900023: () => "Check tenantId: it is a GUID.",
  AADSTS700213: () => "Check issuer, subject and audience of the federated identity credential.",
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
  ForbiddenByRbac: () => "Give the identity that runs the stack the role 'Key Vault Secrets Officer' on the vault.",
  Authorization_RequestDenied: () =>
    "Give the identity that runs the stack the application permission Application.ReadWrite.OwnedBy of Microsoft Graph, and make it an owner of the application.",
  SecretNotFound: () => "Run `pulumi up --refresh`: the secret was deleted from its vault.",
};

/** Turns whatever was thrown into the sentence of the house: `Doing X for 'subscriber' (url) failed: reason (code). Next step.` */
export function explain(error: unknown, place: Place): AccessError {
  if (error instanceof AccessError) return error;
  const where = `${place.doing} for ${place.target} failed`;
  if (error instanceof VendorError) {
    const next = nextSteps[error.code]?.(place) ?? "";
    return new AccessError(
      `${where}: ${sentence(error.message)} (${[error.code, error.status && `HTTP ${error.status}`].filter(Boolean).join(", ")}). ${next}`.trim(),
    );
  }
  if (error instanceof NoAnswer) {
    return new AccessError(
      `${where}: ${sentence(error.message)}. Check the network and environmentUrl, then run the command again: it goes on where this stopped.`,
    );
  }
  return new AccessError(`${where}: ${error instanceof Error ? error.message : String(error)}`);
}

const sentence = (text: string) => text.trim().replace(/\.$/, "");
