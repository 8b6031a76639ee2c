import { choice, date, double, guid, integer, memo, organizational, owned, text } from "../columns.ts";
import type { Table } from "../table.ts";

/** A system job, with the columns that follow an import (wire facts D11). */
export const asyncOperation: Table = {
  logicalName: "asyncoperation",
  schemaName: "AsyncOperation",
  entitySet: "asyncoperations",
  primaryId: "asyncoperationid",
  primaryName: "name",
  objectTypeCode: 4700,
  ownership: "UserOwned",
  privilege: "AsyncOperation",
  keys: [],
  columns: {
    asyncoperationid: guid,
    name: text(256),
    operationtype: integer,
    statecode: choice({ 0: "Ready", 1: "Suspended", 2: "Locked", 3: "Completed" }),
    statuscode: choice({
      0: "Waiting For Resources",
      10: "Waiting",
      20: "In Progress",
      21: "Pausing",
      22: "Canceling",
      30: "Succeeded",
      31: "Failed",
      32: "Canceled",
    }),
    message: memo(),
    friendlymessage: memo(),
    startedon: date,
    completedon: date,
    ...owned,
  },
  collections: {},
};

export const importJob: Table = {
  logicalName: "importjob",
  schemaName: "ImportJob",
  entitySet: "importjobs",
  primaryId: "importjobid",
  primaryName: null,
  objectTypeCode: 9107,
  ownership: "OrganizationOwned",
  privilege: "ImportJob",
  keys: [],
  columns: {
    importjobid: guid,
    name: text(),
    solutionname: text(),
    progress: double,
    data: memo(),
    startedon: date,
    completedon: date,
    ...organizational,
  },
  collections: {},
};
