import { guidOf } from "../store.ts";
import { tables } from "./model.ts";

/** The depths of a privilege, as the Web API names them, from the least to the greatest. */
export const depths = ["Basic", "Local", "Deep", "Global"] as const;
export type Depth = (typeof depths)[number];

/** The rights on a table that have a privilege each, with their bit of `accessright` (AccessRights of the SDK). */
export const accessRights = {
  Create: 32,
  Read: 1,
  Write: 2,
  Delete: 65536,
  Append: 4,
  AppendTo: 16,
  Assign: 524288,
  Share: 262144,
} as const;
export type AccessRight = keyof typeof accessRights;

/** A row of the `privileges` table. */
export interface Privilege {
  readonly privilegeid: string;
  readonly name: string;
  readonly accessright: number;
  readonly canbebasic: boolean;
  readonly canbelocal: boolean;
  readonly canbedeep: boolean;
  readonly canbeglobal: boolean;
  readonly canbeentityreference: boolean;
  readonly canbeparententityreference: boolean;
  readonly isdisabledwhenintegrated: boolean;
  readonly versionnumber: number;
}

/** What every new role holds from the start (Microsoft's sample "FunctionsAndActions", section 8). */
export const privilegesOfNewRole = [
  "prvReadSharePointData",
  "prvWriteSharePointData",
  "prvCreateSharePointData",
  "prvReadSharePointDocument",
  "prvReadSdkMessage",
  "prvReadSdkMessageProcessingStep",
  "prvReadSdkMessageProcessingStepImage",
  "prvReadPluginAssembly",
  "prvReadPluginType",
] as const;

/** Privileges that belong to no table of the model. */
const others = [
  "prvActOnBehalfOfAnotherUser",
  "prvBulkDelete",
  "prvDisableUser",
  "prvExportCustomization",
  "prvImportCustomization",
  "prvPublishCustomization",
] as const;

const definitions = ["Create", "Read", "Write", "Delete"].flatMap((right) =>
  ["Entity", "Attribute", "Relationship", "OptionSet"].map((name) => `prv${right}${name}`),
);

const ofTables = tables
  .filter((table) => table.privilege)
  .flatMap((table) => rightsOf(table.privilege!, table.ownership));
/** Tables that roles often speak of, though the model has no rows of them. */
const ofOtherTables = ["Opportunity", "Lead", "Incident", "Note", "Queue", "Connection", "Workflow"].flatMap((name) =>
  rightsOf(name, "UserOwned"),
);

/** All privileges by id. They are the same in every organization, as the platform's own are. */
export const privileges: ReadonlyMap<string, Privilege> = new Map(
  [
    ...ofTables,
    ...ofOtherTables,
    ...[...privilegesOfNewRole, ...others, ...definitions].map((name) => privilege(name, 0, false)),
  ].map((row) => [row.privilegeid, row]),
);

const byName = new Map([...privileges.values()].map((row) => [row.name.toLowerCase(), row]));

/** The privilege of a name that the model itself knows, in any letter case. */
export function privilegeNamed(name: string): Privilege {
  const row = byName.get(name.toLowerCase());
  if (!row) throw new Error(`The model has no privilege '${name}'.`);
  return row;
}

/** Whether the platform lets a role hold this privilege at this depth. */
export function allowsDepth(row: Privilege, depth: Depth): boolean {
  return { Basic: row.canbebasic, Local: row.canbelocal, Deep: row.canbedeep, Global: row.canbeglobal }[depth];
}

/** Rights of organization-owned tables are all or nothing: no owner, so no assigning, no sharing and one depth. */
function rightsOf(name: string, ownership: string): Privilege[] {
  const rights = Object.entries(accessRights);
  const byRow = ownership !== "OrganizationOwned";
  return rights
    .filter(([right]) => byRow || (right !== "Assign" && right !== "Share"))
    .map(([right, bit]) => privilege(`prv${right}${name}`, bit, byRow));
}

function privilege(name: string, accessright: number, byRow: boolean): Privilege {
  return {
    privilegeid: guidOf(`privilege ${name}`),
    name,
    accessright,
    canbebasic: byRow,
    canbelocal: byRow,
    canbedeep: byRow,
    canbeglobal: true,
    canbeentityreference: false,
    canbeparententityreference: false,
    isdisabledwhenintegrated: false,
    versionnumber: 0,
  };
}
