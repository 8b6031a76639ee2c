import { ClientSecretCredential } from "@azure/identity";
import { SecretClient } from "@azure/keyvault-secrets";
import { ConfidentialClientApplication } from "@azure/msal-node";
import { Client } from "@microsoft/microsoft-graph-client";
import { TokenCredentialAuthenticationProvider } from "@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { graphUrl, publisher } from "../../support/entra.ts";
import { armClient, roles } from "../../support/resource-manager.ts";
import { startTestSandbox, type TestSandbox, trust } from "../../support/sandbox.ts";

// What Microsoft's own clients make of a directory that is behind (wire facts A3, B2, C2, C7, F1).

let sandbox: TestSandbox;
let graph: Client;
let credential: ClientSecretCredential;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  trust(sandbox);
  const options = { authorityHost: sandbox.endpoints.login, disableInstanceDiscovery: true };
  credential = new ClientSecretCredential(publisher.tenantId, publisher.clientId, publisher.clientSecret, options);
  graph = Client.initWithMiddleware({
    authProvider: new TokenCredentialAuthenticationProvider(credential, { scopes: [`${graphUrl}/.default`] }),
    baseUrl: sandbox.endpoints.graph,
    customHosts: new Set(["127.0.0.1"]),
  });
});
afterAll(() => sandbox.close());

const lag = { directorySeconds: 30, roleAssignmentSeconds: 300, flapping: false };
beforeEach(() => sandbox.context.replication.setLag(lag));

function pass(seconds: number): void {
  const { store } = sandbox.context;
  store.setClock(new Date(store.now().getTime() + seconds * 1000));
}

const newApplication = () => graph.api("/applications").post({ displayName: "Orders" });
const outcome = (request: Promise<unknown>) => request.then(() => "done").catch((error) => error);

describe("microsoft-graph-client", () => {
  test("B2, C7: meets 404 and 400 for what it has just made, and then none", async () => {
    const { id, appId } = await newApplication();
    const look = () => outcome(graph.api(`/applications/${id}`).get());
    const install = () => outcome(graph.api("/servicePrincipals").post({ appId }));
    expect(await look()).toMatchObject({ statusCode: 404, code: "Request_ResourceNotFound" });
    expect(await install()).toMatchObject({ statusCode: 400, code: "Request_BadRequest" });
    pass(30);
    expect([await look(), await install()]).toEqual(["done", "done"]);
  });
});

describe("msal-node", () => {
  test("A3, C2: meets 7000215 with a new secret, and then gets a token", async () => {
    const { id, appId } = await newApplication();
    pass(30);
    await graph.api("/servicePrincipals").post({ appId });
    pass(30);
    const { secretText } = await graph.api(`/applications/${id}/addPassword`).post({});
    const { login } = sandbox.endpoints;
    const client = new ConfidentialClientApplication({
      auth: {
        clientId: appId,
        clientSecret: secretText,
        authority: `${login}/${publisher.tenantId}`,
        knownAuthorities: [new URL(login).host],
      },
    });
    const signIn = () => client.acquireTokenByClientCredential({ scopes: [`${graphUrl}/.default`] });
    expect(await outcome(signIn())).toMatchObject({ errorCode: "invalid_client", errorNo: 7000215, status: 401 });
    pass(30);
    expect((await signIn())?.accessToken).toBeTruthy();
  });
});

describe("keyvault-secrets", () => {
  test("F1: meets 403 right after the role was given, and then may write", async () => {
    const arm = armClient(sandbox);
    const { id, properties } = await arm.newVault("rg-lag", "kv-lag");
    await arm.grant(publisher.objectId, roles.secretsOfficer, id);
    const vault = new SecretClient(properties.vaultUri, credential, { disableChallengeResourceVerification: true });
    const write = () => outcome(vault.setSecret("orders", "value"));
    expect(await write()).toMatchObject({ statusCode: 403, code: "Forbidden" });
    pass(300);
    expect(await write()).toBe("done");
  });
});
