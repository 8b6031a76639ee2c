import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { graphSwitches } from "../../sandbox/graph/switches.ts";
import { EntraClient, graphOutcome, publisher } from "../support/entra.ts";
import { passwordStack } from "../support/password-stack.ts";
import { startTestSandbox, type TestSandbox, trust } from "../support/sandbox.ts";

// What a tenant's own policies, and other changes at the same time, make Graph answer; and what the program says of it.

let sandbox: TestSandbox;
let client: EntraClient;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  trust(sandbox);
  client = new EntraClient(sandbox);
});
afterAll(() => sandbox.close());

const tried = new Map<string, Set<string>>();

async function switchTo(name: keyof typeof graphSwitches, value: string): Promise<void> {
  tried.set(name, (tried.get(name) ?? new Set()).add(value));
  const { status } = await sandbox.http.put(`${sandbox.endpoints.control}/switches/graph`, { [name]: value });
  expect(status).toBe(200);
}

const yearly = { lifetimeYears: 1, renewBeforeDays: 30, overlapDays: 7 } as const;
const day = new Date("2027-09-02T08:00:00Z");

describe("C2: the tenant's app management policy", () => {
  test.each([
    [
      "no secrets",
      "Credential type not allowed as per assigned policy (CredentialTypeNotAllowedAsPerAppPolicy, HTTP 400). The tenant's app management policy forbids client secrets: use a certificate",
    ],
    [
      "at most 180 days",
      "Credential lifetime exceeds the max value allowed as per assigned policy (CredentialInvalidLifetimeAsPerAppPolicy, HTTP 400). The tenant's app management policy wants client secrets of a shorter life than a year: use a certificate",
    ],
  ])("with %s is told, with what to use instead, and no secret is made", async (position, sentence) => {
    const stack = await passwordStack(sandbox);
    await switchTo("secretPolicy", position);
    await expect(stack.up(day, yearly)).rejects.toThrow(sentence);
    expect(await stack.passwords()).toEqual([]);
    await switchTo("secretPolicy", "none");
    await stack.up(day, yearly);
    expect(await stack.passwords()).toHaveLength(1);
  });

  test("of at most 180 days lets shorter secrets be", async () => {
    const { id } = await client.newApplication();
    const add = (endDateTime: string) => {
      const passwordCredential = { startDateTime: "2027-01-01T00:00:00Z", endDateTime };
      return client.graph("POST", `/applications/${id}/addPassword`, { body: { passwordCredential } });
    };
    await switchTo("secretPolicy", "at most 180 days");
    expect((await add("2027-06-30T00:00:00Z")).status).toBe(200);
    expect(graphOutcome(await add("2027-07-01T00:00:00Z"))).toEqual([400, "CredentialInvalidLifetimeAsPerAppPolicy"]);
    await switchTo("secretPolicy", "none");
  });
});

test("C2: a secret is added when another change to the application is over, and once", async () => {
  const stack = await passwordStack(sandbox);
  const error = {
    code: "Directory_ConcurrencyViolation",
    message: "Due to concurrent requests on the same object, your request could not be processed.",
  };
  const fault = {
    service: "graph",
    method: "POST",
    path: "/addPassword$",
    status: 409,
    body: JSON.stringify({ error }),
  };
  await sandbox.http.post(`${sandbox.endpoints.control}/faults`, fault);
  await stack.up(day, yearly);
  expect(await stack.passwords()).toHaveLength(1);
  const [rule] = (await sandbox.http.get(`${sandbox.endpoints.control}/faults`)).data;
  expect(rule.fired).toBe(1);
  await sandbox.http.delete(`${sandbox.endpoints.control}/faults`);
});

describe("C4: the tenant's policy on Application ID URIs", () => {
  const uris = ({ appId }: { appId: string }) => ({
    own: `api://${appId}`,
    tenant: `api://${publisher.tenantId}/${appId}`,
    tenantWithText: `api://${publisher.tenantId}/orders`,
    verified: "https://contoso.example/strict",
    none: "api://orders-strict",
  });
  const set = async (id: string, uri: string) =>
    (await client.graph("PATCH", `/applications/${id}`, { body: { identifierUris: [uri] } })).status;

  test.each([
    [
      "uriAdditionWithoutUniqueTenantIdentifier",
      { own: 204, tenant: 204, tenantWithText: 204, verified: 204, none: 400 },
    ],
    ["nonDefaultUriAddition", { own: 204, tenant: 204, tenantWithText: 400, verified: 400, none: 400 }],
  ])("%s decides which are added", async (position, expected) => {
    const application = await client.newApplication();
    await switchTo("identifierUriPolicy", position);
    const found = [];
    for (const [name, uri] of Object.entries(uris(application))) found.push([name, await set(application.id, uri)]);
    expect(Object.fromEntries(found)).toEqual(expected);
    const second = await client.newApplication({ api: { requestedAccessTokenVersion: 2 } });
    expect(await set(second.id, "api://of-version-2")).toBe(204);
    await client.graph("DELETE", `/applications/${second.id}`);
    await client.graph("DELETE", `/directory/deletedItems/${second.id}`);
    await switchTo("identifierUriPolicy", "uriAdditionWithoutUniqueTenantIdentifier");
  });
});

test("Every switch has been tried in every position", () => {
  const positions = Object.entries(graphSwitches).map(([name, { values }]) => [name, [...values].sort()]);
  expect([...tried].map(([name, values]) => [name, [...values].sort()]).sort()).toEqual(positions.sort());
});
