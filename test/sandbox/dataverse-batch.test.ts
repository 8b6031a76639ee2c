import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { switchesOf } from "../../sandbox/dataverse/switches.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";
import { type DataverseClient, dataverseClient, type Principal } from "./dataverse-client.ts";

let sandbox: TestSandbox;
let client: DataverseClient;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  client = dataverseClient(sandbox);
});
afterAll(() => sandbox.close());

/** Lines of a text that goes over the wire. */
const lines = (...parts: string[]) => parts.join("\r\n");
const operation = (request: string, body?: object, headers: string[] = []) =>
  lines("Content-Type: application/http", "Content-Transfer-Encoding: binary", ...headers, "", request) +
  (body ? lines("", "Content-Type: application/json; type=entry", "", JSON.stringify(body)) : lines("", "", ""));
const multipart = (boundary: string, parts: string[]) =>
  lines(...parts.map((part) => lines(`--${boundary}`, part)), `--${boundary}--`, "");
const changeSet = (parts: string[]) =>
  lines('Content-Type: multipart/mixed; boundary="changeset_y"', "", multipart("changeset_y", parts));
const send = (parts: string[], options: { headers?: Record<string, string>; as?: Principal; text?: string } = {}) =>
  client.send("POST", "$batch", options.text ?? multipart("batch_x", parts), {
    ...(options.as && { as: options.as }),
    headers: { "Content-Type": 'multipart/mixed; boundary="batch_x"', ...options.headers },
  });
/** Status lines of all operations that were answered. */
const statuses = ({ data }: { data: string }) =>
  [...data.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status));
const count = async (name: string) => (await client.get(`accounts?$filter=name eq '${name}'`)).value.length;
const post = (name: string, contentId?: number) =>
  operation("POST /api/data/v9.2/accounts HTTP/1.1", { name }, contentId ? [`Content-ID: ${contentId}`] : []);

describe("D9: $batch", () => {
  test("D9: answers 200 with a part for each operation, under a boundary of its own", async () => {
    const answer = await send([
      post("Raw 1"),
      operation("GET /api/data/v9.2/accounts?$filter=name%20eq%20'Raw%201' HTTP/1.1"),
    ]);
    expect(answer.status).toBe(200);
    const [, boundary] = /^multipart\/mixed; boundary=(batchresponse_[0-9a-f-]{36})$/.exec(
      String(answer.headers["content-type"]),
    )!;
    const [before, first, second, end] = answer.data.split(`--${boundary}`);
    expect([before, end]).toEqual(["", "--\r\n"]);
    expect(first).toMatch(
      /^\r\nContent-Type: application\/http\r\nContent-Transfer-Encoding: binary\r\n\r\nHTTP\/1\.1 204 No Content\r\n/,
    );
    expect(first).toContain("OData-Version: 4.0\r\n");
    const [, id] = /\r\nOData-EntityId: (\S+)\r\n/.exec(first!)!;
    expect(first).toContain(`Location: ${id}\r\n`);
    expect(id).toMatch(new RegExp(`^${client.base}accounts\\([0-9a-f-]{36}\\)$`));
    expect(second).toContain("HTTP/1.1 200 OK\r\nContent-Type: application/json; odata.metadata=minimal");
    expect(JSON.parse(second!.slice(second!.indexOf("{"))).value).toMatchObject([{ name: "Raw 1" }]);
  });

  test.each([
    ["relative to the host", () => "/api/data/v9.2/WhoAmI"],
    ["of an older version", () => "/api/data/v9.0/WhoAmI()"],
    ["relative to the API", () => "WhoAmI"],
    ["absolute", () => `${client.base}WhoAmI`],
  ])("D9: takes addresses that are %s", async (_, address) => {
    expect(statuses(await send([operation(`GET ${address()} HTTP/1.1`)]))).toEqual([200]);
  });

  test("D9: takes an address of nearly 64 KB", async () => {
    const filter = encodeURIComponent(
      Array.from({ length: 1500 }, (_, index) => `name eq 'Long ${index}'`).join(" or "),
    );
    expect(statuses(await send([operation(`GET /api/data/v9.2/accounts?$filter=${filter} HTTP/1.1`)]))).toEqual([200]);
  });

  test("D9: operations have their own headers, and the batch's user", async () => {
    const as = await client.user("Batch reader", { prvReadAccount: "Global" });
    const paged = operation("GET /api/data/v9.2/accounts HTTP/1.1").replace(
      "HTTP/1.1\r\n",
      "HTTP/1.1\r\nPrefer: odata.maxpagesize=1\r\n",
    );
    const answer = await send([paged, post("Not allowed")], { as });
    expect(statuses(answer)).toEqual([200, 403]);
    expect(answer.data).toContain("Preference-Applied: odata.maxpagesize=1\r\n");
    expect(answer.data).toContain("prvCreateAccount");
  });

  test("D9: a change set keeps its Content-IDs and resolves references to them", async () => {
    const answer = await send([
      changeSet([
        post("Set parent", 1),
        operation("POST accounts HTTP/1.1", { name: "Set child", "parentaccountid@odata.bind": "$1" }, [
          "Content-ID: 2",
        ]),
        operation("PUT $1/telephone1 HTTP/1.1", { value: "555" }, ["Content-ID: 3"]),
        operation("PATCH $2 HTTP/1.1", { description: "costs $1" }, ["Content-ID: 4"]),
      ]),
    ]);
    expect(statuses(answer)).toEqual([204, 204, 204, 204]);
    expect(answer.data).toMatch(
      /Content-Type: multipart\/mixed; boundary=changesetresponse_[0-9a-f-]{36}\r\n\r\n--changesetresponse_/,
    );
    expect([...answer.data.matchAll(/^Content-ID: (\d)/gm)].map(([, id]) => id)).toEqual(["1", "2", "3", "4"]);
    const { value } = await client.get("accounts?$filter=name eq 'Set child'&$expand=parentaccountid");
    expect(value).toMatchObject([
      { description: "costs $1", parentaccountid: { name: "Set parent", telephone1: "555" } },
    ]);
  });

  test("D9: a change set that fails changes nothing, and only its error is answered", async () => {
    const role = await client.create("roles", {
      name: "Rolled back",
      "businessunitid@odata.bind": `/businessunits(${await client.rootBusinessUnit()})`,
    });
    const read = await client.privilege("prvReadAccount");
    const before = await client.get(`RetrieveRolePrivilegesRole(RoleId=${role})`);
    const answer = await send([
      changeSet([
        post("Never", 1),
        operation(`POST roles(${role})/Microsoft.Dynamics.CRM.AddPrivilegesRole HTTP/1.1`, {
          Privileges: [{ PrivilegeId: read, Depth: "Global" }],
        }),
        operation(`PATCH roles(${role}) HTTP/1.1`, { name: "Renamed" }),
        operation("POST accounts HTTP/1.1", { nosuch: 1 }, ["Content-ID: 4"]),
        post("Never"),
      ]),
      post("Not reached"),
    ]);
    expect(statuses(answer)).toEqual([400]);
    expect(answer.data).toContain("Content-ID: 4\r\n");
    expect(answer.data).toContain('"code":"0x80048d19"');
    expect(await client.get(`RetrieveRolePrivilegesRole(RoleId=${role})`)).toEqual(before);
    expect((await client.get(`roles(${role})`)).name).toBe("Rolled back");
    expect([await count("Never"), await count("Not reached")]).toEqual([0, 0]);
  });

  test("D9: goes on after an error only with odata.continue-on-error", async () => {
    const parts = () => [operation("GET accounts(66666666-6666-4666-8666-666666666666) HTTP/1.1"), post("Continued")];
    expect(statuses(await send(parts()))).toEqual([404]);
    expect(await count("Continued")).toBe(0);
    const answer = await send(parts(), { headers: { Prefer: "odata.continue-on-error" } });
    expect([answer.status, ...statuses(answer)]).toEqual([200, 404, 204]);
    expect(answer.headers["preference-applied"]).toBe("odata.continue-on-error");
    expect(await count("Continued")).toBe(1);
  });

  test("D9: the status of a batch that an error ended is its own, or the operation's by switch", async () => {
    const failing = [operation("GET accounts(66666666-6666-4666-8666-666666666666) HTTP/1.1")];
    const switches = switchesOf(sandbox.context.store, "contoso-dev");
    expect((await send(failing)).status).toBe(200);
    switches.set("batchErrorStatus", "of the operation");
    const answer = await send(failing);
    expect([answer.status, ...statuses(answer)]).toEqual([404, 404]);
    switches.delete("batchErrorStatus");
  });

  test("D9: a boundary that the body does not have gives 200 and does nothing", async () => {
    const answer = await send([], { text: multipart("batch_other", [post("Mismatched")]) });
    expect([answer.status, ...statuses(answer)]).toEqual([200]);
    expect(await count("Mismatched")).toBe(0);
  });

  const many = (number: number) => Array.from({ length: number }, () => operation("GET WhoAmI HTTP/1.1"));

  test("D9: takes 1000 operations and no more", async () => {
    expect(statuses(await send(many(1000)))).toHaveLength(1000);
    const answer = await send([changeSet([post("Too many")]), ...many(1000)]);
    expect([answer.status, answer.data.error.message]).toEqual([400, expect.stringContaining("'1000'")]);
    expect(await count("Too many")).toBe(0);
  });

  test.each([
    ["a GET in a change set", [changeSet([post("Bad"), operation("GET accounts HTTP/1.1")])], "'GET'"],
    ["a change set in a change set", [changeSet([post("Bad"), changeSet([post("Bad")])])], "Nested"],
    ["a batch in a batch", [post("Bad"), operation("POST /api/data/v9.2/$batch HTTP/1.1")], "Nested"],
    ["a part that is no request", [post("Bad"), operation("Hello")], "Hello"],
  ])("D9: refuses %s with 400 before it does anything", async (_, parts, text) => {
    const answer = await send(parts);
    expect(answer.status).toBe(400);
    expect(answer.data.error.message).toContain(text);
    expect(await count("Bad")).toBe(0);
  });

  test("D9: an unknown reference is 400", async () => {
    const answer = await send([changeSet([operation("PATCH $7 HTTP/1.1", { name: "Bad" }), post("Bad", 7)])]);
    expect(statuses(answer)).toEqual([400]);
    expect(answer.data).toContain("Content-ID Reference: '$7' does not exist in the batch context.");
    expect(await count("Bad")).toBe(0);
  });

  test("D9: is 501 where Dataverse's answer is not known: bare line feeds, another content type, another host", async () => {
    const bare = await send([], { text: multipart("batch_x", [post("Bad")]).replaceAll("\r\n", "\n") });
    expect([bare.status, bare.data.error.message]).toEqual([501, expect.stringContaining("CRLF")]);
    const json = await client.send("POST", "$batch", { requests: [] });
    expect([json.status, json.data.error.message]).toEqual([501, expect.stringContaining("application/json")]);
    expect(
      statuses(await send([operation("GET https://other.crm.dynamics.com/api/data/v9.2/WhoAmI HTTP/1.1")])),
    ).toEqual([501]);
    expect((await client.send("GET", "$batch")).status).toBe(405);
  });
});
