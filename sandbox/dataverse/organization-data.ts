import type { Context, Organization } from "../context.ts";
import { guidOf } from "../store.ts";
import { tableNamed, tables } from "./model.ts";
import { type Depth, depths, privilegeNamed, privileges } from "./privileges.ts";
import { refuse } from "./refusal.ts";
import { type SwitchName, switches, switchesOf } from "./switches.ts";
import type { Table } from "./table.ts";

export type Value = string | number | boolean | null | object;
/** A stored row: columns by logical name, lookups as the id they hold; a column without a value may be absent. */
export type Row = Record<string, Value | undefined>;

/** Bits of roleprivileges.privilegedepthmask; not the numbers of the PrivilegeDepth enumeration. */
const depthMask: Record<Depth, number> = { Basic: 1, Local: 2, Deep: 4, Global: 8 };

/** Role template whose roles hold every privilege at Global depth. */
export const systemAdministratorTemplate = "627090ff-40a3-4053-8790-584edc5be201";

/** The rows and settings of one organization, kept in the store's collections `dataverse <name> <table>`. */
export class OrganizationData {
  readonly context: Context;
  readonly organization: Organization;

  constructor(context: Context, organization: Organization) {
    this.context = context;
    this.organization = organization;
  }

  /** The organization's address, without a trailing slash. */
  get url(): string {
    return this.context.endpoints.organizations[this.organization.name]!;
  }

  collection<Item>(name: string): Map<string, Item> {
    return this.context.store.collection<Item>(`dataverse ${this.organization.name} ${name}`);
  }

  /** All rows of a table by primary key. Privileges are the platform's, and a role's follow from its root's. */
  rows(logicalName: string): ReadonlyMap<string, Row> {
    if (logicalName === "privilege") return privileges as unknown as ReadonlyMap<string, Row>;
    if (logicalName === "roleprivileges") return this.rolePrivilegeRows();
    return this.collection<Row>(logicalName);
  }

  find(logicalName: string, id: string): Row | undefined {
    return this.rows(logicalName).get(id);
  }

  /** The row with this id, or 404 0x80040217. */
  get(logicalName: string, id: string): Row {
    return this.find(logicalName, id) ?? refuse("NotFound", [logicalName, id]);
  }

  insert(logicalName: string, row: Row): Row {
    row.versionnumber = this.nextVersion();
    this.collection<Row>(logicalName).set(row[tableNamed(logicalName).primaryId] as string, row);
    return row;
  }

  update(row: Row, changes: Row): void {
    Object.assign(row, changes, { versionnumber: this.nextVersion() });
  }

  /** Removes a row with its many-to-many rows, and empties the lookups that held it. */
  remove(table: Table, id: string): void {
    this.collection<Row>(table.logicalName).delete(id);
    for (const { intersect } of Object.values(table.collections)) {
      if (intersect) this.unlink(intersect.table, (row) => row[intersect.from] === id);
    }
    for (const other of tables) {
      const lookups = Object.entries(other.columns).filter(([, column]) =>
        Object.values(column.navigation ?? {}).some((targets) => targets.includes(table.logicalName)),
      );
      if (lookups.length === 0) continue;
      for (const row of this.rows(other.logicalName).values()) {
        for (const [name] of lookups) if (row[name] === id) row[name] = null;
      }
    }
  }

  /** Adds a row to an intersect table; false where the two are linked already. */
  link(intersect: string, ends: Record<string, string>): boolean {
    const key = Object.values(ends).sort().join(" ");
    const rows = this.collection<Row>(intersect);
    const { primaryId } = tableNamed(intersect);
    const id = guidOf(`${this.organization.id} ${intersect} ${key}`);
    if (rows.has(id)) return false;
    rows.set(id, { [primaryId]: id, ...ends, versionnumber: this.nextVersion() });
    return true;
  }

  /** Removes rows of an intersect table and says how many there were. */
  unlink(intersect: string, matches: (row: Row) => boolean): number {
    const rows = this.collection<Row>(intersect);
    const found = [...rows].filter(([, row]) => matches(row));
    for (const [id] of found) rows.delete(id);
    return found.length;
  }

  /** Ids at the other end of a many-to-many relationship. */
  linked(intersect: string, from: string, id: string, to: string): string[] {
    if (intersect === "roleprivileges" && from === "roleid") {
      return [...this.privilegesOfRole(this.get("role", id)).keys()];
    }
    return [...this.rows(intersect).values()].filter((row) => row[from] === id).map((row) => row[to] as string);
  }

  /** Does all of some work or, where it throws, none of it. */
  atomically<Result>(work: () => Result): Result {
    const names = [...tables.map(({ logicalName }) => logicalName), "privilegesOfRootRole"];
    const before = names.map((name) => [...this.collection(name)].map((entry) => structuredClone(entry)));
    try {
      return work();
    } catch (error) {
      for (const [index, name] of names.entries()) {
        const rows = this.collection(name);
        rows.clear();
        for (const [key, row] of before[index]!) rows.set(key, row);
      }
      throw error;
    }
  }

  /** What a role holds: privilege id to depth. Copies in other business units hold what their root holds. */
  privilegesOfRole(role: Row): ReadonlyMap<string, Depth> {
    if (role.roletemplateid === systemAdministratorTemplate) {
      return new Map([...privileges.keys()].map((id) => [id, "Global"]));
    }
    const held = this.collection<Record<string, Depth>>("privilegesOfRootRole").get(role.parentrootroleid as string);
    return new Map(Object.entries(held ?? {}));
  }

  /** Replaces what a role and all its copies hold. */
  setPrivilegesOfRole(role: Row, held: ReadonlyMap<string, Depth>): void {
    this.collection<Record<string, Depth>>("privilegesOfRootRole").set(
      role.parentrootroleid as string,
      Object.fromEntries(held),
    );
  }

  /** The value of one of the organization's {@link switches}. */
  switch(name: SwitchName): string {
    return switchesOf(this.context.store, this.organization.name).get(name) ?? switches[name].default;
  }

  /** Whether a setting of the orgdborgsettings XML is on (wire facts D5, D6). */
  setting(name: string): boolean {
    const settings = (this.get("organization", this.organization.id).orgdborgsettings ?? "") as string;
    return new RegExp(`<${name}>\\s*true\\s*</${name}>`, "i").test(settings);
  }

  get rootBusinessUnit(): Row {
    return [...this.rows("businessunit").values()].find((row) => !row.parentbusinessunitid)!;
  }

  /** Now, as Dataverse writes it: whole seconds. */
  now(): string {
    return this.context.store
      .now()
      .toISOString()
      .replace(/\.\d+Z$/, "Z");
  }

  private nextVersion(): number {
    const counters = this.collection<number>("counters");
    const next = (counters.get("version") ?? 1_000_000) + 1;
    counters.set("version", next);
    return next;
  }

  private rolePrivilegeRows(): ReadonlyMap<string, Row> {
    const rows = new Map<string, Row>();
    for (const role of this.rows("role").values()) {
      for (const [privilegeid, depth] of this.privilegesOfRole(role)) {
        const id = guidOf(`${role.roleid} ${privilegeid}`);
        rows.set(id, {
          roleprivilegeid: id,
          roleid: role.roleid,
          privilegeid,
          privilegedepthmask: depthMask[depth],
          versionnumber: role.versionnumber,
        });
      }
    }
    return rows;
  }
}

/** The greater of two depths. */
export function deeper(one: Depth | undefined, other: Depth): Depth {
  return one && depths.indexOf(one) >= depths.indexOf(other) ? one : other;
}

/** The nine privileges a new role holds, at Global depth. */
export function initialPrivileges(names: readonly string[]): Map<string, Depth> {
  return new Map(names.map((name) => [privilegeNamed(name).privilegeid, "Global"]));
}
