import { systemAdministratorTemplate } from "./organization-data.ts";
import { type AccessRight, type Depth, privilegeNamed, privileges, privilegesOfNewRole } from "./privileges.ts";

/** A role that every organization has from the start. */
export interface SystemRole {
  readonly name: string;
  /** Role template, the same everywhere, where the role has one. */
  readonly templateId?: string;
  /** Id of the root copy, where that is the same everywhere. */
  readonly id?: string;
  readonly privileges: ReadonlyMap<string, Depth>;
}

type Grant = readonly [privilegeId: string, depth: Depth];

/** The system roles with the ids of wire facts D7. What they hold is a small likeness of Microsoft's; System Administrator holds all. */
export const systemRoles: readonly SystemRole[] = [
  { name: "System Administrator", templateId: systemAdministratorTemplate, privileges: new Map() },
  {
    name: "System Customizer",
    templateId: "119f245c-3cc8-4b62-b31c-d1a046ced15d",
    privileges: new Map([
      ...named("Global", ...privilegesOfNewRole, ...customization()),
      ...rights("Basic", ["Create", "Read", "Write", "Delete", "Append", "AppendTo"], businessTables()),
    ]),
  },
  {
    name: "Basic User",
    templateId: "236750cd-45ae-4939-ab12-b24b920ced93",
    privileges: new Map([
      ...named("Global", ...privilegesOfNewRole, "prvReadEntity", "prvReadAttribute", "prvReadOrganization"),
      ...rights("Global", ["Read"], ["User", "Role", "BusinessUnit", "Team"]),
      ...rights("Basic", ["Create", "Read", "Write", "Delete"], businessTables()),
      ...rights("Basic", ["Append", "AppendTo", "Assign", "Share"], businessTables()),
    ]),
  },
  {
    name: "Support User",
    templateId: "2d101bb3-5ced-4122-83f1-94d5efde4e3b",
    privileges: new Map(everywhere(["Read"])),
  },
  {
    name: "Delegate",
    templateId: "d892cc0b-28c7-4e88-bd92-72f2c366baed",
    privileges: new Map(named("Global", ...privilegesOfNewRole, "prvActOnBehalfOfAnotherUser")),
  },
  {
    name: "Environment Maker",
    id: "d58407f2-48d5-e711-a82c-000d3a37c848",
    privileges: new Map([
      ...named("Global", ...privilegesOfNewRole, "prvReadEntity", "prvReadOrganization"),
      ...rights("Global", ["Create", "Read", "Write", "Append", "AppendTo"], ["Solution", "Publisher"]),
    ]),
  },
  {
    name: "Service Reader",
    id: "494d392f-d3f4-42ba-af49-30c6f41e6093",
    privileges: new Map(everywhere(["Read"])),
  },
  {
    name: "Service Writer",
    id: "68f2d372-e1a5-4298-9a93-4b39757caf93",
    privileges: new Map(everywhere(["Create", "Write", "Append", "AppendTo", "Assign", "Share"])),
  },
  {
    name: "Service Deleter",
    id: "3b305bc7-5cf5-464b-985e-d6237f6496f1",
    privileges: new Map(everywhere(["Delete"])),
  },
];

function named(depth: Depth, ...names: readonly string[]): Grant[] {
  return names.map((name) => [privilegeNamed(name).privilegeid, depth]);
}

function rights(depth: Depth, of: readonly AccessRight[], on: readonly string[]): Grant[] {
  return on.flatMap((table) => of.map((right): Grant => [privilegeNamed(`prv${right}${table}`).privilegeid, depth]));
}

/** Some rights on every table, at Global depth; those without a right bit go by their name. */
function everywhere(of: readonly AccessRight[]): Grant[] {
  const pattern = new RegExp(`^prv(${of.join("|")})(?=[A-Z])`);
  return [...privileges.values()]
    .filter(({ name }) => pattern.test(name) && (of.includes("AppendTo") || !name.startsWith("prvAppendTo")))
    .map(({ privilegeid }) => [privilegeid, "Global"]);
}

function customization(): string[] {
  const pattern = /(Entity|Attribute|Relationship|OptionSet|Customization|Solution|Publisher)$/;
  return [...privileges.values()].map(({ name }) => name).filter((name) => pattern.test(name));
}

function businessTables(): string[] {
  return ["Account", "Contact", "Activity", "Opportunity"];
}
