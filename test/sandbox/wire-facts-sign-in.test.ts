import { decodeJwt, decodeProtectedHeader } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { administratorOf, administratorUserOf } from "../../sandbox/seed.ts";
import { EntraClient, fabrikam, graphUrl, type Identity, publisher } from "../support/entra.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";
import { dataverseClient } from "./dataverse-client.ts";

// What Entra says to the letter: status, OAuth error, code, text, and whether there is a page about the code.

let sandbox: TestSandbox;
let client: EntraClient;
let application: Identity & { id: string; objectId: string };

beforeAll(async () => {
  sandbox = await startTestSandbox();
  client = new EntraClient(sandbox);
  application = await client.newIdentity();
});
afterAll(() => sandbox.close());

const unknownTenant = "99999999-9999-4999-8999-999999999999";
const unknownApplication = "11111111-1111-4111-8111-111111111111";
const otherTenant =
  "This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.";

interface Refused {
  changes?: Record<string, string | undefined>;
  tenant?: string;
  expected: [status: number, error: string, code: number];
  text: string;
  page: boolean;
}

describe("A3: the token endpoint refuses", () => {
  const own = () => ({ client_id: application.clientId, client_secret: application.clientSecret });
  let expiredSecret: string;

  beforeAll(async () => {
    const passwordCredential = { startDateTime: "2020-01-01T00:00:00Z", endDateTime: "2021-01-01T00:00:00Z" };
    const path = `/applications/${application.id}/addPassword`;
    expiredSecret = (await client.graph("POST", path, { body: { passwordCredential } })).data.secretText;
  });

  test.each<[string, () => Refused]>([
    [
      "an application that the directory does not know",
      () => ({
        changes: { client_id: unknownApplication },
        expected: [400, "unauthorized_client", 700016],
        text: `Application with identifier '${unknownApplication}' was not found in the directory 'Contoso Software'. ${otherTenant} You may have sent your authentication request to the wrong tenant.`,
        page: true,
      }),
    ],
    [
      "an application without consent",
      () => ({
        changes: own(),
        tenant: fabrikam.tenantId,
        expected: [401, "invalid_client", 7000229],
        text: `The client application ${application.clientId} is missing service principal in the tenant ${fabrikam.tenantId}. See instructions here: https://go.microsoft.com/fwlink/?linkid=2225119`,
        page: false,
      }),
    ],
    [
      "a wrong secret",
      () => ({
        changes: { ...own(), client_secret: "wrong" },
        expected: [401, "invalid_client", 7000215],
        text: `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${application.clientId}'.`,
        page: true,
      }),
    ],
    [
      "an application of another tenant only",
      () => ({
        changes: { client_id: fabrikam.clientId },
        expected: [400, "unauthorized_client", 700016],
        text: `Application with identifier '${fabrikam.clientId}' was not found in the directory 'Contoso Software'. ${otherTenant} You may have sent your authentication request to the wrong tenant.`,
        page: true,
      }),
    ],
    [
      "an expired secret",
      () => ({
        changes: { ...own(), client_secret: expiredSecret },
        expected: [401, "invalid_client", 7000222],
        text: `The provided client secret keys for app '${application.clientId}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.`,
        page: true,
      }),
    ],
    [
      "a malformed tenant",
      () => ({
        tenant: "not a tenant",
        expected: [400, "invalid_request", 900023],
        text: "Specified tenant identifier 'not a tenant' is neither a valid DNS name, nor a valid external domain.",
        page: true,
      }),
    ],
    ...["common", "consumers", "organizations"].map((tenant): [string, () => Refused] => [
      `/${tenant} in place of a tenant`,
      () => ({
        tenant,
        expected: [400, "invalid_request", 9001023],
        text: "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.",
        page: false,
      }),
    ]),
    [
      "a scope without /.default",
      () => ({
        changes: { scope: `${graphUrl}/User.Read` },
        expected: [400, "invalid_scope", 1002012],
        text: `The provided value for scope ${graphUrl}/User.Read is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`,
        page: false,
      }),
    ],
    [
      "a resource that is not in the tenant",
      () => ({
        changes: { scope: "https://org1.crm.dynamics.com/.default" },
        expected: [400, "invalid_resource", 500011],
        text: `The resource principal named https://org1.crm.dynamics.com was not found in the tenant named Contoso Software. ${otherTenant} You might have sent your authentication request to the wrong tenant.`,
        page: true,
      }),
    ],
    [
      "a tenant that there is not",
      () => ({
        tenant: unknownTenant,
        expected: [400, "invalid_tenant", 90002],
        text: `Tenant '${unknownTenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.`,
        page: true,
      }),
    ],
    [
      "a field that is missing",
      () => ({
        changes: { scope: undefined },
        expected: [400, "invalid_request", 900144],
        text: "The request body must contain the following parameter: 'scope'.",
        page: true,
      }),
    ],
    [
      "a credential that is missing",
      () => ({
        changes: { client_secret: undefined },
        expected: [401, "invalid_client", 7000216],
        text: "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
        page: true,
      }),
    ],
  ])("%s", async (_what, row) => {
    const { changes, tenant, expected, text, page } = row();
    const { status, headers, data } = await client.signIn(changes, tenant);
    expect([status, data.error, ...data.error_codes]).toEqual(expected);
    expect(headers["content-type"]).toMatch(/^application\/json/);
    const code = expected[2];
    const trailer = `Trace ID: ${data.trace_id} Correlation ID: ${data.correlation_id} Timestamp: ${data.timestamp}`;
    expect(data.error_description).toBe(`AADSTS${code}: ${text} ${trailer}`);
    expect(data.error_uri).toBe(page ? `https://login.microsoftonline.com/error?code=${code}` : undefined);
  });
});

test("A1: an unknown tenant has the same body at discovery as at the token endpoint", async () => {
  const base = `${sandbox.endpoints.login}/${unknownTenant}`;
  const { status, data } = await sandbox.http.get(`${base}/v2.0/.well-known/openid-configuration`);
  expect([status, data.error, data.error_codes]).toEqual([400, "invalid_tenant", [90002]]);
  expect(data.error_uri).toBe("https://login.microsoftonline.com/error?code=90002");
});

test("A1: the metadata has the four addresses that MSAL needs", async () => {
  const base = `${sandbox.endpoints.login}/${publisher.tenantId}`;
  const { data } = await sandbox.http.get(`${base}/v2.0/.well-known/openid-configuration`);
  expect(data).toMatchObject({
    token_endpoint: `${base}/oauth2/v2.0/token`,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    issuer: `${base}/v2.0`,
    jwks_uri: `${base}/discovery/v2.0/keys`,
  });
});

test("A2: an answer has neither a refresh token nor a scope", async () => {
  const { status, data } = await client.signIn();
  expect(status).toBe(200);
  expect(Object.keys(data).sort()).toEqual(["access_token", "expires_in", "ext_expires_in", "token_type"]);
});

test("A6: fields and query that MSAL adds are ignored", async () => {
  const telemetry = {
    "x-client-SKU": "msal.js.node",
    "x-client-VER": "7.2.1",
    "x-client-OS": "linux",
    "x-ms-lib-capability": "retry-after, h429",
    "x-client-current-telemetry": "5|771,0,,,|,",
    "client-request-id": crypto.randomUUID(),
  };
  const fields = {
    grant_type: "client_credentials",
    client_id: publisher.clientId,
    client_secret: publisher.clientSecret,
    scope: `${graphUrl}/.default`,
  };
  const path = `/${publisher.tenantId}/oauth2/v2.0/token?client-request-id=${crypto.randomUUID()}`;
  expect((await client.post(path, { ...fields, ...telemetry })).status).toBe(200);
});

test("A4: a token for Dataverse is of version 1, for the resource as it was asked for, and has no permissions", async () => {
  for (const slash of ["", "/"]) {
    const aud = `${sandbox.endpoints.organizations["contoso-dev"]}${slash}`;
    const { data } = await client.signIn({ scope: `${aud}/.default` });
    const claims = decodeJwt(data.access_token);
    const issuer = `https://sts.windows.net/${publisher.tenantId}/`;
    expect(claims).toMatchObject({
      ver: "1.0",
      iss: issuer,
      idp: issuer,
      aud,
      appid: publisher.clientId,
      appidacr: "1",
      oid: publisher.objectId,
      sub: publisher.objectId,
      tid: publisher.tenantId,
      idtyp: "app",
      uti: expect.any(String),
      exp: claims.iat! + 3599,
      nbf: claims.iat,
    });
    for (const absent of ["roles", "scp", "azp"]) expect(claims).not.toHaveProperty(absent);
    expect(decodeProtectedHeader(data.access_token)).toMatchObject({ alg: "RS256", typ: "JWT" });
  }
});

test("A4: the oid is the service principal's in the token's tenant, another one in each", async () => {
  const northwind = administratorOf("northwind");
  const body = { appId: application.clientId };
  const { data: there } = await client.graph("POST", "/servicePrincipals", { body, as: northwind });
  const fields = { client_id: application.clientId, client_secret: application.clientSecret };
  const oid = async (tenantId: string) => decodeJwt((await client.signIn(fields, tenantId)).data.access_token).oid;
  expect(await oid(northwind.tenantId)).toBe(there.id);
  expect(await oid(publisher.tenantId)).toBe(application.objectId);
  expect(there.id).not.toBe(application.objectId);
});

test("A5: Dataverse knows an application by the principal of its first consent, and a second one makes it a stranger", async () => {
  const dataverse = dataverseClient(sandbox, "fabrikam");
  const { clientId, clientSecret } = application;
  const body = { appId: clientId };
  const { data: first } = await client.graph("POST", "/servicePrincipals", { body, as: fabrikam });
  const unit = (await dataverse.get("businessunits?$filter=parentbusinessunitid eq null", fabrikam)).value[0];
  const user = {
    applicationid: clientId,
    "businessunitid@odata.bind": `/businessunits(${unit.businessunitid})`,
  };
  const userId = await dataverse.create("systemusers", user, fabrikam);
  const read = () => dataverse.get(`systemusers(${userId})`, fabrikam);
  const { tenantId } = fabrikam;
  const whoAmI = async () => {
    const token = await sandbox.token(dataverse.url, { tenantId, clientId, clientSecret });
    expect(decodeJwt(token).oid).toBe(
      (await client.graph("GET", `/servicePrincipals(appId='${clientId}')`, { as: fabrikam })).data.id,
    );
    const headers = { Authorization: `Bearer ${token}` };
    return (await sandbox.http.get(`${dataverse.base}WhoAmI`, { headers })).data.error?.code;
  };
  expect((await read()).azureactivedirectoryobjectid).toBe(first.id);
  expect(await whoAmI()).toBe("0x80042F09"); // a user, without roles
  const changed = { azureactivedirectoryobjectid: crypto.randomUUID() };
  const refused = await dataverse.send("PATCH", `systemusers(${userId})`, changed, { as: fabrikam });
  expect(refused.data.error.code).toBe("0x80041D4F");
  await client.graph("DELETE", `/servicePrincipals/${first.id}`, { as: fabrikam });
  await client.graph("POST", "/servicePrincipals", { body, as: fabrikam });
  expect((await read()).azureactivedirectoryobjectid).toBe(first.id);
  expect(await whoAmI()).toBe("0x80072560"); // not a member
});

describe("B1: the consent page", () => {
  const redirectUri = "https://contoso.example/back";
  let appId: string;

  beforeAll(async () => {
    ({ appId } = await client.newApplication({ web: { redirectUris: [redirectUri] } }));
  });

  /** Where the browser is sent by an administrator who decides. */
  async function outcome(path: string, query: Record<string, string>, decision = "accept") {
    const url = `${path}?${new URLSearchParams({ client_id: appId, state: "a b&c", ...query })}`;
    const asked = await client.post(url, administratorUserOf("fabrikam"));
    const session = /name="session" value="([^"]+)"/.exec(asked.data)![1]!;
    const { status, headers } = await client.post(url, { session, decision });
    expect(status).toBe(302);
    return new URL(headers.location);
  }

  test.each(["common", "organizations"])("of /%s is for the tenant of whoever signs in", async (named) => {
    const target = await outcome(`/${named}/adminconsent`, { redirect_uri: redirectUri });
    expect(Object.fromEntries(target.searchParams)).toEqual({
      admin_consent: "True",
      tenant: fabrikam.tenantId,
      state: "a b&c",
    });
  });

  test("tolerates further path segments behind a registered address", async () => {
    const further = `${redirectUri}/orders/1`;
    const target = await outcome(`/${fabrikam.tenantId}/adminconsent`, { redirect_uri: further });
    expect(target.origin + target.pathname).toBe(further);
  });

  test("of version 2 has admin_consent=True on errors too", async () => {
    const scope = `${sandbox.endpoints.organizations.fabrikam}/user_impersonation`;
    const query = { redirect_uri: redirectUri, scope };
    const path = `/${fabrikam.tenantId}/v2.0/adminconsent`;
    const refused = (await outcome(path, query, "cancel")).searchParams;
    expect(refused.get("admin_consent")).toBe("True");
    expect(refused.get("error")).toBe("consent_required");
    expect(refused.get("error_description")).toMatch(/^AADSTS65004: /);
    expect(refused.get("state")).toBe("a b&c");
    expect(refused.has("tenant")).toBe(false);
    const accepted = (await outcome(path, query)).searchParams;
    expect(accepted.get("tenant")).toBe(fabrikam.tenantId);
    expect(accepted.get("scope")).toMatch(/\/user_impersonation$/);
    expect(accepted.has("error")).toBe(false);
  });
});
