import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { firstParty } from "../../sandbox/directory.ts";
import { administratorUserOf } from "../../sandbox/seed.ts";
import { guidOf } from "../../sandbox/store.ts";
import { EntraClient, fabrikam, graphOutcome, publisher } from "../support/entra.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";

const nowhere = "11111111-1111-4111-8111-111111111111";

let sandbox: TestSandbox;
let client: EntraClient;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  client = new EntraClient(sandbox);
});
afterAll(() => sandbox.close());

describe("owners", () => {
  test("are bound at creation, added, listed and removed", async () => {
    const objects = `${sandbox.endpoints.graph}/v1.0/directoryObjects`;
    const person = guidOf("administrator user publisher");
    const { id } = await client.newApplication({ "owners@odata.bind": [`${objects}/${publisher.objectId}`] });
    const path = `/applications/${id}/owners`;
    const add = (owner: string) =>
      client.graph("POST", `${path}/$ref`, { body: { "@odata.id": `${objects}/${owner}` } });
    expect((await add(person)).status).toBe(204);
    expect(graphOutcome(await add(person))).toEqual([400, "Request_BadRequest"]);
    expect(graphOutcome(await add(nowhere))).toEqual([404, "Request_ResourceNotFound"]);
    expect((await client.graph("GET", path)).data.value).toMatchObject([
      { "@odata.type": "#microsoft.graph.servicePrincipal", id: publisher.objectId },
      {
        "@odata.type": "#microsoft.graph.user",
        userPrincipalName: administratorUserOf("publisher").userName,
      },
    ]);
    const remove = () => client.graph("DELETE", `${path}/${publisher.objectId}/$ref`);
    expect((await remove()).status).toBe(204);
    expect((await remove()).status).toBe(404);
    expect((await client.graph("GET", `${path}/$ref`)).data.value).toHaveLength(1);
  });
});

describe("a service principal", () => {
  test("B2, A4: of a multi-tenant application is made in other tenants, each with an id of its own", async () => {
    const { appId } = await client.newApplication();
    const home = await client.graph("POST", "/servicePrincipals", { body: { appId } });
    const away = await client.graph("POST", "/servicePrincipals", { body: { appId }, as: fabrikam });
    expect([home.status, away.status]).toEqual([201, 201]);
    expect(away.data.id).not.toBe(home.data.id);
    expect(away.data.appOwnerOrganizationId).toBe(publisher.tenantId);
    const again = await client.graph("POST", "/servicePrincipals", { body: { appId }, as: fabrikam });
    expect(graphOutcome(again)).toEqual([409, "Request_MultipleObjectsWithSameKeyValue"]);
    expect(again.data.error.message).toContain(`the service principal name ${appId} is already in use`);
  });

  test("B2: needs an application that the tenant can reach", async () => {
    const { appId } = await client.newApplication({ signInAudience: "AzureADMyOrg" });
    for (const body of [{ appId }, { appId: nowhere }]) {
      const answer = await client.graph("POST", "/servicePrincipals", { body, as: fabrikam });
      expect(graphOutcome(answer)).toEqual([400, "Request_BadRequest"]);
      expect(answer.data.error.message).toContain("does not reference a valid application object");
    }
  });

  test("B2: is created or changed by one request with create-if-missing", async () => {
    const { appId } = await client.newApplication();
    const path = `/servicePrincipals(appId='${appId}')`;
    const headers = { Prefer: "create-if-missing" };
    expect((await client.graph("PATCH", path, { body: { notes: "a" } })).status).toBe(404);
    expect((await client.graph("PATCH", path, { body: { notes: "a" }, headers })).status).toBe(201);
    expect((await client.graph("PATCH", path, { body: { notes: "b" }, headers })).status).toBe(204);
    expect((await client.graph("GET", path)).data.notes).toBe("b");
  });

  test("A5, B2: deleted and made again has another id, and its grants are gone", async () => {
    const { appId } = await client.newApplication();
    const path = `/servicePrincipals(appId='${appId}')`;
    const first = (await client.graph("POST", "/servicePrincipals", { body: { appId }, as: fabrikam })).data;
    const dataverse = await client.graph("GET", `/servicePrincipals(appId='${firstParty.dataverse}')`, {
      as: fabrikam,
    });
    const body = {
      clientId: first.id,
      consentType: "AllPrincipals",
      resourceId: dataverse.data.id,
      scope: "user_impersonation",
    };
    await client.graph("POST", "/oauth2PermissionGrants", { body, as: fabrikam });
    expect((await client.graph("DELETE", path, { as: fabrikam })).status).toBe(204);
    const second = (await client.graph("POST", "/servicePrincipals", { body: { appId }, as: fabrikam })).data;
    expect(second.id).not.toBe(first.id);
    const grants = await client.graph("GET", `${path}/oauth2PermissionGrants`, { as: fabrikam });
    expect(grants.data.value).toEqual([]);
    const restored = await client.graph("POST", `/directory/deletedItems/${first.id}/restore`, { as: fabrikam });
    expect(graphOutcome(restored)).toEqual([409, "Request_MultipleObjectsWithSameKeyValue"]);
  });

  test("of the home tenant follows its application", async () => {
    const { id, appId } = await client.newApplication();
    await client.graph("POST", "/servicePrincipals", { body: { appId } });
    await client.graph("PATCH", `/applications/${id}`, {
      body: { displayName: "Renamed", identifierUris: [`api://${appId}`] },
    });
    const { data } = await client.graph("GET", `/servicePrincipals(appId='${appId}')`);
    expect(data).toMatchObject({
      displayName: "Renamed",
      servicePrincipalNames: [appId, `api://${appId}`],
    });
  });
});

describe("grants", () => {
  test("B2: of delegated permissions are found, changed and deleted; a second of the same kind is 409", async () => {
    const { appId } = await client.newApplication();
    const principal = (await client.graph("POST", "/servicePrincipals", { body: { appId } })).data;
    const dataverse = (await client.graph("GET", `/servicePrincipals(appId='${firstParty.dataverse}')`)).data;
    const body = {
      clientId: principal.id,
      consentType: "AllPrincipals",
      principalId: null,
      resourceId: dataverse.id,
      scope: "user_impersonation",
    };
    const created = await client.graph("POST", "/oauth2PermissionGrants", { body });
    expect(created.status).toBe(201);
    expect(created.data).toMatchObject(body);
    expect(created.data.id).toMatch(/^[\w-]{43}$/);
    expect(graphOutcome(await client.graph("POST", "/oauth2PermissionGrants", { body }))).toEqual([
      409,
      "Request_MultipleObjectsWithSameKeyValue",
    ]);
    const filter = `clientId eq '${principal.id}' and consentType eq 'AllPrincipals'`;
    const found = await client.graph("GET", `/oauth2PermissionGrants?$filter=${filter}`);
    expect(found.data.value).toMatchObject([{ id: created.data.id }]);
    const path = `/oauth2PermissionGrants/${created.data.id}`;
    expect((await client.graph("PATCH", path, { body: { scope: "a b" } })).status).toBe(204);
    expect((await client.graph("GET", path)).data.scope).toBe("a b");
    expect((await client.graph("DELETE", path)).status).toBe(204);
    expect((await client.graph("GET", path)).status).toBe(404);
  });

  test("B2: of application permissions are seen from both ends and decide what a token may do", async () => {
    const identity = await client.newIdentity("Application.Read.All");
    const path = `/servicePrincipals/${identity.objectId}/appRoleAssignments`;
    const [assignment] = (await client.graph("GET", path)).data.value;
    expect(assignment).toMatchObject({ principalId: identity.objectId, resourceDisplayName: "Microsoft Graph" });
    const { id, principalId, resourceId, appRoleId } = assignment;
    const body = { principalId, resourceId, appRoleId };
    expect((await client.graph("POST", path, { body })).status).toBe(400);
    expect((await client.graph("GET", "/applications", { as: identity })).status).toBe(200);
    const removed = await client.graph("DELETE", `/servicePrincipals/${resourceId}/appRoleAssignedTo/${id}`);
    expect(removed.status).toBe(204);
    const denied = await client.graph("GET", "/applications", { as: identity });
    expect(graphOutcome(denied)).toEqual([403, "Authorization_RequestDenied"]);
    expect(denied.data.error.message).toBe("Insufficient privileges to complete the operation.");
  });
});

describe("application permissions", () => {
  test("C6: for reading do not allow writing", async () => {
    const reader = await client.newIdentity("Application.Read.All");
    const body = { displayName: "x", signInAudience: "AzureADMyOrg" };
    expect(graphOutcome(await client.graph("POST", "/applications", { body, as: reader }))).toEqual([
      403,
      "Authorization_RequestDenied",
    ]);
    expect((await client.graph("GET", "/oauth2PermissionGrants", { as: reader })).status).toBe(403);
    expect((await client.graph("GET", "/organization", { as: reader })).status).toBe(403);
  });

  test("OwnedBy allows what the caller made, and nothing of others", async () => {
    const owner = await client.newIdentity("Application.ReadWrite.OwnedBy");
    const body = { displayName: "mine", signInAudience: "AzureADMultipleOrgs" };
    const mine = await client.graph("POST", "/applications", { body, as: owner });
    expect(mine.status).toBe(201);
    const change = { body: { notes: "changed" }, as: owner };
    expect((await client.graph("PATCH", `/applications/${mine.data.id}`, change)).status).toBe(204);
    const { appId } = mine.data;
    expect((await client.graph("POST", "/servicePrincipals", { body: { appId }, as: owner })).status).toBe(201);
    const other = await client.newApplication();
    expect((await client.graph("PATCH", `/applications/${other.id}`, change)).status).toBe(403);
  });

  test("B2: OwnedBy cannot make the service principal of another tenant's application", async () => {
    const owner = await client.newIdentity("Application.ReadWrite.OwnedBy");
    const foreign = await client.graph("POST", "/applications", {
      body: { displayName: "foreign", signInAudience: "AzureADMultipleOrgs" },
      as: fabrikam,
    });
    const body = { appId: foreign.data.appId };
    const answer = await client.graph("POST", "/servicePrincipals", { body, as: owner });
    expect(graphOutcome(answer)).toEqual([403, "Authorization_RequestDenied"]);
    expect(answer.data.error.message).toContain("backing application");
  });
});

test("B2: A delegated grant takes a permission of its own, not that for applications", async () => {
  const body = async () => {
    const { appId } = await client.newApplication();
    const clientId = (await client.graph("POST", "/servicePrincipals", { body: { appId } })).data.id;
    const resourceId = (await client.graph("GET", `/servicePrincipals(appId='${firstParty.dataverse}')`)).data.id;
    return { clientId, resourceId, consentType: "AllPrincipals", principalId: null, scope: "user_impersonation" };
  };
  for (const [permission, status] of [
    ["Application.ReadWrite.All", 403],
    ["DelegatedPermissionGrant.ReadWrite.All", 201],
    ["Directory.ReadWrite.All", 201],
  ] as const) {
    const as = await client.newIdentity(permission);
    const answer = await client.graph("POST", "/oauth2PermissionGrants", { body: await body(), as });
    expect([permission, answer.status]).toEqual([permission, status]);
  }
});

describe("the tenant", () => {
  test("tells its name and verified domains", async () => {
    const { data } = await client.graph("GET", "/organization");
    expect(data.value).toMatchObject([{ id: publisher.tenantId, displayName: "Contoso Software" }]);
    const domains = (await client.graph("GET", "/domains")).data.value;
    expect(domains).toMatchObject([
      { id: "contososoftware.onmicrosoft.com", isInitial: true },
      { id: "contoso.example", isVerified: true },
    ]);
  });
});
