import { edmTypeOf } from "./attribute-types.ts";
import { relationships, tables } from "./model.ts";
import { bound, type Operation, unbound } from "./operations.ts";
import { allowOnly } from "./query-options.ts";
import { refuse } from "./refusal.ts";
import type { Answer, DataverseRequest } from "./request.ts";
import { solutionTypes } from "./solutions/types.ts";
import type { Table } from "./table.ts";

/** GET of `$metadata`: the CSDL of what this service serves, made from its model. */
export function readCsdl(request: DataverseRequest): Answer {
  if (request.method !== "GET") refuse("MethodNotAllowed", [request.method]);
  allowOnly(request.query);
  return { status: 200, contentType: "application/xml", body: document };
}

type Attributes = Readonly<Record<string, string>>;

function element(name: string, attributes: Attributes, ...content: string[]): string {
  const given = Object.entries(attributes).map(([key, value]) => ` ${key}="${value}"`);
  const inside = content.join("");
  return inside ? `<${name}${given.join("")}>${inside}</${name}>` : `<${name}${given.join("")} />`;
}

/** Types of the operations' parameters and answers: properties by name. */
const complexTypes: Record<string, Attributes> = {
  BooleanManagedProperty: {
    Value: "Edm.Boolean",
    CanBeChanged: "Edm.Boolean",
    ManagedPropertyLogicalName: "Edm.String",
  },
  RolePrivilege: {
    Depth: "mscrm.PrivilegeDepth",
    PrivilegeId: "Edm.Guid",
    BusinessUnitId: "Edm.Guid",
    PrivilegeName: "Edm.String",
    RecordFilterId: "Edm.Guid",
    RecordFilterUniqueName: "Edm.String",
  },
  WhoAmIResponse: { BusinessUnitId: "Edm.Guid", UserId: "Edm.Guid", OrganizationId: "Edm.Guid" },
  RetrieveRolePrivilegesRoleResponse: { RolePrivileges: "Collection(mscrm.RolePrivilege)" },
  RetrieveUserPrivilegesResponse: { RolePrivileges: "Collection(mscrm.RolePrivilege)" },
  RetrieveCurrentOrganizationResponse: { Detail: "mscrm.OrganizationDetail" },
  OrganizationDetail: {
    OrganizationId: "Edm.Guid",
    FriendlyName: "Edm.String",
    OrganizationVersion: "Edm.String",
    EnvironmentId: "Edm.String",
    DatacenterId: "Edm.Guid",
    Geo: "Edm.String",
    TenantId: "Edm.String",
    UrlName: "Edm.String",
    UniqueName: "Edm.String",
    SchemaType: "Edm.String",
    OrganizationType: "mscrm.OrganizationType",
    Endpoints: "mscrm.EndpointCollection",
    State: "mscrm.OrganizationState",
  },
  ...solutionTypes,
  EndpointCollection: {
    Count: "Edm.Int32",
    IsReadOnly: "Edm.Boolean",
    Keys: "Collection(mscrm.EndpointType)",
    Values: "Collection(Edm.String)",
  },
};

/** Enumerations of those types, with the members that this service knows. */
const enumTypes: Record<string, Record<string, number>> = {
  PrivilegeDepth: { Basic: 0, Local: 1, Deep: 2, Global: 3, RecordFilter: 4 },
  EndpointAccessType: { Default: 0, Internet: 1, Intranet: 2 },
  EndpointType: { OrganizationService: 0, OrganizationDataService: 1, WebApplication: 2 },
  OrganizationState: { Enabled: 0, Disabled: 1 },
  OrganizationType: { Customer: 0, CustomerTest: 5 },
};

function entityType(table: Table): string {
  const properties = Object.entries(table.columns).map(([name, column]) =>
    element("Property", { Name: column.kind === "lookup" ? `_${name}_value` : name, Type: edmTypeOf(column) }),
  );
  const key = element("Key", {}, element("PropertyRef", { Name: table.primaryId }));
  return element(
    "EntityType",
    { Name: table.logicalName, BaseType: "mscrm.crmbaseentity" },
    key,
    ...properties,
    ...lookups(table),
    ...collections(table),
    ...(table.keys.length > 0 ? [alternateKeys(table)] : []),
  );
}

/** Single-valued navigation properties; those that may lead to several tables lead to what all tables are. */
function lookups(table: Table): string[] {
  return Object.entries(table.columns).flatMap(([column, { navigation = {} }]) =>
    Object.entries(navigation).flatMap(([name, targets]) => {
      const known = tables.filter(({ logicalName }) => targets.includes(logicalName));
      if (known.length === 0) return [];
      if (known.length > 1) return element("NavigationProperty", { Name: name, Type: "mscrm.crmbaseentity" });
      const target = known[0]!;
      const partner = relationships.find(
        (one) => one.referencing.logicalName === table.logicalName && one.navigation === name,
      );
      const constraint = { Property: `_${column}_value`, ReferencedProperty: target.primaryId };
      return element(
        "NavigationProperty",
        {
          Name: name,
          Type: `mscrm.${target.logicalName}`,
          Nullable: "false",
          ...(partner && { Partner: partner.name }),
        },
        element("ReferentialConstraint", constraint),
      );
    }),
  );
}

function collections(table: Table): string[] {
  return Object.entries(table.collections).map(([name, { target, intersect }]) => {
    const partner = intersect ? name : relationships.find((one) => one.name === name)!.navigation;
    return element("NavigationProperty", { Name: name, Type: `Collection(mscrm.${target})`, Partner: partner });
  });
}

function alternateKeys(table: Table): string {
  const keys = table.keys.map((key) => {
    const properties = key.map((name) => {
      const property = table.columns[name]!.kind === "lookup" ? `_${name}_value` : name;
      return element(
        "Record",
        { Type: "OData.Community.Keys.V1.PropertyRef" },
        element("PropertyValue", { Property: "Alias", String: property }),
        element("PropertyValue", { Property: "Name", PropertyPath: property }),
      );
    });
    const value = element("PropertyValue", { Property: "Key" }, element("Collection", {}, ...properties));
    return element("Record", { Type: "OData.Community.Keys.V1.AlternateKey" }, value);
  });
  return element("Annotation", { Term: "OData.Community.Keys.V1.AlternateKeys" }, element("Collection", {}, ...keys));
}

function operation(name: string, { method, parameters, returns }: Operation, table?: string): string {
  const all = Object.entries({ ...(table && { entity: `mscrm.${table}` }), ...parameters });
  return element(
    method === "GET" ? "Function" : "Action",
    { Name: name, ...(table && { IsBound: "true" }) },
    ...all.map(([parameter, type]) => element("Parameter", { Name: parameter, Type: type, Nullable: "false" })),
    ...(returns ? [element("ReturnType", { Type: returns, Nullable: "false" })] : []),
  );
}

function container(): string {
  const sets = tables.map((table) => {
    const navigations = [
      ...relationships
        .filter(({ referencing }) => referencing.logicalName === table.logicalName)
        .map(({ navigation, referenced }) => [navigation, referenced] as const),
      ...Object.entries(table.collections).map(([name, { target }]) => [name, target] as const),
    ];
    const bindings = navigations.map(([Path, target]) => {
      const { entitySet } = tables.find(({ logicalName }) => logicalName === target)!;
      return element("NavigationPropertyBinding", { Path, Target: entitySet });
    });
    return element("EntitySet", { Name: table.entitySet, EntityType: `mscrm.${table.logicalName}` }, ...bindings);
  });
  const imports = Object.entries(unbound).map(([Name, { method }]) =>
    method === "GET"
      ? element("FunctionImport", { Name, Function: `mscrm.${Name}` })
      : element("ActionImport", { Name, Action: `mscrm.${Name}` }),
  );
  return element("EntityContainer", { Name: "System" }, ...sets, ...imports);
}

const schema = element(
  "Schema",
  { Namespace: "Microsoft.Dynamics.CRM", Alias: "mscrm", xmlns: "http://docs.oasis-open.org/odata/ns/edm" },
  element("EntityType", { Name: "crmbaseentity", Abstract: "true" }),
  ...tables.map(entityType),
  ...Object.entries(complexTypes).map(([name, properties]) =>
    element(
      "ComplexType",
      { Name: name },
      ...Object.entries(properties).map(([property, type]) => element("Property", { Name: property, Type: type })),
    ),
  ),
  ...Object.entries(enumTypes).map(([name, members]) =>
    element(
      "EnumType",
      { Name: name },
      ...Object.entries(members).map(([Name, value]) => element("Member", { Name, Value: String(value) })),
    ),
  ),
  ...Object.entries(unbound).map(([name, one]) => operation(name, one)),
  ...Object.entries(bound).flatMap(([table, operations]) =>
    Object.entries(operations).map(([name, one]) => operation(name, one, table)),
  ),
  container(),
);

const document =
  '<?xml version="1.0" encoding="utf-8"?>' +
  element(
    "edmx:Edmx",
    { Version: "4.0", "xmlns:edmx": "http://docs.oasis-open.org/odata/ns/edmx" },
    element("edmx:DataServices", {}, schema),
  );
