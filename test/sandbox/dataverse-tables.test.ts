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

const missing = "66666666-6666-4666-8666-666666666666";
const names = ({ value }: { value: { name: string }[] }) => value.map(({ name }) => name);
const refusal = ({ status, data }: { status: number; data: { error: { code: string } } }) => [status, data.error.code];

describe("D4: Writing rows", () => {
  test("POST answers 204 with the row's address, and fills in the platform's columns", async () => {
    const answer = await client.send("POST", "accounts", { name: "Contoso" });
    expect(answer.status).toBe(204);
    expect(answer.headers.location).toBe(answer.headers["odata-entityid"]);
    const { UserId } = await client.get("WhoAmI");
    const row = await client.get(answer.headers.location);
    expect(row).toMatchObject({
      name: "Contoso",
      revenue: null,
      statecode: 0,
      _ownerid_value: UserId,
      _createdby_value: UserId,
      createdon: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    });
    expect(row["@odata.etag"]).toBe(`W/"${row.versionnumber}"`);
  });

  test("PATCH updates, creates what is not there, and obeys If-Match and If-None-Match", async () => {
    const path = `accounts(${missing})`;
    const patch = (headers: Record<string, string>) => client.send("PATCH", path, { name: "Upserted" }, { headers });
    expect(refusal(await patch({ "If-Match": "*" }))).toEqual([404, "0x80040217"]);
    expect((await patch({})).status).toBe(204);
    expect(refusal(await patch({ "If-None-Match": "*" }))).toEqual([412, "0x80040237"]);
    const etag = (await client.get(path))["@odata.etag"];
    expect((await patch({ "If-Match": etag, "If-None-Match": "null" })).status).toBe(204);
    expect(refusal(await patch({ "If-Match": etag }))).toEqual([412, "0x80060882"]);
    const stale = await client.send("DELETE", path, undefined, { headers: { "If-Match": etag } });
    expect(refusal(stale)).toEqual([412, "0x80060882"]);
    const shown = await patch({ Prefer: "return=representation" });
    expect([shown.status, shown.data.name]).toEqual([200, "Upserted"]);
    expect((await client.send("DELETE", path)).status).toBe(204);
    expect(refusal(await client.send("DELETE", path))).toEqual([404, "0x80040217"]);
  });

  test("a single column can be read, set and cleared", async () => {
    const id = await client.create("accounts", { name: "One column" });
    expect((await client.get(`accounts(${id})/name`)).value).toBe("One column");
    expect((await client.send("PUT", `accounts(${id})/name`, { value: "Other" })).status).toBe(204);
    expect((await client.get(`accounts(${id})/name`)).value).toBe("Other");
    expect((await client.send("DELETE", `accounts(${id})/name`)).status).toBe(204);
    expect((await client.send("GET", `accounts(${id})/name`)).status).toBe(204);
  });

  test("D5: lookups are bound by navigation property, read as _value, and cleared", async () => {
    const parent = await client.create("accounts", { name: "Parent" });
    const id = await client.create("contacts", {
      firstname: "Ann",
      lastname: "Beebe",
      "parentcustomerid_account@odata.bind": `accounts(${parent})`,
    });
    const row = await client.get(`contacts(${id})?$select=fullname&$expand=parentcustomerid_account($select=name)`);
    expect(row).toMatchObject({ fullname: "Ann Beebe", parentcustomerid_account: { name: "Parent" } });
    expect(
      names(await client.get(`contacts(${id})/parentcustomerid_account`).then((value) => ({ value: [value] }))),
    ).toEqual(["Parent"]);
    const related = await client.get(`accounts(${parent})/contact_customer_accounts?$select=fullname`);
    expect(related.value).toMatchObject([{ fullname: "Ann Beebe" }]);
    await client.send("DELETE", `contacts(${id})/parentcustomerid_account/$ref`);
    expect((await client.get(`contacts(${id})`))._parentcustomerid_value).toBeNull();
    const body = { "@odata.id": `${client.base}accounts(${parent})` };
    await client.send("PUT", `contacts(${id})/parentcustomerid_account/$ref`, body);
    await client.send("DELETE", `accounts(${parent})`);
    expect((await client.get(`contacts(${id})`))._parentcustomerid_value).toBeNull();
  });

  test.each([
    [{ nosuch: 1 }, 400, "0x80048d19"],
    [{ "nosuch@odata.bind": "/accounts(1)" }, 400, "0x80048d19"],
    [{ name: 7 }, 400, "0x80048d19"],
    [{ _parentaccountid_value: missing }, 400, "0x80048d19"],
    [{ industrycode: 99 }, 400, "0x8004431a"],
    [{ name: "x".repeat(161) }, 400, "0x80044331"],
    [{ "parentaccountid@odata.bind": `/accounts(${missing})` }, 404, "0x80040217"],
    [{ accountid: "00000000-0000-0000-0000-000000000000" }, 400, "0x80040203"],
    [{ "parentaccountid@odata.bind": "/contacts(66666666-6666-4666-8666-666666666666)" }, 404, "0x80040217"],
  ])("D3: a body with %j is %i %s", async (body, status, code) => {
    expect(refusal(await client.send("POST", "accounts", body))).toEqual([status, code]);
  });

  test("D3: a required column that is missing is 400 0x80040203, one that is set to null 0x80040200", async () => {
    const nameless = await client.send("POST", "publishers", { friendlyname: "x", customizationprefix: "x" });
    expect(refusal(nameless)).toEqual([400, "0x80040203"]);
    const path = `businessunits(${await client.rootBusinessUnit()})`;
    expect(refusal(await client.send("PATCH", path, { name: null }))).toEqual([400, "0x80040200"]);
  });

  test("read-only columns are accepted without effect", async () => {
    const { value } = await client.get("organizations?$select=name");
    const path = `organizations(${value[0].organizationid})`;
    expect((await client.send("PATCH", path, { name: "Renamed" })).status).toBe(204);
    expect((await client.get(path)).name).toBe(value[0].name);
  });

  test.each([
    ["PATCH", "accounts", ""],
    ["DELETE", "accounts", ""],
    ["POST", "privileges", "0x80040800"],
    ["POST", "organizations", "0x80040800"],
  ])("D3: %s of %s is 405", async (method, set, code) => {
    expect(refusal(await client.send(method, set, {}))).toEqual([405, code]);
  });

  test("D11: solutions and publishers have unique names, and the platform's stay", async () => {
    const publisher = { uniquename: "contoso", friendlyname: "Contoso", customizationprefix: "con" };
    const publisherid = await client.create("publishers", publisher);
    expect(refusal(await client.send("POST", "publishers", publisher))).toEqual([400, "0x80044331"]);
    const solution = {
      uniquename: "orders",
      friendlyname: "Orders",
      version: "1.0.0.0",
      "publisherid@odata.bind": `/publishers(${publisherid})`,
    };
    const id = await client.create("solutions", solution);
    expect(refusal(await client.send("POST", "solutions", solution))).toEqual([400, "0x8004F023"]);
    const found = await client.get("solutions?$expand=publisherid&$filter=uniquename eq 'orders'");
    expect(found.value).toMatchObject([{ ismanaged: false, publisherid: { uniquename: "contoso" } }]);
    expect(refusal(await client.send("DELETE", `publishers(${publisherid})`))).toEqual([405, "0x80040227"]);
    expect((await client.send("DELETE", `solutions(${id})`)).status).toBe(204);
    const system = await client.get("solutions?$filter=uniquename eq 'Default'");
    expect(refusal(await client.send("DELETE", `solutions(${system.value[0].solutionid})`))).toEqual([
      400,
      "0x8004F005",
    ]);
  });
});

describe("D4: Reading rows", () => {
  let ids: string[];
  beforeAll(async () => {
    ids = [];
    for (const [name, revenue] of Object.entries({ "Q one": 10, "Q two's": 20, "Q three": null, "q Four": 40 })) {
      ids.push(await client.create("accounts", { name, revenue, creditonhold: revenue === 20 }));
    }
  });

  test.each([
    ["name eq 'q ONE'", ["Q one"]],
    ["name eq 'Q two''s'", ["Q two's"]],
    ["startswith(name,'Q') and not (revenue eq null)", ["q Four", "Q one", "Q two's"]],
    ["startswith(name,'q ') and revenue eq null", ["Q three"]],
    ["startswith(name,'q ') and revenue ne 10", ["q Four", "Q three", "Q two's"]],
    ["revenue gt 10 and revenue le 40", ["q Four", "Q two's"]],
    ["revenue ge 40 or revenue lt 20", ["q Four", "Q one"]],
    ["creditonhold eq true", ["Q two's"]],
    ["contains(name,'thr') or endswith(name,'four')", ["q Four", "Q three"]],
    [
      "startswith(name,'Q ') and createdon gt 2020-01-01T00:00:00Z and createdon lt 2999-01-01",
      ["q Four", "Q one", "Q three", "Q two's"],
    ],
    ["Microsoft.Dynamics.CRM.In(PropertyName='name',PropertyValues=['Q one','Q three'])", ["Q one", "Q three"]],
    ["createdby/applicationid ne null and name eq 'Q one'", ["Q one"]],
  ])("$filter=%s", async (filter, expected) => {
    const answer = await client.get(`accounts?$select=name&$orderby=name&$filter=${encodeURIComponent(filter)}`);
    expect(names(answer)).toEqual(expected);
  });

  test("guids match with and without quotes, and through aliases", async () => {
    for (const filter of [`accountid eq ${ids[0]}`, `accountid eq '${ids[0]}'`, `accountid eq @id&@id=${ids[0]}`]) {
      expect(names(await client.get(`accounts?$filter=${filter}`))).toEqual(["Q one"]);
    }
    const list = JSON.stringify(ids.slice(0, 2)).replaceAll('"', "'");
    const path = `accounts?$orderby=revenue desc&$filter=Microsoft.Dynamics.CRM.In(PropertyName=@p1,PropertyValues=@p2)&@p1='accountid'&@p2=${list}`;
    expect(names(await client.get(path))).toEqual(["Q two's", "Q one"]);
  });

  test("a navigation property can be compared with null only", async () => {
    const { value } = await client.get("businessunits?$select=name&$filter=parentbusinessunitid eq null");
    expect(value).toHaveLength(1);
    const answer = await client.send("GET", `accounts?$filter=parentaccountid eq ${ids[0]}`);
    expect(refusal(answer)).toEqual([400, "0x80060888"]);
  });

  test.each([
    ["accounts?$select=nosuch", 400],
    ["accounts?$filter=nosuch eq 1", 400],
    ["accounts?$filter=name eq 1", 400],
    ["accounts?$filter=name eq", 400],
    ["accounts?$filter=(name eq 'x'", 400],
    ["accounts?$skip=1", 400],
    ["accounts?$top=x", 400],
    ["accounts(1)", 400],
    [`accounts(${missing})`, 404],
    [`accounts(${missing})/nosuch`, 404],
  ])("%s is %i", async (path, status) => {
    const answer = await client.send("GET", path);
    expect(answer.status).toBe(status);
    expect(answer.data.error.code).toMatch(/^0x800[46]0/);
  });

  test("pages follow the next link to the end, each row once", async () => {
    const headers = { Prefer: "odata.maxpagesize=2" };
    const seen: string[] = [];
    let next: string | undefined = "accounts?$select=name&$orderby=name desc&$count=true&$filter=startswith(name,'q ')";
    let pages = 0;
    while (next) {
      const answer: { data: { value: { name: string }[]; "@odata.count": number; "@odata.nextLink"?: string } } =
        await client.send("GET", next, undefined, { headers });
      expect(answer.data["@odata.count"]).toBe(4);
      seen.push(...names(answer.data));
      next = answer.data["@odata.nextLink"];
      pages++;
    }
    expect(pages).toBe(2);
    expect(seen).toEqual(["Q two's", "Q three", "Q one", "q Four"]);
  });

  test("$top, $select and $count do what they say", async () => {
    const { data } = await client.send(
      "GET",
      "accounts?$select=name&$top=1&$orderby=name&$filter=startswith(name,'Q ')",
    );
    expect(data["@odata.context"]).toBe(`${client.base}$metadata#accounts(name)`);
    expect(Object.keys(data.value[0]).sort()).toEqual(["@odata.etag", "accountid", "name"]);
    expect(data["@odata.nextLink"]).toBeUndefined();
    const count = await client.send("GET", "accounts/$count?$filter=startswith(name,'Q ')");
    expect(String(count.data)).toBe("4");
  });

  test("a row that has not changed is 304", async () => {
    const row = await client.get(`accounts(${ids[0]})`);
    const headers = { "If-None-Match": row["@odata.etag"] };
    expect((await client.send("GET", `accounts(${ids[0]})`, undefined, { headers })).status).toBe(304);
    await client.send("PATCH", `accounts(${ids[0]})`, { telephone1: "1" });
    expect((await client.send("GET", `accounts(${ids[0]})`, undefined, { headers })).status).toBe(200);
  });
});

describe("D2: Row security", () => {
  test("without the privilege is 403 0x80040220 and names it", async () => {
    const as = await client.user("Nothing", {});
    const { value } = await client.get("accounts?$top=1");
    for (const [method, path, privilege] of [
      ["GET", "accounts", "prvReadAccount"],
      ["POST", "contacts", "prvCreateContact"],
      ["DELETE", `accounts(${value[0].accountid})`, "prvDeleteAccount"],
      ["GET", "systemusers", "prvReadUser"],
      ["GET", "tasks", "prvReadActivity"],
    ] as const) {
      const answer = await client.send(method, path, method === "POST" ? {} : undefined, { as });
      expect(refusal(answer)).toEqual([403, "0x80040220"]);
      expect(answer.data.error.message).toContain(`is missing ${privilege} privilege`);
    }
  });

  test("Basic reaches own rows, Local the business unit's, Deep those below, Global all", async () => {
    const root = await client.rootBusinessUnit();
    const bind = `/businessunits(${root})`;
    const child = await client.create("businessunits", { name: "East", "parentbusinessunitid@odata.bind": bind });
    const reader = async (depth: string, unit: string) => {
      const user = await client.user(`Reader ${depth} ${unit}`, { prvReadAccount: depth, prvCreateAccount: depth });
      if (unit === root) return user;
      await client.send("PATCH", `systemusers(${user.userId})`, {
        "businessunitid@odata.bind": `/businessunits(${unit})`,
      });
      const { value } = await client.get(
        `roles?$filter=_parentrootroleid_value eq ${user.roleId} and _businessunitid_value eq ${unit}`,
      );
      const body = { "@odata.id": `${client.base}roles(${value[0].roleid})` };
      await client.send("POST", `systemusers(${user.userId})/systemuserroles_association/$ref`, body);
      return user;
    };
    const inChild = await reader("Basic", child);
    const theirs = await client.create("accounts", { name: "S child" }, inChild);
    await client.create("accounts", { name: "S root" });
    const seenBy = async (depth: string, unit: string) =>
      names(await client.get("accounts?$orderby=name&$filter=startswith(name,'S ')", await reader(depth, unit)));
    expect(names(await client.get("accounts?$select=name", inChild))).toEqual(["S child"]);
    expect(await seenBy("Local", child)).toEqual(["S child"]);
    expect(await seenBy("Global", child)).toEqual(["S child", "S root"]);
    expect(await seenBy("Local", root)).toEqual(["S root"]);
    expect(await seenBy("Deep", root)).toEqual(["S child", "S root"]);
    const basic = await reader("Basic", root);
    expect(await client.get("accounts", basic)).toMatchObject({ value: [] });
    const one = await client.send("GET", `accounts(${theirs})`, undefined, { as: basic });
    expect(refusal(one)).toEqual([403, "0x80040220"]);
    expect(one.data.error.message).toContain("PrivilegeName: prvReadAccount");
    expect(one.data.error.message).toContain("Required Depth: Deep");
  });

  test("privileges changed on a role are felt by the next request", async () => {
    const user = await client.user("Promoted", {});
    expect((await client.send("GET", "contacts", undefined, { as: user })).status).toBe(403);
    const PrivilegeId = await client.privilege("prvReadContact");
    await client.send("POST", `roles(${user.roleId})/Microsoft.Dynamics.CRM.AddPrivilegesRole`, {
      Privileges: [{ Depth: "Global", PrivilegeId }],
    });
    expect((await client.get("contacts", user)).value.length).toBeGreaterThan(1);
  });

  test("a lookup takes Append on the row and AppendTo on its target", async () => {
    const user = await client.user("Appender", {
      prvCreateContact: "Basic",
      prvReadAccount: "Global",
      prvAppendContact: "Basic",
    });
    const { value } = await client.get("accounts?$top=1");
    const body = { lastname: "Linked", "parentcustomerid_account@odata.bind": `/accounts(${value[0].accountid})` };
    const answer = await client.send("POST", "contacts", body, { as: user });
    expect(refusal(answer)).toEqual([403, "0x80040220"]);
    expect(answer.data.error.message).toContain("prvAppendToAccount");
  });
});
