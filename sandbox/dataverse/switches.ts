import type { Store } from "../store.ts";

/** A point that Microsoft's documents leave open: what Dataverse may answer, and what the sandbox does unless told. */
export interface Switch {
  readonly values: readonly string[];
  readonly default: string;
  readonly doc: string;
}

/**
 * The points on which the wire facts have no answer (UNVERIFIED, section H) or two of them, each settable per organization
 * with {@link switchesOf}. A client must cope with every value.
 */
export const switches = {
  missingServicePrincipalStatus: {
    values: ["400", "403", "404"],
    default: "400",
    doc: "HTTP status of 0x8004F510 (the application is not in the organization's tenant) on creating an application user.",
  },
  duplicateApplicationUser: {
    values: ["412 0x80040237", "400 0x8004F511", "412 0x8004F511"],
    default: "412 0x80040237",
    doc: "Answer to creating a second application user for one application, soft-deleted ones included.",
  },
  roleAlreadyAssigned: {
    values: ["204", "412 0x80040237"],
    default: "204",
    doc: "Answer to assigning a role (or a team, or a member) that is assigned already. Measured for relationships of other tables: 204.",
  },
  roleNotAssigned: {
    values: ["204", "404"],
    default: "204",
    doc: "Answer to removing a role (or a team, or a member) that is not assigned. Measured for relationships of other tables: 204.",
  },
  deleteEnabledUserStatus: {
    values: ["400", "403"],
    default: "400",
    doc: "HTTP status of 0x80048356 on deleting an application user that is not disabled.",
  },
  whoAmIWithoutRoles: {
    values: ["403", "200"],
    default: "403",
    doc: "Answer to WhoAmI by a user without roles: 0x80042F09 or the ids.",
  },
  roleExceedsCallerStatus: {
    values: ["403", "400"],
    default: "403",
    doc: "HTTP status of 0x80048d3b on assigning a role with privileges that the caller lacks.",
  },
  roleOfOtherBusinessUnitStatus: {
    values: ["400", "403"],
    default: "400",
    doc: "HTTP status of 0x80041409 on assigning a role of another business unit than the user's.",
  },
  objectIdFilled: {
    values: ["at creation", "at first sign-in", "never"],
    default: "at creation",
    doc: "When azureactivedirectoryobjectid of a new application user shows the service principal's object id.",
  },
  batchErrorStatus: {
    values: ["200", "of the operation"],
    default: "200",
    doc: "HTTP status of a batch that ended at an operation's error: its own, or that of the operation.",
  },
  requestIdHeaders: {
    values: ["sent", "left out"],
    default: "sent",
    doc: "Whether answers have the headers REQ_ID and x-ms-service-request-id.",
  },
  entityIdWithRepresentation: {
    values: ["left out", "sent"],
    default: "left out",
    doc: "Whether an answer with a row (return=representation) has the header OData-EntityId too.",
  },
  payloadErrorCode: {
    values: ["0x80048d19", "0x0"],
    default: "0x80048d19",
    doc: "Code of an error in the shape of a body.",
  },
  disabledUserCode: {
    values: ["0x80040225", "0x8004A112"],
    default: "0x80040225",
    doc: "Code of the 403 for a user that is disabled.",
  },
  missingReferenceCode: {
    values: ["0x80040217", "0x80060888"],
    default: "0x80040217",
    doc: "Code of the 404 for a relationship to a row that is not there. Measured: 0x80040217; Microsoft's own provider expects the other.",
  },
  importedRoleId: {
    values: ["of the package", "its own"],
    default: "of the package",
    doc: "Id of an imported role in the root business unit.",
  },
  missingBusinessUnitCode: {
    values: ["0x80040530", "0x80040216"],
    default: "0x80040530",
    doc: "Code of the 400 for an application user without a business unit.",
  },
} as const satisfies Record<string, Switch>;

/** Name of one of the {@link switches}. */
export type SwitchName = keyof typeof switches;

/** What is set for one organization: switch name to value. A switch that is not set has its default. */
export function switchesOf(store: Store, organizationName: string): Map<string, string> {
  return store.collection(`dataverse ${organizationName} switches`);
}
