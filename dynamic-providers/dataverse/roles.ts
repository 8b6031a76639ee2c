import { z } from "zod";
import { isMissing, type Row } from "../api.ts";
import { id, optional, readRow } from "../rows.ts";
import { type Dataverse, literal } from "./client.ts";

/** A security role, or one business unit's copy of it. */
export interface SecurityRole {
  readonly roleId: string;
  readonly name: string;
  readonly businessUnitId: string;
  /** The root business unit's copy; its own id where it is that. */
  readonly rootRoleId: string;
  /** Set where the role was made from one of the platform's templates. */
  readonly templateId: string | undefined;
  /** Came with a managed solution, so cannot be changed. */
  readonly managed: boolean;
}

/** Names and template or fixed ids of the platform's own roles (wire facts D7): never to be given to an application. */
const defaultRoles: Record<string, string> = {
  "System Administrator": "627090ff-40a3-4053-8790-584edc5be201",
  "System Customizer": "119f245c-3cc8-4b62-b31c-d1a046ced15d",
  "Support User": "2d101bb3-5ced-4122-83f1-94d5efde4e3b",
  Delegate: "d892cc0b-28c7-4e88-bd92-72f2c366baed",
  "Basic User": "236750cd-45ae-4939-ab12-b24b920ced93",
  "Environment Maker": "d58407f2-48d5-e711-a82c-000d3a37c848",
  "Service Reader": "494d392f-d3f4-42ba-af49-30c6f41e6093",
  "Service Writer": "68f2d372-e1a5-4298-9a93-4b39757caf93",
  "Service Deleter": "3b305bc7-5cf5-464b-985e-d6237f6496f1",
};

const defaultIds = new Set(Object.values(defaultRoles));
const defaultNames = new Set(Object.keys(defaultRoles).map((name) => name.toLowerCase()));

/** True for the name of one of the platform's default roles, in any letter case. */
export const isDefaultRoleName = (name: string) => defaultNames.has(name.trim().toLowerCase());

/** True for one of the platform's default roles, or a copy of one: by template, id or name. */
export const isDefaultRole = (role: SecurityRole) =>
  [role.templateId, role.roleId, role.rootRoleId].some((id) => id !== undefined && defaultIds.has(id)) ||
  isDefaultRoleName(role.name);

const columns = "$select=roleid,name,ismanaged,_businessunitid_value,_parentrootroleid_value,_roletemplateid_value";

const shape = z.object({
  roleid: id,
  name: z.string(),
  ismanaged: optional(z.boolean()),
  _businessunitid_value: id,
  _parentrootroleid_value: optional(id),
  _roletemplateid_value: optional(id),
});

function roleOf(row: Row): SecurityRole {
  const role = readRow(shape, row, "a security role");
  return {
    roleId: role.roleid,
    name: role.name,
    businessUnitId: role._businessunitid_value,
    rootRoleId: role._parentrootroleid_value ?? role.roleid,
    templateId: role._roletemplateid_value,
    managed: role.ismanaged === true,
  };
}

/** A user with the roles that it holds directly. */
const holderShape = z.object({
  _businessunitid_value: id,
  systemuserroles_association: z.array(z.record(z.string(), z.unknown())),
});

export async function readRole(api: Dataverse, roleId: string): Promise<SecurityRole | undefined> {
  try {
    return roleOf(await api.get(`roles(${roleId})?${columns}`));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The role with that id, and the one with that name in the business unit (names are unique there), in one request. */
export async function findRoles(
  api: Dataverse,
  { roleId, name, businessUnitId }: { roleId: string; name: string; businessUnitId: string },
): Promise<{ byId: SecurityRole | undefined; byName: SecurityRole | undefined }> {
  const filter = `roleid eq ${roleId} or (name eq ${literal(name)} and _businessunitid_value eq ${businessUnitId})`;
  const roles = (await api.list(`roles?${columns}&$filter=${encodeURIComponent(filter)}`)).map(roleOf);
  return {
    byId: roles.find((role) => role.roleId === roleId),
    byName: roles.find((role) => role.name === name),
  };
}

/** The copy of a role that users of `businessUnitId` can hold: every business unit has its own. */
export async function roleCopy(
  api: Dataverse,
  role: SecurityRole,
  businessUnitId: string,
): Promise<SecurityRole | undefined> {
  if (role.businessUnitId === businessUnitId) return role;
  const filter = `_parentrootroleid_value eq ${role.rootRoleId} and _businessunitid_value eq ${businessUnitId}`;
  const [row] = await api.list(`roles?${columns}&$filter=${encodeURIComponent(filter)}`);
  return row && roleOf(row);
}

/** Creates a role under an id of the caller's choosing, by which a lost answer can be told from somebody else's role. */
export async function createRole(
  api: Dataverse,
  roleId: string,
  name: string,
  businessUnitId: string,
): Promise<SecurityRole> {
  await api.post("roles", {
    roleid: roleId,
    name,
    "businessunitid@odata.bind": `/businessunits(${businessUnitId})`,
  });
  return { roleId, name, businessUnitId, rootRoleId: roleId, templateId: undefined, managed: false };
}

export const renameRole = (api: Dataverse, roleId: string, name: string) => api.patch(`roles(${roleId})`, { name });

/** Deletes a role and with it all assignments; one that is gone already is fine. */
export async function deleteRole(api: Dataverse, roleId: string): Promise<void> {
  await api.delete(`roles(${roleId})`).catch((error) => {
    if (!isMissing(error)) throw error;
  });
}

/** A user's business unit and the roles that it holds directly; undefined when there is no such user. */
export async function holdings(
  api: Dataverse,
  userId: string,
): Promise<{ businessUnitId: string; roles: SecurityRole[] } | undefined> {
  const expand = `systemuserroles_association(${columns})`;
  try {
    const row = await api.get(`systemusers(${userId})?$select=_businessunitid_value&$expand=${expand}`);
    const holder = readRow(holderShape, row, "the application user");
    return { businessUnitId: holder._businessunitid_value, roles: holder.systemuserroles_association.map(roleOf) };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export async function assignRole(api: Dataverse, userId: string, roleId: string): Promise<void> {
  // The platform wants an absolute address for a collection (0x80048d19 otherwise).
  await api.post(`systemusers(${userId})/systemuserroles_association/$ref`, {
    "@odata.id": api.reference(`roles(${roleId})`),
  });
}

/** Takes a role from a user; a user, role or assignment that is gone already is fine. */
export async function unassignRole(api: Dataverse, userId: string, roleId: string): Promise<void> {
  await api.delete(`systemusers(${userId})/systemuserroles_association(${roleId})/$ref`).catch((error) => {
    if (!isMissing(error)) throw error;
  });
}
