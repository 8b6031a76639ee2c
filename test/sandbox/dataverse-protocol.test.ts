import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OrganizationData } from "../../sandbox/dataverse/organization-data.ts";
import { switchesOf } from "../../sandbox/dataverse/switches.ts";
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
const refusal = ({ status, data }: { status: number; data: { error: { code: string } } }) => [status, data.error.code];

describe("D1 and D2: the service root and its challenge", () => {
  test("D1: all versions answer the same, whatever api-version says", async () => {
    const path = "accounts?$select=name&$top=1";
    const answers = await Promise.all(
      ["v9.0", "v9.1", "v9.2"].map(async (version) => {
        const { data } = await client.send("GET", `${client.url}/api/data/${version}/${path}&api-version=9.9`);
        expect(data["@odata.context"]).toBe(`${client.url}/api/data/${version}/$metadata#accounts(name)`);
        return data.value;
      }),
    );
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });

  test("D2: only a 401 carries the challenge", async () => {
    for (const path of [`accounts(${missing})`, "accounts?$select=nosuch", "accounts(1)"]) {
      const { status, headers } = await client.send("GET", path);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(headers["www-authenticate"]).toBeUndefined();
    }
  });
});

describe("D4: rows", () => {
  test("D4: a lookup is bound with and without the slash or by the absolute address, and cleared by null", async () => {
    const parent = await client.create("accounts", { name: "Bound parent" });
    for (const binding of [`/accounts(${parent})`, `accounts(${parent})`, `${client.base}accounts(${parent})`]) {
      const id = await client.create("accounts", { "parentaccountid@odata.bind": binding });
      expect((await client.get(`accounts(${id})`))._parentaccountid_value).toBe(parent);
      await client.send("PATCH", `accounts(${id})`, { parentaccountid: null });
      expect((await client.get(`accounts(${id})`))._parentaccountid_value).toBeNull();
    }
  });

  test("D4: PATCH answers 204 with OData-EntityId, also where it creates", async () => {
    const path = "accounts(77777777-7777-4777-8777-777777777777)";
    for (const name of ["Made", "Changed"]) {
      const answer = await client.send("PATCH", path, { name });
      expect([answer.status, answer.headers["odata-entityid"]]).toEqual([204, client.base + path]);
    }
  });

  test("D4: a row that cannot be shown as asked is not written", async () => {
    const headers = { Prefer: "return=representation" };
    const answer = await client.send("POST", "accounts?$select=nosuch", { name: "Not written" }, { headers });
    expect(refusal(answer)).toEqual([400, "0x80060888"]);
    expect((await client.get("accounts?$filter=name eq 'Not written'")).value).toEqual([]);
  });

  test("D4: a status is one of its state's, and follows it where none is named", async () => {
    const id = await client.create("tasks", { subject: "Stateful" });
    const patch = (body: object) => client.send("PATCH", `tasks(${id})`, body);
    expect(refusal(await patch({ statuscode: 5 }))).toEqual([400, "0x80048408"]);
    expect((await patch({ statuscode: 3 })).status).toBe(204);
    expect((await patch({ statecode: 1 })).status).toBe(204);
    expect(await client.get(`tasks(${id})`)).toMatchObject({ statecode: 1, statuscode: 5 });
    await client.send("DELETE", `tasks(${id})`);
  });

  test("D4: a single column obeys If-Match too", async () => {
    const id = await client.create("accounts", { name: "Versioned column" });
    const row = await client.get(`accounts(${id})`);
    const headers = { "If-Match": row["@odata.etag"] };
    expect((await client.send("PUT", `accounts(${id})/name`, { value: "Second" }, { headers })).status).toBe(204);
    expect(refusal(await client.send("PUT", `accounts(${id})/name`, { value: "Third" }, { headers }))).toEqual([
      412,
      "0x80060882",
    ]);
    expect(refusal(await client.send("DELETE", `accounts(${id})/name`, undefined, { headers }))).toEqual([
      412,
      "0x80060882",
    ]);
    expect((await client.get(`accounts(${id})`)).name).toBe("Second");
  });

  test("D4: 304 is never given with $expand or annotations", async () => {
    const id = await client.create("accounts", { name: "Known version" });
    const headers = { "If-None-Match": (await client.get(`accounts(${id})`))["@odata.etag"] };
    const status = async (path: string, more = {}) =>
      (await client.send("GET", path, undefined, { headers: { ...headers, ...more } })).status;
    expect(await status(`accounts(${id})`)).toBe(304);
    expect(await status(`accounts(${id})?$expand=createdby`)).toBe(200);
    expect(await status(`accounts(${id})`, { Prefer: 'odata.include-annotations="*"' })).toBe(200);
  });

  test("D4: pages and counts end at 5000", async () => {
    const data = new OrganizationData(sandbox.context, sandbox.context.organizations.get("contoso-dev")!);
    const unit = await client.rootBusinessUnit();
    const { UserId } = await client.get("WhoAmI");
    const owner = { ownerid: UserId, owninguser: UserId, owningbusinessunit: unit };
    for (let number = 0; number < 5001; number++) {
      data.insert("task", { activityid: sandbox.context.store.newId(), subject: `Task ${number}`, ...owner });
    }
    const first = await client.get("tasks?$select=subject&$count=true");
    expect([first.value.length, first["@odata.count"]]).toEqual([5000, 5000]);
    const rest = await client.get(first["@odata.nextLink"]);
    expect([rest.value.length, rest["@odata.nextLink"]]).toEqual([1, undefined]);
    expect(String((await client.send("GET", "tasks/$count")).data)).toBe("5000");
    const Prefer = 'odata.include-annotations="Microsoft.Dynamics.CRM.*"';
    const counted = await client.send("GET", "tasks?$top=1&$count=true", undefined, { headers: { Prefer } });
    expect(counted.data).toMatchObject({
      "@Microsoft.Dynamics.CRM.totalrecordcount": 5000,
      "@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded": true,
    });
  });
});

describe("D5: references", () => {
  test("D5: a role is assigned to a user named by the object id", async () => {
    const { objectId, userId, roleId } = await client.user("By object id", {});
    await client.send("DELETE", `systemusers(${userId})/systemuserroles_association(${roleId})/$ref`);
    const path = `systemusers(azureactivedirectoryobjectid=${objectId})/systemuserroles_association`;
    const body = { "@odata.id": `${client.base}roles(${roleId})` };
    expect((await client.send("POST", `${path}/$ref`, body)).status).toBe(204);
    expect((await client.get(`${path}?$select=name`)).value).toMatchObject([{ roleid: roleId }]);
  });

  test("D5: a single-valued one takes a relative address, a collection does not", async () => {
    const [parent, child] = [
      await client.create("accounts", { name: "Relative parent" }),
      await client.create("accounts", { name: "Relative child" }),
    ];
    const body = { "@odata.id": `accounts(${parent})` };
    expect((await client.send("PUT", `accounts(${child})/parentaccountid/$ref`, body)).status).toBe(204);
    const reference = await client.get(`accounts(${child})/parentaccountid/$ref`);
    expect(reference).toEqual({
      "@odata.context": `${client.base}$metadata#$ref`,
      "@odata.id": `${client.base}accounts(${parent})`,
    });
    const user = await client.user("Referenced", {});
    const role = { "@odata.id": `/api/data/v9.2/roles(${user.roleId})` };
    const answer = await client.send("POST", `systemusers(${user.userId})/systemuserroles_association/$ref`, role);
    expect(refusal(answer)).toEqual([400, "0x80048d19"]);
  });

  test.each(["0x80040217", "0x80060888"])(
    "D5: an unknown role is 404 %s by switch, to assign and to take away",
    async (code) => {
      const { userId } = await client.user(`Unknown role ${code}`, {});
      const path = `systemusers(${userId})/systemuserroles_association`;
      const body = { "@odata.id": `${client.base}roles(${missing})` };
      const switches = switchesOf(sandbox.context.store, "contoso-dev").set("missingReferenceCode", code);
      expect(refusal(await client.send("POST", `${path}/$ref`, body))).toEqual([404, code]);
      expect(refusal(await client.send("DELETE", `${path}(${missing})/$ref`))).toEqual([404, code]);
      switches.delete("missingReferenceCode");
    },
  );

  test("D5: the role of another business unit can be assigned where the organization lets ownership cross them", async () => {
    const { userId, roleId } = await client.user("Across", {});
    const unit = await client.create("businessunits", {
      name: "Across",
      "parentbusinessunitid@odata.bind": `/businessunits(${await client.rootBusinessUnit()})`,
    });
    const { value } = await client.get(
      `roles?$filter=_parentrootroleid_value eq ${roleId} and _businessunitid_value eq ${unit}`,
    );
    const path = `systemusers(${userId})/systemuserroles_association/$ref`;
    const assign = () => client.send("POST", path, { "@odata.id": `${client.base}roles(${value[0].roleid})` });
    expect(refusal(await assign())).toEqual([400, "0x80041409"]);
    const organization = `organizations(${sandbox.context.organizations.get("contoso-dev")!.id})`;
    const setting = "<EnableOwnershipAcrossBusinessUnits>true</EnableOwnershipAcrossBusinessUnits>";
    await client.send("PATCH", organization, { orgdborgsettings: `<OrgSettings>${setting}</OrgSettings>` });
    expect((await assign()).status).toBe(204);
    await client.send("DELETE", `${organization}/orgdborgsettings`);
  });

  test("D5: what is expanded adds a next link, even when it is whole", async () => {
    const { userId } = await client.user("Next link", {});
    const row = await client.get(
      `systemusers(${userId})?$select=fullname&$expand=systemuserroles_association($select=name)`,
    );
    const link = row["systemuserroles_association@odata.nextLink"];
    expect(link).toBe(`${client.base}systemusers(${userId})/systemuserroles_association?$select=name`);
    expect((await client.get(link)).value).toHaveLength(1);
  });
});
