import type { ErrorName } from "../errors.ts";
import { tableNamed } from "../model.ts";
import type { OrganizationData, Row } from "../organization-data.ts";
import { initialPrivileges, systemAdministratorTemplate } from "../organization-data.ts";
import { privilegesOfNewRole } from "../privileges.ts";
import { refuse } from "../refusal.ts";
import { isBelow } from "../security.ts";
import type { TableRules } from "./rules.ts";

/** Solution that holds what was made in the environment itself; the same id in every organization. */
export const activeSolutionId = "fd140aae-4df4-11dd-bd17-0019b9312238";

/** Roles that cannot be deleted, by role template or, where they have none, by the id of the root copy. */
const fixedRoles: Record<string, ErrorName> = {
  [systemAdministratorTemplate]: "SystemAdministratorFixed",
  "119f245c-3cc8-4b62-b31c-d1a046ced15d": "SystemCustomizerFixed",
  "236750cd-45ae-4939-ab12-b24b920ced93": "BasicUserFixed",
  "2d101bb3-5ced-4122-83f1-94d5efde4e3b": "SupportUserFixed",
  "d892cc0b-28c7-4e88-bd92-72f2c366baed": "SpecialRoleFixed",
  "d58407f2-48d5-e711-a82c-000d3a37c848": "SpecialRoleFixed",
  "494d392f-d3f4-42ba-af49-30c6f41e6093": "SpecialRoleFixed",
  "68f2d372-e1a5-4298-9a93-4b39757caf93": "SpecialRoleFixed",
  "3b305bc7-5cf5-464b-985e-d6237f6496f1": "SpecialRoleFixed",
};

/** Security roles: one copy in each business unit, all following the root copy (wire facts D7). */
export const roleRules: TableRules = {
  create(data, _caller, row) {
    if (!row.name) refuse("RoleNameMissing");
    if (!row.businessunitid) refuse("RoleBusinessUnitMissing");
    checkName(data, row, row.name as string);
    Object.assign(row, rootColumns(data, row.roleid as string), {
      iscustomizable: row.iscustomizable ?? managed("iscustomizableanddeletable", true),
      canbedeleted: row.canbedeleted ?? managed("canbedeleted", true),
    });
  },

  created(data, row) {
    data.setPrivilegesOfRole(row, initialPrivileges(privilegesOfNewRole));
    copyBelow(data, row);
  },

  update(data, _caller, row, changes) {
    checkEditable(row);
    delete changes.businessunitid;
    if (changes.name === null) refuse("RequiredNull", ["name", "role"]);
    if (changes.name) checkName(data, row, changes.name as string);
  },

  updated(data, row, changes) {
    for (const copy of copiesOf(data, row)) {
      if (copy !== row) data.update(copy, { ...changes, modifiedon: row.modifiedon });
    }
  },

  remove(data, row) {
    if (row.roleid !== row.parentrootroleid) refuse("RoleInherited");
    const fixed = fixedRoles[(row.roletemplateid ?? row.roleid) as string];
    if (fixed) refuse(fixed);
    if (row.ismanaged) refuse("ManagedRoleFixed", [row.name, row.roleid, "Delete", "canbedeleted"]);
    removeRole(data, row);
    return true;
  },
};

/** Refuses changes of a copy (the root's changes reach it), of System Administrator and of managed roles. */
export function checkEditable(row: Row): void {
  if (row.roleid !== row.parentrootroleid || row.roletemplateid === systemAdministratorTemplate) {
    refuse("ReadOnly");
  }
  const customizable = row.iscustomizable as { Value: boolean } | undefined;
  if (row.ismanaged && !customizable?.Value) {
    refuse("ManagedRoleFixed", [row.name, row.roleid, "Update", "iscustomizableanddeletable"]);
  }
}

/** All copies of a role's root, the root among them. */
/** All copies of a role, its own among them. */
export function copiesOf(data: OrganizationData, role: Row): Row[] {
  return [...data.rows("role").values()].filter((row) => row.parentrootroleid === role.parentrootroleid);
}

/** Gives every business unit below a role's own a copy of it. */
export function copyBelow(data: OrganizationData, role: Row): void {
  for (const unit of data.rows("businessunit").values()) {
    if (unit.parentbusinessunitid !== role.businessunitid) continue;
    copyBelow(data, copyInto(data, role, unit.businessunitid as string));
  }
}

/** Copies a role of the parent business unit into a business unit, with an id of its own. */
export function copyInto(data: OrganizationData, parent: Row, businessUnitId: string): Row {
  const roleid = data.context.store.newId("role", parent.parentrootroleid, businessUnitId);
  return data.insert("role", {
    ...structuredClone(parent),
    roleid,
    roleidunique: data.context.store.newId("roleidunique", roleid),
    businessunitid: businessUnitId,
    parentroleid: parent.roleid,
  });
}

/** Removes a role with all copies, and with them every assignment. */
export function removeRole(data: OrganizationData, role: Row): void {
  const copies = copiesOf(data, role);
  data.collection("privilegesOfRootRole").delete(role.parentrootroleid as string);
  for (const copy of copies) data.remove(tableNamed("role"), copy.roleid as string);
}

/** The roles that a managed solution brought, which go with it. */
export function rolesOfSolution(data: OrganizationData, solution: Row): Row[] {
  return [...data.rows("role").values()].filter(
    ({ solutionid, roleid, parentrootroleid }) => solutionid === solution.solutionid && roleid === parentrootroleid,
  );
}

/** Columns that a root copy has of itself. */
export function rootColumns(data: OrganizationData, roleid: string): Row {
  return {
    parentrootroleid: roleid,
    parentroleid: null,
    roleidunique: data.context.store.newId("roleidunique", roleid),
    solutionid: activeSolutionId,
  };
}

export function managed(name: string, value: boolean): object {
  return { Value: value, CanBeChanged: value, ManagedPropertyLogicalName: name };
}

/** A role's name is unique in its business unit, and its copies must fit into those below. */
function checkName(data: OrganizationData, role: Row, name: string): void {
  const businessUnitId = role.businessunitid as string;
  const taken = [...data.rows("role").values()].some(
    (other) =>
      other.parentrootroleid !== (role.parentrootroleid ?? role.roleid) &&
      (other.name as string).toLowerCase() === name.toLowerCase() &&
      (other.businessunitid === businessUnitId || isBelow(data, other.businessunitid as string, businessUnitId)),
  );
  if (taken) refuse("RoleNameExists");
}
