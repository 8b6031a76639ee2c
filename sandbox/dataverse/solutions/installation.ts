import { tableNamed } from "../model.ts";
import type { OrganizationData, Row } from "../organization-data.ts";
import { allowsDepth, type Depth, privileges } from "../privileges.ts";
import { notServed, refuse } from "../refusal.ts";
import { activeSolutionId, copiesOf, managed, removeRole, rolesOfSolution } from "../rules/roles.ts";
import { requirements } from "../rules/solutions.ts";
import type { Caller } from "../security.ts";
import { createRow } from "../writing.ts";
import type { MissingDependency, PackageRole, SolutionPackage } from "./package.ts";

/** Installs a package, or updates what an earlier one installed; an upgrade also removes what the new one does not have. */
export function install(data: OrganizationData, caller: Caller, pack: SolutionPackage, upgrade: boolean): void {
  data.atomically(() => {
    const missing = missingOf(data, pack);
    if (missing.length > 0) {
      const names = missing.map(({ required }) => required.solution).join(", ");
      refuse("SolutionDependenciesMissing", [pack.uniqueName, names]);
    }
    const installed = installedSolution(data, pack.uniqueName);
    const publisherid = publisherOf(data, caller, pack, installed);
    const solution = installed ? updated(data, caller, installed, pack) : created(data, caller, pack, publisherid);
    for (const role of pack.roles) installRole(data, caller, pack, solution, role);
    const required = pack.missingDependencies.map(({ required }) => solutionOf(required));
    requirements(data).set(solution.solutionid as string, required);
    if (!upgrade) return;
    const kept = new Set(pack.roles.map(({ id }) => rootIds(data).get(id)));
    for (const role of rolesOfSolution(data, solution)) if (!kept.has(role.roleid as string)) removeRole(data, role);
  });
}

export function installedSolution(data: OrganizationData, uniqueName: string): Row | undefined {
  return named(data, "solution", uniqueName);
}

/** What the package needs of solutions that are not there. */
export function missingOf(data: OrganizationData, pack: SolutionPackage): readonly MissingDependency[] {
  return pack.missingDependencies.filter(({ required }) => !installedSolution(data, solutionOf(required)));
}

/** A dependency names its solution as "Name (version)". */
function solutionOf({ solution = "" }: MissingDependency["required"]): string {
  return solution.replace(/\s*\(.*$/, "");
}

function named(data: OrganizationData, table: string, uniqueName: string): Row | undefined {
  const wanted = uniqueName.toLowerCase();
  return [...data.rows(table).values()].find((row) => String(row.uniquename).toLowerCase() === wanted);
}

/** The publisher that the package names, made if it is not there; that of an installed solution stays. */
function publisherOf(
  data: OrganizationData,
  caller: Caller,
  { publisher, uniqueName }: SolutionPackage,
  installed: Row | undefined,
): string {
  const found = named(data, "publisher", publisher.uniqueName);
  if (installed && installed.publisherid !== found?.publisherid) {
    const { uniquename } = data.get("publisher", installed.publisherid as string);
    refuse("SolutionPublisherDiffers", [uniqueName, uniquename, publisher.uniqueName]);
  }
  if (found) return found.publisherid as string;
  const columns = {
    uniquename: publisher.uniqueName,
    friendlyname: publisher.friendlyName,
    customizationprefix: publisher.prefix,
    customizationoptionvalueprefix: publisher.optionValuePrefix,
  };
  return createRow(data, caller, tableNamed("publisher"), { columns, links: [] }).publisherid as string;
}

function created(data: OrganizationData, caller: Caller, pack: SolutionPackage, publisherid: string): Row {
  const columns = { ...columnsOf(pack), uniquename: pack.uniqueName, ismanaged: pack.managed, publisherid };
  return createRow(data, caller, tableNamed("solution"), { columns, links: [] });
}

function updated(data: OrganizationData, caller: Caller, installed: Row, pack: SolutionPackage): Row {
  if (installed.ismanaged && !pack.managed) refuse("SolutionUnmanagedToManaged");
  if (!installed.ismanaged && pack.managed) refuse("SolutionManagedToUnmanaged");
  if (isOlder(pack.version, installed.version as string)) notServed("importing an older version of a solution");
  const now = data.now();
  data.update(installed, { ...columnsOf(pack), updatedon: now, modifiedon: now, modifiedby: caller.id });
  return installed;
}

function columnsOf({ friendlyName, description, version, packageVersion }: SolutionPackage): Row {
  return { friendlyname: friendlyName, description, version, solutionpackageversion: packageVersion };
}

function isOlder(version: string, than: string): boolean {
  const [left, right] = [version, than].map((text) => text.split(".").map(Number));
  const at = [0, 1, 2, 3].find((index) => (left![index] ?? 0) !== (right![index] ?? 0));
  return at !== undefined && (left![at] ?? 0) < (right![at] ?? 0);
}

/** Id in the package to id of the root copy of each role that was installed. */
function rootIds(data: OrganizationData): Map<string, string> {
  return data.collection("installedRoles");
}

/** Makes or updates a role: the root copy has the package's id (or one of its own, by switch), the others fresh ones. */
function installRole(
  data: OrganizationData,
  caller: Caller,
  pack: SolutionPackage,
  solution: Row,
  role: PackageRole,
): void {
  const held = heldBy(role);
  const columns = {
    name: role.name,
    description: role.description,
    isautoassigned: role.autoAssigned ? 1 : 0,
    iscustomizable: managed("iscustomizableanddeletable", role.customizable),
  };
  const known = data.find("role", rootIds(data).get(role.id) ?? "");
  let root = known ?? (pack.managed ? undefined : data.find("role", role.id));
  if (!root) {
    if (data.find("role", role.id))
      notServed(`the role '${role.name}', which is there already and not of the solution`);
    const id = data.switch("importedRoleId") === "of the package" ? role.id : undefined;
    const own = { ...columns, businessunitid: data.rootBusinessUnit.businessunitid, ismanaged: pack.managed };
    root = createRow(data, caller, tableNamed("role"), { columns: own, links: [] }, id);
    rootIds(data).set(role.id, root.roleid as string);
  }
  data.setPrivilegesOfRole(root, held);
  const ofSolution = {
    ...columns,
    solutionid: pack.managed ? solution.solutionid : activeSolutionId,
    canbedeleted: managed("canbedeleted", !pack.managed),
  };
  for (const copy of copiesOf(data, root)) data.update(copy, ofSolution);
}

function heldBy(role: PackageRole): Map<string, Depth> {
  const known = new Map([...privileges.values()].map((row) => [row.name, row]));
  return new Map(
    [...role.privileges].map(([name, depth]) => {
      const privilege = known.get(name) ?? notServed(`the privilege ${name} of the role '${role.name}'`);
      if (!allowsDepth(privilege, depth)) refuse("DepthNotAllowed", [depth, name]);
      return [privilege.privilegeid, depth];
    }),
  );
}
