import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { firstParty } from "../../sandbox/directory.ts";
import { administratorUserOf } from "../../sandbox/seed.ts";
import { EntraClient, fabrikam, graphOutcome, graphUrl, publisher, signInOutcome } from "../support/entra.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";
import { dataverseClient } from "./dataverse-client.ts";

// What a person may do who signed in with a device code, at the public client of Microsoft's Dataverse samples.

let sandbox: TestSandbox;
let client: EntraClient;
const samplesClient = "51f81489-12ee-4a9e-aaae-a2591f45987d";

beforeAll(async () => {
  sandbox = await startTestSandbox();
  client = new EntraClient(sandbox);
});
afterAll(() => sandbox.close());

/** Walks the device code flow as the administrator of a tenant; the answer to the client's poll. */
async function deviceSignIn(tenant: "publisher" | "fabrikam", scope: string, clientId = samplesClient) {
  const path = `/${tenant === "publisher" ? publisher.tenantId : fabrikam.tenantId}/oauth2/v2.0`;
  const { data } = await client.post(`${path}/devicecode`, { client_id: clientId, scope });
  await client.post("/device", { code: data.user_code, ...administratorUserOf(tenant) });
  return client.post(`${path}/token`, {
    grant_type: "urn:ietf:params:oauth:grant-type:device_code",
    client_id: clientId,
    device_code: data.device_code,
  });
}

async function personal(tenant: "publisher" | "fabrikam", scope: string) {
  const { data } = await deviceSignIn(tenant, scope);
  return (method: string, url: string, body?: unknown) =>
    sandbox.http.request({ method, url, data: body, headers: { Authorization: `Bearer ${data.access_token}` } });
}

describe("A person at Dataverse", () => {
  const api = (path: string) => `${sandbox.endpoints.organizations.fabrikam}/api/data/v9.2/${path}`;
  const own = (scope = ".default") => personal("fabrikam", `${sandbox.endpoints.organizations.fabrikam}/${scope}`);

  test.each([".default", "user_impersonation"])(
    "is the user of the directory's object id, asked for with %s",
    async (scope) => {
      const send = await own(scope);
      const { UserId } = (await send("GET", api("WhoAmI"))).data;
      const { data } = await send(
        "GET",
        api(`systemusers(${UserId})?$expand=systemuserroles_association($select=name)`),
      );
      const person = [...sandbox.context.directory.users.values()].find((row) => row.tenantId === fabrikam.tenantId)!;
      expect(data).toMatchObject({
        azureactivedirectoryobjectid: person.id,
        applicationid: null,
        domainname: administratorUserOf("fabrikam").userName,
        accessmode: 0,
        systemuserroles_association: [{ name: "System Administrator" }],
      });
    },
  );

  test("may create an application user, as its creator", async () => {
    const { appId } = await client.newApplication();
    await client.graph("POST", "/servicePrincipals", { body: { appId }, as: fabrikam });
    const send = await own();
    const { UserId, BusinessUnitId } = (await send("GET", api("WhoAmI"))).data;
    const created = await send("POST", api("systemusers"), {
      applicationid: appId,
      "businessunitid@odata.bind": `/businessunits(${BusinessUnitId})`,
    });
    expect(created.status).toBe(204);
    const row = (await send("GET", created.headers["odata-entityid"])).data;
    expect(row).toMatchObject({ applicationid: appId, _createdby_value: UserId });
  });

  test("is 403 0x80040225 once disabled", async () => {
    const send = await own();
    const { UserId } = (await send("GET", api("WhoAmI"))).data;
    const dataverse = dataverseClient(sandbox, "fabrikam");
    await dataverse.send("PATCH", `systemusers(${UserId})`, { isdisabled: true }, { as: fabrikam });
    const refused = await send("GET", api("WhoAmI"));
    expect([refused.status, refused.data.error.code]).toEqual([403, "0x80040225"]);
    await dataverse.send("PATCH", `systemusers(${UserId})`, { isdisabled: false }, { as: fabrikam });
  });

  test("A3: of another tenant is turned away: no token, and none that would do", async () => {
    const organization = sandbox.endpoints.organizations.fabrikam;
    expect(signInOutcome(await deviceSignIn("publisher", `${organization}/.default`))).toEqual([
      400,
      "invalid_resource",
      [500011],
    ]);
    const send = await personal("publisher", `${sandbox.endpoints.organizations["contoso-dev"]}/.default`);
    expect((await send("GET", api("WhoAmI"))).status).toBe(401);
  });

  test.each([
    ["without user_impersonation", { scp: "" }],
    ["who has no user there", { oid: "22222222-2222-4222-8222-222222222222" }],
    ["at a client that has a user itself", { oid: fabrikam.objectId, appid: fabrikam.clientId }],
  ])("%s is a stranger: 403 0x80072560", async (_, changes) => {
    const person = [...sandbox.context.directory.users.values()].find((row) => row.tenantId === fabrikam.tenantId)!;
    const { accessToken } = await sandbox.context.tokens.issue({
      aud: sandbox.endpoints.organizations.fabrikam!,
      tid: fabrikam.tenantId,
      appid: samplesClient,
      oid: person.id,
      scp: "user_impersonation",
      ...changes,
    });
    const answer = await sandbox.http.get(api("WhoAmI"), { headers: { Authorization: `Bearer ${accessToken}` } });
    expect([answer.status, answer.data.error.code]).toEqual([403, "0x80072560"]);
  });
});

describe("A person at Graph", () => {
  const v1 = (path: string) => `${sandbox.endpoints.graph}/v1.0${path}`;

  test("B2: may consent for the tenant: a service principal and a delegated grant", async () => {
    const { appId } = await client.newApplication();
    const send = await personal("fabrikam", `${graphUrl}/.default`);
    const principal = await send("POST", v1("/servicePrincipals"), { appId });
    expect(principal.status).toBe(201);
    expect(principal.data.appOwnerOrganizationId).toBe(publisher.tenantId);
    const dataverse = await send("GET", v1(`/servicePrincipals(appId='${firstParty.dataverse}')`));
    const grant = await send("POST", v1("/oauth2PermissionGrants"), {
      clientId: principal.data.id,
      consentType: "AllPrincipals",
      resourceId: dataverse.data.id,
      scope: "user_impersonation",
    });
    expect(grant.status).toBe(201);
  });

  test("may do no more than the scopes that were asked for", async () => {
    const { appId } = await client.newApplication();
    const send = await personal("fabrikam", `${graphUrl}/Application.Read.All`);
    expect((await send("GET", v1("/applications"))).status).toBe(200);
    const refused = await send("POST", v1("/servicePrincipals"), { appId });
    expect(graphOutcome(refused)).toEqual([403, "Authorization_RequestDenied"]);
  });

  test("A3: gets no scope that Graph does not have, nor one without consent", async () => {
    const unknown = await deviceSignIn("fabrikam", `${graphUrl}/Everything.ReadWrite.All`);
    expect(signInOutcome(unknown)).toEqual([400, "invalid_client", [650053]]);
    const { appId } = await client.newApplication({ isFallbackPublicClient: true });
    await client.graph("POST", "/servicePrincipals", { body: { appId } });
    for (const scope of [".default", "Application.ReadWrite.All"]) {
      const refused = await deviceSignIn("publisher", `${graphUrl}/${scope}`, appId);
      expect(signInOutcome(refused)).toEqual([400, "invalid_grant", [65001]]);
    }
  });

  test("gets, at an application of the publisher's, the scopes that were consented to", async () => {
    const { appId } = await client.newApplication({ isFallbackPublicClient: true });
    const { id: clientId } = (await client.graph("POST", "/servicePrincipals", { body: { appId } })).data;
    const resource = (await client.graph("GET", `/servicePrincipals(appId='${firstParty.graph}')`)).data;
    const grant = { clientId, resourceId: resource.id, consentType: "AllPrincipals", scope: "Application.Read.All" };
    expect((await client.graph("POST", "/oauth2PermissionGrants", { body: grant })).status).toBe(201);
    const { data } = await deviceSignIn("publisher", `${graphUrl}/.default`, appId);
    expect(decodeJwt(data.access_token).scp).toBe("Application.Read.All");
  });
});
