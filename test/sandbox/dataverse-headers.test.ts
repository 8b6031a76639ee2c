import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { switchesOf } from "../../sandbox/dataverse/switches.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";
import { type DataverseClient, dataverseClient } from "./dataverse-client.ts";

let sandbox: TestSandbox;
let client: DataverseClient;
let account: string;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  client = dataverseClient(sandbox);
  account = (await client.get("accounts?$filter=name eq 'Litware'")).value[0].accountid;
});
afterAll(() => sandbox.close());

const send = (method: string, path: string, headers: Record<string, string>, body?: unknown) =>
  client.send(method, path, body, { headers });
const refusal = ({ status, data }: { status: number; data: { error: { code: string } } }) => [status, data.error.code];

describe("D1: headers of a request", () => {
  test("D1: those that the documents have clients send change nothing", async () => {
    const answer = await send("GET", `accounts(${account})`, {
      Accept: "application/json",
      "OData-MaxVersion": "4.0",
      "OData-Version": "4.0",
      "If-None-Match": "null",
      Consistency: "Strong",
      "MSCRM.SuppressDuplicateDetection": "true",
    });
    expect([answer.status, answer.data.name]).toEqual([200, "Litware"]);
    expect(answer.headers["preference-applied"]).toBeUndefined();
  });

  test.each([
    ['odata.maxpagesize=1,odata.include-annotations="*"', 'odata.maxpagesize=1,odata.include-annotations="*"'],
    ["odata.maxpagesize=2; foo=bar", "odata.maxpagesize=2"],
    ["return=representation, odata.maxpagesize=3", "odata.maxpagesize=3"],
    ['odata.include-annotations="Microsoft.Dynamics.CRM.*"', 'odata.include-annotations="Microsoft.Dynamics.CRM.*"'],
    ["return=minimal", undefined],
    ["foo=bar", undefined],
  ])("D1: Prefer: %s on a query is answered with Preference-Applied: %s", async (Prefer, applied) => {
    const answer = await send("GET", "accounts?$select=name", { Prefer });
    expect(answer.status).toBe(200);
    expect(answer.headers["preference-applied"]).toBe(applied);
    const size = /maxpagesize=(\d)/.exec(applied ?? "")?.[1];
    expect(answer.data.value).toHaveLength(Number(size ?? 5));
    expect("@odata.nextLink" in answer.data).toBe(size !== undefined);
  });

  test("D1: Prefer: return=representation on a create and an update", async () => {
    const Prefer = 'return=representation,odata.include-annotations="*"';
    const created = await send("POST", "accounts?$select=name,statecode", { Prefer }, { name: "Preferred" });
    expect(created.status).toBe(201);
    expect(created.headers["preference-applied"]).toBe(Prefer);
    expect(created.headers["odata-entityid"]).toBeUndefined();
    expect(created.data).toMatchObject({
      "@odata.context": `${client.base}$metadata#accounts(name,statecode)/$entity`,
      "@odata.etag": expect.stringMatching(/^W\/"\d+"$/),
      name: "Preferred",
      "statecode@OData.Community.Display.V1.FormattedValue": "Active",
    });
    const path = `accounts(${created.data.accountid})?$select=name`;
    const updated = await send("PATCH", path, { Prefer: "return=representation" }, { name: "Again" });
    expect([updated.status, updated.data.name]).toEqual([200, "Again"]);
  });

  test("D4: an answer with the row has OData-EntityId too, by switch", async () => {
    const Prefer = "return=representation";
    const switches = switchesOf(sandbox.context.store, "contoso-dev").set("entityIdWithRepresentation", "sent");
    const { headers, data } = await send("POST", "accounts", { Prefer }, { name: "With its address" });
    switches.delete("entityIdWithRepresentation");
    expect(headers["odata-entityid"]).toBe(`${client.base}accounts(${data.accountid})`);
  });

  test("D1: annotations are those asked for, of values that are there", async () => {
    const annotated = async (pattern: string) => {
      const path = `accounts(${account})?$select=_ownerid_value,_parentaccountid_value,statuscode,creditonhold`;
      const { data } = await send("GET", path, { Prefer: `odata.include-annotations="${pattern}"` });
      return Object.fromEntries(Object.entries(data).filter(([name]) => /^\w+@/.test(name)));
    };
    const lookup = {
      "_ownerid_value@Microsoft.Dynamics.CRM.associatednavigationproperty": "ownerid",
      "_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname": "systemuser",
    };
    const formatted = {
      "_ownerid_value@OData.Community.Display.V1.FormattedValue": "# Contoso Software administrator",
      "statuscode@OData.Community.Display.V1.FormattedValue": "Active",
      "creditonhold@OData.Community.Display.V1.FormattedValue": "No",
    };
    expect(await annotated("*")).toEqual({ ...lookup, ...formatted });
    expect(await annotated("OData.Community.Display.V1.FormattedValue")).toEqual(formatted);
    expect(await annotated("Microsoft.Dynamics.CRM.*")).toEqual(lookup);
    expect(await annotated("Microsoft.PowerApps.CDS.*")).toEqual({});
  });
});

describe("D3: details of an error", () => {
  test("D3: come with include-annotations, as many as were asked for", async () => {
    const path = "accounts(66666666-6666-4666-8666-666666666666)";
    const plain = await send("GET", path, {});
    expect(Object.keys(plain.data.error)).toEqual(["code", "message"]);
    const { status, data } = await send("GET", path, { Prefer: 'odata.include-annotations="*"' });
    expect(status).toBe(404);
    expect(data.error).toEqual({
      code: "0x80040217",
      message: "Entity 'account' With Id = 66666666-6666-4666-8666-666666666666 Does Not Exist",
      "@Microsoft.PowerApps.CDS.ErrorDetails.OperationStatus": "0",
      "@Microsoft.PowerApps.CDS.ErrorDetails.SubErrorCode": "0",
      "@Microsoft.PowerApps.CDS.HelpLink":
        "http://go.microsoft.com/fwlink/?LinkID=398563&error=Microsoft.Crm.CrmException%3a80040217&client=platform",
      "@Microsoft.PowerApps.CDS.TraceText": "",
      "@Microsoft.PowerApps.CDS.InnerError.Message": data.error.message,
    });
    const some = await send("GET", path, {
      Prefer: 'odata.include-annotations="Microsoft.PowerApps.CDS.ErrorDetails*"',
    });
    expect(Object.keys(some.data.error)).toHaveLength(4);
  });

  test.each(["0x80048d19", "0x0"])("D3: a body of the wrong shape is 400 %s, by switch", async (code) => {
    const switches = switchesOf(sandbox.context.store, "contoso-dev").set("payloadErrorCode", code);
    const wrong = await send("POST", "accounts", {}, { nosuch: 1 });
    switches.delete("payloadErrorCode");
    expect(refusal(wrong)).toEqual([400, code]);
    expect(wrong.data.error.message).toMatch(
      /^Error identified in Payload provided by the user for Entity :'accounts', .* {2}----> {2}InnerException : Microsoft\.OData\.ODataException: /,
    );
  });
});

describe("D6: acting on behalf of another user", () => {
  test("D6: takes prvActOnBehalfOfAnotherUser", async () => {
    const [one, other] = [await client.user("Deputy", {}), await client.user("Represented", {})];
    const headers = { CallerObjectId: other.objectId };
    const refused = await client.send("GET", "WhoAmI", undefined, { as: one, headers });
    expect(refusal(refused)).toEqual([403, "0x8004A110"]);
    const PrivilegeId = await client.privilege("prvActOnBehalfOfAnotherUser");
    await client.send("POST", `roles(${one.roleId})/Microsoft.Dynamics.CRM.AddPrivilegesRole`, {
      Privileges: [{ Depth: "Global", PrivilegeId }],
    });
    const allowed = await client.send("GET", "WhoAmI", undefined, { as: one, headers });
    expect(allowed.data.UserId).toBe(other.userId);
  });

  test("D6: gives the rights that both users have, and leaves a trace of the real one", async () => {
    const rights = { prvCreateAccount: "Global", prvReadAccount: "Global", prvWriteAccount: "Global" };
    const user = await client.user("Behalf", { ...rights, prvCreateContact: "Global" });
    const narrow = await client.user("Narrow", {
      ...rights,
      prvReadAccount: "Basic",
      prvActOnBehalfOfAnotherUser: "Global",
    });
    const headers = { MSCRMCallerID: user.userId, Prefer: "return=representation" };
    const created = await client.send("POST", "accounts", { name: "By deputy" }, { headers });
    expect(created.data).toMatchObject({
      _createdby_value: user.userId,
      _ownerid_value: user.userId,
      _createdonbehalfby_value: (await client.get("WhoAmI")).UserId,
    });
    const patched = await client.send(
      "PATCH",
      `accounts(${created.data.accountid})`,
      { name: "Changed" },
      { as: narrow, headers },
    );
    expect(patched.data).toMatchObject({ _modifiedby_value: user.userId, _modifiedonbehalfby_value: narrow.userId });
    const contact = await client.send("POST", "contacts", { lastname: "No" }, { as: narrow, headers });
    expect(refusal(contact)).toEqual([403, "0x80040220"]);
    const { data } = await client.send("GET", "accounts?$select=name", undefined, { as: narrow, headers });
    expect(data.value.map(({ name }: { name: string }) => name)).toEqual(["Changed"]);
  });

  test("D6: of a user that is disabled, or not there, is refused", async () => {
    const user = await client.user("Gone", {});
    await client.send("PATCH", `systemusers(${user.userId})`, { isdisabled: true, applicationid: user.clientId });
    expect(refusal(await send("GET", "WhoAmI", { MSCRMCallerID: user.userId }))).toEqual([403, "0x80040225"]);
    expect((await send("GET", "WhoAmI", { CallerObjectId: account })).status).toBe(404);
  });
});
