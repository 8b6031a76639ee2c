import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";
import { type DataverseClient, dataverseClient } from "./dataverse-client.ts";

let sandbox: TestSandbox;
let client: DataverseClient;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  client = dataverseClient(sandbox);
});
afterAll(() => sandbox.close());

describe("EntityDefinitions", () => {
  test("gives the names of a table by its logical name, or by its metadata id", async () => {
    const select = "$select=LogicalName,EntitySetName,LogicalCollectionName,SchemaName,PrimaryIdAttribute";
    const one = await client.get(`EntityDefinitions(LogicalName='systemuser')?${select}`);
    expect(one).toEqual({
      "@odata.context": `${client.base}$metadata#EntityDefinitions(LogicalName,EntitySetName,LogicalCollectionName,SchemaName,PrimaryIdAttribute)/$entity`,
      MetadataId: expect.any(String),
      LogicalName: "systemuser",
      EntitySetName: "systemusers",
      LogicalCollectionName: "systemusers",
      SchemaName: "SystemUser",
      PrimaryIdAttribute: "systemuserid",
    });
    expect(await client.get(`EntityDefinitions(${one.MetadataId})?${select}`)).toEqual(one);
    const all = await client.get("EntityDefinitions(LogicalName='systemuser')");
    expect(all).toMatchObject({ PrimaryNameAttribute: "fullname", OwnershipType: "BusinessOwned", IsIntersect: false });
  });

  test.each([
    ["LogicalName eq 'role'", ["role"]],
    ["LogicalCollectionName eq 'businessunits'", ["businessunit"]],
    ["EntitySetName eq 'systemuserrolescollection'", ["systemuserroles"]],
    ["LogicalName eq 'role' or SchemaName eq 'Task'", ["role", "task"]],
    ["IsIntersect eq true", ["roleprivileges", "systemuserroles", "teammembership", "teamroles"]],
  ])("is filtered by %s", async (filter, expected) => {
    const { value } = await client.get(`EntityDefinitions?$select=LogicalName&$filter=${filter}`);
    expect(value.map(({ LogicalName }: { LogicalName: string }) => LogicalName).sort()).toEqual(expected);
  });

  test("expands columns with their types", async () => {
    const { Attributes } = await client.get(
      "EntityDefinitions(LogicalName='account')?$select=LogicalName&$expand=Attributes($select=LogicalName,AttributeType,IsPrimaryId)",
    );
    const types = Object.fromEntries(
      Attributes.map((row: { LogicalName: string; AttributeType: string }) => [row.LogicalName, row.AttributeType]),
    );
    expect(types).toMatchObject({
      accountid: "Uniqueidentifier",
      name: "String",
      description: "Memo",
      creditonhold: "Boolean",
      revenue: "Money",
      numberofemployees: "Integer",
      industrycode: "Picklist",
      statecode: "State",
      statuscode: "Status",
      ownerid: "Owner",
      primarycontactid: "Lookup",
      createdon: "DateTime",
      versionnumber: "BigInt",
    });
    expect(Attributes).toContainEqual({
      "@odata.type": "#Microsoft.Dynamics.CRM.UniqueIdentifierAttributeMetadata",
      MetadataId: expect.any(String),
      LogicalName: "accountid",
      AttributeType: "Uniqueidentifier",
      IsPrimaryId: true,
    });
  });

  test("expands keys and relationships of both kinds", async () => {
    const user = await client.get(
      "EntityDefinitions(LogicalName='systemuser')?$select=LogicalName&$expand=Keys($select=KeyAttributes)," +
        "ManyToOneRelationships($filter=ReferencingAttribute eq 'businessunitid'),OneToManyRelationships($select=SchemaName)," +
        "ManyToManyRelationships($filter=SchemaName eq 'systemuserroles_association')",
    );
    expect(user.Keys).toMatchObject([{ KeyAttributes: ["azureactivedirectoryobjectid"] }]);
    expect(user.ManyToOneRelationships).toMatchObject([
      {
        SchemaName: "business_unit_system_users",
        ReferencedEntity: "businessunit",
        ReferencedAttribute: "businessunitid",
        ReferencedEntityNavigationPropertyName: "business_unit_system_users",
        ReferencingEntity: "systemuser",
        ReferencingEntityNavigationPropertyName: "businessunitid",
      },
    ]);
    expect(user.OneToManyRelationships).toContainEqual(
      expect.objectContaining({ SchemaName: "lk_rolebase_createdby" }),
    );
    expect(user.ManyToManyRelationships).toMatchObject([
      {
        SchemaName: "systemuserroles_association",
        IntersectEntityName: "systemuserroles",
        Entity1LogicalName: "systemuser",
        Entity1IntersectAttribute: "systemuserid",
        Entity2LogicalName: "role",
        Entity2IntersectAttribute: "roleid",
      },
    ]);
    const { value } = await client.get("EntityDefinitions(LogicalName='role')/ManyToManyRelationships");
    expect(value).toContainEqual(user.ManyToManyRelationships[0]);
  });

  test("each relationship is a navigation property at both ends", async () => {
    const { value } = await client.get(
      "EntityDefinitions?$select=EntitySetName,LogicalName&$expand=ManyToOneRelationships",
    );
    const sets = new Map<string, string>();
    for (const { LogicalName, EntitySetName } of value) sets.set(LogicalName, EntitySetName);
    let checked = 0;
    for (const { ManyToOneRelationships } of value) {
      for (const one of ManyToOneRelationships) {
        const down = `${sets.get(one.ReferencedEntity)}?$top=1&$expand=${one.ReferencedEntityNavigationPropertyName}`;
        const up = `${sets.get(one.ReferencingEntity)}?$top=1&$expand=${one.ReferencingEntityNavigationPropertyName}`;
        await client.get(down);
        await client.get(up);
        checked++;
      }
    }
    expect(checked).toBeGreaterThan(50);
  });

  test("gives a column by its name, and is 501 for what the model does not have", async () => {
    const path = "EntityDefinitions(LogicalName='role')/Attributes";
    expect(await client.get(`${path}(LogicalName='name')`)).toMatchObject({
      AttributeType: "String",
      IsPrimaryName: true,
    });
    for (const [missing, name] of [
      [`${path}(LogicalName='nosuch')`, "nosuch"],
      [`${path}/Microsoft.Dynamics.CRM.PicklistAttributeMetadata`, "PicklistAttributeMetadata"],
      [`${path}?$select=DisplayName`, "DisplayName"],
      ["EntityDefinitions(LogicalName='lead')", "lead"],
      ["EntityDefinitions(LogicalName='role')/Settings", "Settings"],
      ["EntityDefinitions(LogicalName='account')?$select=DisplayName", "DisplayName"],
      ["EntityDefinitions?$orderby=LogicalName", "$orderby"],
    ]) {
      const answer = await client.send("GET", missing!);
      expect([answer.status, answer.data.error.message]).toEqual([501, expect.stringContaining(name!)]);
    }
    expect((await client.send("POST", "EntityDefinitions", {})).status).toBe(501);
  });

  test("takes prvReadEntity", async () => {
    const as = await client.user("No metadata", {});
    const refused = await client.send("GET", "EntityDefinitions?$select=LogicalName", undefined, { as });
    expect([refused.status, refused.data.error.code]).toEqual([403, "0x80040220"]);
    expect(refused.data.error.message).toContain("prvReadEntity");
  });
});

describe("The documents of the service", () => {
  test("D8: the service document names each entity set", async () => {
    const { value, ...rest } = await client.get("");
    expect(rest).toEqual({ "@odata.context": `${client.base}$metadata` });
    expect(value).toContainEqual({ name: "systemusers", kind: "EntitySet", url: "systemusers" });
    for (const { url } of value) expect((await client.send("GET", `${url}?$top=1`)).status).toBe(200);
  });

  test("D8: $metadata is XML with types, keys, navigation properties, sets, functions and actions", async () => {
    const { status, headers, data } = await client.send("GET", "$metadata");
    expect(status).toBe(200);
    expect(headers["content-type"]).toBe("application/xml");
    const within = (name: string) => new RegExp(`<EntityType Name="${name}".*?</EntityType>`).exec(data)![0];
    expect(within("account")).toContain('<Key><PropertyRef Name="accountid" /></Key>');
    expect(within("account")).toContain('<Property Name="_createdby_value" Type="Edm.Guid" />');
    expect(within("account")).toContain('<Property Name="versionnumber" Type="Edm.Int64" />');
    expect(within("account")).toContain(
      '<NavigationProperty Name="createdby" Type="mscrm.systemuser" Nullable="false" Partner="lk_accountbase_createdby">' +
        '<ReferentialConstraint Property="_createdby_value" ReferencedProperty="systemuserid" /></NavigationProperty>',
    );
    expect(within("systemuser")).toContain(
      '<NavigationProperty Name="lk_accountbase_createdby" Type="Collection(mscrm.account)" Partner="createdby" />',
    );
    expect(within("systemuser")).toContain(
      '<PropertyValue Property="Name" PropertyPath="azureactivedirectoryobjectid" />',
    );
    expect(data).toContain(
      '<Function Name="WhoAmI"><ReturnType Type="mscrm.WhoAmIResponse" Nullable="false" /></Function>',
    );
    expect(data).toContain(
      '<Action Name="AddPrivilegesRole" IsBound="true"><Parameter Name="entity" Type="mscrm.role" Nullable="false" />',
    );
    expect(data).toContain(
      '<FunctionImport Name="RetrieveRolePrivilegesRole" Function="mscrm.RetrieveRolePrivilegesRole" />',
    );
  });

  test("D8: $metadata is whole: every type that it names is there, and every row has the properties that it says", async () => {
    const { data } = await client.send("GET", "$metadata");
    const defined = new Set([...data.matchAll(/<(?:Entity|Complex|Enum)Type Name="(\w+)"/g)].map(([, name]) => name));
    const named = [...data.matchAll(/(?:Type|BaseType|EntityType)="(?:Collection\()?mscrm\.(\w+)/g)].map(
      ([, name]) => name,
    );
    expect(named.filter((name) => !defined.has(name))).toEqual([]);
    const open: string[] = [];
    for (const [, slash, name, end] of data.matchAll(/<(\/?)([\w:]+)[^>]*?(\/?)>/g)) {
      if (slash) expect(open.pop()).toBe(name);
      else if (!end) open.push(name!);
    }
    expect(open).toEqual([]);
    for (const [set, type] of [
      ["systemusers", "systemuser"],
      ["roles", "role"],
      ["businessunits", "businessunit"],
      ["solutions", "solution"],
    ]) {
      const [xml] = new RegExp(`<EntityType Name="${type}".*?</EntityType>`).exec(data)!;
      const properties = [...xml.matchAll(/<Property Name="(\w+)"/g)].map(([, name]) => name);
      const { value } = await client.get(`${set}?$top=1`);
      expect(
        Object.keys(value[0])
          .filter((name) => !name.startsWith("@"))
          .sort(),
      ).toEqual(properties.sort());
    }
  });
});
