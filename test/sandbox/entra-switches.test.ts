import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Cloud } from "../../dynamic-providers/entra/clouds.ts";
import { principalBySignIn } from "../../dynamic-providers/entra/consent.ts";
import { type Identity, identitySchema } from "../../dynamic-providers/entra/identity.ts";
import { tokenFor } from "../../dynamic-providers/identities.ts";
import { entraSwitches } from "../../sandbox/entra/switches.ts";
import { EntraClient, fabrikam, graphUrl, publisher, signInOutcome } from "../support/entra.ts";
import { startTestSandbox, type TestSandbox, trust } from "../support/sandbox.ts";
import { startTokenIssuer, type TokenIssuer } from "../support/token-issuer.ts";

// Where Entra's documents leave two answers, the program says the same of both.

let sandbox: TestSandbox;
let client: EntraClient;
let outside: TokenIssuer;
let cloud: Cloud;
/** A multi-tenant application that nobody but its own tenant has consented to. */
let application: Identity & { kind: "clientSecret" };

beforeAll(async () => {
  sandbox = await startTestSandbox();
  trust(sandbox);
  client = new EntraClient(sandbox);
  outside = await startTokenIssuer(sandbox);
  const { clientId, clientSecret } = await client.newIdentity();
  application = { kind: "clientSecret", clientId, clientSecret };
  cloud = {
    name: "sandbox",
    loginUrl: sandbox.endpoints.login,
    graphUrl: sandbox.endpoints.graph,
    keyVaultResource: "https://vault.azure.net",
    keyVaultSuffix: ".127.0.0.1",
  };
});
afterAll(async () => {
  outside.close();
  vi.unstubAllEnvs();
  await sandbox.close();
});

const tried = new Map<string, Set<string>>();

async function switchTo(values: Record<string, string>): Promise<void> {
  for (const [name, value] of Object.entries(values)) tried.set(name, (tried.get(name) ?? new Set()).add(value));
  const { status } = await sandbox.http.put(`${sandbox.endpoints.control}/switches/entra`, values);
  expect(status).toBe(200);
}

/** What the program says of a sign-in that is refused, with one position of a switch after the other. */
async function sentences(
  name: string,
  positions: string[],
  given: { tenantId?: string; identity?: Identity; resource?: string },
): Promise<string[]> {
  const { tenantId = publisher.tenantId, identity = application, resource = graphUrl } = given;
  const said: string[] = [];
  for (const position of positions) {
    await switchTo({ [name]: position });
    const account = { who: "the administrator", identity, tenantId };
    const refused = tokenFor(cloud, account, resource, "'contoso'");
    said.push(
      await refused.then(
        () => "it was not refused",
        (error: Error) => error.message,
      ),
    );
  }
  await switchTo({ [name]: positions[0]! });
  return said;
}

describe("A3: without consent", () => {
  const positions = ["401 7000229", "400 700016"];

  test("the program is told either way whom to ask", async () => {
    const [now, before] = await sentences("notConsented", positions, { tenantId: fabrikam.tenantId });
    expect(now).toContain("(AADSTS7000229, HTTP 401). Ask an administrator of tenant");
    expect(before).toContain("(AADSTS700016, HTTP 400). Check the client id, that the application is multi-tenant");
    expect(before).toContain(`${fabrikam.tenantId} is the right tenant and has consented.`);
  });

  test.each(positions)("%s is a lack of consent, and no failure", async (position) => {
    await switchTo({ notConsented: position });
    const { loginUrl } = cloud;
    const signIn = { identity: application, loginUrl, tenantId: fabrikam.tenantId, resource: graphUrl };
    const [status, code] = position.split(" ");
    expect(await principalBySignIn(signIn)).toEqual({
      refusal: expect.objectContaining({ status: Number(status), code: `AADSTS${code}` }),
    });
    await switchTo({ notConsented: positions[0]! });
  });
});

test("A3: a federated token that nothing matches ends in the same next step", async () => {
  vi.stubEnv("ARM_OIDC_TOKEN", await outside.sign({ subject: "repo:contoso/orders:pull_request" }));
  const identity = identitySchema.parse({ kind: "federated", clientId: application.clientId });
  const [now, before] = await sentences("federatedMismatch", ["401 by claim", "400 70021"], { identity });
  const next = `Give application ${application.clientId} a federated identity credential with that issuer, subject and audience, to the letter.`;
  expect(now).toContain(`'${outside.issuer}'`);
  expect(now).toContain(`(AADSTS700211, HTTP 401). ${next}`);
  expect(before).toContain(`'${outside.issuer}'`);
  expect(before).toContain(`(AADSTS70021, HTTP 400). ${next}`);
});

test("A3: an assignment that is missing ends in the same sentence but for the status", async () => {
  const { appId } = await client.newApplication();
  await client.graph("POST", "/servicePrincipals", { body: { appId, appRoleAssignmentRequired: true } });
  const positions = ["400 invalid_grant", "401 invalid_client"];
  const [one, other] = await sentences("notAssigned", positions, { resource: appId });
  expect(one).toMatch(/is not assigned to a role .* \(AADSTS501051, HTTP 400\)\. Assign application .* in tenant/);
  expect(other).toBe(one!.replace("HTTP 400", "HTTP 401"));
});

test("A1: an unknown tenant ends in the same sentence", async () => {
  const tenantId = "99999999-9999-4999-8999-999999999999";
  const [one, other] = await sentences("unknownTenantError", ["invalid_tenant", "invalid_request"], { tenantId });
  expect(one).toContain("(AADSTS90002, HTTP 400). Check tenantId");
  expect(other).toBe(one);
});

test("A3: the description's trailer is left out, on one line or on lines of its own", async () => {
  const identity = { ...application, clientSecret: "wrong" };
  const [one, other] = await sentences("descriptionTrailer", ["on one line", "on lines of its own"], { identity });
  expect(one).toMatch(/Invalid client secret provided\. .*\(AADSTS7000215, HTTP 401\)\. Check the client secret/);
  expect(one).not.toMatch(/Trace ID|Timestamp/);
  expect(other).toBe(one);
  await switchTo({ descriptionTrailer: "on lines of its own" });
  const { data } = await client.signIn({ client_secret: "wrong" });
  expect(data.error_description).toMatch(
    /\.\r\nTrace ID: \S+\r\nCorrelation ID: \S+\r\nTimestamp: \d{4}-\d\d-\d\d [\d:]{8}Z$/,
  );
  await switchTo({ descriptionTrailer: "on one line" });
});

test("A3: a request without a credential ends in either code, and the program sends none", async () => {
  for (const code of [7000216, 7000218]) {
    await switchTo({ credentialMissing: String(code) });
    const answer = await client.signIn({ client_secret: undefined });
    expect(signInOutcome(answer)).toEqual([401, "invalid_client", [code]]);
    const empty = identitySchema.safeParse({ ...application, clientSecret: "" });
    expect(empty.success).toBe(false);
  }
  await switchTo({ credentialMissing: "7000216" });
});

test("A3: a refusal reads the same whosesoever correlation id it has", async () => {
  const identity = { ...application, clientSecret: "wrong" };
  const [one, other] = await sentences("correlationId", ["of the request", "its own"], { identity });
  expect(one).toContain("(AADSTS7000215, HTTP 401)");
  expect(other).toBe(one);
  const id = crypto.randomUUID();
  const correlation = async (position: string) => {
    await switchTo({ correlationId: position });
    const path = `/${publisher.tenantId}/oauth2/v2.0/token?client-request-id=${id}`;
    return (await client.post(path, {})).data.correlation_id;
  };
  expect(await correlation("its own")).not.toBe(id);
  expect(await correlation("of the request")).toBe(id);
});

describe("A4: a token for Dataverse", () => {
  test.each([
    ["1.0", { ver: "1.0", appid: publisher.clientId, appidacr: "1", idtyp: "app" }, ["azp"]],
    ["1.0 without idtyp", { ver: "1.0", appid: publisher.clientId }, ["idtyp", "azp"]],
    ["2.0", { ver: "2.0", azp: publisher.clientId, azpacr: "1" }, ["appid", "appidacr", "idp"]],
  ])("of version %s signs in, and tells the program the service principal", async (position, claims, absent) => {
    await switchTo({ dataverseToken: position });
    const resource = sandbox.endpoints.organizations["contoso-dev"]!;
    const token = await sandbox.token(resource);
    expect(decodeJwt(token)).toMatchObject({ ...claims, oid: publisher.objectId, aud: resource });
    for (const claim of absent) expect(decodeJwt(token)).not.toHaveProperty(claim);
    const headers = { Authorization: `Bearer ${token}` };
    expect((await sandbox.http.get(`${resource}/api/data/v9.2/WhoAmI`, { headers })).status).toBe(200);
    const { tenantId, clientId, clientSecret, objectId } = publisher;
    const identity: Identity = { kind: "clientSecret", clientId, clientSecret };
    const found = await principalBySignIn({ identity, loginUrl: cloud.loginUrl, tenantId, resource });
    expect(found).toEqual({ id: objectId });
    await switchTo({ dataverseToken: "1.0" });
  });
});

test("Every switch has been tried in every position", () => {
  const positions = Object.entries(entraSwitches).map(([name, { values }]) => [name, [...values].sort()]);
  expect([...tried].map(([name, values]) => [name, [...values].sort()]).sort()).toEqual(positions.sort());
});

test("The switches are Entra's own: an organization's are refused there", async () => {
  const url = `${sandbox.endpoints.control}/switches/entra`;
  const refused = await sandbox.http.put(url, { roleNotAssigned: "404" });
  expect([refused.status, refused.data.error.message]).toEqual([
    400,
    expect.stringContaining("no switch 'roleNotAssigned', but 'notConsented'"),
  ]);
});
