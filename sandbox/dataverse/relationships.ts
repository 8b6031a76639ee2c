import { tableNamed } from "./model.ts";
import type { OrganizationData, Row } from "./organization-data.ts";
import { depths, privileges } from "./privileges.ts";
import { notServed, refuse } from "./refusal.ts";
import { checkAdministratorRemains } from "./rules/administrators.ts";
import { type Caller, requireRightOn } from "./security.ts";
import type { Table } from "./table.ts";

/** Both rows of a many-to-many link, found from either end. */
interface Ends {
  readonly intersect: string;
  readonly ids: Record<string, string>;
  row(logicalName: string): Row;
}

/** Links two rows of a many-to-many relationship; what it takes depends on which. */
export function link(
  data: OrganizationData,
  caller: Caller,
  table: Table,
  row: Row,
  navigation: string,
  target: Row,
): void {
  const collection = table.collections[navigation] ?? refuse("SegmentNotFound", [navigation]);
  if (!collection.intersect) notServed(`linking rows through ${navigation}; set the other row's lookup`);
  const ends = endsOf(table, row, collection, target);
  if (ends.intersect === "systemuserroles") checkRoleForUser(data, caller, ends);
  else if (ends.intersect === "teamroles") checkRoleForTeam(data, caller, ends);
  else if (ends.intersect === "teammembership") checkMembership(data, caller, ends, "DefaultTeamMembersAdd");
  else notServed(`linking rows of ${navigation}; use the actions of the role`);
  if (!data.link(ends.intersect, ends.ids) && data.switch("roleAlreadyAssigned") !== "204") {
    refuse("DuplicateAssociation");
  }
}

/** Ends a link of two rows of a many-to-many relationship. */
export function unlink(
  data: OrganizationData,
  caller: Caller,
  table: Table,
  row: Row,
  navigation: string,
  target: Row,
): void {
  const collection = table.collections[navigation] ?? refuse("SegmentNotFound", [navigation]);
  if (!collection.intersect) notServed(`ending links through ${navigation}; clear the other row's lookup`);
  const ends = endsOf(table, row, collection, target);
  const { intersect, ids } = ends;
  if (intersect === "teammembership") {
    checkMembership(data, caller, ends, "DefaultTeamMembersRemove");
  } else if (intersect === "roleprivileges") {
    notServed(`ending links of ${navigation}; use the actions of the role`);
  } else {
    requireRightOn(data, caller, tableNamed("role"), "Assign", ends.row("role"));
  }
  if (intersect === "systemuserroles") {
    checkAdministratorRemains(data, ends.row("systemuser"), ends.row("role"));
  }
  const found = data.unlink(intersect, (link) => Object.entries(ids).every(([column, id]) => link[column] === id));
  if (found === 0 && data.switch("roleNotAssigned") === "404") {
    refuse("NotAssociated", [row[table.primaryId], Object.values(ids).find((id) => id !== row[table.primaryId])]);
  }
}

function endsOf(table: Table, row: Row, collection: Table["collections"][string], target: Row): Ends {
  const { table: intersect, from, to } = collection.intersect!;
  const other = tableNamed(collection.target);
  return {
    intersect,
    ids: { [from]: row[table.primaryId] as string, [to]: target[other.primaryId] as string },
    row: (logicalName) => (logicalName === table.logicalName ? row : target),
  };
}

/** The role must be the copy of the user's business unit, and no greater than the caller's own rights (wire facts D5). */
function checkRoleForUser(data: OrganizationData, caller: Caller, ends: Ends): void {
  const [user, role] = [ends.row("systemuser"), ends.row("role")];
  requireRightOn(data, caller, tableNamed("systemuser"), "Read", user);
  requireRightOn(data, caller, tableNamed("role"), "Assign", role);
  if (role.roletemplateid === "2d101bb3-5ced-4122-83f1-94d5efde4e3b") refuse("SupportUserNotAssignable");
  if (user.businessunitid !== role.businessunitid && !data.setting("EnableOwnershipAcrossBusinessUnits")) {
    refuse(
      "UserInOtherBusinessUnit",
      [user.systemuserid, user.businessunitid, role.roleid, role.businessunitid],
      Number(data.switch("roleOfOtherBusinessUnitStatus")),
    );
  }
  checkNotGreater(data, caller, role);
}

function checkRoleForTeam(data: OrganizationData, caller: Caller, ends: Ends): void {
  const [team, role] = [ends.row("team"), ends.row("role")];
  requireRightOn(data, caller, tableNamed("team"), "Read", team);
  requireRightOn(data, caller, tableNamed("role"), "Assign", role);
  if (team.businessunitid !== role.businessunitid) {
    refuse("TeamInOtherBusinessUnit", [team.teamid, team.businessunitid, role.roleid, role.businessunitid]);
  }
  checkNotGreater(data, caller, role);
}

function checkMembership(
  data: OrganizationData,
  caller: Caller,
  ends: Ends,
  refusal: "DefaultTeamMembersAdd" | "DefaultTeamMembersRemove",
): void {
  const team = ends.row("team");
  requireRightOn(data, caller, tableNamed("team"), "Write", team);
  requireRightOn(data, caller, tableNamed("systemuser"), "Read", ends.row("systemuser"));
  if (team.isdefault) refuse(refusal, [team.teamid]);
}

function checkNotGreater(data: OrganizationData, caller: Caller, role: Row): void {
  const missing = [...data.privilegesOfRole(role)].filter(([id, depth]) => {
    const own = caller.privileges.get(id);
    return !own || depths.indexOf(own) < depths.indexOf(depth);
  });
  if (missing.length === 0) return;
  const names = missing.map(([id]) => privileges.get(id)!.name).join(", ");
  refuse("RoleExceedsCaller", [caller.id, role.roleid, names], Number(data.switch("roleExceedsCallerStatus")));
}
