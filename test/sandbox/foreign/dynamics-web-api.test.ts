import type { DynamicsWebApi } from "dynamics-web-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestSandbox } from "../../support/sandbox.ts";
import { solutionPackage } from "../../support/solution-package.ts";
import { dataverseClient } from "../dataverse-client.ts";
import { refusalOf, startWithClient } from "./dynamics-web-api.ts";

let sandbox: TestSandbox;
let api: DynamicsWebApi;
let url: string;

beforeAll(async () => {
  ({ sandbox, api, url } = await startWithClient());
});
afterAll(() => sandbox.close());

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const missing = "66666666-6666-4666-8666-666666666666";

describe("dynamics-web-api: rows", () => {
  test("creates with and without the row as answer, reads, updates and deletes", async () => {
    const key: string = await api.create({ collection: "accounts", data: { name: "Created" } });
    expect(key).toMatch(guid);
    const data = { name: "Represented", "parentaccountid@odata.bind": `accounts(${key})` };
    const row: Record<string, string> = await api.create({
      collection: "accounts",
      data,
      returnRepresentation: true,
      select: ["name"],
    });
    expect(row).toMatchObject({ name: "Represented", accountid: expect.stringMatching(guid) });
    await api.update({ collection: "accounts", key, data: { name: "Updated", revenue: 12.5 } });
    expect(await api.retrieve({ collection: "accounts", key })).toMatchObject({ name: "Updated", revenue: 12.5 });
    expect(await api.deleteRecord({ collection: "accounts", key: row.accountid })).toBe(true);
    expect(await refusalOf(api.retrieve({ collection: "accounts", key: row.accountid }))).toMatchObject({
      status: 404,
      code: "0x80040217",
      message: expect.stringContaining("Does Not Exist"),
    });
  });

  test("sets and clears a single property", async () => {
    const key: string = await api.create({ collection: "accounts", data: { name: "One property" } });
    await api.updateSingleProperty({ collection: "accounts", key, fieldValuePair: { telephone1: "555" } });
    expect(await api.retrieve({ collection: "accounts", key, select: ["telephone1"] })).toMatchObject({
      telephone1: "555",
    });
    await api.deleteRecord({ collection: "accounts", key, property: "telephone1" });
    expect((await api.retrieve({ collection: "accounts", key })).telephone1).toBeNull();
  });

  test("updates only what is there, and upserts as If-Match and If-None-Match say", async () => {
    const data = { name: "Upserted" };
    const update = refusalOf(api.update({ collection: "accounts", key: missing, data }));
    expect(await update).toMatchObject({ status: 404, code: "0x80040217" });
    expect(await api.upsert({ collection: "accounts", key: missing, data, ifmatch: "*" })).toBeNull();
    expect(await api.upsert({ collection: "accounts", key: missing, data })).toBe(missing);
    expect(await api.upsert({ collection: "accounts", key: missing, data, ifnonematch: "*" })).toBeNull();
    const again = await api.upsert({
      collection: "accounts",
      key: missing,
      data: { name: "Upserted again" },
      returnRepresentation: true,
    });
    expect(again).toMatchObject({ name: "Upserted again", accountid: missing });
  });

  test("obeys the version of a row in reading, updating and deleting", async () => {
    const key: string = await api.create({ collection: "contacts", data: { lastname: "Versioned" } });
    const first = await api.retrieve({ collection: "contacts", key, select: ["lastname"] });
    const etag: string = first["@odata.etag"];
    expect(await api.retrieve({ collection: "contacts", key, ifnonematch: etag })).toBeUndefined(); // 304
    const data = { lastname: "Changed" };
    expect(await api.update({ collection: "contacts", key, data, ifmatch: etag })).toBe(true);
    expect(await api.update({ collection: "contacts", key, data, ifmatch: etag })).toBe(false);
    expect(await api.deleteRecord({ collection: "contacts", key, ifmatch: etag })).toBe(false);
    expect(await api.retrieve({ collection: "contacts", key, ifnonematch: etag })).toMatchObject(data);
    const { "@odata.etag": present } = await api.retrieve({ collection: "contacts", key });
    expect(await api.deleteRecord({ collection: "contacts", key, ifmatch: present })).toBe(true);
  });
});

describe("dynamics-web-api: queries", () => {
  beforeAll(async () => {
    for (const number of [1, 2, 3, 4, 5]) {
      await api.create({ collection: "accounts", data: { name: `Page ${number}`, numberofemployees: number } });
    }
  });
  const pages = { collection: "accounts", filter: "startswith(name,'Page ')", select: ["name"], orderBy: ["name"] };

  test("pages by size, by next link and to the end", async () => {
    const first = await api.retrieveMultiple({ ...pages, maxPageSize: 2, count: true });
    expect(first.value.map(({ name }) => name)).toEqual(["Page 1", "Page 2"]);
    expect(first.oDataCount).toBe(5);
    const second = await api.retrieveMultiple({ ...pages, maxPageSize: 2 }, first.oDataNextLink);
    expect(second.value.map(({ name }) => name)).toEqual(["Page 3", "Page 4"]);
    const all = await api.retrieveAll({ ...pages, maxPageSize: 2 });
    expect(all.value.map(({ name }) => name)).toEqual(["Page 1", "Page 2", "Page 3", "Page 4", "Page 5"]);
    expect((await api.retrieveMultiple({ ...pages, top: 1 })).value).toHaveLength(1);
  });

  test("counts", async () => {
    expect(await api.count({ collection: "accounts", filter: pages.filter })).toBe(5);
    expect(await api.countAll({ collection: "accounts", filter: pages.filter })).toBe(5);
    expect(await api.count({ collection: "privileges" })).toBeGreaterThan(50);
  });

  test("expands lookups and collections", async () => {
    const key: string = await api.create({ collection: "accounts", data: { name: "Parent" } });
    const customer = { lastname: "Child", "parentcustomerid_account@odata.bind": `accounts(${key})` };
    await api.create({ collection: "contacts", data: customer });
    const account = await api.retrieve({
      collection: "accounts",
      key,
      select: ["name"],
      expand: [
        { property: "contact_customer_accounts", select: ["lastname"], filter: "lastname eq 'Child'" },
        { property: "createdby", select: ["fullname"] },
      ],
    });
    expect(account.contact_customer_accounts).toMatchObject([{ lastname: "Child" }]);
    expect(account.createdby.fullname).toBe("# Contoso Software administrator");
    const related = await api.retrieve({
      collection: "accounts",
      key,
      navigationProperty: "contact_customer_accounts",
      select: ["lastname"],
    });
    expect(related.value).toMatchObject([{ lastname: "Child" }]);
  });

  test("shows formatted values and what lookups lead to", async () => {
    const { value } = await api.retrieveMultiple({
      collection: "systemusers",
      select: ["accessmode", "isdisabled", "_businessunitid_value", "createdon"],
      filter: `applicationid eq ${sandbox.administrator.clientId}`,
      includeAnnotations: "*",
    });
    expect(value[0]).toMatchObject({
      accessmode: 4,
      accessmode_Formatted: "Non-interactive",
      isdisabled_Formatted: "Enabled",
      _businessunitid_value_Formatted: "Contoso Orders (dev)",
      _businessunitid_value_LogicalName: "businessunit",
      _businessunitid_value_NavigationProperty: "businessunitid",
      createdon_Formatted: expect.stringMatching(/^\d+\/\d+\/\d{4} \d+:\d\d [AP]M$/),
    });
  });

  test("that do not fit into an address go as a batch by themselves", async () => {
    const filter = Array.from({ length: 120 }, (_, index) => `name eq 'Page ${index}'`).join(" or ");
    sandbox.context.journal.length = 0;
    const { value } = await api.retrieveMultiple({ collection: "accounts", select: ["name"], filter });
    expect(value).toHaveLength(5);
    expect(sandbox.context.journal.map(({ method, path }) => `${method} ${path}`)).toContain(
      "POST /api/data/v9.2/$batch",
    );
  });
});

describe("dynamics-web-api: relationships", () => {
  test("associates and disassociates a user and a role", async () => {
    const { userId } = await dataverseClient(sandbox).user("Associated", {});
    const { value } = await api.retrieveMultiple({
      collection: "roles",
      select: ["roleid"],
      filter: "name eq 'Basic User'",
    });
    const relationship = {
      collection: "systemusers",
      primaryKey: userId,
      relationshipName: "systemuserroles_association",
      relatedCollection: "roles",
      relatedKey: value[0].roleid as string,
    };
    const names = async () => {
      const user = await api.retrieve({
        collection: "systemusers",
        key: userId,
        expand: [{ property: "systemuserroles_association", select: ["name"], orderBy: ["name"] }],
      });
      return user.systemuserroles_association.map(({ name }: { name: string }) => name);
    };
    await api.associate(relationship);
    expect(await names()).toEqual(["Associated role", "Basic User"]);
    await api.disassociate(relationship);
    expect(await names()).toEqual(["Associated role"]);
    expect(await refusalOf(api.associate({ ...relationship, relatedKey: missing }))).toMatchObject({
      status: 404,
      code: "0x80040217",
    });
  });

  test("sets and clears a single-valued one", async () => {
    const parent: string = await api.create({ collection: "accounts", data: { name: "Single parent" } });
    const key: string = await api.create({ collection: "accounts", data: { name: "Single child" } });
    const single = { collection: "accounts", primaryKey: key, navigationProperty: "parentaccountid" };
    await api.associateSingleValued({ ...single, relatedCollection: "accounts", relatedKey: parent });
    expect((await api.retrieve({ collection: "accounts", key }))._parentaccountid_value).toBe(parent);
    await api.disassociateSingleValued(single);
    expect((await api.retrieve({ collection: "accounts", key }))._parentaccountid_value).toBeNull();
  });
});

describe("dynamics-web-api: functions, actions and metadata", () => {
  test("calls functions and actions, bound and unbound", async () => {
    const { UserId } = await api.callFunction("WhoAmI");
    const { roleId, userId } = await dataverseClient(sandbox).user("Empowered", {});
    const PrivilegeId = await dataverseClient(sandbox).privilege("prvReadAccount");
    await api.callAction({
      collection: "roles",
      key: roleId,
      actionName: "Microsoft.Dynamics.CRM.AddPrivilegesRole",
      action: { Privileges: [{ Depth: "Deep", PrivilegeId }] },
    });
    const { RolePrivileges } = await api.callFunction({
      name: "RetrieveRolePrivilegesRole",
      parameters: { RoleId: roleId },
    });
    expect(RolePrivileges).toHaveLength(10);
    const bound = "Microsoft.Dynamics.CRM.RetrieveUserPrivileges";
    const own = await api.callFunction({ collection: "systemusers", key: userId, name: bound });
    expect(own.RolePrivileges).toContainEqual(expect.objectContaining({ PrivilegeId, Depth: "Deep" }));
    const administrator = await api.callFunction({ collection: "systemusers", key: UserId, name: bound });
    expect(administrator.RolePrivileges.length).toBeGreaterThan(50);
  });

  test("stages and imports a solution, and follows its job to the end", async () => {
    const role = { id: "77777777-7777-4777-8777-777777777777", name: "Of a solution", privileges: {} };
    const { StageSolutionResults } = await api.callAction({
      actionName: "StageSolution",
      action: { CustomizationFile: solutionPackage({ roles: [role] }) },
    });
    const { AsyncOperationId, ImportJobKey } = await api.callAction({
      actionName: "ImportSolutionAsync",
      action: {
        OverwriteUnmanagedCustomizations: true,
        PublishWorkflows: true,
        SolutionParameters: { StageSolutionUploadId: StageSolutionResults.StageSolutionUploadId },
      },
    });
    const select = ["statecode", "statuscode"];
    const status = async () => {
      const row = await api.retrieve({ collection: "asyncoperations", key: AsyncOperationId, select });
      return [row.statecode, row.statuscode];
    };
    expect([await status(), await status()]).toEqual([
      [2, 20],
      [3, 30],
    ]);
    const { SolutionOperationResult } = await api.callFunction({
      name: "RetrieveSolutionImportResult",
      parameters: { ImportJobId: ImportJobKey },
    });
    expect(SolutionOperationResult.Status).toBe("Passed");
    expect(await api.retrieve({ collection: "roles", key: role.id })).toMatchObject({ name: role.name });
  });

  test("acts on behalf of another user", async () => {
    const { userId, objectId } = await dataverseClient(sandbox).user("Impersonated", {});
    const asUser = await api.callFunction({ name: "WhoAmI", impersonate: userId });
    expect(asUser.UserId).toBe(userId);
    expect((await api.callFunction({ name: "WhoAmI", impersonateAAD: objectId })).UserId).toBe(userId);
    expect(await refusalOf(api.retrieveMultiple({ collection: "accounts", impersonate: userId }))).toMatchObject({
      status: 403,
      code: "0x80040220",
      message: expect.stringContaining("prvReadAccount"),
    });
  });

  test("takes tables by their logical names, which it reads from the metadata", async () => {
    const named = api.initializeInstance({
      serverUrl: url,
      useEntityNames: true,
      onTokenRefresh: () => sandbox.token(url),
    });
    const { value } = await named.retrieveMultiple({ collection: "businessunit", select: ["name"] });
    expect(value).toMatchObject([{ name: "Contoso Orders (dev)" }]);
  });
});

test("dynamics-web-api: reads the metadata of tables, of their columns and of the service", async () => {
  const role = await api.retrieveEntity({
    key: "LogicalName='role'",
    select: ["EntitySetName"],
    expand: [{ property: "ManyToManyRelationships", select: ["SchemaName"] }],
  });
  expect(role).toMatchObject({ EntitySetName: "roles" });
  expect(role.ManyToManyRelationships).toContainEqual(
    expect.objectContaining({ SchemaName: "systemuserroles_association" }),
  );
  const all = await api.retrieveEntities({ select: ["LogicalName"], filter: "LogicalCollectionName eq 'roles'" });
  expect(all.value).toMatchObject([{ LogicalName: "role" }]);
  const attributes = await api.retrieveAttributes({ entityKey: "LogicalName='role'", select: ["LogicalName"] });
  expect(attributes.value).toContainEqual(expect.objectContaining({ LogicalName: "parentrootroleid" }));
  const name = await api.retrieveAttribute({ entityKey: "LogicalName='role'", attributeKey: "LogicalName='name'" });
  expect(name.AttributeType).toBe("String");
  expect(await api.retrieveCsdlMetadata()).toContain('<EntitySet Name="roles" EntityType="mscrm.role">');
});

test("dynamics-web-api: a refused sign-in is an error with the status", async () => {
  const stranger = api.initializeInstance({ serverUrl: url, onTokenRefresh: async () => "no token" });
  expect(await refusalOf(stranger.callFunction("WhoAmI"))).toMatchObject({ status: 401 });
});
