import { XMLParser } from "fast-xml-parser";
import { strFromU8, unzipSync } from "fflate";
import type { Depth } from "../privileges.ts";
import { depths } from "../privileges.ts";
import { notServed, refuse } from "../refusal.ts";
import { guidPattern } from "../url.ts";

/** What a solution's zip says: the manifest of solution.xml and the roles of customizations.xml (wire facts D11). */
export interface SolutionPackage {
  readonly uniqueName: string;
  readonly friendlyName: string;
  readonly description: string | null;
  readonly version: string;
  readonly managed: boolean;
  /** Version of the platform that wrote it. */
  readonly packageVersion: string | null;
  readonly publisher: {
    readonly uniqueName: string;
    readonly friendlyName: string;
    readonly prefix: string;
    readonly optionValuePrefix: number;
  };
  readonly roles: readonly PackageRole[];
  readonly missingDependencies: readonly MissingDependency[];
}

export interface PackageRole {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly customizable: boolean;
  readonly autoAssigned: boolean;
  /** Privilege name to depth. */
  readonly privileges: ReadonlyMap<string, Depth>;
}

/** Something that the solution needs of another, and what needs it: attributes of `Required` and `Dependent`. */
export interface MissingDependency {
  readonly required: Readonly<Record<string, string>>;
  readonly dependent: Readonly<Record<string, string>>;
}

/** Component type of a role. */
const roleType = "20";

/** An element: a text where it has no attributes and no children, its members by name otherwise. */
type Element = string | Members;
interface Members {
  readonly [name: string]: Element | readonly Element[] | undefined;
}

const lists = new Set(["Role", "RolePrivilege", "LocalizedName", "Description", "RootComponent", "MissingDependency"]);
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "@",
  parseTagValue: false,
  isArray: (name, _path, _isLeaf, isAttribute) => !isAttribute && lists.has(name),
});

/** Reads a package; refuses a bad one as an import does, and with 501 one with components that the sandbox does not have. */
export function readPackage(file: string): SolutionPackage {
  const files = filesOf(file);
  const solution = rootOf(files, "solution.xml");
  const manifest = child(solution, "SolutionManifest");
  const publisher = child(manifest, "Publisher");
  const [uniqueName, version] = [text(manifest, "UniqueName"), text(manifest, "Version")];
  if (!/^[A-Za-z_]\w*$/.test(uniqueName)) refuse("SolutionNameInvalid");
  if (!/^\d+(\.\d+){1,3}$/.test(version)) refuse("SolutionVersionInvalid");
  for (const component of children(child(manifest, "RootComponents"), "RootComponent")) {
    if (text(component, "@type") !== roleType)
      notServed(`solution components of type ${text(component, "@type")}, only roles`);
  }
  return {
    uniqueName,
    version,
    friendlyName: localized(manifest) || uniqueName,
    description: text(children(child(manifest, "Descriptions"), "Description")[0], "@description") || null,
    managed: text(manifest, "Managed") === "1",
    packageVersion: text(solution, "@SolutionPackageVersion") || null,
    publisher: {
      uniqueName: text(publisher, "UniqueName"),
      friendlyName: localized(publisher) || text(publisher, "UniqueName"),
      prefix: text(publisher, "CustomizationPrefix"),
      optionValuePrefix: Number(text(publisher, "CustomizationOptionValuePrefix")),
    },
    roles: rolesOf(rootOf(files, "customizations.xml")),
    missingDependencies: children(child(manifest, "MissingDependencies"), "MissingDependency").map((one) => ({
      required: attributes(child(one, "Required")),
      dependent: attributes(child(one, "Dependent")),
    })),
  };
}

function filesOf(file: string): Record<string, Uint8Array> {
  const files = unzipped(Buffer.from(file, "base64"));
  for (const name of ["solution.xml", "customizations.xml", "[Content_Types].xml"]) {
    if (!files[name]) refuse("SolutionFileInvalid");
  }
  return files;
}

function unzipped(bytes: Uint8Array): Record<string, Uint8Array> {
  try {
    return unzipSync(bytes);
  } catch {
    return refuse("SolutionFileInvalid");
  }
}

function rootOf(files: Record<string, Uint8Array>, name: string): Element {
  try {
    const document = parser.parse(strFromU8(files[name]!), true) as Members;
    if (document.ImportExportXml !== undefined) return document.ImportExportXml as Element;
  } catch {
    // is no XML: refused as below
  }
  return refuse("SolutionImportFailed", [`${name} is not the XML of a solution`]);
}

/** The roles, and nothing else: an element with any other component is 501. */
function rolesOf(customizations: Element): PackageRole[] {
  for (const [name, content] of Object.entries(members(customizations))) {
    if (name.startsWith("@") || name === "Roles" || name === "Languages" || content === "") continue;
    notServed(`the solution components <${name}>, only roles`);
  }
  return children(child(customizations, "Roles"), "Role").map((role) => {
    const id = text(role, "@id").replace(/[{}]/g, "").toLowerCase();
    if (!guidPattern.test(id)) refuse("SolutionImportFailed", [`a role has the id '${id}'`]);
    return {
      id,
      name: text(role, "@name"),
      description: text(role, "Description") || textOf(children(role, "Description")[0]) || null,
      customizable: text(role, "IsCustomizable") !== "0",
      autoAssigned: text(role, "IsAutoAssigned") === "1",
      privileges: new Map(
        children(child(role, "RolePrivileges"), "RolePrivilege").map((one) => [text(one, "@name"), depthOf(one)]),
      ),
    };
  });
}

function depthOf(privilege: Element): Depth {
  const level = text(privilege, "@level");
  const depth = depths.find((depth) => depth === level);
  return depth ?? refuse("DepthNotAllowed", [level, text(privilege, "@name")]);
}

function localized(element: Element): string {
  return text(children(child(element, "LocalizedNames"), "LocalizedName")[0], "@description");
}

function members(element: Element | undefined): Members {
  return typeof element === "object" ? element : {};
}

function child(element: Element, name: string): Element {
  return (members(element)[name] ?? "") as Element;
}

function children(element: Element, name: string): readonly Element[] {
  const found = members(element)[name];
  return Array.isArray(found) ? found : [];
}

function text(element: Element | undefined, name: string): string {
  return textOf(members(element)[name] as Element | undefined);
}

function textOf(element: Element | undefined): string {
  if (typeof element === "string") return element;
  const own = members(element)["#text"];
  return typeof own === "string" ? own : "";
}

function attributes(element: Element): Record<string, string> {
  const all = Object.keys(members(element)).filter((name) => name.startsWith("@"));
  return Object.fromEntries(all.map((name) => [name.slice(1), text(element, name)]));
}
