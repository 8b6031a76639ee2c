import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { firstParty } from "../../sandbox/directory.ts";
import { administratorUserOf } from "../../sandbox/seed.ts";
import { EntraClient, fabrikam, graphUrl, publisher, signInOutcome } from "../support/entra.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";

let sandbox: TestSandbox;
let client: EntraClient;
let application: { id: string; appId: string };
let secret: string;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  client = new EntraClient(sandbox);
  application = await client.newApplication({
    web: { redirectUris: ["https://localhost", "https://contoso.example/signed-in"] },
    requiredResourceAccess: [
      {
        resourceAppId: firstParty.dataverse,
        resourceAccess: [{ id: "78ce3f0f-a1ce-49c2-8cde-64b5c0896db4", type: "Scope" }],
      },
    ],
  });
  await client.graph("POST", "/servicePrincipals", { body: { appId: application.appId } });
  const added = await client.graph("POST", `/applications/${application.id}/addPassword`, { body: {} });
  secret = added.data.secretText;
});
afterAll(() => sandbox.close());

describe("the device code flow", () => {
  const clientId = "51f81489-12ee-4a9e-aaae-a2591f45987d";
  const person = administratorUserOf("publisher");
  const start = async () =>
    (
      await client.post(`/${publisher.tenantId}/oauth2/v2.0/devicecode`, {
        client_id: clientId,
        scope: `${sandbox.endpoints.organizations["contoso-dev"]}/.default openid offline_access`,
      })
    ).data;
  const poll = (device_code: string) =>
    client.post(`/${publisher.tenantId}/oauth2/v2.0/token`, {
      grant_type: "urn:ietf:params:oauth:grant-type:device_code",
      client_id: clientId,
      device_code,
    });

  test("A8: gives tokens of the person who entered the code and signed in", async () => {
    const started = await start();
    expect(started).toEqual({
      device_code: expect.any(String),
      user_code: expect.any(String),
      verification_uri: `${sandbox.endpoints.login}/device`,
      expires_in: 900,
      interval: 5,
      message: expect.stringContaining(`${sandbox.endpoints.login}/device`),
    });
    expect(started.message).toContain(started.user_code);
    expect(signInOutcome(await poll(started.device_code))).toEqual([400, "authorization_pending", [70016]]);
    const code = started.user_code.toLowerCase();
    const asked = await client.post("/device", { code });
    expect(asked.data).toContain("Dynamics 365 Example Client Application");
    const wrong = await client.post("/device", { code, userName: person.userName, password: "wrong" });
    expect([wrong.status, wrong.data.includes("AADSTS50126")]).toEqual([400, true]);
    const done = await client.post("/device", { code, ...person });
    expect(done.data).toContain("You have signed in");
    const { status, data } = await poll(started.device_code);
    expect(status).toBe(200);
    expect(decodeJwt(data.access_token)).toMatchObject({
      tid: publisher.tenantId,
      upn: person.userName,
      scp: "user_impersonation",
      appidacr: "0",
    });
    expect(decodeJwt(data.id_token).preferred_username).toBe(person.userName);
    const renewed = await client.post(`/${publisher.tenantId}/oauth2/v2.0/token`, {
      grant_type: "refresh_token",
      client_id: clientId,
      refresh_token: data.refresh_token,
      scope: `${graphUrl}/.default`,
    });
    expect(decodeJwt(renewed.data.access_token).aud).toBe(graphUrl);
    expect(signInOutcome(await poll(started.device_code))).toEqual([400, "bad_verification_code", [70018]]);
  });

  test("A8: gives no refresh token unless offline_access was asked for", async () => {
    const fields = { client_id: clientId, scope: `${graphUrl}/.default` };
    const started = await client.post(`/${publisher.tenantId}/oauth2/v2.0/devicecode`, fields);
    await client.post("/device", { code: started.data.user_code, ...person });
    const { status, data } = await poll(started.data.device_code);
    expect(status).toBe(200);
    expect(data).not.toHaveProperty("refresh_token");
  });

  test("A8: ends when the person declines, or too late", async () => {
    const declined = await start();
    await client.post("/device", { code: declined.user_code, decision: "cancel" });
    expect(signInOutcome(await poll(declined.device_code)).slice(0, 2)).toEqual([400, "authorization_declined"]);
    const late = await start();
    sandbox.context.store.setClock(new Date(Date.now() + 901_000));
    expect(signInOutcome(await poll(late.device_code)).slice(0, 2)).toEqual([400, "expired_token"]);
    expect((await client.post("/device", { code: late.user_code })).status).toBe(400);
    sandbox.context.store.setClock(new Date());
  });

  test("A3: is refused for an application that is no public client", async () => {
    const fields = { client_id: application.appId, scope: `${graphUrl}/.default` };
    const started = await client.post(`/${publisher.tenantId}/oauth2/v2.0/devicecode`, fields);
    await client.post("/device", { code: started.data.user_code, ...person });
    const answer = await client.post(`/${publisher.tenantId}/oauth2/v2.0/token`, {
      grant_type: "urn:ietf:params:oauth:grant-type:device_code",
      client_id: application.appId,
      device_code: started.data.device_code,
    });
    expect(signInOutcome(answer)).toEqual([401, "invalid_client", [7000218]]);
  });
});

describe("the admin consent page", () => {
  const person = administratorUserOf("fabrikam");
  const url = (changes: Record<string, string> = {}, path = `/${fabrikam.tenantId}/adminconsent`) => {
    const query = { client_id: application.appId, redirect_uri: "https://localhost", state: "12", ...changes };
    return `${path}?${new URLSearchParams(query)}`;
  };
  const get = (path: string) => sandbox.http.get(`${sandbox.endpoints.login}${path}`);
  const decide = async (path: string, decision: "accept" | "cancel") => {
    const asked = await client.post(path, person);
    const session = /name="session" value="([^"]+)"/.exec(asked.data)![1]!;
    return { asked, answer: await client.post(path, { session, decision }) };
  };

  test("asks for a sign-in, with labels and without anything from elsewhere", async () => {
    const { status, headers, data } = await get(url());
    expect([status, headers["content-type"]]).toEqual([200, "text/html; charset=UTF-8"]);
    expect(data).toContain('<label for="userName">');
    expect(data).toContain('<label for="password">');
    expect(data).not.toMatch(/\b(src|href)=/);
  });

  test("says what is wrong with a sign-in", async () => {
    const wrong = await client.post(url(), { ...person, password: "wrong" });
    expect([wrong.status, wrong.data.includes("AADSTS50126")]).toEqual([400, true]);
    const stranger = await client.post(url(), administratorUserOf("publisher"));
    expect([stranger.status, stranger.data.includes("AADSTS50020")]).toEqual([400, true]);
  });

  test("B1, C5: refuses a redirect URI that is not registered, and an unknown application", async () => {
    const redirect = await get(url({ redirect_uri: "https://attacker.example" }));
    expect([redirect.status, redirect.data.includes("AADSTS50011")]).toEqual([400, true]);
    const prefix = await get(url({ redirect_uri: "https://contoso.example/signed-in-elsewhere" }));
    expect(prefix.data).toContain("AADSTS50011");
    const unknown = await get(url({ client_id: "11111111-1111-4111-8111-111111111111" }));
    expect(unknown.data).toContain("AADSTS700016");
  });

  test("C5: takes a registered localhost at any port, and a path in its own letter case alone", async () => {
    const { appId: client_id } = await client.newApplication({
      web: { redirectUris: ["https://localhost/back", "https://contoso.example/Back"] },
    });
    for (const redirect_uri of ["https://localhost:8443/back", "https://contoso.example/Back"])
      expect((await get(url({ client_id, redirect_uri }))).status, redirect_uri).toBe(200);
    for (const redirect_uri of [
      "https://localhost/Back",
      "https://contoso.example/back",
      "https://contoso.example:8443/Back",
    ])
      expect((await get(url({ client_id, redirect_uri }))).data, redirect_uri).toContain("AADSTS50011");
  });

  test("B1: changes nothing on Cancel and says so to the application", async () => {
    const { answer } = await decide(url(), "cancel");
    expect(answer.status).toBe(302);
    expect(answer.headers.location).toBe(
      "https://localhost/?error=permission_denied&error_description=The+admin+canceled+the+request&state=12",
    );
    const principal = await client.graph("GET", `/servicePrincipals(appId='${application.appId}')`, { as: fabrikam });
    expect(principal.status).toBe(404);
  });

  test("B1: on Accept makes the service principal and the grant, so that the application can sign in", async () => {
    const { asked, answer } = await decide(url(), "accept");
    expect(asked.data).toContain("Contoso Orders");
    expect(asked.data).toContain("Contoso Software");
    expect(asked.data).toContain("Access Dynamics 365 as organization users");
    expect(answer.status).toBe(302);
    const target = new URL(answer.headers.location);
    expect(Object.fromEntries(target.searchParams)).toEqual({
      admin_consent: "True",
      tenant: fabrikam.tenantId,
      state: "12",
    });
    const path = `/servicePrincipals(appId='${application.appId}')`;
    const principal = await client.graph("GET", path, { as: fabrikam });
    expect(principal.data.appOwnerOrganizationId).toBe(publisher.tenantId);
    const grants = await client.graph("GET", `${path}/oauth2PermissionGrants`, { as: fabrikam });
    expect(grants.data.value).toMatchObject([{ consentType: "AllPrincipals", scope: "user_impersonation" }]);
    const token = await client.signIn(
      {
        client_id: application.appId,
        client_secret: secret,
        scope: `${sandbox.endpoints.organizations.fabrikam}/.default`,
      },
      fabrikam.tenantId,
    );
    expect(decodeJwt(token.data.access_token).oid).toBe(principal.data.id);
  });

  test("decides once for each sign-in", async () => {
    const asked = await client.post(url(), person);
    const session = /name="session" value="([^"]+)"/.exec(asked.data)![1]!;
    expect((await client.post(url(), { session, decision: "cancel" })).status).toBe(302);
    expect((await client.post(url(), { session, decision: "accept" })).status).toBe(400);
  });

  test("B1: of version 2 wants a scope, and says on refusal too that it was about consent", async () => {
    const path = `/${fabrikam.tenantId}/v2.0/adminconsent`;
    expect((await get(url({}, path))).data).toContain("AADSTS900144");
    const scope = `${sandbox.endpoints.organizations.fabrikam}/.default`;
    const refused = await decide(url({ scope }, path), "cancel");
    const refusal = new URL(refused.answer.headers.location).searchParams;
    expect([refusal.get("admin_consent"), refusal.get("error")]).toEqual(["True", "consent_required"]);
    const accepted = await decide(url({ scope }, path), "accept");
    const success = new URL(accepted.answer.headers.location).searchParams;
    expect(success.get("scope")).toMatch(/\/user_impersonation$/);
  });
});
