import { tableNamed } from "./model.ts";
import type { Row } from "./organization-data.ts";
import { allowOnly } from "./query-options.ts";
import { notServed, refuse } from "./refusal.ts";
import type { Answer, DataverseRequest } from "./request.ts";
import {
  addPrivilegesRole,
  removePrivilegeRole,
  replacePrivilegesRole,
  retrieveRolePrivilegesRole,
  retrieveUserPrivileges,
} from "./role-privileges.ts";
import { solutionOperations } from "./solutions/operations.ts";
import type { Table } from "./table.ts";
import { parseArguments } from "./url.ts";

/** A function (GET) or action (POST) of the Web API. */
export interface Operation {
  readonly method: "GET" | "POST";
  /** Names and types of its parameters, and the type of what it returns, as the CSDL has them. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly returns?: string;
  run(request: DataverseRequest, parameters: ReadonlyMap<string, string>, row: Row): Answer;
}

/** Operations on the organization, by name. */
export const unbound: Readonly<Record<string, Operation>> = {
  WhoAmI: { method: "GET", parameters: {}, returns: "mscrm.WhoAmIResponse", run: whoAmI },
  RetrieveCurrentOrganization: {
    method: "GET",
    parameters: { AccessType: "mscrm.EndpointAccessType" },
    returns: "mscrm.RetrieveCurrentOrganizationResponse",
    run: retrieveCurrentOrganization,
  },
  RetrieveRolePrivilegesRole: {
    method: "GET",
    parameters: { RoleId: "Edm.Guid" },
    returns: "mscrm.RetrieveRolePrivilegesRoleResponse",
    run: retrieveRolePrivilegesRole,
  },
  ...solutionOperations,
};

const privilegesParameter = { Privileges: "Collection(mscrm.RolePrivilege)" };

/** Operations on one row: table, then name without the namespace. */
export const bound: Readonly<Record<string, Readonly<Record<string, Operation>>>> = {
  role: {
    AddPrivilegesRole: { method: "POST", parameters: privilegesParameter, run: addPrivilegesRole },
    ReplacePrivilegesRole: { method: "POST", parameters: privilegesParameter, run: replacePrivilegesRole },
    RemovePrivilegeRole: { method: "POST", parameters: { PrivilegeId: "Edm.Guid" }, run: removePrivilegeRole },
  },
  systemuser: {
    RetrieveUserPrivileges: {
      method: "GET",
      parameters: {},
      returns: "mscrm.RetrieveUserPrivilegesResponse",
      run: retrieveUserPrivileges,
    },
  },
};

const namespace = "Microsoft.Dynamics.CRM.";

export function isUnboundOperation(name: string): boolean {
  return Object.hasOwn(unbound, name);
}

export function runUnbound(request: DataverseRequest, name: string, text: string | undefined): Answer {
  return run(request, name, unbound[name]!, text, {});
}

/** Runs a bound operation. Dataverse takes its name only with the namespace. */
export function runBound(
  request: DataverseRequest,
  table: Table,
  row: Row,
  name: string,
  text: string | undefined,
): Answer {
  const short = name.slice(namespace.length);
  const operations = bound[table.logicalName] ?? {};
  if (!Object.hasOwn(operations, short)) notServed(`the operation ${name} of ${table.entitySet}`);
  return run(request, short, operations[short]!, text, row);
}

export function isBoundOperation(name: string): boolean {
  return name.startsWith(namespace);
}

function run(
  request: DataverseRequest,
  name: string,
  operation: Operation,
  text: string | undefined,
  row: Row,
): Answer {
  if (request.method !== operation.method) refuse("MethodNotAllowed", [request.method]);
  allowOnly(request.query);
  const parameters = parseArguments(text ?? "", request.query.aliases);
  const given = operation.method === "GET" ? [...parameters.keys()] : Object.keys((request.body as object) ?? {});
  for (const parameter of given) {
    if (!Object.hasOwn(operation.parameters, parameter)) refuse("ParameterUndeclared", [parameter, name]);
  }
  return operation.run(request, parameters, row);
}

function whoAmI(request: DataverseRequest): Answer {
  const { caller, data, base } = request;
  return {
    status: 200,
    body: {
      "@odata.context": `${base}$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse`,
      BusinessUnitId: caller.businessUnitId,
      UserId: caller.id,
      OrganizationId: data.organization.id,
    },
  };
}

function retrieveCurrentOrganization(
  { data, base }: DataverseRequest,
  parameters: ReadonlyMap<string, string>,
): Answer {
  const access = parameters.get("AccessType");
  if (!access || !/^Microsoft\.Dynamics\.CRM\.EndpointAccessType'(Default|Internet|Intranet)'$/.test(access)) {
    refuse("ParameterMissing", [
      "AccessType",
      "RetrieveCurrentOrganization",
      "Microsoft.Dynamics.CRM.EndpointAccessType",
    ]);
  }
  const { id, name, tenantId, friendlyName } = data.organization;
  const uniqueName = data.get(tableNamed("organization").logicalName, id).name;
  const addresses = {
    WebApplication: `${data.url}/`,
    OrganizationService: `${data.url}/XRMServices/2011/Organization.svc`,
    OrganizationDataService: `${data.url}/XRMServices/2011/OrganizationData.svc`,
  };
  return {
    status: 200,
    body: {
      "@odata.context": `${base}$metadata#Microsoft.Dynamics.CRM.RetrieveCurrentOrganizationResponse`,
      Detail: {
        OrganizationId: id,
        FriendlyName: friendlyName,
        OrganizationVersion: "9.2.25063.198",
        EnvironmentId: id,
        DatacenterId: "00000000-0000-0000-0000-000000000000",
        Geo: "EMEA",
        TenantId: tenantId,
        UrlName: name,
        UniqueName: uniqueName,
        SchemaType: "Full",
        OrganizationType: "CustomerTest",
        Endpoints: {
          Count: Object.keys(addresses).length,
          IsReadOnly: false,
          Keys: Object.keys(addresses),
          Values: Object.values(addresses),
        },
        State: "Enabled",
      },
    },
  };
}
