import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { switchesOf } from "../../sandbox/dataverse/switches.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";
import { type DataverseClient, dataverseClient, type Principal } from "./dataverse-client.ts";

let sandbox: TestSandbox;
let client: DataverseClient;
let unit: string;
let number = 0;
let principal: Principal;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  client = dataverseClient(sandbox);
  unit = `/businessunits(${await client.rootBusinessUnit()})`;
});
afterAll(() => sandbox.close());
beforeEach(() => {
  principal = client.application(`Orders ${++number}`);
});

const create = (more = {}) =>
  client.create("systemusers", {
    applicationid: principal.clientId,
    accessmode: 4,
    isdisabled: false,
    "businessunitid@odata.bind": unit,
    ...more,
  });
const disable = (id: string) =>
  client.send("PATCH", `systemusers(${id})`, { isdisabled: true, applicationid: principal.clientId });
const switchTo = (name: string, value: string) => switchesOf(sandbox.context.store, "contoso-dev").set(name, value);
const refusal = ({ status, data }: { status: number; data: { error: { code: string } } }) => [status, data.error.code];

describe("D6: Creating an application user", () => {
  test("fills in what the platform knows of the application", async () => {
    const row = await client.get(`systemusers(${await create()})`);
    expect(row).toMatchObject({
      applicationid: principal.clientId,
      azureactivedirectoryobjectid: principal.objectId,
      applicationiduri: `https://contoso.example/${encodeURIComponent(`Orders ${number}`)}`,
      fullname: `# Orders ${number}`,
      domainname: `Orders${number}${principal.clientId}@${principal.tenantId}.com`,
      accessmode: 4,
      isdisabled: false,
      azurestate: 0,
      deletedstate: 0,
      islicensed: false,
      setupuser: false,
      _businessunitid_value: await client.rootBusinessUnit(),
    });
    expect(row.internalemailaddress).toBe(row.domainname);
  });

  test("takes an email address and a chosen primary key", async () => {
    const systemuserid = "33333333-3333-4333-8333-333333333333";
    const id = await create({ systemuserid, internalemailaddress: "orders@contoso.example" });
    expect(id).toBe(systemuserid);
    expect((await client.get(`systemusers(${id})`)).internalemailaddress).toBe("orders@contoso.example");
    principal = client.application("Same key");
    await expect(create({ systemuserid })).rejects.toThrow("412");
  });

  test("gives the row back on request", async () => {
    const answer = await client.send(
      "POST",
      "systemusers?$select=applicationid",
      { applicationid: principal.clientId, "businessunitid@odata.bind": unit },
      { headers: { Prefer: "return=representation" } },
    );
    expect(answer.status).toBe(201);
    expect(answer.headers["preference-applied"]).toBe("return=representation");
    expect(answer.data).toMatchObject({
      "@odata.context": `${client.base}$metadata#systemusers(applicationid)/$entity`,
      applicationid: principal.clientId,
      systemuserid: expect.any(String),
    });
  });

  test.each(["0x80040530", "0x80040216"])("without a business unit is 400 %s, by switch", async (code) => {
    switchTo("missingBusinessUnitCode", code);
    const answer = await client.send("POST", "systemusers", { applicationid: principal.clientId });
    switchTo("missingBusinessUnitCode", "0x80040530");
    expect(refusal(answer)).toEqual([400, code]);
  });

  test("takes the platform's names, which do not follow a later one of the application", async () => {
    const id = await create({ firstname: "Chosen", lastname: "Name" });
    const application = sandbox.context.directory.application(principal.clientId)!;
    application.displayName = "Renamed in Entra";
    expect(await client.get(`systemusers(${id})`)).toMatchObject({
      firstname: "#",
      lastname: `Orders ${number}`,
      fullname: `# Orders ${number}`,
    });
  });

  test("knows the access modes and states by their labels", async () => {
    const labels = ["Read-Write", "Administrative", "Read", "Support User", "Non-interactive", "Delegated Admin"];
    for (const [accessmode, label] of labels.entries()) {
      principal = client.application(`Mode ${label}`);
      const id = await create({ accessmode });
      const answer = await client.send(
        "GET",
        `systemusers(${id})?$select=accessmode,azurestate,deletedstate`,
        undefined,
        { headers: { Prefer: 'odata.include-annotations="OData.Community.Display.V1.FormattedValue"' } },
      );
      expect(answer.data).toMatchObject({
        "accessmode@OData.Community.Display.V1.FormattedValue": label,
        "azurestate@OData.Community.Display.V1.FormattedValue": "Exists",
        "deletedstate@OData.Community.Display.V1.FormattedValue": "Not deleted",
      });
    }
    principal = client.application("Mode 6");
    await expect(create({ accessmode: 6 })).rejects.toThrow("0x8004431a");
  });

  test("of an application without a service principal in the tenant is 400 0x8004F510", async () => {
    principal = client.application("Not consented", { installed: false });
    const body = { applicationid: principal.clientId, "businessunitid@odata.bind": unit };
    const answer = await client.send("POST", "systemusers", body);
    expect(refusal(answer)).toEqual([400, "0x8004F510"]);
    expect(answer.data.error.message).toContain(principal.clientId);
    switchTo("missingServicePrincipalStatus", "404");
    expect(refusal(await client.send("POST", "systemusers", body))).toEqual([404, "0x8004F510"]);
    switchTo("missingServicePrincipalStatus", "400");
    const { value } = await client.get(`systemusers?$filter=applicationid eq ${principal.clientId}`);
    expect(value).toEqual([]);
  });

  test("a second time is 412 0x80040237, or 400 or 412 0x8004F511 by switch; a soft-deleted user counts", async () => {
    const id = await create();
    const body = { applicationid: principal.clientId, "businessunitid@odata.bind": unit };
    expect(refusal(await client.send("POST", "systemusers", body))).toEqual([412, "0x80040237"]);
    await disable(id);
    await client.send("DELETE", `systemusers(${id})`);
    expect(refusal(await client.send("POST", "systemusers", body))).toEqual([412, "0x80040237"]);
    switchTo("duplicateApplicationUser", "400 0x8004F511");
    expect(refusal(await client.send("POST", "systemusers", body))).toEqual([400, "0x8004F511"]);
    switchTo("duplicateApplicationUser", "412 0x8004F511");
    expect(refusal(await client.send("POST", "systemusers", body))).toEqual([412, "0x8004F511"]);
    switchTo("duplicateApplicationUser", "412 0x80040237");
    await client.send("DELETE", `systemusers(${id})`);
    expect(await create()).not.toBe(id);
  });

  test("can assign roles at once, and makes nothing where one cannot be assigned", async () => {
    const { value } = await client.get("roles?$select=name&$filter=name eq 'Basic User'");
    const association = "systemuserroles_association@odata.bind";
    await expect(create({ [association]: [`/roles(${principal.clientId})`] })).rejects.toThrow("0x80040217");
    const support = await client.get("roles?$select=name&$filter=name eq 'Support User'");
    const refused = create({ [association]: [`/roles(${support.value[0].roleid})`] });
    await expect(refused).rejects.toThrow("0x80041D44");
    const filter = `systemusers?$filter=applicationid eq ${principal.clientId}`;
    expect((await client.get(filter)).value).toEqual([]);
    const id = await create({ [association]: [`/roles(${value[0].roleid})`] });
    const { value: held } = await client.get(`systemusers(${id})/systemuserroles_association?$select=name`);
    expect(held).toMatchObject([{ name: "Basic User" }]);
  });

  test("may show the object id only after the first sign-in, or never, by switch", async () => {
    const objectId = async (id: string) => (await client.get(`systemusers(${id})`)).azureactivedirectoryobjectid;
    switchTo("objectIdFilled", "never");
    const id = await create();
    await client.send("GET", "WhoAmI", undefined, { as: principal });
    expect(await objectId(id)).toBeNull();
    switchTo("objectIdFilled", "at first sign-in");
    expect(await objectId(id)).toBeNull();
    await client.send("GET", "WhoAmI", undefined, { as: principal });
    expect(await objectId(id)).toBe(principal.objectId);
    switchTo("objectIdFilled", "at creation");
  });
});

describe("D6: Finding an application user", () => {
  test("D4: works by client id with and without quotes, with roles expanded", async () => {
    const user = await client.user(`Found ${number}`, {});
    for (const literal of [user.clientId, `'${user.clientId.toUpperCase()}'`]) {
      const { value } = await client.get(
        "systemusers?$select=applicationid,systemuserid,isdisabled,deletedstate,_businessunitid_value" +
          "&$expand=systemuserroles_association($select=roleid,name,_businessunitid_value)" +
          `&$filter=applicationid eq ${literal} and deletedstate eq 0`,
      );
      expect(value).toHaveLength(1);
      expect(value[0].systemuserroles_association).toMatchObject([{ roleid: user.roleId }]);
      const link = value[0]["systemuserroles_association@odata.nextLink"];
      expect((await client.get(link)).value).toMatchObject([{ roleid: user.roleId }]);
    }
  });

  test("D4: works by the alternate key of the object id, and by no other", async () => {
    const id = await create();
    const row = await client.get(`systemusers(azureactivedirectoryobjectid=${principal.objectId})`);
    expect(row.systemuserid).toBe(id);
    const absent = await client.send("GET", `systemusers(azureactivedirectoryobjectid=${principal.clientId})`);
    expect(refusal(absent)).toEqual([404, "0x80060891"]);
    const filtered = await client.get(`systemusers?$filter=azureactivedirectoryobjectid eq ${principal.clientId}`);
    expect(filtered.value).toEqual([]);
    const noKey = await client.send("GET", `systemusers(applicationid=${principal.clientId})`);
    expect(noKey.status).toBe(400);
    expect(noKey.data.error.message).toContain("The key in the request URI is not valid");
  });

  test("the seeded users are there: administrators, a person among them, and the platform's", async () => {
    const { value } = await client.get("systemusers?$select=fullname,applicationid,accessmode");
    const names = value.map((row: { fullname: string }) => row.fullname);
    expect(names).toContain("# Contoso Software administrator");
    expect(names).toContain("Contoso Software administrator");
    expect(names).toContain("# Power Apps Checker Application");
  });
});

describe("D6: Changing an application user", () => {
  test.each([
    [{ applicationid: "44444444-4444-4444-8444-444444444444" }, "0x80041D48"],
    [{ firstname: "Other" }, "0x80041D48"],
    [{ accessmode: 0 }, "0x80040D40"],
    [{ azureactivedirectoryobjectid: "44444444-4444-4444-8444-444444444444" }, "0x80041D4F"],
    [{ islicensed: true }, "0x80041D4C"],
    [{ issyncwithdirectory: true }, "0x80041D4E"],
    [{ isdisabled: true }, "0x80041D48"],
    [{ businessunitid: null }, "0x80040200"],
  ])("to %j is 400 %s", async (change, code) => {
    const id = await create();
    expect(refusal(await client.send("PATCH", `systemusers(${id})`, change))).toEqual([400, code]);
  });

  test("disables with applicationid in the body, and changes the email address", async () => {
    const id = await create();
    expect((await disable(id)).status).toBe(204);
    await client.send("PATCH", `systemusers(${id})`, { internalemailaddress: "new@contoso.example" });
    expect(await client.get(`systemusers(${id})`)).toMatchObject({
      isdisabled: true,
      internalemailaddress: "new@contoso.example",
    });
  });

  test("moving it to another business unit drops its roles, unless the organization keeps them", async () => {
    const root = await client.rootBusinessUnit();
    const child = await client.create("businessunits", {
      name: `Sales ${number}`,
      "parentbusinessunitid@odata.bind": unit,
    });
    const { userId } = await client.user(`Moved ${number}`, {});
    const roles = async () => (await client.get(`systemusers(${userId})/systemuserroles_association`)).value;
    const move = (to: string) =>
      client.send("PATCH", `systemusers(${userId})`, { "businessunitid@odata.bind": `/businessunits(${to})` });
    expect((await move(root)).status).toBe(204);
    expect(await roles()).toHaveLength(1);
    expect((await move(child)).status).toBe(204);
    expect(await roles()).toHaveLength(0);
    const { value } = await client.get(
      `roles?$filter=name eq 'Moved ${number} role' and _businessunitid_value eq ${child}`,
    );
    await client.send("POST", `systemusers(${userId})/systemuserroles_association/$ref`, {
      "@odata.id": `${client.base}roles(${value[0].roleid})`,
    });
    const organization = `organizations(${sandbox.context.organizations.get("contoso-dev")!.id})`;
    const setting = "<DoNotRemoveRolesOnChangeBusinessUnit>true</DoNotRemoveRolesOnChangeBusinessUnit>";
    await client.send("PATCH", organization, { orgdborgsettings: `<OrgSettings>${setting}</OrgSettings>` });
    await move(root);
    expect(await roles()).toHaveLength(1);
    await client.send("DELETE", `${organization}/orgdborgsettings`);
  });
});

describe("D6: Deleting an application user", () => {
  test("that is enabled is refused with 0x80048356, the status by switch", async () => {
    const id = await create();
    expect(refusal(await client.send("DELETE", `systemusers(${id})`))).toEqual([400, "0x80048356"]);
    switchTo("deleteEnabledUserStatus", "403");
    expect(refusal(await client.send("DELETE", `systemusers(${id})`))).toEqual([403, "0x80048356"]);
    switchTo("deleteEnabledUserStatus", "400");
  });

  test("is soft first: still listed, roles and teams gone; the second time is final", async () => {
    const { userId, clientId } = await client.user(`Deleted ${number}`, {});
    await client.send("PATCH", `systemusers(${userId})`, { isdisabled: true, applicationid: clientId });
    expect((await client.send("DELETE", `systemusers(${userId})`)).status).toBe(204);
    const { value } = await client.get(
      `systemusers?$filter=applicationid eq ${clientId}&$expand=systemuserroles_association,teammembership_association`,
    );
    expect(value).toMatchObject([{ deletedstate: 1, systemuserroles_association: [], teammembership_association: [] }]);
    const restore = { isdisabled: false, applicationid: clientId };
    expect((await client.send("PATCH", `systemusers(${userId})`, restore)).status).toBe(400);
    expect((await client.send("DELETE", `systemusers(${userId})`)).status).toBe(204);
    expect((await client.send("DELETE", `systemusers(${userId})`)).status).toBe(404);
    expect((await client.get(`systemusers?$filter=applicationid eq ${clientId}`)).value).toEqual([]);
  });

  test("that owns rows is refused with 0x80048610", async () => {
    const user = await client.user(`Owner ${number}`, { prvCreateAccount: "Basic", prvReadAccount: "Basic" });
    const account = await client.create("accounts", { name: "Its own" }, user);
    await client.send("PATCH", `systemusers(${user.userId})`, { isdisabled: true, applicationid: user.clientId });
    expect(refusal(await client.send("DELETE", `systemusers(${user.userId})`))).toEqual([400, "0x80048610"]);
    await client.send("DELETE", `accounts(${account})`);
    expect((await client.send("DELETE", `systemusers(${user.userId})`)).status).toBe(204);
  });

  test("a person can only be deleted with the Microsoft 365 account", async () => {
    const { value } = await client.get("systemusers?$filter=applicationid eq null");
    const answer = await client.send("DELETE", `systemusers(${value[0].systemuserid})`);
    expect(refusal(answer)).toEqual([400, "0x80048359"]);
  });
});
