import { tableNamed } from "../model.ts";
import type { OrganizationData, Row } from "../organization-data.ts";
import { notServed, refuse } from "../refusal.ts";
import { copyBelow, copyInto, removeRole } from "./roles.ts";
import type { TableRules } from "./rules.ts";

/** Business units: a tree under one root; each has a default team and a copy of every role of its parent. */
export const businessUnitRules: TableRules = {
  create(data, _caller, row) {
    if (!row.parentbusinessunitid) refuse("BusinessUnitParentMissing");
    checkName(data, row, row.name as string | undefined);
  },

  created(data, row) {
    const id = row.businessunitid as string;
    const inherited = [...data.rows("role").values()].filter(
      (role) => role.businessunitid === row.parentbusinessunitid,
    );
    for (const role of inherited) copyBelow(data, copyInto(data, role, id));
    createDefaultTeam(data, row, row.createdby as string);
  },

  update(data, _caller, row, changes) {
    const isRoot = !row.parentbusinessunitid;
    if (isRoot && changes.isdisabled === true) refuse("RootBusinessUnitEnabled");
    const moved = "parentbusinessunitid" in changes;
    if (moved && (changes.parentbusinessunitid ?? null) !== (row.parentbusinessunitid ?? null)) {
      notServed("moving a business unit under another");
    }
    if (typeof changes.name === "string") checkName(data, row, changes.name);
  },

  updated(data, row, changes) {
    if (!changes.name) return;
    const team = [...data.rows("team").values()].find(
      (team) => team.isdefault && team.businessunitid === row.businessunitid,
    );
    if (team) data.update(team, { name: changes.name });
  },

  remove(data, row) {
    const id = row.businessunitid as string;
    if (!row.isdisabled) refuse("BusinessUnitEnabled");
    const of = (table: string, column: string) =>
      [...data.rows(table).values()].filter((other) => other[column] === id);
    if (of("businessunit", "parentbusinessunitid").length > 0) refuse("BusinessUnitHasChild");
    const teams = of("team", "businessunitid");
    if (of("systemuser", "businessunitid").length > 0 || teams.some((team) => !team.isdefault)) {
      refuse("DeleteBlockedByAssociation", ["Users or teams belong to the business unit."]);
    }
    for (const team of teams) data.remove(tableNamed("team"), team.teamid as string);
    for (const role of of("role", "businessunitid")) {
      if (role.roleid === role.parentrootroleid) removeRole(data, role);
      else data.remove(tableNamed("role"), role.roleid as string);
    }
    return false;
  },
};

/** The team of a business unit's name that all its users belong to. */
export function createDefaultTeam(data: OrganizationData, unit: Row, administratorId: string): void {
  const now = data.now();
  data.insert("team", {
    teamid: data.context.store.newId("default team", unit.businessunitid),
    name: unit.name,
    description: "Default team for the parent business unit.",
    teamtype: 0,
    isdefault: true,
    businessunitid: unit.businessunitid,
    administratorid: administratorId,
    organizationid: data.organization.id,
    createdon: now,
    createdby: administratorId,
    modifiedon: now,
    modifiedby: administratorId,
  });
}

function checkName(data: OrganizationData, row: Row, name: string | undefined): void {
  const taken = [...data.rows("businessunit").values()].some(
    (other) => other !== row && (other.name as string).toLowerCase() === name?.toLowerCase(),
  );
  if (taken) refuse("NotUnique", ["businessunit", "name", name]);
}
