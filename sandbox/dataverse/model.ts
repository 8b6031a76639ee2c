/** What a column holds; decides how a body's value is checked and how a filter's literal is compared. */
export type ColumnKind =
  | "guid"
  | "text"
  | "integer"
  | "decimal"
  | "boolean"
  | "datetime"
  | "choice"
  | "lookup"
  | "managedProperty";

export interface Column {
  readonly kind: ColumnKind;
  /** A value in a body is accepted and has no effect, as observed of Dataverse's read-only columns (wire facts D4). */
  readonly readOnly?: boolean;
  /** A row cannot be without it. */
  readonly required?: boolean;
  readonly length?: number;
  readonly options?: readonly number[];
  /** Value of a row that was created without one. */
  readonly initial?: string | number | boolean | object;
  /** Of a lookup: its single-valued navigation properties and the tables each leads to. */
  readonly navigation?: Readonly<Record<string, readonly string[]>>;
}

/** A collection-valued navigation property: one-to-many by a lookup of the target, or many-to-many by an intersect table. */
export interface Collection {
  readonly target: string;
  /** One-to-many: the target's lookup column that holds this row's id. */
  readonly via?: string;
  /** Many-to-many: the intersect table, and its columns for this row and for the target. */
  readonly intersect?: { readonly table: string; readonly from: string; readonly to: string };
}

export interface Table {
  readonly logicalName: string;
  readonly schemaName: string;
  readonly entitySet: string;
  readonly primaryId: string;
  readonly primaryName: string | null;
  readonly objectTypeCode: number;
  readonly ownership: "UserOwned" | "BusinessOwned" | "OrganizationOwned" | "None";
  /** Middle of its privileges' names ("Account" of prvReadAccount); reading is open to all users where there is none. */
  readonly privilege?: string;
  readonly columns: Readonly<Record<string, Column>>;
  readonly collections: Readonly<Record<string, Collection>>;
  /** Alternate keys, as lists of columns. */
  readonly keys: readonly (readonly string[])[];
  /** Rows come from the platform only: POST, PATCH and DELETE are refused. */
  readonly platformOnly?: boolean;
}

const text = (length = 100, more: Partial<Column> = {}): Column => ({ kind: "text", length, ...more });
const fixed = (kind: ColumnKind, initial?: Column["initial"]): Column => ({ kind, readOnly: true, initial });
const flag = (initial = false): Column => ({ kind: "boolean", initial });
const choice = (options: readonly number[], initial?: number, more: Partial<Column> = {}): Column => ({
  kind: "choice",
  options,
  initial,
  ...more,
});
const lookup = (navigation: Column["navigation"], more: Partial<Column> = {}): Column => ({
  kind: "lookup",
  navigation,
  ...more,
});
const integer: Column = { kind: "integer" };
const money: Column = { kind: "decimal" };
const date: Column = { kind: "datetime" };
const guid: Column = { kind: "guid" };

const audit = {
  createdon: fixed("datetime"),
  createdby: lookup({ createdby: ["systemuser"] }, { readOnly: true }),
  modifiedon: fixed("datetime"),
  modifiedby: lookup({ modifiedby: ["systemuser"] }, { readOnly: true }),
  versionnumber: fixed("integer"),
};
const owned = {
  ...audit,
  ownerid: lookup({ ownerid: ["systemuser", "team"] }),
  owninguser: lookup({ owninguser: ["systemuser"] }, { readOnly: true }),
  owningteam: lookup({ owningteam: ["team"] }, { readOnly: true }),
  owningbusinessunit: lookup({ owningbusinessunit: ["businessunit"] }, { readOnly: true }),
};
const organizational = {
  ...audit,
  organizationid: lookup({ organizationid: ["organization"] }, { readOnly: true }),
};

/** Many-to-many relationships: each is readable from both ends under one name. */
const systemUserRoles = { table: "systemuserroles", user: "systemuserid", role: "roleid" };
const teamMembership = { table: "teammembership", user: "systemuserid", team: "teamid" };
const teamRoles = { table: "teamroles", team: "teamid", role: "roleid" };
const rolePrivileges = { table: "roleprivileges", role: "roleid", privilege: "privilegeid" };

function intersect(table: string, target: string, from: string, to: string): Collection {
  return { target, intersect: { table, from, to } };
}

/** The tables this service knows, with the columns a client of the sandbox may meet; Dataverse's have more. */
export const tables: readonly Table[] = [
  {
    logicalName: "systemuser",
    schemaName: "SystemUser",
    entitySet: "systemusers",
    primaryId: "systemuserid",
    primaryName: "fullname",
    objectTypeCode: 8,
    ownership: "BusinessOwned",
    privilege: "User",
    keys: [["azureactivedirectoryobjectid"]],
    columns: {
      systemuserid: guid,
      fullname: fixed("text"),
      firstname: text(256),
      lastname: text(256),
      domainname: text(1024),
      internalemailaddress: text(100),
      applicationid: guid,
      applicationiduri: text(1024),
      azureactivedirectoryobjectid: guid,
      accessmode: choice([0, 1, 2, 3, 4, 5], 0),
      isdisabled: flag(),
      businessunitid: lookup({ businessunitid: ["businessunit"] }),
      parentsystemuserid: lookup({ parentsystemuserid: ["systemuser"] }),
      title: text(128),
      azurestate: fixed("choice", 0),
      deletedstate: fixed("choice", 0),
      islicensed: flag(),
      issyncwithdirectory: flag(),
      isintegrationuser: flag(),
      setupuser: fixed("boolean", false),
      userlicensetype: { kind: "integer", initial: -1 },
      caltype: choice([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13], 0),
      identityid: fixed("integer"),
      ...organizational,
    },
    collections: {
      systemuserroles_association: intersect(systemUserRoles.table, "role", "systemuserid", "roleid"),
      teammembership_association: intersect(teamMembership.table, "team", "systemuserid", "teamid"),
    },
  },
  {
    logicalName: "role",
    schemaName: "Role",
    entitySet: "roles",
    primaryId: "roleid",
    primaryName: "name",
    objectTypeCode: 1036,
    ownership: "BusinessOwned",
    privilege: "Role",
    keys: [
      ["roletemplateid", "businessunitid", "componentstate", "overwritetime"],
      ["parentrootroleid", "businessunitid", "componentstate", "overwritetime"],
    ],
    columns: {
      roleid: guid,
      name: text(100),
      description: text(2000),
      businessunitid: lookup({ businessunitid: ["businessunit"] }),
      parentroleid: lookup({ parentroleid: ["role"] }, { readOnly: true }),
      parentrootroleid: lookup({ parentrootroleid: ["role"] }, { readOnly: true }),
      roletemplateid: lookup({ roletemplateid: ["roletemplate"] }, { readOnly: true }),
      roleidunique: fixed("guid"),
      ismanaged: fixed("boolean", false),
      iscustomizable: { kind: "managedProperty" },
      canbedeleted: { kind: "managedProperty" },
      isinherited: choice([0, 1], 1),
      issytemgenerated: fixed("boolean", false),
      isautoassigned: choice([0, 1], 0),
      componentstate: fixed("choice", 0),
      overwritetime: fixed("datetime", "1900-01-01T00:00:00Z"),
      solutionid: fixed("guid"),
      ...organizational,
    },
    collections: {
      systemuserroles_association: intersect(systemUserRoles.table, "systemuser", "roleid", "systemuserid"),
      teamroles_association: intersect(teamRoles.table, "team", "roleid", "teamid"),
      roleprivileges_association: intersect(rolePrivileges.table, "privilege", "roleid", "privilegeid"),
    },
  },
  {
    logicalName: "privilege",
    schemaName: "Privilege",
    entitySet: "privileges",
    primaryId: "privilegeid",
    primaryName: "name",
    objectTypeCode: 1023,
    ownership: "None",
    platformOnly: true,
    keys: [],
    columns: {
      privilegeid: guid,
      name: text(100),
      accessright: integer,
      canbebasic: flag(),
      canbelocal: flag(),
      canbedeep: flag(),
      canbeglobal: flag(),
      canbeentityreference: flag(),
      canbeparententityreference: flag(),
      isdisabledwhenintegrated: flag(),
      versionnumber: fixed("integer"),
    },
    collections: {
      roleprivileges_association: intersect(rolePrivileges.table, "role", "privilegeid", "roleid"),
    },
  },
  {
    logicalName: "roletemplate",
    schemaName: "RoleTemplate",
    entitySet: "roletemplates",
    primaryId: "roletemplateid",
    primaryName: "name",
    objectTypeCode: 1037,
    ownership: "None",
    platformOnly: true,
    keys: [],
    columns: { roletemplateid: guid, name: text(100), upgrading: flag() },
    collections: { role_template_roles: { target: "role", via: "roletemplateid" } },
  },
  {
    logicalName: "businessunit",
    schemaName: "BusinessUnit",
    entitySet: "businessunits",
    primaryId: "businessunitid",
    primaryName: "name",
    objectTypeCode: 10,
    ownership: "BusinessOwned",
    privilege: "BusinessUnit",
    keys: [],
    columns: {
      businessunitid: guid,
      name: text(160, { required: true }),
      description: text(2000),
      divisionname: text(100),
      emailaddress: text(100),
      isdisabled: flag(),
      parentbusinessunitid: lookup({ parentbusinessunitid: ["businessunit"] }),
      ...organizational,
    },
    collections: {
      business_unit_parent_business_unit: { target: "businessunit", via: "parentbusinessunitid" },
      business_unit_system_users: { target: "systemuser", via: "businessunitid" },
      business_unit_roles: { target: "role", via: "businessunitid" },
      business_unit_teams: { target: "team", via: "businessunitid" },
    },
  },
  {
    logicalName: "team",
    schemaName: "Team",
    entitySet: "teams",
    primaryId: "teamid",
    primaryName: "name",
    objectTypeCode: 9,
    ownership: "BusinessOwned",
    privilege: "Team",
    keys: [],
    columns: {
      teamid: guid,
      name: text(160, { required: true }),
      description: text(2000),
      emailaddress: text(100),
      teamtype: choice([0, 1, 2, 3], 0),
      isdefault: fixed("boolean", false),
      azureactivedirectoryobjectid: guid,
      businessunitid: lookup({ businessunitid: ["businessunit"] }),
      administratorid: lookup({ administratorid: ["systemuser"] }),
      ...organizational,
    },
    collections: {
      teammembership_association: intersect(teamMembership.table, "systemuser", "teamid", "systemuserid"),
      teamroles_association: intersect(teamRoles.table, "role", "teamid", "roleid"),
    },
  },
  {
    logicalName: "organization",
    schemaName: "Organization",
    entitySet: "organizations",
    primaryId: "organizationid",
    primaryName: "name",
    objectTypeCode: 1019,
    ownership: "OrganizationOwned",
    privilege: "Organization",
    keys: [],
    columns: {
      organizationid: guid,
      name: fixed("text"),
      orgdborgsettings: text(1_073_741_823),
      languagecode: fixed("integer", 1033),
      isauditenabled: flag(),
      ...audit,
    },
    collections: {},
  },
  {
    logicalName: "account",
    schemaName: "Account",
    entitySet: "accounts",
    primaryId: "accountid",
    primaryName: "name",
    objectTypeCode: 1,
    ownership: "UserOwned",
    privilege: "Account",
    keys: [],
    columns: {
      accountid: guid,
      name: text(160),
      accountnumber: text(20),
      description: text(2000),
      emailaddress1: text(100),
      telephone1: text(50),
      websiteurl: text(200),
      address1_city: text(80),
      creditonhold: flag(),
      revenue: money,
      numberofemployees: integer,
      industrycode: choice([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
      primarycontactid: lookup({ primarycontactid: ["contact"] }),
      parentaccountid: lookup({ parentaccountid: ["account"] }),
      statecode: choice([0, 1], 0),
      statuscode: choice([1, 2], 1),
      ...owned,
    },
    collections: {
      contact_customer_accounts: { target: "contact", via: "parentcustomerid" },
      account_parent_account: { target: "account", via: "parentaccountid" },
      Account_Tasks: { target: "task", via: "regardingobjectid" },
    },
  },
  {
    logicalName: "contact",
    schemaName: "Contact",
    entitySet: "contacts",
    primaryId: "contactid",
    primaryName: "fullname",
    objectTypeCode: 2,
    ownership: "UserOwned",
    privilege: "Contact",
    keys: [],
    columns: {
      contactid: guid,
      fullname: fixed("text"),
      firstname: text(50),
      lastname: text(50),
      description: text(2000),
      emailaddress1: text(100),
      telephone1: text(50),
      birthdate: date,
      parentcustomerid: lookup({ parentcustomerid_account: ["account"], parentcustomerid_contact: ["contact"] }),
      statecode: choice([0, 1], 0),
      statuscode: choice([1, 2], 1),
      ...owned,
    },
    collections: {
      account_primary_contact: { target: "account", via: "primarycontactid" },
      Contact_Tasks: { target: "task", via: "regardingobjectid" },
    },
  },
  {
    logicalName: "task",
    schemaName: "Task",
    entitySet: "tasks",
    primaryId: "activityid",
    primaryName: "subject",
    objectTypeCode: 4212,
    ownership: "UserOwned",
    privilege: "Activity",
    keys: [],
    columns: {
      activityid: guid,
      subject: text(200),
      description: text(2000),
      scheduledend: date,
      percentcomplete: integer,
      prioritycode: choice([0, 1, 2], 1),
      activitytypecode: fixed("text", "task"),
      regardingobjectid: lookup({
        regardingobjectid_account_task: ["account"],
        regardingobjectid_contact_task: ["contact"],
      }),
      statecode: choice([0, 1, 2], 0),
      statuscode: choice([2, 3, 4, 5, 6, 7], 2),
      ...owned,
    },
    collections: {},
  },
  {
    logicalName: "solution",
    schemaName: "Solution",
    entitySet: "solutions",
    primaryId: "solutionid",
    primaryName: "friendlyname",
    objectTypeCode: 7100,
    ownership: "OrganizationOwned",
    privilege: "Solution",
    keys: [],
    columns: {
      solutionid: guid,
      uniquename: text(65, { required: true }),
      friendlyname: text(256, { required: true }),
      description: text(2000),
      version: text(256, { required: true }),
      ismanaged: fixed("boolean", false),
      isvisible: fixed("boolean", true),
      installedon: fixed("datetime"),
      updatedon: fixed("datetime"),
      solutionpackageversion: fixed("text"),
      publisherid: lookup({ publisherid: ["publisher"] }, { required: true }),
      parentsolutionid: lookup({ parentsolutionid: ["solution"] }, { readOnly: true }),
      ...organizational,
    },
    collections: {},
  },
  {
    logicalName: "publisher",
    schemaName: "Publisher",
    entitySet: "publishers",
    primaryId: "publisherid",
    primaryName: "friendlyname",
    objectTypeCode: 7101,
    ownership: "OrganizationOwned",
    privilege: "Publisher",
    keys: [],
    columns: {
      publisherid: guid,
      uniquename: text(256, { required: true }),
      friendlyname: text(256, { required: true }),
      description: text(2000),
      customizationprefix: text(8, { required: true }),
      customizationoptionvalueprefix: integer,
      isreadonly: fixed("boolean", false),
      ...organizational,
    },
    collections: { publisher_solution: { target: "solution", via: "publisherid" } },
  },
  intersectTable("systemuserroles", "SystemUserRoles", 15, ["systemuserid", "roleid"]),
  intersectTable("teammembership", "TeamMembership", 23, ["systemuserid", "teamid"]),
  intersectTable("teamroles", "TeamRoles", 40, ["teamid", "roleid"]),
  intersectTable("roleprivileges", "RolePrivileges", 12, ["roleid", "privilegeid"], {
    privilegedepthmask: integer,
  }),
];

function intersectTable(
  logicalName: string,
  schemaName: string,
  objectTypeCode: number,
  ends: readonly string[],
  more: Record<string, Column> = {},
): Table {
  const primaryId = logicalName === "teammembership" ? "teammembershipid" : `${logicalName.slice(0, -1)}id`;
  return {
    logicalName,
    schemaName,
    entitySet: `${logicalName}collection`,
    primaryId,
    primaryName: null,
    objectTypeCode,
    ownership: "None",
    platformOnly: true,
    keys: [],
    columns: {
      [primaryId]: guid,
      ...Object.fromEntries(ends.map((column) => [column, guid])),
      ...more,
      versionnumber: fixed("integer"),
    },
    collections: {},
  };
}

const byLogicalName = new Map(tables.map((table) => [table.logicalName, table]));
const byEntitySet = new Map(tables.map((table) => [table.entitySet, table]));

/** The table of a logical name that the model itself names. */
export function tableNamed(logicalName: string): Table {
  const table = byLogicalName.get(logicalName);
  if (!table) throw new Error(`The model has no table '${logicalName}'.`);
  return table;
}

/** The table of an entity set name in a URL. */
export function tableOfSet(entitySet: string): Table | undefined {
  return byEntitySet.get(entitySet);
}

/** The column a property of a row's JSON stands for: itself, or the lookup of `_name_value`. */
export function columnOfProperty(table: Table, property: string): { name: string; column: Column } | undefined {
  const lookupName = /^_(.+)_value$/.exec(property)?.[1];
  const name = lookupName ?? property;
  const column = table.columns[name];
  if (!column || (column.kind === "lookup") !== (lookupName !== undefined)) return undefined;
  return { name, column };
}

/** The lookup column and target tables of a single-valued navigation property. */
export function lookupOfNavigation(
  table: Table,
  navigation: string,
): { name: string; column: Column; targets: readonly string[] } | undefined {
  for (const [name, column] of Object.entries(table.columns)) {
    const targets = column.navigation?.[navigation];
    if (targets) return { name, column, targets };
  }
  return undefined;
}
