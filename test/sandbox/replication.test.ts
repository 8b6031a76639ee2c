import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { administratorUserOf, environmentIdOf } from "../../sandbox/seed.ts";
import { newCertificate } from "../support/certificate.ts";
import { EntraClient, fabrikam, graphOutcome, publisher, signInOutcome } from "../support/entra.ts";
import { armClient, assignment, roles, subscription } from "../support/resource-manager.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";
import { dataverseClient } from "./dataverse-client.ts";

// What was written to the directory is seen late: wire facts A3, B2, C2, C7, D6, F1.

let sandbox: TestSandbox;
let client: EntraClient;
const lagSeconds = 30;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  client = new EntraClient(sandbox);
});
afterAll(() => sandbox.close());

async function setLag(lag: object, of = sandbox) {
  const { status, data } = await of.http.put(`${of.endpoints.control}/lag`, lag);
  return { status, data };
}
/** Lets the lag pass. */
const pass = (seconds = lagSeconds) =>
  sandbox.context.store.setClock(new Date(sandbox.context.store.now().getTime() + seconds * 1000));

beforeEach(() => setLag({ directorySeconds: lagSeconds, roleAssignmentSeconds: 0, flapping: false }));
afterEach(() => setLag({ directorySeconds: 0, roleAssignmentSeconds: 0, flapping: false }));

/** An application that all have seen. */
async function known(body: object = {}) {
  const application = await client.newApplication({ displayName: `Orders ${crypto.randomUUID()}`, ...body });
  pass();
  return application;
}
/** An identity of the publisher's tenant that all have seen. */
async function identity(...permissions: string[]) {
  await setLag({ directorySeconds: 0 });
  const made = await client.newIdentity(...permissions);
  await setLag({ directorySeconds: lagSeconds });
  return made;
}
const read = async (path: string) => (await client.graph("GET", path)).data;
const post = (path: string, body: object = {}) => client.graph("POST", path, { body });
const addPassword = async ({ id }: { id: string }) =>
  (await post(`/applications/${id}/addPassword`)).data as { keyId: string; secretText: string };
const signIn = (clientId: string, secret: string, tenant?: string) =>
  client.signIn({ client_id: clientId, client_secret: secret }, tenant);

describe("C7: a new object", () => {
  test("C7: is 404 until the lag is over, to reads and to writes, and in no list", async () => {
    const { id, appId } = await client.newApplication();
    const requests = [
      () => client.graph("GET", `/applications/${id}`),
      () => client.graph("GET", `/applications(appId='${appId}')`),
      () => client.graph("GET", `/directoryObjects/${id}`),
      () => client.graph("PATCH", `/applications/${id}`, { body: { notes: "seen" } }),
      () => post(`/applications/${id}/addPassword`),
    ];
    for (const request of requests) expect(graphOutcome(await request())).toEqual([404, "Request_ResourceNotFound"]);
    expect((await read(`/applications?$filter=appId eq '${appId}'`)).value).toEqual([]);
    pass(lagSeconds - 1);
    expect((await requests[0]!()).status).toBe(404);
    pass(1);
    const statuses = [];
    for (const request of requests) statuses.push((await request()).status);
    expect(statuses).toEqual([200, 200, 200, 204, 200]);
    expect((await read(`/applications?$filter=appId eq '${appId}'`)).value).toHaveLength(1);
  });

  test("C7: is unique all the same", async () => {
    const [one, other] = [await known(), await known()];
    const body = { identifierUris: [`api://${one.appId}/${other.appId}`] };
    expect((await client.graph("PATCH", `/applications/${one.id}`, { body })).status).toBe(204);
    expect((await client.graph("PATCH", `/applications/${other.id}`, { body })).status).toBe(400);

    expect((await post("/servicePrincipals", { appId: one.appId })).status).toBe(201);
    expect((await client.graph("GET", `/servicePrincipals(appId='${one.appId}')`)).status).toBe(404);
    expect(graphOutcome(await post("/servicePrincipals", { appId: one.appId }))).toEqual([
      409,
      "Request_MultipleObjectsWithSameKeyValue",
    ]);
  });
});

describe("C7: a change", () => {
  test("C7: is seen late, as are those after it, each in its turn", async () => {
    const { id } = await known({ displayName: "first" });
    const name = async () => (await read(`/applications/${id}`)).displayName;
    for (const displayName of ["second", "third"]) {
      await client.graph("PATCH", `/applications/${id}`, { body: { displayName } });
      pass(10);
    }
    expect(await name()).toBe("first");
    pass(lagSeconds - 20);
    expect(await name()).toBe("second");
    pass(10);
    expect(await name()).toBe("third");
  });

  test("C7: a deleted object is still shown, and cannot be changed", async () => {
    const { id } = await known();
    await client.graph("DELETE", `/applications/${id}`);
    expect((await client.graph("GET", `/applications/${id}`)).status).toBe(200);
    expect((await client.graph("GET", `/directory/deletedItems/${id}`)).status).toBe(404);
    expect((await client.graph("PATCH", `/applications/${id}`, { body: { notes: "x" } })).status).toBe(404);
    pass();
    expect((await client.graph("GET", `/applications/${id}`)).status).toBe(404);
    expect((await client.graph("GET", `/directory/deletedItems/${id}`)).status).toBe(200);
  });

  test("C2: who writes all certificates by what is shown takes away one that is not shown yet", async () => {
    const { id } = await known();
    const register = (...keyCredentials: object[]) =>
      client.graph("PATCH", `/applications/${id}`, { body: { keyCredentials } });
    const shown = async () => (await read(`/applications/${id}`)).keyCredentials as { keyId: string }[];
    const [one, other] = await Promise.all([newCertificate(), newCertificate()]);
    await register(one.keyCredential);
    await register(...(await shown()), other.keyCredential);
    pass();
    expect(await shown()).toHaveLength(1);
  });
});

describe("B2: a service principal of an application that was made just now", () => {
  test("B2: is refused, the application being unknown, to an administrator", async () => {
    const { appId } = await client.newApplication();
    const refused = await post("/servicePrincipals", { appId });
    expect(graphOutcome(refused)).toEqual([400, "Request_BadRequest"]);
    expect(refused.data.error.message).toContain("does not reference a valid application object");
    pass();
    expect((await post("/servicePrincipals", { appId })).status).toBe(201);
  });

  test("B2: is refused, the application being foreign, to whoever may only make those of his own", async () => {
    const as = await identity("Application.ReadWrite.OwnedBy");
    const body = { displayName: "Orders", signInAudience: "AzureADMultipleOrgs" };
    const { appId } = (await client.graph("POST", "/applications", { body, as })).data;
    const create = () => client.graph("POST", "/servicePrincipals", { body: { appId }, as });
    const refused = await create();
    expect(graphOutcome(refused)).toEqual([403, "Authorization_RequestDenied"]);
    expect(refused.data.error.message).toContain("backing application");
    pass();
    expect((await create()).status).toBe(201);
  });

  test("B2: gets no grant and no app role before it is seen, and one grant after", async () => {
    const { appId } = await known();
    const { data: principal } = await post("/servicePrincipals", { appId });
    const resourceId = (await read("/servicePrincipals(appId='00000007-0000-0000-c000-000000000000')")).id;
    const grant = { clientId: principal.id, consentType: "AllPrincipals", resourceId, scope: "user_impersonation" };
    const grants = async () => (await read(`/oauth2PermissionGrants?$filter=clientId eq '${principal.id}'`)).value;
    expect((await post("/oauth2PermissionGrants", grant)).status).toBe(404);
    pass();
    expect((await post("/oauth2PermissionGrants", grant)).status).toBe(201);
    expect(await grants()).toEqual([]);
    expect((await post("/oauth2PermissionGrants", grant)).status).toBe(409);
    pass();
    expect(await grants()).toHaveLength(1);
  });
});

describe("A3: sign-ins", () => {
  test("A3, C2: a new secret is wrong for a while, and a removed one still good", async () => {
    const { id, clientId, clientSecret } = await identity();
    const [{ keyId }] = (await read(`/applications/${id}`)).passwordCredentials;
    const added = await addPassword({ id });
    expect(signInOutcome(await signIn(clientId, added.secretText))).toEqual([401, "invalid_client", [7000215]]);
    pass();
    expect((await signIn(clientId, added.secretText)).status).toBe(200);

    expect((await post(`/applications/${id}/removePassword`, { keyId })).status).toBe(204);
    expect((await signIn(clientId, clientSecret)).status).toBe(200);
    expect((await read(`/applications/${id}`)).passwordCredentials).toHaveLength(2);
    // The primary knows that it is gone.
    expect(graphOutcome(await post(`/applications/${id}/removePassword`, { keyId }))).toEqual([
      400,
      "Request_BadRequest",
    ]);
    pass();
    expect(signInOutcome(await signIn(clientId, clientSecret))).toEqual([401, "invalid_client", [7000215]]);
  });

  test("A3: consent on the page is late, and so is its withdrawal", async () => {
    const { clientId, clientSecret, id } = await identity();
    await setLag({ directorySeconds: 0 });
    await client.graph("PATCH", `/applications/${id}`, { body: { web: { redirectUris: ["https://localhost"] } } });
    await setLag({ directorySeconds: lagSeconds });
    const outcome = async () => signInOutcome(await signIn(clientId, clientSecret, fabrikam.tenantId));
    const page = `/${fabrikam.tenantId}/adminconsent?client_id=${clientId}`;
    const { data } = await client.post(page, administratorUserOf("fabrikam"));
    const session = /name="session" value="([^"]+)"/.exec(data)![1]!;
    expect((await client.post(page, { session, decision: "accept" })).status).toBe(302);
    expect(await outcome()).toEqual([401, "invalid_client", [7000229]]);
    pass();
    expect((await outcome())[0]).toBe(200);
    await client.graph("DELETE", `/servicePrincipals(appId='${clientId}')`, { as: fabrikam });
    expect((await outcome())[0]).toBe(200);
    pass();
    expect(await outcome()).toEqual([401, "invalid_client", [7000229]]);
  });

  test("A3: app roles come into tokens late", async () => {
    const { objectId, clientId, clientSecret } = await identity();
    const graph = await read("/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')");
    const { id: appRoleId } = graph.appRoles[0];
    const body = { principalId: objectId, resourceId: graph.id, appRoleId };
    const given = await post(`/servicePrincipals/${graph.id}/appRoleAssignedTo`, body);
    expect(given.status).toBe(201);
    const token = async () => {
      const { data } = await signIn(clientId, clientSecret);
      return JSON.parse(Buffer.from(data.access_token.split(".")[1], "base64url").toString()).roles;
    };
    expect(await token()).toBeUndefined();
    expect((await post(`/servicePrincipals/${graph.id}/appRoleAssignedTo`, body)).status).toBe(400);
    pass();
    expect(await token()).toHaveLength(1);
  });

  test("C3: a federated credential is shown late, and unique all the same", async () => {
    const { id } = await known();
    const credential = {
      name: "github",
      issuer: "https://token.actions.githubusercontent.com",
      subject: "repo:contoso/orders:pull_request",
      audiences: ["api://AzureADTokenExchange"],
    };
    const path = `/applications/${id}/federatedIdentityCredentials`;
    expect((await post(path, credential)).status).toBe(201);
    expect((await read(path)).value).toEqual([]);
    expect((await post(path, credential)).status).toBe(409);
    pass();
    expect((await read(path)).value).toHaveLength(1);
  });
});

describe("D6: Dataverse", () => {
  test("D6: does not find a service principal that was made just now", async () => {
    const dataverse = dataverseClient(sandbox);
    const { appId } = await known();
    await post("/servicePrincipals", { appId });
    const unit = `/businessunits(${await dataverse.rootBusinessUnit()})`;
    const create = () =>
      dataverse.send("POST", "systemusers", { applicationid: appId, "businessunitid@odata.bind": unit });
    const refused = await create();
    expect([refused.status, refused.data.error.code]).toEqual([400, "0x8004F510"]);
    pass();
    expect((await create()).status).toBe(204);
  });

  test("D6, E: addAppUser is 200 all the same, and makes no user", async () => {
    const { appId } = await known();
    await post("/servicePrincipals", { appId });
    const admin = `${sandbox.endpoints.powerPlatform}/providers/Microsoft.BusinessAppPlatform`;
    const environment = environmentIdOf("contoso-dev");
    const add = () =>
      sandbox.http.post(
        `${admin}/scopes/admin/environments/${environment}/addAppUser?api-version=2020-10-01`,
        { servicePrincipalAppId: appId },
        { headers: { Authorization: `Bearer ${person}` } },
      );
    const person = (
      await sandbox.context.tokens.issue({
        aud: "https://service.powerapps.com",
        appid: "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
        oid: publisher.objectId,
        tid: publisher.tenantId,
        scp: "user_impersonation",
      })
    ).accessToken;
    const users = async () =>
      (await dataverseClient(sandbox).get(`systemusers?$filter=applicationid eq ${appId}`)).value;
    expect((await add()).status).toBe(200);
    expect(await users()).toEqual([]);
    pass();
    expect((await add()).status).toBe(200);
    expect(await users()).toHaveLength(1);
  });
});

describe("F1: Azure", () => {
  test("F1: a role assignment reaches the vault's data plane late, and so does its end", async () => {
    await setLag({ directorySeconds: 0, roleAssignmentSeconds: 600 });
    const arm = armClient(sandbox);
    const { properties, id } = await arm.newVault("rg-late", "kv-late");
    const name = await arm.grant(publisher.objectId, roles.secretsOfficer, id);
    const headers = { Authorization: `Bearer ${await sandbox.token("https://vault.azure.net")}` };
    const list = async () => {
      const { status, data } = await sandbox.http.get(`${properties.vaultUri}secrets?api-version=7.4`, { headers });
      return [status, data.error?.innererror?.code];
    };
    expect(await list()).toEqual([403, "ForbiddenByRbac"]);
    pass(600);
    expect(await list()).toEqual([200, undefined]);
    await arm.arm("DELETE", assignment(id, name));
    expect(await list()).toEqual([200, undefined]);
    pass(600);
    expect(await list()).toEqual([403, "ForbiddenByRbac"]);
  });

  test("F1: a principal that is not seen yet gets a role only with its type", async () => {
    const { appId } = await known();
    const { id: principalId } = (await post("/servicePrincipals", { appId })).data;
    const roleDefinitionId = `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${roles.reader}`;
    const give = (properties: object) => {
      const body = { properties: { roleDefinitionId, principalId, ...properties } };
      return armClient(sandbox).arm("PUT", assignment(subscription, crypto.randomUUID()), { body });
    };
    expect(await give({})).toMatchObject({ status: 400, code: "PrincipalNotFound" });
    expect((await give({ principalType: "ServicePrincipal" })).status).toBe(201);
  });
});

describe("flapping", () => {
  test("shows a write to every second request of a service until the lag is over", async () => {
    await setLag({ flapping: true });
    const { id, appId } = await client.newApplication();
    const statuses: number[] = [];
    for (let n = 0; n < 6; n++) statuses.push((await client.graph("GET", `/applications/${id}`)).status);
    expect(statuses).toEqual([404, 200, 404, 200, 404, 200]);
    pass();
    for (const _ of statuses) expect((await client.graph("GET", `/applications(appId='${appId}')`)).status).toBe(200);
  });
});

describe("the lag", () => {
  test("is none unless set, and ends for all when it is taken away", async () => {
    const other = await startTestSandbox();
    expect((await other.http.get(`${other.endpoints.control}/lag`)).data).toEqual({
      directorySeconds: 0,
      roleAssignmentSeconds: 0,
      flapping: false,
    });
    const { id } = await new EntraClient(other).newApplication();
    expect((await new EntraClient(other).graph("GET", `/applications/${id}`)).status).toBe(200);
    expect(other.context.store.collection("lag").size).toBe(0);
    await other.close();

    const application = await client.newApplication();
    await setLag({ directorySeconds: 0 });
    expect((await client.graph("GET", `/applications/${application.id}`)).status).toBe(200);
  });

  test("ends when the clock is put back", async () => {
    const { id } = await client.newApplication();
    pass(-24 * 3600);
    expect((await client.graph("GET", `/applications/${id}`)).status).toBe(200);
    pass(24 * 3600);
  });

  test("outlasts a restart, with what is on its way", async () => {
    const directory = mkdtempSync(join(tmpdir(), "dataverse-s2s-test-"));
    const first = await startTestSandbox({ directory });
    await setLag({ directorySeconds: 3600 }, first);
    const { id } = await new EntraClient(first).newApplication();
    await first.close();
    const second = await startTestSandbox({ directory });
    const status = async () => (await new EntraClient(second).graph("GET", `/applications/${id}`)).status;
    expect((await second.http.get(`${second.endpoints.control}/lag`)).data.directorySeconds).toBe(3600);
    expect(await status()).toBe(404);
    second.context.store.setClock(new Date(Date.now() + 3600_000));
    expect(await status()).toBe(200);
    await second.close();
    rmSync(directory, { recursive: true });
  });

  test.each([
    ["a negative time", { directorySeconds: -1 }, /^directorySeconds: /],
    ["a text", { directorySeconds: "5" }, /^directorySeconds: /],
    ["more than an hour", { roleAssignmentSeconds: 3601 }, /^roleAssignmentSeconds: /],
    ["an unknown name", { graphSeconds: 5 }, /graphSeconds/],
    ["no JSON", "x", /^the lag: /],
  ])("cannot be %s", async (_, lag, message) => {
    const { status, data } = await setLag(lag as object);
    expect([status, data.error.message]).toEqual([400, expect.stringMatching(message)]);
  });
});
