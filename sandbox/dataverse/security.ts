import { deeper, type OrganizationData, type Row } from "./organization-data.ts";
import { type AccessRight, type Depth, privilegeNamed } from "./privileges.ts";
import { refuse } from "./refusal.ts";
import type { Table } from "./table.ts";

/** The user a request acts as, with all its roles give it: its own, and those of its teams. */
export interface Caller {
  readonly id: string;
  readonly businessUnitId: string;
  readonly accessMode: number;
  readonly roleCount: number;
  /** Teams whose rows count as its own. */
  readonly teamIds: ReadonlySet<string>;
  /** Privilege id to the greatest depth of all roles. */
  readonly privileges: ReadonlyMap<string, Depth>;
  /** Who really sent the request, where that user acts on behalf of this one. */
  readonly delegateId?: string;
}

/** Reads what a user may do now; so a change of its roles is felt by its next request. */
export function callerOf(data: OrganizationData, user: Row): Caller {
  const id = user.systemuserid as string;
  const teamIds = data.linked("teammembership", "systemuserid", id, "teamid");
  const roleIds = [
    ...data.linked("systemuserroles", "systemuserid", id, "roleid"),
    ...teamIds.flatMap((team) => data.linked("teamroles", "teamid", team, "roleid")),
  ];
  return {
    id,
    businessUnitId: user.businessunitid as string,
    accessMode: user.accessmode as number,
    roleCount: roleIds.length,
    teamIds: new Set(teamIds),
    privileges: privilegesOfRoles(data, roleIds),
  };
}

/** The privileges of several roles together: of each the greatest depth. */
export function privilegesOfRoles(data: OrganizationData, roleIds: readonly string[]): Map<string, Depth> {
  const held = new Map<string, Depth>();
  for (const roleId of roleIds) {
    for (const [id, depth] of data.privilegesOfRole(data.get("role", roleId))) {
      held.set(id, deeper(held.get(id), depth));
    }
  }
  return held;
}

/** Requires a right on a table at some depth (403 0x80040220), and gives the depth. Tables without privileges are open. */
export function requireRight(caller: Caller, table: Table, right: AccessRight): Depth {
  if (!table.privilege) return "Global";
  const privilege = privilegeNamed(`prv${right}${table.privilege}`);
  const depth = caller.privileges.get(privilege.privilegeid);
  if (depth) return depth;
  return requireNamed(caller, privilege.name, table);
}

/** Requires a privilege by name, whatever its depth. */
export function requireNamed(
  caller: Caller,
  name: string,
  table: Pick<Table, "objectTypeCode" | "logicalName" | "schemaName">,
): Depth {
  const { privilegeid } = privilegeNamed(name);
  return (
    caller.privileges.get(privilegeid) ??
    refuse("PrivilegeMissing", [
      caller.id,
      caller.roleCount,
      caller.privileges.size,
      caller.accessMode,
      name,
      privilegeid,
      table.objectTypeCode,
      table.logicalName,
      table.schemaName,
    ])
  );
}

/** Requires a right on one row: the privilege, deep enough to reach the row. */
export function requireRightOn(
  data: OrganizationData,
  caller: Caller,
  table: Table,
  right: AccessRight,
  row: Row,
): void {
  const depth = requireRight(caller, table, right);
  if (reaches(data, caller, table, depth, row)) return;
  const { name, privilegeid } = privilegeNamed(`prv${right}${table.privilege}`);
  refuse("AccessMissing", [
    caller.id,
    name,
    privilegeid,
    neededDepth(data, caller, table, row),
    caller.businessUnitId,
    caller.privileges.size,
    caller.privileges.size,
  ]);
}

/** The rows of a table that the caller may read; 403 only when it may read none at all. */
export function readableRows(data: OrganizationData, caller: Caller, table: Table): Row[] {
  const depth = requireRight(caller, table, "Read");
  const rows = [...data.rows(table.logicalName).values()];
  return depth === "Global" ? rows : rows.filter((row) => reaches(data, caller, table, depth, row));
}

/** Basic reaches the caller's own rows, Local its business unit's, Deep those below too, Global all. */
function reaches(data: OrganizationData, caller: Caller, table: Table, depth: Depth, row: Row): boolean {
  if (depth === "Global") return true;
  if (isOwn(caller, table, row)) return true;
  if (depth === "Basic") return false;
  const businessUnitId = businessUnitOf(table, row);
  if (businessUnitId === caller.businessUnitId) return true;
  return depth === "Deep" && isBelow(data, businessUnitId, caller.businessUnitId);
}

/** Whether a business unit is under another, at any level. */
export function isBelow(data: OrganizationData, id: string | undefined, ancestor: string): boolean {
  let current = id && data.find("businessunit", id);
  while (current) {
    const parent = current.parentbusinessunitid as string | undefined;
    if (parent === ancestor) return true;
    current = parent && data.find("businessunit", parent);
  }
  return false;
}

function isOwn(caller: Caller, table: Table, row: Row): boolean {
  if (table.ownership === "UserOwned") {
    return row.ownerid === caller.id || caller.teamIds.has(row.ownerid as string);
  }
  if (table.logicalName === "systemuser") return row.systemuserid === caller.id;
  return table.logicalName === "team" && caller.teamIds.has(row.teamid as string);
}

function businessUnitOf(table: Table, row: Row): string | undefined {
  return (table.ownership === "UserOwned" ? row.owningbusinessunit : row.businessunitid) as string | undefined;
}

function neededDepth(data: OrganizationData, caller: Caller, table: Table, row: Row): Depth {
  return (["Local", "Deep"] as const).find((depth) => reaches(data, caller, table, depth, row)) ?? "Global";
}
