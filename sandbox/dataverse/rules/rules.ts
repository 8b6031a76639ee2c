import type { OrganizationData, Row } from "../organization-data.ts";
import type { Caller } from "../security.ts";
import type { Table } from "../table.ts";
import { businessUnitRules } from "./business-units.ts";
import { recordRules } from "./records.ts";
import { roleRules } from "./roles.ts";
import { solutionRules } from "./solutions.ts";
import { teamRules } from "./teams.ts";
import { userRules } from "./users.ts";

/** What a table does beyond storing rows. Every hook may refuse; nothing has been changed when it does. */
export interface TableRules {
  /** Completes a new row that has its defaults already. */
  create?(data: OrganizationData, caller: Caller, row: Row): void;
  /** After a row was created. */
  created?(data: OrganizationData, row: Row): void;
  /** Completes the changes that are about to be made. */
  update?(data: OrganizationData, caller: Caller, row: Row, changes: Row): void;
  /** After a row was changed. */
  updated?(data: OrganizationData, row: Row, changes: Row): void;
  /** After a row was read by its id. */
  read?(data: OrganizationData, row: Row): void;
  /** Before a row is deleted; true when it did itself what is to be done. */
  remove?(data: OrganizationData, row: Row): boolean;
}

const rules: Record<string, TableRules> = {
  systemuser: userRules,
  role: roleRules,
  businessunit: businessUnitRules,
  team: teamRules,
  ...recordRules,
  ...solutionRules,
};

/** The rules of a table; none for most. */
export function rulesOf(table: Table): TableRules {
  return rules[table.logicalName] ?? {};
}
