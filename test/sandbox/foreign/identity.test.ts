import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  AuthenticationRequiredError,
  ClientAssertionCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  DeviceCodeCredential,
  type TokenCredential,
  WorkloadIdentityCredential,
} from "@azure/identity";
import type { ServerError } from "@azure/msal-node";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { administratorUserOf } from "../../../sandbox/seed.ts";
import { newCertificate } from "../../support/certificate.ts";
import { EntraClient, fabrikam, graphUrl, type Identity, publisher } from "../../support/entra.ts";
import { startTestSandbox, type TestSandbox, trust } from "../../support/sandbox.ts";
import { startTokenIssuer, type TokenIssuer } from "../../support/token-issuer.ts";

// The credentials of Azure's libraries. An authority that is not Microsoft's is used without instance discovery.

let sandbox: TestSandbox;
let client: EntraClient;
let application: Identity & { id: string; objectId: string };
let options: { authorityHost: string; disableInstanceDiscovery: true };
const { tenantId } = publisher;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  trust(sandbox);
  client = new EntraClient(sandbox);
  application = await client.newIdentity();
  options = { authorityHost: sandbox.endpoints.login, disableInstanceDiscovery: true };
});
afterAll(() => sandbox.close());

const claimsBy = async (credential: TokenCredential, resource = graphUrl) =>
  decodeJwt((await credential.getToken(`${resource}/.default`))!.token);

/** Status and AADSTS number in which a sign-in ends: msal-node's error, which the credential's own has as its cause. */
async function refusal(credential: TokenCredential) {
  const error = await claimsBy(credential).catch((reason: unknown) => reason);
  if (!(error instanceof AuthenticationRequiredError)) throw error;
  const { status, errorNo } = error.cause as ServerError;
  expect(error.message).toContain(`AADSTS${errorNo}: `);
  return [status, errorNo];
}

describe("ClientSecretCredential", () => {
  test("A6: signs in for each service by its public name", async () => {
    const { clientId, clientSecret } = publisher;
    const credential = new ClientSecretCredential(tenantId, clientId, clientSecret, options);
    for (const resource of ["https://management.azure.com", "https://vault.azure.net", graphUrl]) {
      expect(await claimsBy(credential, resource)).toMatchObject({ aud: resource, appid: clientId, tid: tenantId });
    }
  });

  test("A3: ends in Entra's refusal, with its number", async () => {
    const { clientId } = application;
    const wrongSecret = new ClientSecretCredential(tenantId, clientId, "wrong", options);
    expect(await refusal(wrongSecret)).toEqual([401, 7000215]);
    const noConsent = new ClientSecretCredential(fabrikam.tenantId, clientId, application.clientSecret, options);
    expect(await refusal(noConsent)).toEqual([401, 7000229]);
  });
});

describe("ClientCertificateCredential", () => {
  test("A2: signs in by a file and by text", async () => {
    const own = await newCertificate();
    const body = { keyCredentials: [own.keyCredential] };
    await client.graph("PATCH", `/applications/${application.id}`, { body });
    const certificate = own.privateKey + own.certificate;
    const certificatePath = join(sandbox.directory, "administrator.pem");
    writeFileSync(certificatePath, certificate);
    const { clientId } = application;
    for (const credential of [
      new ClientCertificateCredential(tenantId, clientId, certificatePath, options),
      new ClientCertificateCredential(tenantId, clientId, { certificate }, options),
    ]) {
      expect(await claimsBy(credential)).toMatchObject({ oid: application.objectId, appidacr: "2" });
    }
  });
});

describe("federated credentials", () => {
  const subject = "system:serviceaccount:orders:deployer";
  let outside: TokenIssuer;

  beforeAll(async () => {
    outside = await startTokenIssuer(sandbox);
    const body = { name: "cluster", issuer: outside.issuer, subject, audiences: ["api://AzureADTokenExchange"] };
    await client.graph("POST", `/applications/${application.id}/federatedIdentityCredentials`, { body });
  });
  afterAll(() => outside.close());

  test("A7: ClientAssertionCredential exchanges what its function gives", async () => {
    const assertion = () => outside.sign({ subject });
    const credential = new ClientAssertionCredential(tenantId, application.clientId, assertion, options);
    expect(await claimsBy(credential)).toMatchObject({ oid: application.objectId, appidacr: "2" });
  });

  test("A7: WorkloadIdentityCredential exchanges the text of its file", async () => {
    const tokenFilePath = join(sandbox.directory, "cluster-token");
    const { clientId } = application;
    const credential = () => new WorkloadIdentityCredential({ ...options, tenantId, clientId, tokenFilePath });
    writeFileSync(tokenFilePath, await outside.sign({ subject }));
    expect(await claimsBy(credential())).toMatchObject({ oid: application.objectId });
    writeFileSync(tokenFilePath, await outside.sign({ subject: "system:serviceaccount:orders:default" }));
    expect(await refusal(credential())).toEqual([401, 700213]);
  });
});

test("A8: DeviceCodeCredential shows a code and waits for the person", { timeout: 30_000 }, async () => {
  const person = administratorUserOf("publisher");
  const shown: string[] = [];
  const credential = new DeviceCodeCredential({
    ...options,
    tenantId,
    clientId: "51f81489-12ee-4a9e-aaae-a2591f45987d",
    userPromptCallback: ({ message, userCode }) => {
      shown.push(message);
      void client.post("/device", { code: userCode, ...person });
    },
  });
  expect(await claimsBy(credential)).toMatchObject({ upn: person.userName, tid: tenantId });
  const environmentUrl = sandbox.endpoints.organizations["contoso-dev"]!;
  expect(await claimsBy(credential, environmentUrl)).toMatchObject({ aud: environmentUrl, upn: person.userName });
  expect(shown).toEqual([expect.stringContaining(`${sandbox.endpoints.login}/device`)]);
});
