import {
  AuthError,
  ConfidentialClientApplication,
  type Configuration,
  ProtocolMode,
  ServerError,
} from "@azure/msal-node";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { EntraClient, graphUrl, type Identity, publisher } from "../../support/entra.ts";
import { startTestSandbox, type TestSandbox, trust } from "../../support/sandbox.ts";
import { startTokenIssuer } from "../../support/token-issuer.ts";

// What Microsoft's library refuses, repeats and keeps to itself: why ours gives it what it gives (sign-in/msal.ts).

let sandbox: TestSandbox;
let application: Identity & { id: string; objectId: string };
const scopes = [`${graphUrl}/.default`];
const { tenantId } = publisher;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  trust(sandbox);
  application = await new EntraClient(sandbox).newIdentity();
});
afterAll(() => sandbox.close());
beforeEach(() => void sandbox.context.journal.splice(0));
afterEach(() => sandbox.context.faults.clear());

const requests = () => sandbox.context.journal.map(({ method, path }) => `${method} ${path.replace(/\?.*/, "")}`);

function confidential(auth: Partial<Configuration["auth"]> = {}, system: Configuration["system"] = {}) {
  const { clientId, clientSecret } = application;
  return new ConfidentialClientApplication({
    auth: {
      clientId,
      clientSecret,
      authority: `${sandbox.endpoints.login}/${tenantId}`,
      knownAuthorities: [new URL(sandbox.endpoints.login).host],
      ...auth,
    },
    system,
  });
}
const failure = (app: ConfidentialClientApplication) =>
  app.acquireTokenByClientCredential({ scopes }).then(
    () => undefined,
    (error: AuthError) => error,
  );

describe("Before it sends anything it refuses", () => {
  test("A6: an authority over plain http", async () => {
    const authority = `http://127.0.0.1:1/${tenantId}`;
    expect(await failure(confidential({ authority }))).toMatchObject({ errorCode: "authority_uri_insecure" });
  });

  test.each(["common", "organizations"])("A2: /%s in place of a tenant", async (named) => {
    const error = await failure(confidential({ authority: `${sandbox.endpoints.login}/${named}` }));
    expect(error?.errorCode).toBe("missing_tenant_id_error");
    expect(requests().filter((line) => line.startsWith("POST"))).toEqual([]);
  });
});

test("A6: in OIDC mode it asks for the metadata where any identity provider has it", async () => {
  const app = confidential({}, { protocolMode: ProtocolMode.OIDC });
  await failure(app);
  expect(requests()[0]).toBe(`GET /${tenantId}/.well-known/openid-configuration`);
});

test("A6: a client assertion is asked for with the client and where it goes, anew for each request", async () => {
  const asked: unknown[] = [];
  const outside = await startTokenIssuer(sandbox);
  const clientAssertion = (options: unknown) => {
    asked.push(options);
    return outside.sign({ subject: "nobody" });
  };
  const app = confidential({ clientSecret: "", clientAssertion });
  for (let count = 0; count < 2; count++) expect(await failure(app)).toBeInstanceOf(ServerError);
  const { clientId } = application;
  const tokenEndpoint = `${sandbox.endpoints.login}/${tenantId}/oauth2/v2.0/token`;
  expect(asked).toEqual([0, 1].map(() => expect.objectContaining({ clientId, tokenEndpoint })));
  outside.close();
});

describe("Of a refusal", () => {
  const posts = () => requests().filter((line) => line.startsWith("POST"));

  test("A6: it tells error, number and status, and repeats nothing", async () => {
    const app = confidential({ clientSecret: "wrong" });
    for (const count of [1, 2]) {
      const error = (await failure(app)) as ServerError;
      expect([error.errorCode, error.errorNo, error.status]).toEqual(["invalid_client", 7000215, 401]);
      expect(posts()).toHaveLength(count);
    }
  });

  test("A6: that is no JSON it tells neither the status nor what it was", async () => {
    const { faults } = sandbox.context;
    faults.add({
      service: "login",
      method: "POST",
      nth: 1,
      times: 1,
      status: 503,
      body: "upstream",
      contentType: "text/plain",
    });
    const error = await failure(confidential());
    expect(error).toBeInstanceOf(AuthError);
    expect(error).toMatchObject({ errorCode: "token_parsing_error" });
    expect((error as Partial<ServerError>).status).toBeUndefined();
    expect(posts()).toHaveLength(1);
  });

  test("A3, A6: after 429 it refuses the next one itself until Retry-After is over", async () => {
    const { faults } = sandbox.context;
    const body = JSON.stringify({ error: "temporarily_unavailable", error_description: "Too many requests." });
    faults.add({ service: "login", method: "POST", nth: 1, times: 1, status: 429, retryAfter: 60, body });
    const app = confidential();
    expect(await failure(app)).toMatchObject({ status: 429 });
    const second = (await failure(app)) as ServerError;
    expect([second.errorCode, second.status]).toEqual(["", undefined]);
    expect(posts()).toHaveLength(1);
    expect(await failure(confidential())).toBeUndefined();
  });
});
