import type { ErrorDefinition } from "./errors.ts";

/** Errors of business units, teams, solutions and publishers; part of the catalogue. */
export const organizationErrors = {
  BusinessUnitParentMissing: {
    code: "0x80040203",
    status: 400,
    message: "The required attribute 'parentbusinessunitid' of entity 'businessunit' is missing.",
  },
  RootBusinessUnitEnabled: {
    code: "0x80041D63",
    status: 400,
    message: "Root Business unit cannot be disabled.",
  },
  BusinessUnitHasChild: {
    code: "0x80041D61",
    status: 400,
    message: "Business unit has a child business unit and cannot be deleted.",
  },
  BusinessUnitEnabled: {
    code: "0x80041D60",
    status: 400,
    message: "Not disabled business unit cannot be deleted.",
  },
  DefaultTeamFixed: {
    code: "0x80048307",
    status: 400,
    message: "The default business unit team can't be deleted (TeamId = {0}).",
  },
  DefaultTeamNameFixed: {
    code: "0x8004830A",
    status: 400,
    message: "The default business unit team name can't be updated (TeamId = {0}).",
  },
  DefaultTeamMembersAdd: {
    code: "0x8004830B",
    status: 400,
    message: "Can't add members to the default business unit team (TeamId = {0}).",
  },
  DefaultTeamMembersRemove: {
    code: "0x8004830C",
    status: 400,
    message: "Can't remove members from the default business unit team (TeamId = {0}).",
  },
  TeamOwnsRecords: {
    code: "0x8004830E",
    status: 400,
    message: "Can't delete a team which owns records. Reassign or delete the records and try again (TeamId = {0}).",
  },
  SolutionNameExists: {
    code: "0x8004F023",
    status: 400,
    message: "The solution unique name '{0}' is already being used and cannot be used again.",
  },
  ManagedSolutionFixed: {
    code: "0x8004F024",
    status: 400,
    message: "Cannot update solution '{0}' because it is a managed solution.",
  },
  RestrictedSolution: {
    code: "0x8004F005",
    status: 400,
    message: "Attempting to delete a restricted solution.",
  },
  RestrictedPublisher: {
    code: "0x8004F006",
    status: 400,
    message: "Attempting to delete a restricted publisher.",
  },
} as const satisfies Record<string, ErrorDefinition>;
