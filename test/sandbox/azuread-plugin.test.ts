import { randomUUID } from "node:crypto";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { firstParty } from "../../sandbox/directory.ts";
import { newCertificate } from "../support/certificate.ts";
import { publisher } from "../support/entra.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";

// The requests that Pulumi's azuread plugin (6.9) sends, in its order, and the members that it reads of the answers. The
// plugin itself uses the sandbox where it is installed (`npm start -- --azuread=plugin`).

let sandbox: TestSandbox;
let graph: string;
let token: string;

beforeAll(async () => {
  sandbox = await startTestSandbox();
});
afterAll(() => sandbox.close());

/** A request as the plugin sends it: OData 4.0, JSON, no ConsistencyLevel, no If-Match. */
async function send(method: string, path: string, body?: unknown) {
  const headers = {
    Authorization: `Bearer ${token}`,
    Accept: "application/json; charset=utf-8; IEEE754Compatible=false",
    "OData-MaxVersion": "4.0",
    "OData-Version": "4.0",
    ...(body ? { "Content-Type": "application/json; charset=utf-8" } : {}),
  };
  const answer = await sandbox.http.request({ method, url: `${graph}${path}`, headers, data: body });
  if (answer.status !== 204) expect(answer.headers["content-type"], path).toMatch(/^application\/json/);
  return { status: answer.status, data: answer.data };
}

async function ok(method: string, path: string, body?: unknown, status = method === "GET" ? 200 : 204) {
  const answer = await send(method, path, body);
  expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.data)}`).toBe(status);
  return answer.data;
}

const applicationType = { "@odata.type": "#microsoft.graph.application" };
const principalType = { "@odata.type": "#microsoft.graph.servicePrincipal" };
const reference = (id: string) => `${graph}/v1.0/directoryObjects/${id}`;

describe("At its start the azuread plugin", () => {
  test("C8: finds the cloud at the metadata host", async () => {
    const host = new URL(sandbox.endpoints.arm).host;
    const { status, data, headers } = await sandbox.http.get(
      `https://${host}/metadata/endpoints?api-version=2022-09-01`,
    );
    expect([status, headers["content-type"]]).toEqual([200, expect.stringMatching(/^application\/json/)]);
    expect(data).toMatchObject({ name: expect.any(String), resourceManager: sandbox.endpoints.arm });
    expect(data.authentication.loginEndpoint).toBe(sandbox.endpoints.login);
    expect(data.authentication.loginEndpoint).not.toMatch(/\/$/);
    expect(data.authentication.audiences).toContain("https://management.azure.com/");
    graph = data.microsoftGraphResourceId.replace(/\/$/, "");
    expect(graph).toBe(sandbox.endpoints.graph);
  });

  test("gets a token of three parts that says who it is, which is all that getClientConfig tells", async () => {
    token = await sandbox.token(graph);
    expect(token.split(".")).toHaveLength(3);
    const { objectId: oid, tenantId: tid, clientId: appid } = publisher;
    expect(decodeJwt(token)).toMatchObject({ oid, tid, appid });
  });

  test("knows by name, and without a request, the client ids that the sandbox has too", async () => {
    // getApplicationPublishedAppIds: DynamicsCrm, MicrosoftGraph, AzureKeyVault, AzureServiceManagement.
    expect(firstParty).toMatchObject({
      dataverse: "00000007-0000-0000-c000-000000000000",
      graph: "00000003-0000-0000-c000-000000000000",
      keyVault: "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
      resourceManager: "797f4846-ba00-4fd7-ba43-dac1f8f63013",
    });
  });
});

let application: string;
let appId: string;

describe("For an Application it", () => {
  test("creates it with itself as the owner, renames it there and back, and leaves the owners", async () => {
    const created = await ok(
      "POST",
      "/v1.0/applications",
      {
        ...applicationType,
        displayName: "Contoso Orders",
        signInAudience: "AzureADMultipleOrgs",
        api: { acceptMappedClaims: null, knownClientApplications: [], oauth2PermissionScopes: [] },
        appRoles: [],
        description: null,
        groupMembershipClaims: null,
        identifierUris: [],
        info: { marketingUrl: null, privacyStatementUrl: null, supportUrl: null, termsOfServiceUrl: null },
        isDeviceOnlyAuthSupported: false,
        isFallbackPublicClient: false,
        notes: null,
        oauth2RequirePostResponse: false,
        optionalClaims: { accessToken: [], idToken: [], saml2Token: [] },
        publicClient: { redirectUris: [] },
        requiredResourceAccess: [
          {
            resourceAppId: firstParty.dataverse,
            resourceAccess: [{ id: "78ce3f0f-a1ce-49c2-8cde-64b5c0896db4", type: "Scope" }],
          },
        ],
        spa: { redirectUris: [] },
        tags: [],
        web: { homePageUrl: null, logoutUrl: null, redirectUris: ["https://localhost/"] },
        "owners@odata.bind": [reference(publisher.objectId)],
      },
      201,
    );
    ({ id: application, appId } = created);
    const path = `/v1.0/applications/${application}`;
    for (const displayName of [`TERRAFORM_UPDATE_${randomUUID()}`, "Contoso Orders"]) {
      await ok("PATCH", path, { ...applicationType, displayName });
      expect((await ok("GET", path)).displayName).toBe(displayName);
    }
    expect((await ok("GET", `${path}/owners`)).value).toMatchObject([{ id: publisher.objectId }]);
    await ok("DELETE", `${path}/owners/${publisher.objectId}/$ref`);
    expect((await send("DELETE", `${path}/owners/${publisher.objectId}/$ref`)).status).toBe(404);
  });

  test("reads it, its beta member and its owners", async () => {
    const read = await ok("GET", `/v1.0/applications/${application}`);
    expect(read).toMatchObject({
      id: application,
      appId,
      displayName: "Contoso Orders",
      publisherDomain: expect.any(String),
      disabledByMicrosoftStatus: null,
      signInAudience: "AzureADMultipleOrgs",
      identifierUris: [],
      passwordCredentials: [],
      keyCredentials: [],
      web: { redirectUris: ["https://localhost/"] },
      requiredResourceAccess: [{ resourceAppId: firstParty.dataverse }],
    });
    const beta = await ok("GET", `/beta/applications/${application}?$select=oauth2RequirePostResponse`);
    expect(beta.oauth2RequirePostResponse).toBe(false);
    const newer = await ok("GET", `/beta/applications/${application}?$select=isDisabled,oauth2RequirePostResponse`);
    expect(newer).toMatchObject({ isDisabled: null, oauth2RequirePostResponse: false });
    expect((await ok("GET", `/v1.0/applications/${application}/owners`)).value).toEqual([]);
  });

  test("adds and removes the owners that changed", async () => {
    const owners = `/v1.0/applications/${application}/owners`;
    await ok("POST", `${owners}/$ref`, { "@odata.id": reference(publisher.objectId) });
    expect((await ok("GET", owners)).value).toMatchObject([{ id: publisher.objectId }]);
    await ok("DELETE", `${owners}/${publisher.objectId}/$ref`);
    expect((await ok("GET", owners)).value).toEqual([]);
  });

  test("updates it with one PATCH, and sets an identifier URI with another", async () => {
    const path = `/v1.0/applications/${application}`;
    await ok("PATCH", path, { ...applicationType, notes: "by Pulumi", tags: ["HideApp"] });
    const { identifierUris } = await ok("GET", path);
    await ok("PATCH", path, { ...applicationType, identifierUris: [...identifierUris, `api://${appId}`] });
    const read = await ok("GET", path);
    expect(read).toMatchObject({ notes: "by Pulumi", tags: ["HideApp"], identifierUris: [`api://${appId}`] });
  });
});

describe("For the credentials of an application it", () => {
  const path = () => `/v1.0/applications/${application}`;

  test("adds a password and finds it in the application, without its text", async () => {
    await ok("GET", path());
    const passwordCredential = {
      "@odata.type": "#microsoft.graph.passwordCredential",
      displayName: "orders",
      endDateTime: "2090-01-01T00:00:00Z",
    };
    const { keyId, secretText } = await ok("POST", `${path()}/addPassword`, { passwordCredential }, 200);
    expect(secretText.length).toBeGreaterThanOrEqual(16);
    const [found] = (await ok("GET", path())).passwordCredentials;
    expect(found).toMatchObject({
      keyId,
      displayName: "orders",
      endDateTime: "2090-01-01T00:00:00Z",
      secretText: null,
    });
    await ok("POST", `${path()}/removePassword`, { keyId });
    expect((await ok("GET", path())).passwordCredentials).toEqual([]);
  });

  test("sets the whole collection of certificates under an id of its own, and takes one away", async () => {
    const keyId = randomUUID();
    const { keyCredential } = await newCertificate();
    const { keyCredentials } = await ok("GET", path());
    const more = [...keyCredentials, { ...keyCredential, keyId }];
    await ok("PATCH", path(), { ...applicationType, keyCredentials: more });
    expect((await ok("GET", path())).keyCredentials).toMatchObject([{ keyId, type: "AsymmetricX509Cert" }]);
    await ok("PATCH", path(), { ...applicationType, keyCredentials: [] });
    expect((await ok("GET", path())).keyCredentials).toEqual([]);
  });

  test("makes, changes and deletes a federated credential", async () => {
    const collection = `${path()}/federatedIdentityCredentials`;
    const body = {
      "@odata.type": "#microsoft.graph.federatedIdentityCredential",
      audiences: ["api://AzureADTokenExchange"],
      description: "",
      issuer: "https://token.actions.githubusercontent.com",
      name: "ci",
      subject: "repo:contoso/orders:environment:prod",
    };
    const { id } = await ok("POST", collection, body, 201);
    const { name: _, ...changes } = body;
    await ok("PATCH", `${collection}/${id}`, { ...changes, subject: "repo:contoso/orders:ref:refs/heads/main" });
    const read = await ok("GET", `${collection}/${id}`);
    expect(read).toMatchObject({ id, name: "ci", subject: "repo:contoso/orders:ref:refs/heads/main" });
    await ok("DELETE", `${collection}/${id}`);
    expect((await send("GET", `${collection}/${id}`)).status).toBe(404);
  });
});

let principal: string;

describe("For a ServicePrincipal it", () => {
  const path = () => `/v1.0/servicePrincipals/${principal}`;

  test("looks for one, with + for a space, then creates it under a temporary description", async () => {
    const query = `/v1.0/servicePrincipals?$filter=appId+eq+'${appId}'`;
    expect((await ok("GET", query)).value).toEqual([]);
    const description = `TERRAFORM_UPDATE_${randomUUID()}`;
    const created = await ok(
      "POST",
      "/v1.0/servicePrincipals",
      {
        ...principalType,
        accountEnabled: true,
        alternativeNames: [],
        appId,
        appRoleAssignmentRequired: false,
        description,
        loginUrl: null,
        notes: null,
        notificationEmailAddresses: [],
        preferredSingleSignOnMode: null,
        samlSingleSignOnSettings: null,
        tags: ["WindowsAzureActiveDirectoryIntegratedApp"],
        "owners@odata.bind": [reference(publisher.objectId)],
      },
      201,
    );
    principal = created.id;
    expect(created.description).toBe(description);
    await ok("PATCH", path(), { ...principalType, description: null });
    await ok("DELETE", `${path()}/owners/${publisher.objectId}/$ref`);
    expect((await ok("GET", query)).value).toMatchObject([{ id: principal }]);
  });

  test("reads it, its beta member and its owners", async () => {
    expect(await ok("GET", path())).toMatchObject({
      id: principal,
      appId,
      accountEnabled: true,
      appOwnerOrganizationId: publisher.tenantId,
      description: null,
      displayName: "Contoso Orders",
      oauth2PermissionScopes: [],
      replyUrls: ["https://localhost/"],
      servicePrincipalNames: expect.arrayContaining([appId, `api://${appId}`]),
      servicePrincipalType: "Application",
      signInAudience: "AzureADMultipleOrgs",
    });
    const beta = await ok("GET", `/beta/servicePrincipals/${principal}?$select=samlMetadataUrl`);
    expect(beta).toHaveProperty("samlMetadataUrl");
    expect((await ok("GET", `${path()}/owners`)).value).toEqual([]);
  });

  test("with useExisting changes the one that is there, resetting what is not declared", async () => {
    await ok("PATCH", path(), { description: "by hand", notes: "by hand", tags: ["ByHand"] });
    const [{ id }] = (await ok("GET", `/v1.0/servicePrincipals?$filter=appId+eq+'${appId}'`)).value;
    expect(id).toBe(principal);
    await ok("PATCH", path(), {
      ...principalType,
      accountEnabled: true,
      alternativeNames: [],
      appRoleAssignmentRequired: false,
      description: null,
      loginUrl: null,
      notes: null,
      notificationEmailAddresses: [],
      preferredSingleSignOnMode: null,
      samlSingleSignOnSettings: null,
      tags: [],
    });
    expect(await ok("GET", path())).toMatchObject({
      description: null,
      notes: null,
      tags: [],
      displayName: "Contoso Orders",
    });
  });

  test("is refused for an application that is not replicated yet, in the words by which it tries again", async () => {
    const refused = await send("POST", "/v1.0/servicePrincipals", { ...principalType, appId: randomUUID() });
    expect([refused.status, refused.data.error.message]).toEqual([
      400,
      expect.stringMatching(/The appId '.+' of the service principal does not reference a valid application object/),
    ]);
  });

  test("looks up Microsoft's own by client id, as getServicePrincipal does", async () => {
    const query = `/v1.0/servicePrincipals?$filter=appId+eq+'${firstParty.graph}'`;
    const { value } = await ok("GET", query);
    expect(value).toMatchObject([{ appId: firstParty.graph, displayName: "Microsoft Graph" }]);
    expect(value[0].appRoles).toContainEqual(expect.objectContaining({ value: "Application.ReadWrite.OwnedBy" }));
  });

  test("grants a delegated permission between it and Microsoft's own, and reads the grant", async () => {
    const query = `/v1.0/servicePrincipals?$filter=appId+eq+'${firstParty.dataverse}'`;
    const [resource] = (await ok("GET", query)).value;
    await ok("GET", path());
    await ok("GET", `/v1.0/servicePrincipals/${resource.id}`);
    const body = {
      "@odata.type": "#microsoft.graph.oAuth2PermissionGrant",
      clientId: principal,
      consentType: "AllPrincipals",
      resourceId: resource.id,
      scope: "user_impersonation",
    };
    const { id } = await ok("POST", "/v1.0/oauth2PermissionGrants", body, 201);
    const read = await ok("GET", `/v1.0/oauth2PermissionGrants/${id}`);
    const { "@odata.type": _, ...members } = body;
    expect(read).toMatchObject({ ...members, principalId: null });
    await ok("DELETE", `/v1.0/oauth2PermissionGrants/${id}`);
    expect((await send("GET", `/v1.0/oauth2PermissionGrants/${id}`)).status).toBe(404);
  });
});

describe("When it deletes", () => {
  test.each([
    ["a service principal", () => `/v1.0/servicePrincipals/${principal}`],
    ["an application", () => `/v1.0/applications/${application}`],
  ])("C6: %s it reads 404 with Graph's code until it has seen enough of them", async (_, path) => {
    await ok("DELETE", path());
    for (let seen = 0; seen < 5; seen++) {
      const { status, data } = await send("GET", path());
      expect([status, data.error.code]).toEqual([404, "Request_ResourceNotFound"]);
    }
    expect((await send("DELETE", path())).status).toBe(404);
  });
});
