import { tableNamed } from "./model.ts";
import type { OrganizationData, Row } from "./organization-data.ts";
import type { Payload } from "./payload.ts";
import { notServed, refuse } from "./refusal.ts";
import { link } from "./relationships.ts";
import { rulesOf } from "./rules/rules.ts";
import { type Caller, requireRight, requireRightOn } from "./security.ts";
import type { Table } from "./table.ts";

/** Creates a row: defaults, the table's own rules, the caller's right to a row like it, then the row and its links. */
export function createRow(data: OrganizationData, caller: Caller, table: Table, payload: Payload, id?: string): Row {
  if (table.platformOnly) refuse("OperationNotSupported", ["Create", table.logicalName]);
  requireRight(caller, table, "Create");
  const row: Row = {};
  Object.assign(row, initialColumns(data, table), payload.columns);
  if (id) row[table.primaryId] = id;
  const given = row[table.primaryId] as string | null | undefined;
  if (given && data.find(table.logicalName, given)) refuse("DuplicateRecord");
  if (given === "00000000-0000-0000-0000-000000000000") {
    refuse("RequiredMissing", [table.primaryId, table.logicalName]);
  }
  const name = row.applicationid ?? row[table.primaryName ?? ""];
  row[table.primaryId] = given || data.context.store.newId(data.organization.id, table.logicalName, name);
  stamp(data, caller, table, row);
  const rules = rulesOf(table);
  rules.create?.(data, caller, row);
  for (const [name, column] of Object.entries(table.columns)) {
    if (column.required && row[name] == null) refuse("RequiredMissing", [name, table.logicalName]);
  }
  requireRightOn(data, caller, table, "Create", row);
  checkLookups(data, caller, table, row, payload.columns);
  const insert = () => {
    data.insert(table.logicalName, row);
    rules.created?.(data, row);
    for (const { navigation, target } of payload.links) link(data, caller, table, row, navigation, target);
  };
  if (payload.links.length > 0) data.atomically(insert);
  else insert();
  return row;
}

/** Changes a row, after the table's own rules had their say. */
export function updateRow(data: OrganizationData, caller: Caller, table: Table, row: Row, payload: Payload): void {
  if (table.platformOnly) refuse("OperationNotSupported", ["Update", table.logicalName]);
  if (payload.links.length > 0) notServed("linking rows in an update; use $ref");
  requireRightOn(data, caller, table, "Write", row);
  const changes: Row = { ...payload.columns };
  delete changes[table.primaryId];
  if (changes.ownerid && changes.ownerid !== row.ownerid) {
    requireRightOn(data, caller, table, "Assign", row);
    setOwner(data, changes, changes.ownerid as string);
  } else {
    delete changes.ownerid;
  }
  const rules = rulesOf(table);
  rules.update?.(data, caller, row, changes);
  checkLookups(data, caller, table, row, changes);
  const modified = { modifiedon: data.now(), modifiedby: caller.id, modifiedonbehalfby: caller.delegateId ?? null };
  data.update(row, { ...changes, ...modified });
  rules.updated?.(data, row, changes);
}

/** Deletes a row, or does what the table's own rules put in place of that. */
export function deleteRow(data: OrganizationData, caller: Caller, table: Table, row: Row): void {
  if (table.platformOnly) refuse("OperationNotSupported", ["Delete", table.logicalName]);
  requireRightOn(data, caller, table, "Delete", row);
  const done = rulesOf(table).remove?.(data, row);
  if (!done) data.remove(table, row[table.primaryId] as string);
}

/** What a new row has before anything is said of it. */
export function initialColumns(data: OrganizationData, table: Table): Row {
  const row: Row = {};
  for (const [name, { initial, generated }] of Object.entries(table.columns)) {
    if (initial !== undefined) row[name] = structuredClone(initial);
    if (generated) row[name] = data.context.store.newId();
  }
  return row;
}

/** Columns that the platform fills in on every new row. */
function stamp(data: OrganizationData, caller: Caller, table: Table, row: Row): void {
  const now = data.now();
  const delegate = caller.delegateId ?? null;
  Object.assign(row, { createdon: now, createdby: caller.id, createdonbehalfby: delegate });
  Object.assign(row, { modifiedon: now, modifiedby: caller.id, modifiedonbehalfby: delegate });
  if (table.columns.organizationid && table.logicalName !== "organization") {
    row.organizationid = data.organization.id;
  }
  if (table.ownership !== "UserOwned") return;
  const owner = (row.ownerid as string | null | undefined) ?? caller.id;
  setOwner(data, row, owner);
  if (owner !== caller.id) requireRightOn(data, caller, table, "Assign", row);
}

function setOwner(data: OrganizationData, row: Row, owner: string): void {
  const user = data.find("systemuser", owner);
  Object.assign(row, {
    ownerid: owner,
    owninguser: user ? owner : null,
    owningteam: user ? null : owner,
    owningbusinessunit: (user ?? data.get("team", owner)).businessunitid,
  });
}

/** Setting a lookup of an owned row takes Append on the row and AppendTo on the row it is to lead to. */
function checkLookups(data: OrganizationData, caller: Caller, table: Table, row: Row, given: Row): void {
  if (table.ownership !== "UserOwned") return;
  for (const [name, column] of Object.entries(table.columns)) {
    const id = given[name];
    if (column.kind !== "lookup" || column.readOnly || name === "ownerid" || !id) continue;
    for (const logicalName of Object.values(column.navigation ?? {}).flat()) {
      const target = data.find(logicalName, id as string);
      if (!target) continue;
      requireRightOn(data, caller, table, "Append", row);
      requireRightOn(data, caller, tableNamed(logicalName), "AppendTo", target);
    }
  }
}
