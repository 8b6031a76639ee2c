import { tableNamed } from "./model.ts";
import type { OrganizationData, Row } from "./organization-data.ts";
import { allowsDepth, type Depth, depths, privileges } from "./privileges.ts";
import { notServed, refuse } from "./refusal.ts";
import type { Answer, DataverseRequest } from "./request.ts";
import { checkEditable } from "./rules/roles.ts";
import { privilegesOfRoles, requireRightOn } from "./security.ts";
import { guidPattern } from "./url.ts";

/** Adds privileges to a role; one that it holds already gets the new depth. */
export function addPrivilegesRole(request: DataverseRequest, _parameters: unknown, role: Row): Answer {
  const added = privilegesParameter(request, "AddPrivilegesRole");
  return change(request, role, (held) => new Map([...held, ...added]));
}

/** Makes a role hold exactly these privileges. */
export function replacePrivilegesRole(request: DataverseRequest, _parameters: unknown, role: Row): Answer {
  const wanted = privilegesParameter(request, "ReplacePrivilegesRole");
  return change(request, role, () => wanted);
}

export function removePrivilegeRole(request: DataverseRequest, _parameters: unknown, role: Row): Answer {
  const id = (request.body as { PrivilegeId?: unknown } | undefined)?.PrivilegeId;
  const known = privilegeOf(id, "RemovePrivilegeRole");
  return change(request, role, (held) => new Map([...held].filter(([other]) => other !== known)));
}

export function retrieveRolePrivilegesRole(request: DataverseRequest, parameters: ReadonlyMap<string, string>): Answer {
  const { data, caller } = request;
  const id = parameters.get("RoleId") ?? "";
  if (!guidPattern.test(id)) refuse("ParameterMissing", ["RoleId", "RetrieveRolePrivilegesRole", "Edm.Guid"]);
  const role = data.get("role", id.toLowerCase());
  requireRightOn(data, caller, tableNamed("role"), "Read", role);
  const list = rolePrivileges(data.privilegesOfRole(role), role.businessunitid as string);
  return answer(request, "RetrieveRolePrivilegesRoleResponse", list);
}

/** What a user holds by its own roles; those of its teams do not show here (wire facts D7). */
export function retrieveUserPrivileges(request: DataverseRequest, _parameters: unknown, user: Row): Answer {
  const { data, caller } = request;
  requireRightOn(data, caller, tableNamed("systemuser"), "Read", user);
  const roleIds = data.linked("systemuserroles", "systemuserid", user.systemuserid as string, "roleid");
  const list = rolePrivileges(privilegesOfRoles(data, roleIds), user.businessunitid as string);
  return answer(request, "RetrieveUserPrivilegesResponse", list);
}

function change(
  { data, caller }: DataverseRequest,
  role: Row,
  next: (held: ReadonlyMap<string, Depth>) => ReadonlyMap<string, Depth>,
): Answer {
  requireRightOn(data, caller, tableNamed("role"), "Write", role);
  checkEditable(role);
  data.setPrivilegesOfRole(role, next(data.privilegesOfRole(role)));
  touch(data, role);
  return { status: 204 };
}

function touch(data: OrganizationData, role: Row): void {
  data.update(role, { modifiedon: data.now() });
}

/** The `Privileges` parameter: a list of PrivilegeId and Depth, which is all that the service reads of each. */
function privilegesParameter(request: DataverseRequest, action: string): Map<string, Depth> {
  const list = (request.body as { Privileges?: unknown } | undefined)?.Privileges;
  if (!Array.isArray(list)) {
    refuse("ParameterMissing", ["Privileges", action, "Collection(Microsoft.Dynamics.CRM.RolePrivilege)"]);
  }
  return new Map(
    list.map((item: { PrivilegeId?: unknown; Depth?: unknown; RecordFilterId?: unknown }) => {
      for (const name of Object.keys(item ?? {})) {
        if (!members.has(name)) refuse("PropertyUndeclared", [action, name, "RolePrivilege"]);
      }
      if ((item?.RecordFilterId ?? noFilter) !== noFilter) notServed("record filters of privileges");
      const depth = depthOf(item?.Depth, action);
      const id = privilegeOf(item?.PrivilegeId, action);
      const privilege = privileges.get(id)!;
      if (!allowsDepth(privilege, depth)) refuse("DepthNotAllowed", [depth, privilege.name]);
      return [id, depth] as const;
    }),
  );
}

const noFilter = "00000000-0000-0000-0000-000000000000";

/** What each of the `Privileges` may say. */
const members = new Set([
  "@odata.type",
  "Depth",
  "PrivilegeId",
  "BusinessUnitId",
  "PrivilegeName",
  "RecordFilterId",
  "RecordFilterUniqueName",
]);

function depthOf(value: unknown, action: string): Depth {
  const depth = depths.find((name, number) => value === name || value === number);
  return depth ?? refuse("ParameterMissing", ["Depth", action, "Microsoft.Dynamics.CRM.PrivilegeDepth"]);
}

function privilegeOf(value: unknown, action: string): string {
  if (typeof value !== "string" || !guidPattern.test(value)) {
    refuse("ParameterMissing", ["PrivilegeId", action, "Edm.Guid"]);
  }
  const id = value.toLowerCase();
  return privileges.has(id) ? id : refuse("PrivilegeNotFound", [id]);
}

function rolePrivileges(held: ReadonlyMap<string, Depth>, businessUnitId: string): unknown[] {
  return [...held].map(([id, depth]) => ({
    Depth: depth,
    PrivilegeId: id,
    BusinessUnitId: businessUnitId,
    PrivilegeName: privileges.get(id)!.name,
    RecordFilterId: noFilter,
    RecordFilterUniqueName: "",
  }));
}

function answer({ base }: DataverseRequest, type: string, list: unknown[]): Answer {
  return {
    status: 200,
    body: { "@odata.context": `${base}$metadata#Microsoft.Dynamics.CRM.${type}`, RolePrivileges: list },
  };
}
