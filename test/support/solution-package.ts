import { strToU8, zipSync } from "fflate";

/** What a solution's package is to have; the rest is as Microsoft's samples have it. */
export interface PackageContents {
  readonly uniqueName?: string;
  readonly version?: string;
  readonly managed?: boolean;
  readonly publisher?: string;
  readonly roles?: readonly {
    readonly id: string;
    readonly name: string;
    readonly privileges: Readonly<Record<string, string>>;
    readonly customizable?: boolean;
  }[];
  /** XML in place of `<MissingDependencies/>`, and beside the roles. */
  readonly missingDependencies?: string;
  readonly otherComponents?: string;
}

/** A solution's zip as base64. */
export function solutionPackage(contents: PackageContents = {}): string {
  return zipOf({
    "[Content_Types].xml":
      '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/octet-stream"/></Types>',
    "solution.xml": manifestOf(contents),
    "customizations.xml": customizationsOf(contents),
  });
}

export function zipOf(files: Readonly<Record<string, string>>): string {
  const bytes = Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)]));
  return Buffer.from(zipSync(bytes)).toString("base64");
}

const names = (description: string) =>
  `<LocalizedNames><LocalizedName description="${description}" languagecode="1033"/></LocalizedNames>`;

function manifestOf({
  uniqueName = "ContosoOrders",
  version = "1.0.0.0",
  managed = true,
  publisher = "contoso",
  roles = [],
  missingDependencies = "<MissingDependencies/>",
}: PackageContents): string {
  const components = roles.map(({ id }) => `<RootComponent type="20" id="{${id}}" behavior="0"/>`).join("");
  return (
    '<ImportExportXml version="9.2.25063.198" SolutionPackageVersion="9.2" languagecode="1033" generatedBy="CrmLive"><SolutionManifest>' +
    `<UniqueName>${uniqueName}</UniqueName>${names("Contoso &amp; Orders")}<Descriptions/><Version>${version}</Version>` +
    `<Managed>${managed ? 1 : 0}</Managed><Publisher><UniqueName>${publisher}</UniqueName>${names("Contoso")}` +
    "<CustomizationPrefix>con</CustomizationPrefix><CustomizationOptionValuePrefix>12345</CustomizationOptionValuePrefix><Addresses/></Publisher>" +
    `<RootComponents>${components}</RootComponents>${missingDependencies}</SolutionManifest></ImportExportXml>`
  );
}

function customizationsOf({ roles = [], otherComponents = "<Entities/>" }: PackageContents): string {
  const elements = roles.map(({ id, name, privileges, customizable = true }) => {
    const held = Object.entries(privileges).map(([key, level]) => `<RolePrivilege name="${key}" level="${level}"/>`);
    return (
      `<Role id="{${id}}" name="${name}"><IsCustomizable>${customizable ? 1 : 0}</IsCustomizable><IsAutoAssigned>0</IsAutoAssigned>` +
      `<Description/><RolePrivileges>${held.join("")}</RolePrivileges></Role>`
    );
  });
  return `<ImportExportXml>${otherComponents}<Roles>${elements.join("")}</Roles><Workflows/><Languages><Language>1033</Language></Languages></ImportExportXml>`;
}
