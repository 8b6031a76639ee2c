import { integer, intersectTable } from "./columns.ts";
import { relationshipNames } from "./model-relationships.ts";
import { notServed } from "./refusal.ts";
import type { Table } from "./table.ts";
import { asyncOperation, importJob } from "./tables/jobs.ts";
import { businessUnit, organization, team } from "./tables/organization.ts";
import { account, contact, task } from "./tables/records.ts";
import { privilege, role, roleTemplate } from "./tables/roles.ts";
import { publisher, solution } from "./tables/solutions.ts";
import { systemUser } from "./tables/users.ts";

const withoutCollections: readonly Table[] = [
  systemUser,
  role,
  privilege,
  roleTemplate,
  businessUnit,
  team,
  organization,
  account,
  contact,
  task,
  solution,
  publisher,
  asyncOperation,
  importJob,
  intersectTable("systemuserroles", "SystemUserRoles", 15, ["systemuserid", "roleid"]),
  intersectTable("teammembership", "TeamMembership", 23, ["systemuserid", "teamid"]),
  intersectTable("teamroles", "TeamRoles", 40, ["teamid", "roleid"]),
  intersectTable("roleprivileges", "RolePrivileges", 12, ["roleid", "privilegeid"], {
    privilegedepthmask: integer,
  }),
];

/** A one-to-many relationship: rows of `referencing` lead to a row of `referenced` by a lookup. */
export interface Relationship {
  readonly name: string;
  readonly referencing: Table;
  readonly column: string;
  /** Single-valued navigation property of the referencing table. */
  readonly navigation: string;
  readonly referenced: string;
}

/** All one-to-many relationships between tables of the model. */
export const relationships: readonly Relationship[] = withoutCollections.flatMap((referencing) =>
  Object.entries(referencing.columns).flatMap(([column, { navigation = {} }]) =>
    Object.entries(navigation).flatMap(([property, targets]) =>
      targets.flatMap((referenced) => {
        const names = relationshipNames[referencing.logicalName];
        const name = names?.[column] ?? names?.[`${column} ${referenced}`];
        return name ? [{ name, referencing, column, navigation: property, referenced }] : [];
      }),
    ),
  ),
);

/** The tables this service knows, with the columns a client of the sandbox may meet; Dataverse has more of both. */
export const tables: readonly Table[] = withoutCollections.map((table) => ({
  ...table,
  columns: bare(
    Object.fromEntries(
      Object.entries(table.columns).map(([name, column]) => [
        name,
        column.navigation ? { ...column, navigation: bare(column.navigation) } : column,
      ]),
    ),
  ),
  collections: bare({
    ...table.collections,
    ...Object.fromEntries(
      relationships
        .filter(({ referenced }) => referenced === table.logicalName)
        .map(({ name, referencing, column }) => [name, { target: referencing.logicalName, via: column }]),
    ),
  }),
}));

/** Without what every object has, so that a name in a request such as "constructor" is no member of it. */
function bare<Value>(record: Readonly<Record<string, Value>>): Readonly<Record<string, Value>> {
  return Object.assign(Object.create(null), record);
}

const byLogicalName = new Map(tables.map((table) => [table.logicalName, table]));
const byEntitySet = new Map(tables.map((table) => [table.entitySet, table]));

/** The table of a logical name; 501 for one that a lookup leads to in Dataverse and that the model does not have. */
export function tableNamed(logicalName: string): Table {
  return byLogicalName.get(logicalName) ?? notServed(`the table '${logicalName}'`);
}

/** The table of an entity set name in a URL. */
export function tableOfSet(entitySet: string): Table | undefined {
  return byEntitySet.get(entitySet);
}
