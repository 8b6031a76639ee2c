import { batchErrors } from "./batch-errors.ts";
import { organizationErrors } from "./organization-errors.ts";
import { throttlingErrors } from "./throttling-errors.ts";

/** One of Dataverse's errors: its code, the HTTP status it comes with, and its text with numbered places. */
export interface ErrorDefinition {
  readonly code: string;
  readonly status: number;
  readonly message: string;
}

const helpLink =
  "For more information on this error please follow this help link https://go.microsoft.com/fwlink/?linkid=2195293";

/**
 * All errors this service answers with. Codes and texts are those of Microsoft's "Web service error codes" table and of
 * captured answers (wire facts D2 to D7). Statuses the table does not give follow the status map of
 * "Compose HTTP requests and handle errors".
 */
export const catalogue = {
  // Access
  UserNotMember: {
    code: "0x80072560",
    status: 403,
    message: "The user is not a member of the organization.",
  },
  UserDisabled: {
    code: "0x80040225",
    status: 403,
    message: "The user with SystemUserId={0} in OrganizationContext={1} is disabled",
  },
  SystemUserDisabled: { code: "0x8004A112", status: 403, message: "The user with id {0} is disabled." },
  UserHasNoRoles: {
    code: "0x80042F09",
    status: 403,
    message:
      "RetrievePrivilegeForUser: The user with id {0} has not been assigned any roles. They need a role with the prvReadUser privilege.",
  },
  PrivilegeMissing: {
    code: "0x80040220",
    status: 403,
    message:
      "Principal user (Id={0}, type=8, roleCount={1}, privilegeCount={2}, accessMode={3}), is missing {4} privilege (Id={5}) on OTC={6} for entity '{7}' (LocalizedName='{8}'). context.Caller={0}",
  },
  AccessMissing: {
    code: "0x80040220",
    status: 403,
    message:
      "SecLib::CheckPrivilege failed. User: {0}, PrivilegeName: {1}, PrivilegeId: {2}, Required Depth: {3}, BusinessUnitId: {4}, MetadataCache Privileges Count: {5}, User Privileges Count: {6}",
  },
  RoleExceedsCaller: {
    code: "0x80048d3b",
    status: 403,
    message: "The user with id {0} does not have the following privileges, which the role with roleId={1} has: {2}.",
  },
  CannotActOnBehalf: {
    code: "0x8004A110",
    status: 403,
    message: "User does not have the privilege to act on behalf another user.",
  },

  // Requests
  VersionNotServed: { code: "0x8006088a", status: 501, message: "API version {0} is not supported." },
  SegmentNotFound: {
    code: "0x80060888",
    status: 404,
    message: "Resource not found for the segment '{0}'.",
  },
  PropertyNotFound: {
    code: "0x80060888",
    status: 400,
    message: "Could not find a property named '{0}' on type 'Microsoft.Dynamics.CRM.{1}'.",
  },
  QuerySyntax: { code: "0x80060888", status: 400, message: "Syntax error in the query: {0}" },
  QueryOptionTwice: {
    code: "0x80060888",
    status: 400,
    message: "Query option '{0}' was specified more than once, but it must be specified at most once.",
  },
  MetadataFunction: {
    code: "0x8006088a",
    status: 501,
    message: 'The "{0}" function isn\'t supported for Metadata Entities.',
  },
  QueryTypes: {
    code: "0x80060888",
    status: 400,
    message:
      "A binary operator with incompatible types was detected. Found operand types '{0}' and '{1}' for operator kind '{2}'.",
  },
  SkipNotSupported: { code: "0x80060888", status: 400, message: "Skip Clause is not supported in CRM" },
  KeyNotValid: {
    code: "0x80060888",
    status: 400,
    message:
      "The key in the request URI is not valid for resource 'Microsoft.Dynamics.CRM.{0}'. Ensure that the names and number of key properties match the declared or alternate key properties for the resource 'Microsoft.Dynamics.CRM.{0}'.",
  },
  MethodNotAllowed: {
    code: "",
    status: 405,
    message: "The requested resource does not support http method '{0}'.",
  },
  OperationNotSupported: {
    code: "0x80040800",
    status: 405,
    message: "The '{0}' method does not support entities of type '{1}'.",
  },
  PayloadNotJson: {
    code: "0x80048d19",
    status: 400,
    message: `Error identified in Payload provided by the user for Entity :'{0}', ${helpLink}  ---->  InnerException : Microsoft.OData.ODataException: The request body is not a JSON object.`,
  },
  PropertyUndeclared: {
    code: "0x80048d19",
    status: 400,
    message: `Error identified in Payload provided by the user for Entity :'{0}', ${helpLink}  ---->  InnerException : Microsoft.OData.ODataException: The property '{1}' does not exist on type 'Microsoft.Dynamics.CRM.{2}'. Make sure to only use property names that are defined by the type.`,
  },
  PropertyType: {
    code: "0x80048d19",
    status: 400,
    message: `Error identified in Payload provided by the user for Entity :'{0}', ${helpLink}  ---->  InnerException : Microsoft.OData.ODataException: Cannot convert the literal '{1}' to the expected type '{2}' (property '{3}').`,
  },
  LookupNotBound: {
    code: "0x80048d19",
    status: 400,
    message:
      "CRM do not support direct update of Entity Reference properties, Use Navigation properties instead. ({0})",
  },
  ParameterMissing: {
    code: "0x80048d19",
    status: 400,
    message: "Parameter '{0}' of '{1}' is missing or not of the type '{2}'.",
  },
  ParameterUndeclared: {
    code: "0x80048d19",
    status: 400,
    message: "The parameter '{0}' in the request payload is not a valid parameter for the operation '{1}'.",
  },
  ReferenceNotAbsolute: {
    code: "0x80048d19",
    status: 400,
    message: `Error identified in Payload provided by the user for Entity :'{0}', ${helpLink}  ---->  InnerException : Microsoft.OData.ODataException: The URI '{1}' is not an absolute URI of a row of '{2}' in this organization.`,
  },
  ChoiceOutOfRange: {
    code: "0x8004431a",
    status: 400,
    message:
      "A validation error occurred. The value {0} of '{1}' on record of type '{2}' is outside the valid range. Accepted Values: {3}",
  },
  StatusNotOfState: {
    code: "0x80048408",
    status: 400,
    message: "State code is invalid or state code is valid but status code is invalid for a specified state code.",
  },
  TextTooLong: {
    code: "0x80044331",
    status: 400,
    message:
      "A validation error occurred. The length of the '{0}' attribute of the '{1}' entity exceeded the maximum allowed length of '{2}'.",
  },
  NotUnique: {
    code: "0x80044331",
    status: 400,
    message: "A validation error occurred. A record of type '{0}' with {1} '{2}' exists already.",
  },
  RequiredMissing: {
    code: "0x80040203",
    status: 400,
    message: "The required attribute '{0}' of entity '{1}' is missing.",
  },
  RequiredNull: {
    code: "0x80040200",
    status: 400,
    message: "The required attribute '{0}' of entity '{1}' cannot be set to null.",
  },

  Unexpected: { code: "0x80040216", status: 400, message: "An unexpected error occurred." },

  // Rows
  NotFound: { code: "0x80040217", status: 404, message: "Entity '{0}' With Id = {1} Does Not Exist" },
  NotFoundByKey: {
    code: "0x80060891",
    status: 404,
    message: "A record with the specified key values does not exist in {0} entity",
  },
  DuplicateRecord: {
    code: "0x80040237",
    status: 412,
    message: "A record with matching key values already exists.",
  },
  DuplicateAssociation: { code: "0x80040237", status: 412, message: "Cannot insert duplicate key." },
  NotAssociated: {
    code: "0x80040217",
    status: 404,
    message: "No relationship exists between the objects specified: {0} and {1}.",
  },
  VersionMismatch: {
    code: "0x80060882",
    status: 412,
    message: "The version of the existing record doesn't match the RowVersion property provided.",
  },
  DeleteBlockedByAssociation: {
    code: "0x80040227",
    status: 405,
    message: "The object you tried to delete is associated with another object and cannot be deleted. {0}",
  },
  ReadOnly: {
    code: "0x8004022e",
    status: 403,
    message: "The object cannot be updated because it is read-only.",
  },

  // Users
  UserBusinessUnitMissing: {
    code: "0x80040530",
    status: 400,
    message: "Unable to retrieve attribute=businessunitid for entityLogicalName=systemuser.",
  },
  ApplicationNotInDirectory: {
    code: "0x8004F510",
    status: 400,
    message:
      "We didn't find that application ID {0} in your Azure Active Directory (Azure AD) with CorrelationID {1}. Make sure your application is registered in Azure AD.",
  },
  ApplicationIdExists: {
    code: "0x8004F511",
    status: 400,
    message: "You are attempting to create an Application ID = {0} that already exists.",
  },
  ApplicationUserReadOnly: {
    code: "0x80041D48",
    status: 400,
    message: "The user representing an OAuth application cannot not be updated",
  },
  AccessModeFixed: {
    code: "0x80040D40",
    status: 400,
    message: "An application user's access mode cannot be changed.",
  },
  ObjectIdFixed: {
    code: "0x80041D4F",
    status: 400,
    message: "The property AzureActiveDirectoryObjectId cannot be modified.",
  },
  IsLicensedFixed: {
    code: "0x80041D4C",
    status: 400,
    message: "The property IsLicensed cannot be modified.",
  },
  IsSyncFixed: {
    code: "0x80041D4E",
    status: 400,
    message: "The property IsSyncUserWithDirectory cannot be modified.",
  },
  UserNotDisabled: {
    code: "0x80048356",
    status: 400,
    message: "User with SystemUserId={0} is not disabled. Disable user before deletion.",
  },
  UserInDirectory: {
    code: "0x80048359",
    status: 400,
    message:
      "User with SystemUserId={0} and AzureActiveDirectoryObjectId={1} is present in Azure Active Directory with state {2}. Please permanently delete user in Azure first.",
  },
  UserOwnsRecords: {
    code: "0x80048610",
    status: 400,
    message: "Can't delete a user which owns records. Reassign or delete the records and try again (UserId = {0}).",
  },

  // Roles
  RoleNameExists: {
    code: "0x80041403",
    status: 400,
    message: "The role with the specified name already exists.",
  },
  RoleNameMissing: { code: "0x80041407", status: 400, message: "The role name was unexpectedly missing." },
  RoleBusinessUnitMissing: {
    code: "0x80041406",
    status: 400,
    message: "The role's business unit ID was unexpectedly missing.",
  },
  RoleInherited: {
    code: "0x8004140C",
    status: 400,
    message: "Cannot delete a role that is inherited from a parent business.",
  },
  SystemAdministratorFixed: {
    code: "0x80041D2E",
    status: 400,
    message: "The System Administrator Role cannot be deleted.",
  },
  SystemCustomizerFixed: {
    code: "0x80041D4A",
    status: 400,
    message: "The System Customizer Role cannot be deleted.",
  },
  BasicUserFixed: { code: "0x80041D5A", status: 400, message: "The Basic User Role cannot be deleted." },
  SupportUserFixed: { code: "0x80041D42", status: 400, message: "The Support User Role cannot be deleted." },
  SpecialRoleFixed: { code: "0x80041D55", status: 400, message: "The role cannot be deleted." },
  ManagedRoleFixed: {
    code: "0x8004F032",
    status: 400,
    message:
      "The '{2}' operation on the current component(name='{0}', id='{1}') failed during managed property evaluation of condition: '{3}'",
  },
  SupportUserNotAssignable: {
    code: "0x80041D44",
    status: 400,
    message: "The Support User Role cannot be assigned to a user.",
  },
  UserInOtherBusinessUnit: {
    code: "0x80041409",
    status: 400,
    message:
      "The user with id={0} belongs to a different business unit={1} than the role with roleId={2} and rolebusinessUnit={3}.",
  },
  TeamInOtherBusinessUnit: {
    code: "0x8004140A",
    status: 400,
    message:
      "The team with id={0} belongs to a different business unit={1} than the role with roleId={2} and rolebusinessUnit={3}.",
  },
  LastSystemAdministrator: {
    code: "0x80041D30",
    status: 400,
    message: "A user cannot be removed from the System Administrator Role if they are the only user that has the role.",
  },
  DepthNotAllowed: {
    code: "0x8004140B",
    status: 400,
    message: "The depth {0} is not valid for the privilege {1}.",
  },
  PrivilegeNotFound: { code: "0x80040217", status: 404, message: "privilege With Id = {0} Does Not Exist" },

  ...organizationErrors,
  ...batchErrors,
  ...throttlingErrors,
} as const satisfies Record<string, ErrorDefinition>;

/** Name of an error in the {@link catalogue}. */
export type ErrorName = keyof typeof catalogue;
