import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { switches } from "../../sandbox/dataverse/switches.ts";
import { EntraClient, publisher, signInOutcome } from "../support/entra.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";
import { dataverseClient } from "./dataverse-client.ts";

let sandbox: TestSandbox;
let client: EntraClient;
const control = (method: string, path: string, data?: unknown) =>
  sandbox.http.request({ method, url: `${sandbox.endpoints.control}${path}`, data });

beforeAll(async () => {
  sandbox = await startTestSandbox();
  client = new EntraClient(sandbox);
});
afterAll(() => sandbox.close());

test("The control port tells the endpoints and where the state is", async () => {
  const { data } = await control("GET", "/");
  expect(data).toEqual({ state: join(sandbox.directory, "state.json"), endpoints: sandbox.endpoints });
});

describe("The journal", () => {
  beforeEach(() => control("DELETE", "/journal"));

  test("has each request that a service answered, in order, with its status", async () => {
    await client.signIn();
    await client.signIn({ client_secret: "wrong" });
    await sandbox.http.get(`${sandbox.endpoints.graph}/v1.0/applications?$top=1`);
    const path = `/${publisher.tenantId}/oauth2/v2.0/token`;
    expect((await control("GET", "/journal")).data.slice(1)).toMatchObject([
      { service: "login", method: "POST", path, status: 200 },
      { service: "login", method: "POST", path, status: 401 },
      { service: "graph", method: "GET", path: "/v1.0/applications?$top=1", status: 401 },
    ]);
  });

  test("has no secrets, and is empty after DELETE", async () => {
    await client.graph("GET", "/applications");
    const { data } = await control("GET", "/journal");
    expect(JSON.stringify(data)).not.toContain(publisher.clientSecret);
    expect(JSON.stringify(data)).not.toContain("Bearer");
    expect((await control("DELETE", "/journal")).status).toBe(204);
    expect((await control("GET", "/journal")).data).toMatchObject([
      { service: "control", method: "DELETE", path: "/journal", status: 204 },
    ]);
  });
});

describe("The clock", () => {
  test("shows the time it is set to, and goes on from there", async () => {
    const set = await control("PUT", "/clock", { now: "2031-05-01T00:00:00Z" });
    expect([set.status, set.data]).toEqual([200, { now: "2031-05-01T00:00:00.000Z" }]);
    const shown = Date.parse((await control("GET", "/clock")).data.now) - Date.parse("2031-05-01T00:00:00Z");
    expect(shown).toBeGreaterThanOrEqual(0);
    expect(shown).toBeLessThan(60_000);
    await control("PUT", "/clock", { now: new Date().toISOString() });
  });

  test("makes a secret expire, and tokens", async () => {
    const identity = await client.newIdentity("Application.Read.All");
    const fields = { client_id: identity.clientId, client_secret: identity.clientSecret };
    const { status, data } = await client.signIn(fields);
    expect(status).toBe(200);
    const authorization = `Bearer ${data.access_token}`;
    const read = () => sandbox.http.get(`${sandbox.endpoints.graph}/v1.0/applications`, { headers: { authorization } });
    expect((await read()).status).toBe(200);
    await control("PUT", "/clock", { now: new Date(Date.now() + 3 * 365 * 24 * 3600_000).toISOString() });
    expect(signInOutcome(await client.signIn(fields))).toEqual([401, "invalid_client", [7000222]]);
    expect((await read()).status).toBe(401);
    await control("PUT", "/clock", { now: new Date().toISOString() });
    expect((await client.signIn(fields)).status).toBe(200);
  });

  test.each([{}, { now: "tomorrow" }, { now: 5 }, undefined])("refuses %j", async (body) => {
    const { status, data } = await control("PUT", "/clock", body);
    expect([status, data.error.code]).toEqual([400, "BadRequest"]);
  });
});

describe("The switches", () => {
  const defaults = Object.fromEntries(Object.entries(switches).map(([name, row]) => [name, row.default]));

  test("are at their defaults in every organization", async () => {
    const { data } = await control("GET", "/switches");
    expect(Object.keys(data)).toEqual(["entra", "graph", "vault", "contoso-dev", "fabrikam", "northwind", "tailspin"]);
    expect(data.fabrikam).toEqual(defaults);
  });

  test("change what Dataverse answers, in one organization only", async () => {
    const set = await control("PUT", "/switches/contoso-dev", { missingServicePrincipalStatus: "404" });
    expect([set.status, set.data]).toEqual([200, { ...defaults, missingServicePrincipalStatus: "404" }]);
    const { data } = await control("GET", "/switches");
    expect(data).toMatchObject({ "contoso-dev": set.data, fabrikam: defaults });
    const dataverse = dataverseClient(sandbox);
    const unit = await dataverse.rootBusinessUnit();
    const body = {
      applicationid: "11111111-1111-4111-8111-111111111111",
      "businessunitid@odata.bind": `/businessunits(${unit})`,
    };
    const refused = await dataverse.send("POST", "systemusers", body);
    expect([refused.status, refused.data.error.code]).toEqual([404, "0x8004F510"]);
    await control("PUT", "/switches/contoso-dev", { missingServicePrincipalStatus: "400" });
    expect((await dataverse.send("POST", "systemusers", body)).status).toBe(400);
  });

  test.each([
    [
      "an unknown name",
      { roleMissing: "404" },
      /no switch 'roleMissing', but 'missingServicePrincipalStatus', .*'roleNotAssigned'/,
    ],
    ["a name that every object has", { toString: "404" }, /no switch 'toString'/],
    ["an unknown value", { roleNotAssigned: "500" }, /^roleNotAssigned can be '204', '404', not "500"\.$/],
    ["a number", { roleNotAssigned: 404 }, /not 404\.$/],
    ["nothing", {}, /The switches are 'missingServicePrincipalStatus'/],
  ])("refuse %s, and say what there is", async (_, body, message) => {
    const { status, data } = await control("PUT", "/switches/fabrikam", body);
    expect([status, data.error.code]).toEqual([400, "BadRequest"]);
    expect(data.error.message).toMatch(message);
  });

  test("are set all or none", async () => {
    await control("PUT", "/switches/fabrikam", { whoAmIWithoutRoles: "200", roleNotAssigned: "500" });
    expect((await control("GET", "/switches")).data.fabrikam).toEqual(defaults);
  });

  test("are of organizations that there are", async () => {
    const { status, data } = await control("PUT", "/switches/contoso", { roleNotAssigned: "404" });
    expect(status).toBe(404);
    expect(data.error.message).toContain("'contoso-dev', 'fabrikam'");
  });
});

test("What the control port was told outlasts a restart", async () => {
  const directory = mkdtempSync(join(tmpdir(), "dataverse-s2s-test-"));
  const first = await startTestSandbox({ directory });
  const put = (path: string, body: unknown) => first.http.put(`${first.endpoints.control}${path}`, body);
  await put("/switches/tailspin", { objectIdFilled: "at first sign-in" });
  await put("/clock", { now: "2031-05-01T00:00:00Z" });
  await first.close();
  const second = await startTestSandbox({ directory });
  const get = async (path: string) => (await second.http.get(`${second.endpoints.control}${path}`)).data;
  expect((await get("/switches")).tailspin.objectIdFilled).toBe("at first sign-in");
  expect((await get("/clock")).now).toMatch(/^2031-05-01/);
  await second.close();
  rmSync(directory, { recursive: true });
});
