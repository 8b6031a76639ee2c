import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
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

const issue = async (claims: Partial<{ aud: string; appid: string; oid: string; tid: string }>) => {
  const { clientId, objectId, tenantId } = sandbox.administrator;
  const all = { aud: client.url, appid: clientId, oid: objectId, tid: tenantId, ...claims };
  return `Bearer ${(await sandbox.context.tokens.issue(all)).accessToken}`;
};

describe("D2: A request without a good token", () => {
  test("is 401 with an empty body and a challenge that names tenant and organization", async () => {
    const answer = await sandbox.http.get(`${client.base}WhoAmI`);
    expect(answer.status).toBe(401);
    expect(answer.data).toBe("");
    const tenant = `${sandbox.endpoints.login}/${sandbox.administrator.tenantId}`;
    expect(answer.headers["www-authenticate"]).toBe(
      `Bearer authorization_uri=${tenant}/oauth2/authorize, resource_id=${client.url}/`,
    );
    expect(answer.headers["401_error_reason"]).toBe("Authorization header is missing.");
  });

  test.each([
    ["of another resource", { aud: "https://other.crm.dynamics.com" }],
    ["of another tenant", { tid: "11111111-1111-4111-8111-111111111111" }],
  ])("%s is 401 too", async (_, claims) => {
    const Authorization = await issue(claims);
    const answer = await sandbox.http.get(`${client.base}WhoAmI`, { headers: { Authorization } });
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toContain("authorization_uri=");
  });
});

describe("D2: A good token", () => {
  test("D1: with a trailing slash in its audience is accepted", async () => {
    const Authorization = await issue({ aud: `${client.url}/` });
    const answer = await sandbox.http.get(`${client.base}WhoAmI`, { headers: { Authorization } });
    expect(answer.status).toBe(200);
  });

  test("of the sandbox's own sign-in is accepted", async () => {
    const Authorization = `Bearer ${await sandbox.token(client.url)}`;
    const answer = await sandbox.http.get(`${client.base}WhoAmI`, { headers: { Authorization } });
    expect(answer.status).toBe(200);
  });

  test("of an application without a user is 403 0x80072560", async () => {
    const as = client.application("Stranger");
    const answer = await client.send("GET", "WhoAmI", undefined, { as });
    expect(answer.status).toBe(403);
    expect(answer.data).toEqual({
      error: { code: "0x80072560", message: "The user is not a member of the organization." },
    });
  });

  test("A5: of a service principal made anew after consent is a stranger to the old user", async () => {
    const user = await client.user("Consented twice", {});
    expect((await client.send("GET", "WhoAmI", undefined, { as: user })).status).toBe(200);
    const as = { ...user, objectId: "22222222-2222-4222-8222-222222222222" };
    const answer = await client.send("GET", "WhoAmI", undefined, { as });
    expect([answer.status, answer.data.error.code]).toEqual([403, "0x80072560"]);
  });

  test.each(["0x80040225", "0x8004A112"])("of a disabled user is 403 %s, by switch", async (code) => {
    const user = await client.user(`Disabled ${code}`, {});
    await client.send("PATCH", `systemusers(${user.userId})`, { isdisabled: true, applicationid: user.clientId });
    const switches = switchesOf(sandbox.context.store, "contoso-dev").set("disabledUserCode", code);
    const answer = await client.send("GET", "WhoAmI", undefined, { as: user });
    switches.delete("disabledUserCode");
    expect([answer.status, answer.data.error.code]).toEqual([403, code]);
    expect(answer.data.error.message).toContain(user.userId);
  });

  test("of a user without roles is 403 0x80042F09, WhoAmI by switch", async () => {
    const user = await client.user("Roleless", {});
    await client.send("DELETE", `systemusers(${user.userId})/systemuserroles_association(${user.roleId})/$ref`);
    const refused = await client.send("GET", "WhoAmI", undefined, { as: user });
    expect([refused.status, refused.data.error.code]).toEqual([403, "0x80042F09"]);
    const switches = switchesOf(sandbox.context.store, "contoso-dev");
    switches.set("whoAmIWithoutRoles", "200");
    const allowed = await client.send("GET", "WhoAmI", undefined, { as: user });
    expect(allowed.data.UserId).toBe(user.userId);
    expect((await client.send("GET", "accounts", undefined, { as: user })).status).toBe(403);
    switches.delete("whoAmIWithoutRoles");
  });
});

describe("D1: The service root", () => {
  test.each(["v9.0", "v9.1", "v9.2"])("%s is served, also after a doubled slash", async (version) => {
    expect((await client.send("GET", `${client.url}/api/data/${version}/WhoAmI`)).status).toBe(200);
    expect((await client.send("GET", `${client.url}//api/data/${version}/WhoAmI()`)).status).toBe(200);
  });

  test("v9.3 is 501 0x8006088a", async () => {
    const answer = await client.send("GET", `${client.url}/api/data/v9.3/WhoAmI`);
    expect([answer.status, answer.data.error.code]).toEqual([501, "0x8006088a"]);
  });

  test("without a version answers a message that is not OData", async () => {
    const answer = await client.send("GET", `${client.url}/api/data/`);
    expect(answer.data.Message).toMatch(/^Requested API Version must be provided\./);
  });

  test("gives every answer Dataverse's headers", async () => {
    const { headers } = await client.send("GET", "WhoAmI");
    expect(headers).toMatchObject({
      "odata-version": "4.0",
      "content-type": "application/json; odata.metadata=minimal",
      req_id: expect.any(String),
      "x-ms-service-request-id": expect.any(String),
      "x-ms-ratelimit-burst-remaining-xrm-requests": expect.any(String),
      "x-ms-ratelimit-time-remaining-xrm-requests": expect.any(String),
      "x-ms-dop-hint": expect.any(String),
    });
  });

  test("D1: may leave out the ids of the request, by switch", async () => {
    const switches = switchesOf(sandbox.context.store, "contoso-dev").set("requestIdHeaders", "left out");
    const { headers } = await client.send("GET", "WhoAmI");
    switches.delete("requestIdHeaders");
    expect(headers).not.toHaveProperty("req_id");
    expect(headers).not.toHaveProperty("x-ms-service-request-id");
    expect(headers).toHaveProperty("x-ms-dop-hint");
  });
});

describe("D8: Functions of the organization", () => {
  test("WhoAmI gives the ids of user, business unit and organization", async () => {
    const { data } = await client.send("GET", "WhoAmI");
    const { value } = await client.get(
      `systemusers?$select=systemuserid&$filter=applicationid eq ${sandbox.administrator.clientId}`,
    );
    expect(data).toEqual({
      "@odata.context": `${client.base}$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse`,
      BusinessUnitId: await client.rootBusinessUnit(),
      UserId: value[0].systemuserid,
      OrganizationId: sandbox.context.organizations.get("contoso-dev")!.id,
    });
  });

  test("RetrieveCurrentOrganization gives the tenant", async () => {
    const access = "Microsoft.Dynamics.CRM.EndpointAccessType'Default'";
    const { Detail } = await client.get(`RetrieveCurrentOrganization(AccessType=@p1)?@p1=${access}`);
    expect(Detail).toMatchObject({
      TenantId: sandbox.administrator.tenantId,
      FriendlyName: "Contoso Orders (dev)",
      UrlName: "contoso-dev",
      OrganizationId: sandbox.context.organizations.get("contoso-dev")!.id,
      EnvironmentId: expect.any(String),
      SchemaType: "Full",
      State: "Enabled",
      Endpoints: {
        Count: 3,
        IsReadOnly: false,
        Keys: ["WebApplication", "OrganizationService", "OrganizationDataService"],
        Values: [`${client.url}/`, expect.stringContaining(client.url), expect.stringContaining(client.url)],
      },
    });
    expect((await client.send("GET", "RetrieveCurrentOrganization")).status).toBe(400);
  });
});

test("An organization survives a restart, and is seeded once", async () => {
  const directory = mkdtempSync(join(tmpdir(), "dataverse-s2s-test-"));
  const first = await startTestSandbox({ directory });
  const id = await dataverseClient(first).create("accounts", { name: "Kept" });
  await first.close();
  const second = await startTestSandbox({ directory });
  const reopened = dataverseClient(second);
  expect(await reopened.get(`accounts(${id})`)).toMatchObject({ name: "Kept" });
  expect((await reopened.get("accounts?$filter=name eq 'Litware'")).value).toHaveLength(1);
  await second.close();
  rmSync(directory, { recursive: true });
});
