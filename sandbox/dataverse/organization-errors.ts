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
  SolutionFileInvalid: {
    code: "0x80048060",
    status: 400,
    message:
      "The solution file is invalid. The compressed file must contain the following files at its root: solution.xml, customizations.xml, and [Content_Types].xml. Customization files exported from previous versions of Microsoft Dynamics 365 are not supported.",
  },
  SolutionImportFailed: {
    code: "0x80048033",
    status: 400,
    message: "An error occurred while importing a Solution: {0}.",
  },
  SolutionManagedToUnmanaged: {
    code: "0x80048040",
    status: 400,
    message:
      "The solution is already installed on this system as an unmanaged solution and the package supplied is attempting to install it in managed mode. Import can only update solutions when the modes match. Uninstall the current solution and try again.",
  },
  SolutionUnmanagedToManaged: {
    code: "0x80048041",
    status: 400,
    message:
      "The solution is already installed on this system as a managed solution and the package supplied is attempting to install it in unmanaged mode. Import can only update solutions when the modes match. Uninstall the current solution and try again.",
  },
  SolutionDependenciesMissing: {
    code: "0x8004801D",
    status: 400,
    message:
      "{0} requires solutions that are not currently installed. Import the following solutions before Importing this one. {1} ",
  },
  SolutionPublisherDiffers: {
    code: "0x8004801C",
    status: 400,
    message:
      "The following managed solution cannot be imported: {0}. The publisher name cannot be changed from {1} to {2}.",
  },
  SolutionNameInvalid: {
    code: "0x8004F002",
    status: 400,
    message:
      "Invalid character specified for solution unique name. Only characters within the ranges [A-Z], [a-z], [0-9] or _ are allowed. The first character may only be in the ranges [A-Z], [a-z] or _.",
  },
  SolutionVersionInvalid: {
    code: "0x8004F01E",
    status: 400,
    message: "An invalid solution version was specified.",
  },
  SolutionRequired: {
    code: "0x8004F01D",
    status: 400,
    message: "Solution dependencies exist, cannot uninstall.",
  },
  ImportJobInvalid: { code: "0x80044252", status: 400, message: "The requested importjob does not exist." },
  // Has no text in the sources.
  StageUploadInvalid: {
    code: "0x8004f066",
    status: 400,
    message: "The stage solution upload id is invalid or has expired.",
  },
} as const satisfies Record<string, ErrorDefinition>;
