import { guidOf } from "../store.ts";
import { attributeTypeOf } from "./attribute-types.ts";
import { relationships, tables } from "./model.ts";
import type { Row } from "./organization-data.ts";
import { accessRights, privileges } from "./privileges.ts";
import type { Column, Table } from "./table.ts";

const text: Column = { kind: "text" };
const flag: Column = { kind: "boolean" };
const object: Column = { kind: "managedProperty" };

/** One kind of metadata: what the model can say of such an item, and the items of a table. */
export interface MetadataKind {
  readonly shape: Table;
  rowsOf(table: Table): Row[];
}

/** The metadata of a table itself. */
export const definitions: MetadataKind = {
  shape: shapeOf("EntityMetadata", "EntityDefinitions", {
    LogicalName: text,
    SchemaName: text,
    EntitySetName: text,
    LogicalCollectionName: text,
    PrimaryIdAttribute: text,
    PrimaryNameAttribute: text,
    ObjectTypeCode: { kind: "integer" },
    OwnershipType: text,
    IsActivity: flag,
    IsIntersect: flag,
    IsCustomEntity: flag,
    Privileges: object,
  }),
  rowsOf: (table) => [
    {
      MetadataId: guidOf(`table ${table.logicalName}`),
      LogicalName: table.logicalName,
      SchemaName: table.schemaName,
      EntitySetName: table.entitySet,
      LogicalCollectionName: table.entitySet,
      PrimaryIdAttribute: table.primaryId,
      PrimaryNameAttribute: table.primaryName,
      ObjectTypeCode: table.objectTypeCode,
      OwnershipType: table.ownership,
      IsActivity: table.privilege === "Activity",
      IsIntersect: isIntersect(table),
      IsCustomEntity: false,
      Privileges: privilegesOf(table),
    },
  ],
};

const oneToMany = shapeOf("OneToManyRelationshipMetadata", "OneToManyRelationships", {
  SchemaName: text,
  RelationshipType: text,
  IsCustomRelationship: flag,
  ReferencedEntity: text,
  ReferencedAttribute: text,
  ReferencedEntityNavigationPropertyName: text,
  ReferencingEntity: text,
  ReferencingAttribute: text,
  ReferencingEntityNavigationPropertyName: text,
});

/** What can be expanded from the metadata of a table, by navigation property. */
export const parts: ReadonlyMap<string, MetadataKind> = new Map(
  Object.entries<MetadataKind>({
    Attributes: {
      shape: shapeOf("AttributeMetadata", "Attributes", {
        LogicalName: text,
        EntityLogicalName: text,
        AttributeType: text,
        AttributeTypeName: object,
        IsPrimaryId: flag,
        IsPrimaryName: flag,
        IsCustomAttribute: flag,
      }),
      rowsOf: (table) => Object.entries(table.columns).map(([name, column]) => attributeOf(table, name, column)),
    },
    Keys: {
      shape: shapeOf("EntityKeyMetadata", "Keys", {
        EntityLogicalName: text,
        KeyAttributes: object,
        EntityKeyIndexStatus: text,
      }),
      rowsOf: (table) =>
        table.keys.map((key) => ({
          MetadataId: guidOf(`key ${table.logicalName} ${key.join(" ")}`),
          EntityLogicalName: table.logicalName,
          KeyAttributes: [...key],
          EntityKeyIndexStatus: "Active",
        })),
    },
    ManyToOneRelationships: {
      shape: oneToMany,
      rowsOf: (table) => oneToManyWhere(({ referencing }) => referencing.logicalName === table.logicalName),
    },
    OneToManyRelationships: {
      shape: oneToMany,
      rowsOf: (table) => oneToManyWhere(({ referenced }) => referenced === table.logicalName),
    },
    ManyToManyRelationships: {
      shape: shapeOf("ManyToManyRelationshipMetadata", "ManyToManyRelationships", {
        SchemaName: text,
        RelationshipType: text,
        IsCustomRelationship: flag,
        IntersectEntityName: text,
        Entity1LogicalName: text,
        Entity1IntersectAttribute: text,
        Entity1NavigationPropertyName: text,
        Entity2LogicalName: text,
        Entity2IntersectAttribute: text,
        Entity2NavigationPropertyName: text,
      }),
      rowsOf: manyToManyOf,
    },
  }),
);

/** Whether a table is the one behind a many-to-many relationship. */
function isIntersect(table: Table): boolean {
  return table.entitySet.endsWith("collection");
}

function shapeOf(type: string, entitySet: string, columns: Record<string, Column>): Table {
  return {
    logicalName: type,
    schemaName: type,
    entitySet,
    primaryId: "MetadataId",
    primaryName: null,
    objectTypeCode: 9800,
    ownership: "None",
    keys: [],
    collections: {},
    columns: { ...columns, MetadataId: { kind: "guid" } },
  };
}

function attributeOf(table: Table, name: string, column: Column): Row {
  const type = attributeTypeOf(name, column);
  return {
    "@odata.type": `#Microsoft.Dynamics.CRM.${classes[type] ?? type}AttributeMetadata`,
    MetadataId: guidOf(`attribute ${table.logicalName} ${name}`),
    LogicalName: name,
    EntityLogicalName: table.logicalName,
    AttributeType: type,
    AttributeTypeName: { Value: `${type === "Virtual" ? "Image" : type}Type` },
    IsPrimaryId: name === table.primaryId,
    IsPrimaryName: name === table.primaryName,
    IsCustomAttribute: false,
  };
}

/** Metadata classes that are not called after their type. */
const classes: Record<string, string> = {
  Uniqueidentifier: "UniqueIdentifier",
  Owner: "Lookup",
  Customer: "Lookup",
  Virtual: "Image",
};

function oneToManyWhere(matches: (relationship: (typeof relationships)[number]) => boolean): Row[] {
  return relationships.filter(matches).map(({ name, referencing, column, navigation, referenced }) => ({
    MetadataId: guidOf(`relationship ${name}`),
    SchemaName: name,
    RelationshipType: "OneToManyRelationship",
    IsCustomRelationship: false,
    ReferencedEntity: referenced,
    ReferencedAttribute: tables.find(({ logicalName }) => logicalName === referenced)!.primaryId,
    ReferencedEntityNavigationPropertyName: name,
    ReferencingEntity: referencing.logicalName,
    ReferencingAttribute: column,
    ReferencingEntityNavigationPropertyName: navigation,
  }));
}

/** The table that comes first in a many-to-many relationship, by the table behind it (from the table reference). */
const firstOf: Record<string, string> = {
  systemuserroles: "systemuser",
  teammembership: "team",
  teamroles: "team",
  roleprivileges: "privilege",
};

function manyToManyOf(table: Table): Row[] {
  return Object.entries(table.collections).flatMap(([name, { target, intersect }]) => {
    if (!intersect) return [];
    const own = { table: table.logicalName, column: intersect.from };
    const other = { table: target, column: intersect.to };
    const [first, second] = firstOf[intersect.table] === table.logicalName ? [own, other] : [other, own];
    return {
      MetadataId: guidOf(`relationship ${name}`),
      SchemaName: name,
      RelationshipType: "ManyToManyRelationship",
      IsCustomRelationship: false,
      IntersectEntityName: intersect.table,
      Entity1LogicalName: first.table,
      Entity1IntersectAttribute: first.column,
      Entity1NavigationPropertyName: name,
      Entity2LogicalName: second.table,
      Entity2IntersectAttribute: second.column,
      Entity2NavigationPropertyName: name,
    };
  });
}

function privilegesOf(table: Table): object[] {
  return [...privileges.values()]
    .filter(
      ({ name, accessright }) =>
        accessright !== 0 && name.replace(/^prv(AppendTo|[A-Z][a-z]+)/, "") === table.privilege,
    )
    .map((row) => ({
      CanBeBasic: row.canbebasic,
      CanBeDeep: row.canbedeep,
      CanBeGlobal: row.canbeglobal,
      CanBeLocal: row.canbelocal,
      CanBeEntityReference: row.canbeentityreference,
      CanBeParentEntityReference: row.canbeparententityreference,
      Name: row.name,
      PrivilegeId: row.privilegeid,
      PrivilegeType: Object.entries(accessRights).find(([, bit]) => bit === row.accessright)![0],
    }));
}
