import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { firstParty } from "../../sandbox/directory.ts";
import { administratorUserOf } from "../../sandbox/seed.ts";
import { chromiumProblem, startChromium } from "../support/chromium.ts";
import { EntraClient, fabrikam } from "../support/entra.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";

// A subscriber's administrator in a browser: from the consent link to the publisher's page that it comes back to.

// A developer without Chromium is told how to get it, and sees the tests counted as skipped; in CI they fail.
const problem = chromiumProblem();
if (problem && !process.env.CI) console.warn(problem);

let sandbox: TestSandbox;
let client: EntraClient;
let certificate: string;
let browser: Browser | undefined;
let landing: Server;
let redirectUri: string;
let page: Page;
let application: { appId: string };
/** Addresses that the browser asked for. */
let asked: string[];

const { userName, password } = administratorUserOf("fabrikam");

beforeAll(async () => {
  sandbox = await startTestSandbox();
  client = new EntraClient(sandbox);
  const [key, cert] = ["server.key", "server.crt"].map((file) => readFileSync(join(sandbox.directory, file), "utf8"));
  landing = createServer({ key, cert }, (_, response) => {
    response.setHeader("Content-Type", "text/html").end("<h1>Thank you</h1>");
  });
  landing.listen(0, "127.0.0.1");
  await once(landing, "listening");
  redirectUri = `https://127.0.0.1:${(landing.address() as AddressInfo).port}/consented`;
  certificate = cert!;
});
afterAll(async () => {
  await browser?.close();
  landing?.closeAllConnections();
  landing?.close();
  await sandbox?.close();
});

beforeEach(async () => {
  browser ??= await startChromium(certificate);
  application = await client.newApplication({
    displayName: "Contoso Orders",
    signInAudience: "AzureADMultipleOrgs",
    web: { redirectUris: [redirectUri] },
    requiredResourceAccess: [
      {
        resourceAppId: firstParty.dataverse,
        resourceAccess: [{ id: "78ce3f0f-a1ce-49c2-8cde-64b5c0896db4", type: "Scope" }],
      },
    ],
  });
  page = await browser.newPage();
  asked = [];
  page.on("request", (request) => asked.push(request.url()));
  const query = new URLSearchParams({ client_id: application.appId, redirect_uri: redirectUri, state: "orders 7" });
  await page.goto(`${sandbox.endpoints.login}/${fabrikam.tenantId}/adminconsent?${query}`);
});
afterEach(() => page?.close());

async function signIn(secret = password): Promise<void> {
  await page.getByLabel("User name").fill(userName);
  await page.getByLabel("Password").fill(secret);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Presses a button that leads back to the publisher; the query that it comes back with. */
async function decide(button: "Accept" | "Cancel"): Promise<Record<string, string>> {
  await page.getByRole("button", { name: button }).click();
  await page.getByRole("heading", { name: "Thank you" }).waitFor();
  const url = new URL(page.url());
  expect(url.origin + url.pathname).toBe(redirectUri);
  return Object.fromEntries(url.searchParams);
}

/** The application in the subscriber's tenant, as its own administrator sees it. */
const principal = () => client.graph("GET", `/servicePrincipals(appId='${application.appId}')`, { as: fabrikam });
const grants = async (principalId: string) =>
  (await client.graph("GET", `/servicePrincipals/${principalId}/oauth2PermissionGrants`, { as: fabrikam })).data.value;

describe.skipIf(problem && !process.env.CI)("An administrator on the consent page", () => {
  test("sees who asks for what, accepts, and comes back to the application with the tenant's id", async () => {
    expect(await page.getByRole("main").innerText()).toContain("Contoso Orders");
    await signIn();
    const shown = await page.getByRole("main").innerText();
    for (const text of [userName, "Contoso Orders", "Contoso Software", "Access Dynamics 365 as organization users"]) {
      expect(shown).toContain(text);
    }
    expect((await principal()).status).toBe(404);
    expect(await decide("Accept")).toEqual({ admin_consent: "True", tenant: fabrikam.tenantId, state: "orders 7" });
    const { status, data } = await principal();
    expect([status, data.displayName]).toEqual([200, "Contoso Orders"]);
    const dataverse = await client.graph("GET", `/servicePrincipals(appId='${firstParty.dataverse}')`, {
      as: fabrikam,
    });
    expect(await grants(data.id)).toMatchObject([
      { consentType: "AllPrincipals", resourceId: dataverse.data.id, scope: "user_impersonation" },
    ]);
  });

  test("cancels: the application hears of it, and nothing is made", async () => {
    await signIn();
    expect(await decide("Cancel")).toEqual({
      error: "permission_denied",
      error_description: "The admin canceled the request",
      state: "orders 7",
    });
    expect((await principal()).status).toBe(404);
  });

  test("is told of a wrong password, and can try again", async () => {
    await signIn("wrong");
    expect(await page.getByRole("alert").innerText()).toContain("AADSTS50126");
    expect(await page.getByLabel("User name").inputValue()).toBe(userName);
    expect(await page.getByLabel("Password").inputValue()).toBe("");
    expect((await principal()).status).toBe(404);
    await signIn();
    await page.getByRole("button", { name: "Accept" }).waitFor();
  });

  test("gets pages that load nothing from elsewhere", async () => {
    await signIn();
    await decide("Accept");
    const allowed = [sandbox.endpoints.login, new URL(redirectUri).origin];
    expect(new Set(asked.map((url) => new URL(url).origin))).toEqual(new Set(allowed));
  });
});
