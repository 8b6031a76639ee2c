import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";
import { type DataverseClient, dataverseClient } from "./dataverse-client.ts";

// What Dataverse can do and the sandbox cannot is 501 and named; what Dataverse refuses too is its error. Never a wrong answer.

let sandbox: TestSandbox;
let client: DataverseClient;
let account: string;
let role: string;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  client = dataverseClient(sandbox);
  account = (await client.get("accounts?$filter=name eq 'Litware'")).value[0].accountid;
  const unit = `/businessunits(${await client.rootBusinessUnit()})`;
  role = await client.create("roles", { name: "Probed", "businessunitid@odata.bind": unit });
});
afterAll(() => sandbox.close());

const missing = "66666666-6666-4666-8666-666666666666";
const notServed = (name: string) => [501, "SandboxNotImplemented", expect.stringContaining(name)];
const refusal = ({ status, data }: { status: number; data: { error: { code: string; message: string } } }) => [
  status,
  data.error.code,
  data.error.message,
];
/** Puts the ids of the rows that are there in place of their names. */
const withIds = (text: string) => text.replace("ACCOUNT", account).replace("ROLE", role);

describe("A query that the sandbox cannot answer is 501 and named", () => {
  test.each([
    ["accounts?$apply=aggregate(revenue with sum as total)", "$apply"],
    ["accounts?$search=x", "$search"],
    ["accounts?$compute=revenue mul 2 as double", "$compute"],
    ["accounts?$deltatoken=1", "$deltatoken"],
    ["accounts?$format=json", "$format"],
    ["accounts?$schemaversion=1", "$schemaversion"],
    ["accounts?$FILTER=name eq 'x'", "$FILTER"],
    ["accounts?filter=name eq 'x'", "filter"],
    ["accounts?$top=0", "$top=0"],
    ["accounts?$select=", "an empty $select"],
    ["EntityDefinitions?$expand=constructor", "constructor"],
    ["accounts?$filter=constructor(name,'x')", "constructor"],
    ["accounts?fetchXml=<fetch/>", "fetchXml"],
    ["accounts?savedQuery=66666666-6666-4666-8666-666666666666", "savedQuery"],
    ["accounts?userQuery=66666666-6666-4666-8666-666666666666", "userQuery"],
    ["accounts/$count?$top=1", "$top"],
    ["accounts(ACCOUNT)?$top=1", "$top"],
    ["accounts(ACCOUNT)?$count=true", "$count"],
    ["accounts(ACCOUNT)/name?$select=name", "$select"],
    ["accounts(ACCOUNT)/name/$value", "$value"],
    ["accounts(ACCOUNT)/$ref", "$ref"],
    ["accounts(ACCOUNT)/contact_customer_accounts/$count", "$count"],
    ["accounts(ACCOUNT)/ownerid/Microsoft.Dynamics.CRM.systemuser", "ownerid"],
    ["accounts(ACCOUNT)/ownerid", "several tables"],
    ["accounts/Microsoft.Dynamics.CRM.account", "Microsoft.Dynamics.CRM.account"],
    ["accounts('ACCOUNT')", "in quotes"],
    ["$crossjoin(accounts,contacts)", "$crossjoin"],
    ["$all", "$all"],
    ["leads", "leads"],
    ["RelationshipDefinitions", "RelationshipDefinitions"],
    ["WhoAmI?$select=UserId", "$select"],
    ["Microsoft.Dynamics.CRM.WhoAmI()", "WhoAmI"],
    ["RetrieveTotalRecordCount(EntityNames=['account'])", "RetrieveTotalRecordCount"],
    ["systemusers(ACCOUNT)?$expand=createdby($expand=businessunitid)", "nested $expand"],
  ])("GET %s", async (path, name) => {
    expect(refusal(await client.send("GET", withIds(path)))).toEqual(notServed(name));
  });

  test.each([
    ["length(name) eq 3", "length"],
    ["tolower(name) eq 'x'", "tolower"],
    ["contains(tolower(name),'x')", "tolower"],
    ["name eq tolower('X')", "tolower"],
    ["contains('Litware',name)", "first argument"],
    ["contains(name,'x') eq true", "contains"],
    ["startswith(name,'Lit%')", "'%'"],
    ["endswith(name,'_tware')", "'_'"],
    ["contains(name,'[a-l]')", "'['"],
    ["createdon ge now()", "now"],
    ["year(createdon) eq 2026", "year"],
    ["'Litware' eq name", "'Litware'"],
    ["true eq creditonhold", "'true'"],
    ["creditonhold", "creditonhold"],
    ["not creditonhold", "'not'"],
    ["not name eq 'x'", "'not'"],
    ["name in ('Litware')", "in"],
    ["name has 'x'", "has"],
    ["name EQ 'x'", "EQ"],
    ["revenue add 5 gt 10", "add"],
    ["(revenue mul 2) gt 10", "mul"],
    ["-revenue gt 5", "'-'"],
    ["firstname eq lastname", "lastname"],
    ["ownerid/fullname eq 'x'", "several tables"],
    ["contact_customer_accounts/any(c:c/lastname eq 'x')", "any"],
    ["contact_customer_accounts/all(c:c/lastname eq 'x')", "all"],
    ["contact_customer_accounts/$count gt 0", "$count"],
    ["$it/name eq 'x'", "$it"],
    ["Microsoft.Dynamics.CRM.Today(PropertyName='createdon')", "Today"],
    ["Microsoft.Dynamics.CRM.EqualUserId(PropertyName='ownerid')", "EqualUserId"],
    ["Microsoft.Dynamics.CRM.In(PropertyName='name',PropertyValues=['x']) eq true", "In"],
  ])("$filter=%s", async (filter, name) => {
    const set = filter.startsWith("firstname") ? "contacts" : "accounts";
    expect(refusal(await client.send("GET", `${set}?$filter=${encodeURIComponent(filter)}`))).toEqual(notServed(name));
  });

  test.each([
    ["accounts?$orderby=length(name)", "length"],
    ["accounts?$orderby=createdby", "createdby"],
    ["roles?$orderby=iscustomizable", "iscustomizable"],
    ["accounts?$orderby=contact_customer_accounts/$count", "$count"],
    ["systemusers?$filter=positionid/name eq 'x'", "position"],
    ["systemusers?$expand=queueid", "queue"],
    ["accounts?$expand=*", "*"],
    ["accounts?$expand=ownerid", "several tables"],
    ["accounts?$expand=createdby($expand=businessunitid)", "$expand"],
    ["accounts?$expand=createdby($filter=fullname eq 'x')", "$filter"],
    ["accounts?$expand=createdby($top=1)", "$top"],
    ["accounts?$expand=contact_customer_accounts($count=true)", "$count"],
    ["accounts?$expand=contact_customer_accounts($levels=2)", "$levels"],
    ["accounts?$expand=contact_customer_accounts($filter=length(lastname) eq 3)", "length"],
    ["accounts?$expand=contact_customer_accounts/$ref", "$ref"],
    ["EntityDefinitions?$top=1", "$top"],
    ["EntityDefinitions?$count=true", "$count"],
  ])("GET %s", async (path, name) => {
    expect(refusal(await client.send("GET", path))).toEqual(notServed(name));
  });
});

describe("A write that the sandbox cannot do is 501 and named, and nothing is done", () => {
  test.each([
    ["POST", "applicationusers", {}, "applicationusers"],
    ["POST", "systemusers", { lastname: "x" }, "not an application user"],
    ["POST", "accounts", { primarycontactid: { lastname: "x" } }, "deep insert"],
    ["POST", "accounts", { contact_customer_accounts: [{ lastname: "x" }] }, "deep insert"],
    ["POST", "accounts(ACCOUNT)/contact_customer_accounts", { lastname: "x" }, "contact_customer_accounts"],
    ["PATCH", "accounts(ACCOUNT)/primarycontactid", { lastname: "x" }, "primarycontactid"],
    ["DELETE", "accounts(ACCOUNT)/primarycontactid", undefined, "primarycontactid"],
    ["PATCH", `systemusers(azureactivedirectoryobjectid=${missing})`, {}, "alternate key"],
    ["POST", "accounts(ACCOUNT)/Microsoft.Dynamics.CRM.Merge", {}, "Merge"],
    ["POST", "accounts/Microsoft.Dynamics.CRM.CreateMultiple", {}, "CreateMultiple"],
    ["POST", "Merge", {}, "Merge"],
    ["POST", "EntityDefinitions", {}, "EntityDefinitions"],
  ])("%s %s", async (method, path, body, name) => {
    expect(refusal(await client.send(method, withIds(path), body))).toEqual(notServed(name));
    expect((await client.get("contacts?$filter=lastname eq 'x'")).value).toEqual([]);
  });

  test.each([
    ["MSCRM.SolutionUniqueName", "orders", "mscrm.solutionuniquename"],
    ["MSCRM.MergeLabels", "true", "mscrm.mergelabels"],
    ["MSCRM.BypassCustomPluginExecution", "true", "mscrm.bypasscustompluginexecution"],
    ["MSCRM.BypassBusinessLogicExecution", "CustomSync", "mscrm.bypassbusinesslogicexecution"],
    ["MSCRM.AutoDisassociate", "true", "mscrm.autodisassociate"],
    ["MSCRM.SuppressDuplicateDetection", "false", "duplicate detection"],
    ["Prefer", "respond-async", "respond-async"],
    ["Prefer", "odata.track-changes", "odata.track-changes"],
    ["Accept", "application/json;odata.metadata=full", "odata.metadata=full"],
    ["Accept", "application/atom+xml", "application/atom+xml"],
    ["Content-Type", "text/plain", "text/plain"],
    ["OData-Version", "3.0", "3.0"],
    ["OData-MaxVersion", "2.0", "2.0"],
    ["If-Match", '*, W/"1"', "If-Match"],
    ["If-None-Match", '"abc"', "If-None-Match"],
  ])("the header %s: %s", async (header, value, name) => {
    const body = JSON.stringify({ name: "Changed by header" });
    const headers = { "Content-Type": "application/json", [header]: value };
    const answer = await client.send("PATCH", `accounts(${account})`, body, { headers });
    expect(refusal(answer)).toEqual(notServed(name));
    expect((await client.get(`accounts(${account})`)).name).toBe("Litware");
  });

  test.each([
    ["POST", "accounts", "If-Match"],
    ["POST", "accounts", "If-None-Match"],
    ["POST", "roles(ROLE)/Microsoft.Dynamics.CRM.AddPrivilegesRole", "If-Match"],
    ["PUT", "accounts(ACCOUNT)/parentaccountid/$ref", "If-Match"],
    ["GET", "accounts", "If-None-Match"],
    ["GET", "accounts(ACCOUNT)", "If-Match"],
  ])("%s %s with %s", async (method, path, header) => {
    const answer = await client.send(method, withIds(path), method === "GET" ? undefined : { name: "Conditional" }, {
      headers: { [header]: 'W/"1"' },
    });
    expect(refusal(answer)).toEqual(notServed(header));
    expect((await client.get("accounts?$filter=name eq 'Conditional'")).value).toEqual([]);
  });
});

describe("D3: what Dataverse refuses has its error", () => {
  test.each([
    ["GET", "accounts?$skip=1", undefined, 400, "0x80060888", "Skip Clause is not supported"],
    ["GET", "accounts?$select=name,", undefined, 400, "0x80060888", "property named ''"],
    ["GET", "accounts?$orderby=,name", undefined, 400, "0x80060888", "property named ''"],
    ["GET", "accounts?$filter=name eq @x&@x=@x", undefined, 400, "0x80060888", "@x"],
    ["GET", "accounts?$filter=createdon gt 2020-13-45", undefined, 400, "0x80060888", "2020-13-45"],
    ["GET", "accounts?$skiptoken=x", undefined, 400, "0x80060888", "$skiptoken"],
    ["GET", "accounts?$select=constructor", undefined, 400, "0x80060888", "constructor"],
    ["GET", "accounts?$expand=constructor", undefined, 400, "0x80060888", "constructor"],
    ["GET", "accounts(ACCOUNT)/constructor", undefined, 404, "0x80060888", "constructor"],
    ["GET", "accounts?$top=1&$top=2", undefined, 400, "0x80060888", "'$top' was specified more than once"],
    ["GET", 'accounts?$filter=name eq "x"', undefined, 400, "0x80060888", "x"],
    ["GET", "accounts?$filter=contains(accountid,'x')", undefined, 400, "0x80060888", "Edm.Guid"],
    ["GET", "accounts?$expand=nosuch", undefined, 400, "0x80060888", "nosuch"],
    ["GET", "accounts?$expand=createdby($select=nosuch)", undefined, 400, "0x80060888", "nosuch"],
    ["GET", "contacts?$filter=lastname eq 'none'&$expand=nosuch", undefined, 400, "0x80060888", "nosuch"],
    ["GET", "accounts(accountnumber='1')", undefined, 400, "0x80060888", "not valid for resource"],
    ["GET", "roles(ROLE)/AddPrivilegesRole", undefined, 404, "0x80060888", "AddPrivilegesRole"],
    ["POST", "roles(ROLE)/AddPrivilegesRole", {}, 404, "0x80060888", "AddPrivilegesRole"],
    ["GET", "roles(ROLE)/Microsoft.Dynamics.CRM.AddPrivilegesRole", undefined, 405, "", "GET"],
    ["POST", "WhoAmI", {}, 405, "", "POST"],
    ["GET", "WhoAmI(Depth=1)", undefined, 400, "0x80048d19", "Depth"],
    [
      "POST",
      "roles(ROLE)/Microsoft.Dynamics.CRM.AddPrivilegesRole",
      { Privileges: [], Replace: true },
      400,
      "0x80048d19",
      "Replace",
    ],
    [
      "POST",
      "roles(ROLE)/Microsoft.Dynamics.CRM.AddPrivilegesRole",
      { Privileges: [{ Depth: "Basic", PrivilegeId: missing, Level: 1 }] },
      400,
      "0x80048d19",
      "Level",
    ],
    [
      "GET",
      "EntityDefinitions?$filter=startswith(LogicalName,'sys')",
      undefined,
      501,
      "0x8006088a",
      `The "startswith" function isn't supported for Metadata Entities.`,
    ],
  ])("%s %s %j is %i %s", async (method, path, body, status, code, text) => {
    expect(refusal(await client.send(method, withIds(path), body))).toEqual([
      status,
      code,
      expect.stringContaining(text),
    ]);
  });
});

describe("D4: what is easily answered wrongly is right", () => {
  const names = async (query: string) =>
    (await client.get(`accounts?$select=name&${query}`)).value.map(({ name }: { name: string }) => name);

  beforeAll(async () => {
    const parents: Record<string, string> = {};
    for (const name of ["Zoë", "Ada"]) parents[name] = await client.create("accounts", { name });
    for (const [name, parent] of Object.entries({ "Child of Zoë": "Zoë", "Child of Ada": "Ada" })) {
      await client.create("accounts", { name, "parentaccountid@odata.bind": `/accounts(${parents[parent]})` });
    }
  });

  test("lookups are ordered by the names they lead to, choices by their numbers", async () => {
    const filter = "$filter=startswith(name,'Child of')";
    expect(await names(`$orderby=_parentaccountid_value&${filter}`)).toEqual(["Child of Ada", "Child of Zoë"]);
    expect(await names(`$orderby=_parentaccountid_value desc&${filter}`)).toEqual(["Child of Zoë", "Child of Ada"]);
    expect(await names(`$orderby=parentaccountid/name desc&${filter}`)).toEqual(["Child of Zoë", "Child of Ada"]);
  });

  test("texts are compared without letter case, accents and spaces at the end", async () => {
    for (const text of ["zoe", "ZOË", "Zoë  "]) expect(await names(`$filter=name eq '${text}'`)).toEqual(["Zoë"]);
    expect(await names("$filter=startswith(name,'ZOE')")).toEqual(["Zoë"]);
  });

  test("'not' turns a function or what is in parentheses, and nulls are unequal to everything", async () => {
    const filter = "startswith(name,'Child') and not endswith(name,'Ada') and not (name eq 'x') and revenue ne 1";
    expect(await names(`$filter=${filter}`)).toEqual(["Child of Zoë"]);
  });

  test("a managed property is filtered by its parts", async () => {
    const { value } = await client.get("roles?$select=name&$filter=canbedeleted/Value eq true");
    expect(value).toMatchObject([{ name: "Probed" }]);
  });

  test("an alias reaches into $expand", async () => {
    const path = "accounts?$filter=name eq @name&$expand=account_parent_account($select=name;$filter=name eq @child)";
    const { value } = await client.get(`${path}&@name='Ada'&@child='Child of Ada'`);
    expect(value[0].account_parent_account).toMatchObject([{ name: "Child of Ada" }]);
  });

  test("a time is shown in UTC, a date as it is, and other text is refused", async () => {
    const scheduledend = "2026-03-01T10:00:00.123+02:00";
    const task = await client.create("tasks", { subject: "Timed", scheduledend });
    expect((await client.get(`tasks(${task})/scheduledend`)).value).toBe("2026-03-01T08:00:00Z");
    const contact = await client.create("contacts", { lastname: "Dated", birthdate: "1970-01-02" });
    expect((await client.get(`contacts(${contact})/birthdate`)).value).toBe("1970-01-02");
    const wrong = await client.send("POST", "tasks", { scheduledend: "March 1, 2026" });
    expect(refusal(wrong)).toEqual([400, "0x80048d19", expect.stringContaining("Edm.DateTimeOffset")]);
  });

  test("numbers have exponents", async () => {
    await client.create("accounts", { name: "Rich", revenue: 1500 });
    expect(await names("$filter=revenue eq 1.5e3")).toEqual(["Rich"]);
  });

  test("$count counts what the filter leaves, whatever $top says", async () => {
    const counted = await client.get("accounts?$filter=startswith(name,'Child')&$count=true&$top=1");
    expect([counted["@odata.count"], counted.value.length]).toEqual([2, 1]);
  });

  test("$top takes the place of odata.maxpagesize, which is then not applied", async () => {
    const answer = await client.send("GET", "accounts?$top=2", undefined, {
      headers: { Prefer: "odata.maxpagesize=1" },
    });
    expect([answer.data.value.length, answer.headers["preference-applied"]]).toEqual([2, undefined]);
  });
});
