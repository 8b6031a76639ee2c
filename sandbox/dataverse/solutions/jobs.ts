import { tableNamed } from "../model.ts";
import type { OrganizationData, Row } from "../organization-data.ts";
import type { Caller } from "../security.ts";
import { initialColumns } from "../writing.ts";
import { finish, type Outcome, outcomes, pending } from "./outcomes.ts";

/** `asyncoperation.operationtype` (wire facts D11). */
export const operationTypes = { import: 203, stageAndUpgrade: 211 } as const;

/** Writes down an import that is done: its job with the log. */
export function recordImport(data: OrganizationData, caller: Caller, importJobId: string, outcome: Outcome): void {
  start(data, caller, importJobId, outcome);
  finish(data, importJobId);
}

/** Writes down an import in the background; gives the id of its operation, which is running until it was read once. */
export function recordBackgroundImport(
  data: OrganizationData,
  caller: Caller,
  importJobId: string,
  outcome: Outcome,
  operationtype: number,
): string {
  start(data, caller, importJobId, outcome);
  const asyncoperationid = data.context.store.newId("asyncoperation", importJobId);
  insert(data, caller, "asyncoperation", {
    asyncoperationid,
    name: `Solution ${outcome.uniqueName}`,
    operationtype,
    statecode: 2, // locked
    statuscode: 20, // in progress
    startedon: data.now(),
    ownerid: caller.id,
    owninguser: caller.id,
    owningbusinessunit: caller.businessUnitId,
  });
  pending(data).set(asyncoperationid, importJobId);
  return asyncoperationid;
}

function start(data: OrganizationData, caller: Caller, importjobid: string, outcome: Outcome): void {
  outcomes(data).set(importjobid, outcome);
  const columns = { importjobid, solutionname: outcome.uniqueName, startedon: data.now(), progress: 0 };
  insert(data, caller, "importjob", columns);
}

function insert(data: OrganizationData, caller: Caller, table: string, columns: Row): void {
  const [now, by] = [data.now(), caller.id];
  const stamps = { createdon: now, createdby: by, modifiedon: now, modifiedby: by };
  const { organizationid } = tableNamed(table).columns;
  const ofOrganization = organizationid && { organizationid: data.organization.id };
  data.insert(table, { ...initialColumns(data, tableNamed(table)), ...ofOrganization, ...stamps, ...columns });
}
