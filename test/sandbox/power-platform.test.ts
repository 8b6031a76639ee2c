import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { environmentIdOf } from "../../sandbox/seed.ts";
import { EntraClient, type Identity, publisher } from "../support/entra.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";
import { dataverseClient } from "./dataverse-client.ts";

// The Power Platform admin API, wire facts E.

let sandbox: TestSandbox;
let client: EntraClient;
let person: string;

const scope = "https://service.powerapps.com//.default"; // the resource has a slash of its own
const environment = environmentIdOf("contoso-dev");

beforeAll(async () => {
  sandbox = await startTestSandbox();
  client = new EntraClient(sandbox);
  person = await personalToken("publisher");
});
afterAll(() => sandbox.close());

const personalToken = (tenant: "publisher" | "fabrikam") => client.personToken(tenant, scope);
const applicationToken = (as: Identity) => sandbox.token("https://service.powerapps.com", as);

async function admin(
  method: string,
  path: string,
  { token = person, body, query = "api-version=2020-10-01" }: { token?: string; body?: unknown; query?: string } = {},
) {
  const url = `${sandbox.endpoints.powerPlatform}/providers/Microsoft.BusinessAppPlatform/${path}?${query}`;
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const { status, data } = await sandbox.http.request({ method, url, headers, data: body });
  return { status, data, code: data?.error?.code };
}

const usersOf = (applicationId: string) =>
  dataverseClient(sandbox).get(
    `systemusers?$filter=applicationid eq ${applicationId}&$expand=systemuserroles_association($select=name)`,
  );

describe("E: environments", () => {
  test("E: GET environments/{id} leads to the environment's Dataverse", async () => {
    const { status, data } = await admin("GET", `scopes/admin/environments/${environment}`, {
      query: "api-version=2023-06-01",
    });
    const { value } = await dataverseClient(sandbox).get("organizations?$select=organizationid,name");
    expect([status, data.name, data.properties.tenantId]).toEqual([200, environment, publisher.tenantId]);
    expect(data.properties.linkedEnvironmentMetadata).toMatchObject({
      instanceUrl: `${sandbox.endpoints.organizations["contoso-dev"]}/`,
      instanceApiUrl: sandbox.endpoints.organizations["contoso-dev"],
      resourceId: value[0].organizationid,
      uniqueName: value[0].name,
      domainName: "contoso-dev",
      instanceState: "Ready",
    });
  });

  test("E: is as ready for $expand as Microsoft's own provider needs it", async () => {
    const query = "$expand=permissions,properties.capacity,properties/billingPolicy&api-version=2023-06-01";
    const { status, data } = await admin("GET", `scopes/admin/environments/${environment}`, { query });
    expect([status, data.properties.capacity]).toEqual([200, []]);
    expect(data.properties.linkedEnvironmentMetadata.instanceUrl).toMatch(/^https:.*\/$/);
    const listed = await admin("GET", "scopes/admin/environments", {
      query: "$expand=properties/billingPolicy&api-version=2023-06-01",
    });
    expect(listed.data.value).toHaveLength(1);
  });

  test("E: the list has those of the caller's tenant", async () => {
    const { data } = await admin("GET", "scopes/admin/environments");
    expect(data.value.map((row: { name: string }) => row.name)).toEqual([environment]);
    const others = await admin("GET", "scopes/admin/environments", { token: await personalToken("fabrikam") });
    expect(others.data.value.map((row: { name: string }) => row.name)).toEqual([environmentIdOf("fabrikam")]);
  });

  test.each([environmentIdOf("fabrikam"), "11111111-1111-4111-8111-111111111111"])(
    "E: an environment that the tenant does not have is 404 EnvironmentNotFound (%s)",
    async (id) => {
      expect(await admin("GET", `scopes/admin/environments/${id}`)).toMatchObject({
        status: 404,
        code: "EnvironmentNotFound",
      });
    },
  );
});

describe("E: addAppUser", () => {
  const path = `scopes/admin/environments/${environment}/addAppUser`;

  test("E: creates one application user in the root business unit, with System Administrator, and is idempotent", async () => {
    const { clientId } = await client.newIdentity();
    const body = { servicePrincipalAppId: clientId };
    expect((await admin("POST", path, { body })).status).toBe(200);
    expect((await admin("POST", path, { body })).status).toBe(200);
    const { value } = await usersOf(clientId);
    expect(value).toHaveLength(1);
    expect(value[0]._businessunitid_value).toBe(await dataverseClient(sandbox).rootBusinessUnit());
    expect(value[0].systemuserroles_association).toMatchObject([{ name: "System Administrator" }]);
  });

  test("E: 200 is no proof: an application that the tenant does not know gets no user", async () => {
    const unknown = "22222222-2222-4222-8222-222222222222";
    expect((await admin("POST", path, { body: { servicePrincipalAppId: unknown } })).status).toBe(200);
    expect((await usersOf(unknown)).value).toEqual([]);
  });

  test("E: without a token, or with one for another resource, it is 401", async () => {
    expect(await admin("POST", path, { token: "" })).toMatchObject({ status: 401 });
    const token = await sandbox.token("https://graph.microsoft.com");
    expect(await admin("POST", path, { token })).toMatchObject({ status: 401 });
  });
});

describe("E: management applications", () => {
  test("E: an application is 403 until a person of its tenant has registered it, and cannot register itself", async () => {
    const identity = await client.newIdentity();
    const token = await applicationToken(identity);
    const own = `adminApplications/${identity.clientId}`;
    const forbidden = { status: 403, code: "Forbidden" };
    expect(await admin("GET", "scopes/admin/environments", { token })).toMatchObject(forbidden);
    expect(await admin("PUT", own, { token })).toMatchObject(forbidden);
    expect((await admin("PUT", own, { token: await personalToken("fabrikam") })).status).toBe(200);
    expect(await admin("GET", "scopes/admin/environments", { token })).toMatchObject(forbidden);

    expect(await admin("GET", own)).toMatchObject({ status: 404 });
    const registered = { applicationId: identity.clientId };
    expect(await admin("PUT", own)).toMatchObject({ status: 200, data: registered });
    expect(await admin("GET", own, { token })).toMatchObject({ status: 200, data: registered });
    expect((await admin("GET", "adminApplications", { token })).data.value).toContainEqual(registered);
    expect((await admin("GET", `scopes/admin/environments/${environment}`, { token })).status).toBe(200);
    const body = { servicePrincipalAppId: identity.clientId };
    const added = await admin("POST", `scopes/admin/environments/${environment}/addAppUser`, { token, body });
    expect(added.status).toBe(200);
    expect((await usersOf(identity.clientId)).value).toHaveLength(1);
    const other = await client.newApplication();
    expect(await admin("PUT", `adminApplications/${other.appId}`, { token })).toMatchObject(forbidden);

    expect((await admin("DELETE", own)).status).toBe(200);
    expect((await admin("DELETE", own)).status).toBe(204);
    expect(await admin("GET", "scopes/admin/environments", { token })).toMatchObject(forbidden);
  });
});

describe("E: what a request needs", () => {
  test.each([
    ["no api-version", "x=1", 400, "MissingApiVersionParameter"],
    ["a wrong api-version", "api-version=latest", 400, "InvalidApiVersionParameter"],
    ["a query option", "api-version=2023-06-01&$filter=x", 501, "SandboxNotImplemented"],
    ["another $expand", "api-version=2023-06-01&$expand=properties.addons", 501, "SandboxNotImplemented"],
  ])("E: with %s it is refused", async (_, query, status, code) => {
    expect(await admin("GET", "scopes/admin/environments", { query })).toMatchObject({ status, code });
  });

  test.each(["copy", "addUser"])("E: a request that is not served is 501 and says which: %s", async (action) => {
    const { status, data } = await admin("POST", `scopes/admin/environments/${environment}/${action}`);
    expect([status, data.error.message]).toEqual([501, expect.stringContaining(`/${action}`)]);
  });
});
