import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { ClientRequest } from "node:http";
import { request } from "node:https";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";
import { type DataverseClient, dataverseClient } from "./dataverse-client.ts";

let sandbox: TestSandbox;
let dataverse: DataverseClient;
let unit: string;

const control = (method: string, path: string, data?: unknown) =>
  sandbox.http.request({ method, url: `${sandbox.endpoints.control}${path}`, data });
const journal = async () =>
  ((await control("GET", "/journal")).data as Record<string, unknown>[]).filter(({ service }) => service !== "control");
const service = "dataverse contoso-dev";

beforeAll(async () => {
  sandbox = await startTestSandbox();
  dataverse = dataverseClient(sandbox);
  unit = await dataverse.rootBusinessUnit();
});
afterAll(() => sandbox.close());
beforeEach(() => control("DELETE", "/journal"));
afterEach(() => control("DELETE", "/faults"));

async function add(rule: object): Promise<void> {
  expect((await control("POST", "/faults", rule)).status).toBe(201);
}

/** Makes a role of this name: status and Retry-After, or the code of the error where no answer came. */
const makeRole = (name: string) =>
  dataverse.send("POST", "roles", { name, "businessunitid@odata.bind": `/businessunits(${unit})` }).then(
    ({ status }) => status,
    ({ code, message }: { code: string; message: string }) => `${code}: ${message}`,
  );
const rolesNamed = async (name: string) =>
  (await dataverse.get(`roles?$select=name&$filter=name eq '${name}'`)).value.length as number;
const path = "/api/data/v9.2/roles";

describe("a fault before the effect", () => {
  test("answers with a status, Retry-After and body of its own, and nothing is made", async () => {
    const body = '{"error":{"code":"0x0","message":"Come again."}}';
    await add({ service, method: "POST", path: "/roles$", status: 503, retryAfter: 7, body });
    const answer = await dataverse.send("POST", "roles", { name: "A" });
    expect(answer).toMatchObject({ status: 503, data: { error: { message: "Come again." } } });
    expect(answer.headers).toMatchObject({ "retry-after": "7", "content-type": "application/json" });
    expect(await journal()).toMatchObject([{ service, method: "POST", path, status: 503, fault: "status before" }]);
    expect(await rolesNamed("A")).toBe(0);
  });

  test("answers with a body of another kind", async () => {
    await add({ service, status: 200, body: "<html></html>", contentType: "text/html" });
    const { status, data, headers } = await dataverse.send("GET", "roles");
    expect([status, data, headers["content-type"]]).toEqual([200, "<html></html>", "text/html"]);
  });

  test.each([
    ["closes the connection", { drop: "before" }, "ECONNRESET: socket hang up", "drop before"],
    ["resets the connection", { reset: true }, "ECONNRESET: read ECONNRESET", "reset before"],
  ])("%s, and nothing is made", async (_what, rule, outcome, fault) => {
    await add({ service, method: "POST", ...rule });
    expect(await makeRole(fault)).toBe(outcome);
    expect(await journal()).toMatchObject([{ service, method: "POST", path, status: 0, fault }]);
    expect(await rolesNamed(fault)).toBe(0);
    expect(await makeRole(fault)).toBe(204);
  });
});

describe("a fault after the effect", () => {
  test.each([
    ["closes the connection", { drop: "after" }, "ECONNRESET: socket hang up", "drop after"],
    ["answers with another status", { status: 502, statusWhen: "after" }, 502, "status after"],
  ])("%s, and the role is there, on disk too", async (_what, rule, outcome, fault) => {
    await add({ service, method: "POST", ...rule });
    expect(await makeRole(fault)).toBe(outcome);
    expect(await journal()).toMatchObject([{ service, method: "POST", path, status: 204, fault }]);
    expect(await rolesNamed(fault)).toBe(1);
    expect(readFileSync(join(sandbox.directory, "state.json"), "utf8")).toContain(`"name":"${fault}"`);
  });

  test("has none of the headers that the service gave", async () => {
    await add({ service, method: "POST", status: 502, statusWhen: "after" });
    const { headers } = await dataverse.send("POST", "roles", {
      name: "Headers",
      "businessunitid@odata.bind": `/businessunits(${unit})`,
    });
    expect(headers).not.toHaveProperty("odata-entityid");
  });
});

describe("a request that hangs", () => {
  /** A request whose connection is its own, under way. */
  function start(name: string): ClientRequest {
    const token = sandbox.context.tokens.issue({
      aud: dataverse.url,
      tid: sandbox.administrator.tenantId,
      appid: sandbox.administrator.clientId,
      oid: sandbox.administrator.objectId,
    });
    const outgoing = request(`${dataverse.base}roles`, { method: "POST", agent: sandbox.http.defaults.httpsAgent });
    outgoing.on("error", () => {});
    void token.then(({ accessToken }) => {
      outgoing.setHeader("Authorization", `Bearer ${accessToken}`);
      outgoing.setHeader("Content-Type", "application/json");
      outgoing.end(JSON.stringify({ name, "businessunitid@odata.bind": `/businessunits(${unit})` }));
    });
    return outgoing;
  }

  test.each([
    ["before", 0],
    ["after", 1],
  ])("does so %s its effect, until the faults are cleared", async (moment, made) => {
    await add({ service, method: "POST", hang: moment });
    const outgoing = start(`Hang ${moment}`);
    await expect.poll(journal).toMatchObject([{ method: "POST", fault: `hang ${moment}`, status: made ? 204 : 0 }]);
    expect(await rolesNamed(`Hang ${moment}`)).toBe(made);
    const [error] = await Promise.all([once(outgoing, "error"), control("DELETE", "/faults")]);
    expect(error[0].code).toBe("ECONNRESET");
  });

  test("does so until the client gives up; others are answered meanwhile", async () => {
    await add({ service, method: "POST", hang: "before" });
    const outgoing = start("Hang");
    await expect.poll(journal).toHaveLength(1);
    expect(await makeRole("Meanwhile")).toBe(204);
    const closed = new Promise((resolve) => outgoing.once("close", resolve));
    outgoing.destroy();
    await closed;
    expect(await rolesNamed("Hang")).toBe(0);
  });
});

describe("which requests", () => {
  const statuses = async (count: number) => {
    const seen: number[] = [];
    for (let i = 0; i < count; i++) seen.push((await dataverse.send("GET", "roles?$top=1")).status);
    return seen;
  };

  test("the first that matches, unless told", async () => {
    await add({ status: 503 });
    expect(await statuses(3)).toEqual([503, 200, 200]);
  });

  test("the n-th and so many from then on, which the rule counts", async () => {
    await add({ method: "get", path: "top=1$", nth: 2, times: 2, status: 429 });
    expect(await statuses(5)).toEqual([200, 429, 429, 200, 200]);
    expect((await control("GET", "/faults")).data).toEqual([
      { method: "get", path: "top=1$", nth: 2, times: 2, status: 429, matched: 5, fired: 2 },
    ]);
  });

  test("all of them, until the faults are cleared", async () => {
    await add({ nth: 2, times: "always", status: 429 });
    expect(await statuses(4)).toEqual([200, 429, 429, 429]);
    expect((await control("DELETE", "/faults")).status).toBe(204);
    expect(await statuses(1)).toEqual([200]);
    expect((await control("GET", "/faults")).data).toEqual([]);
  });

  test("not those that differ in service, method or path, and never those to the control port", async () => {
    await add({ service: "graph", times: "always", status: 503 });
    await add({ method: "POST", times: "always", status: 503 });
    await add({ path: "^/roles", times: "always", status: 503 });
    await add({ path: "/journal|/faults", times: "always", status: 503 });
    expect(await statuses(1)).toEqual([200]);
    expect((await control("GET", "/journal")).status).toBe(200);
    expect((await control("GET", "/faults")).data.map(({ fired }: { fired: number }) => fired)).toEqual([0, 0, 0, 0]);
  });

  test("with several rules, one fires at a time and each counts", async () => {
    await add({ status: 503 });
    await add({ status: 429, nth: 2 });
    expect(await statuses(3)).toEqual([503, 429, 200]);
  });
});

test("latency alone lets the request be answered as ever, only later", async () => {
  await add({ service, latencyMilliseconds: 300 });
  const started = performance.now();
  expect(await makeRole("Late")).toBe(204);
  expect(performance.now() - started).toBeGreaterThan(290);
  expect(await journal()).toMatchObject([{ service, method: "POST", path, status: 204 }]);
});

describe("a rule that is wrong is refused with all that is wrong", () => {
  test.each([
    [{ path: "(", nth: 0, staus: 503 }, ["path: must be a regular expression", "nth: must be at least 1", '"staus"']],
    [{ times: "ever", status: 503 }, ["times: must be a number of 1 or more, or always"]],
    [{ drop: "during" }, ["drop: must be before or after"]],
    [{ status: 600, retryAfter: -1 }, ["status: must be at most 599", "retryAfter: must be at least 0"]],
    [{ drop: "before", reset: true }, ["reset: cannot be together with drop"]],
    [{ drop: "before", body: "x" }, ["body: goes with a status only"]],
    [{ status: 204, body: "x" }, ["body: is never in such an answer"]],
    [{}, ["status: is missing"]],
    ["no object", ["the rule: "]],
  ])("%j", async (rule, problems) => {
    const { status, data } = await control("POST", "/faults", rule);
    expect([status, data.error.code]).toEqual([400, "BadRequest"]);
    for (const problem of problems) expect(data.error.message).toContain(problem);
    expect((await control("GET", "/faults")).data).toEqual([]);
  });
});
