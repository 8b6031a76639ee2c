import { notServed, refuse } from "../refusal.ts";
import type { TableRules } from "./rules.ts";
import { ownsRows } from "./users.ts";

/** Teams: a new one is its creator's; the default team of a business unit is the platform's. */
export const teamRules: TableRules = {
  create(_data, caller, row) {
    row.businessunitid ??= caller.businessUnitId;
    row.administratorid ??= caller.id;
  },

  update(_data, _caller, row, changes) {
    const moved = "businessunitid" in changes && changes.businessunitid !== row.businessunitid;
    if (moved) notServed("moving a team to another business unit");
    if (row.isdefault && changes.name && changes.name !== row.name) {
      refuse("DefaultTeamNameFixed", [row.teamid]);
    }
  },

  remove(data, row) {
    if (row.isdefault) refuse("DefaultTeamFixed", [row.teamid]);
    if (ownsRows(data, row.teamid as string)) refuse("TeamOwnsRecords", [row.teamid]);
    return false;
  },
};
