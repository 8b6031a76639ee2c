import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { administratorOf } from "../../sandbox/seed.ts";
import { type Engine, type Stack, sandboxConfig, startEngine } from "../support/engine.ts";
import { tries } from "../support/reliability.ts";

let engine: Engine;
let publisher: Stack;
let clientId: string;

/** Config of a subscriber's entry in the stack. */
type Subscribers = Record<string, Record<string, unknown>>;

beforeAll(async () => {
  engine = await startEngine();
  publisher = await engine.stack("publisher");
  publisher.configure({ ...sandboxConfig(engine.endpoints), subscribers: {} });
  await publisher.ok("up", "--yes", "--skip-preview");
  clientId = (await publisher.outputs()).clientId as string;
});

afterAll(async () => {
  await engine?.close();
});

const environment = (name: string) => ({ environmentUrl: engine.endpoints.organizations[name] });

/** A stack that refers to the publisher's, with these subscribers. */
async function subscriberStack(name: string, subscribers: Subscribers): Promise<Stack> {
  const stack = await engine.stack(name);
  declare(stack, subscribers);
  return stack;
}

function declare(stack: Stack, subscribers: Subscribers): void {
  const { endpoints } = sandboxConfig(engine.endpoints);
  stack.configure({ publisherStack: "organization/dataverse-s2s/publisher", endpoints, subscribers });
}

/** Client of one tenant's Graph as its administrator. */
async function graph(tenant: string, method: "get" | "post" | "delete", path: string, data?: object) {
  const token = await engine.token("https://graph.microsoft.com", administratorOf(tenant));
  const headers = { Authorization: `Bearer ${token}` };
  return engine.http.request({ method, url: `${engine.endpoints.graph}/v1.0${path}`, headers, data });
}

const principalIn = async (tenant: string) =>
  (await graph(tenant, "get", `/servicePrincipals(appId='${clientId}')`)).data.id as string;

/** What an administrator does who opens the address: the tenant gets the application's service principal. */
const consentIn = (tenant: string) => graph(tenant, "post", "/servicePrincipals", { appId: clientId });
const withdrawIn = async (tenant: string) => graph(tenant, "delete", `/servicePrincipals/${await principalIn(tenant)}`);

/** The application's users in an environment, soft-deleted ones too. */
async function usersIn(name: string) {
  const rows = await engine.dataverse(`systemusers?$filter=applicationid eq ${clientId}`, name, administratorOf(name));
  return rows.value as { systemuserid: string; azureactivedirectoryobjectid: string; _businessunitid_value: string }[];
}

const rolesIn = async (name: string) =>
  (await engine.dataverse("roles?$filter=name eq 'Contoso Orders Integration'", name, administratorOf(name)))
    .value as unknown[];

const removed = async (stack: Stack) => stack.ok("destroy", "--yes", "--skip-preview");

describe("a subscriber, onboarded through stack config on the real engine", () => {
  it("is refused with the address to send where consent is required and missing; nothing is made there; healed after consent", async () => {
    const stack = await subscriberStack("require", { fabrikam: { ...environment("fabrikam"), consent: "require" } });
    const { code, out } = await stack.run("up", "--yes", "--skip-preview");
    expect(code).not.toBe(0);
    expect(out).toContain("of 'fabrikam' has not consented to application");
    expect(out).toContain(`/adminconsent?client_id=${clientId}&redirect_uri=https%3A%2F%2Flocalhost`);
    expect(out).toContain("Send this to an administrator there");
    expect(await usersIn("fabrikam")).toEqual([]);
    expect(await rolesIn("fabrikam")).toEqual([]);

    await consentIn("fabrikam");
    await stack.ok("up", "--yes", "--skip-preview");
    const [user, ...others] = await usersIn("fabrikam");
    expect(others).toEqual([]);
    expect(user?.azureactivedirectoryobjectid).toBe(await principalIn("fabrikam"));
    const { environments } = (await stack.outputs()) as {
      environments: Record<string, { tableRead: string; rolesHeld: string[] }>;
    };
    expect(environments.fabrikam).toMatchObject({ tableRead: "accounts", rolesHeld: ["Contoso Orders Integration"] });

    await removed(stack);
    expect(await usersIn("fabrikam")).toEqual([]);
    expect(await rolesIn("fabrikam")).toEqual([]);
    expect(await principalIn("fabrikam"), "consent that its administrator gave stays").toBeDefined();
    await withdrawIn("fabrikam");
  });

  it("is waited for with the address on the screen, and goes on once its administrator has consented", async () => {
    const stack = await subscriberStack("wait", { fabrikam: { ...environment("fabrikam"), consent: "wait" } });
    await engine.journal();
    const running = stack.run("up", "--yes", "--skip-preview");
    await engine.until("the application's first sign-in attempt", async () => {
      const { data } = await engine.http.get(`${engine.endpoints.control}/journal`);
      const path = `/${administratorOf("fabrikam").tenantId}/oauth2/v2.0/token`;
      return data.some(
        (entry: { path: string; status: number }) => entry.path.startsWith(path) && entry.status === 401,
      );
    });
    await consentIn("fabrikam");
    const { code, out } = await running;
    expect(out).toContain("has to consent");
    expect(out).toContain(`/adminconsent?client_id=${clientId}`);
    expect(code).toBe(0);
    await removed(stack);
    await withdrawIn("fabrikam");
  });

  it("is consented for with its administrator's rights, and what that made is taken back in the end", async ({
    task,
  }) => {
    tries(task, "drift", "enterprise application deleted in the subscriber's tenant");
    const stack = await subscriberStack("grant", {
      fabrikam: { ...environment("fabrikam"), consent: "grant", businessUnit: "Sales" },
    });
    await stack.ok("up", "--yes", "--skip-preview");
    const id = await principalIn("fabrikam");
    const { data } = await graph("fabrikam", "get", `/oauth2PermissionGrants?$filter=clientId eq '${id}'`);
    expect(data.value).toMatchObject([{ consentType: "AllPrincipals", scope: "user_impersonation" }]);
    await stack.ok("preview", "--expect-no-changes");

    const [user] = await usersIn("fabrikam");
    const { value: units } = await engine.dataverse(
      "businessunits?$filter=name eq 'Sales'",
      "fabrikam",
      administratorOf("fabrikam"),
    );
    expect(user?._businessunitid_value).toBe((units as { businessunitid: string }[])[0]?.businessunitid);
    const path = `systemusers(${user?.systemuserid})/systemuserroles_association?$select=name,_businessunitid_value`;
    const held = await engine.dataverse(path, "fabrikam", administratorOf("fabrikam"));
    expect(held.value).toMatchObject([
      { name: "Contoso Orders Integration", _businessunitid_value: user?._businessunitid_value },
    ]);

    await withdrawIn("fabrikam");
    const refreshed = await stack.ok("refresh", "--yes", "--skip-preview", "--run-program");
    expect(refreshed).toMatch(/^ *- .*:AdminConsent /m);
    await stack.ok("up", "--yes", "--skip-preview");
    const [anew, ...others] = await usersIn("fabrikam");
    expect(others).toEqual([]);
    expect(anew?.azureactivedirectoryobjectid).toBe(await principalIn("fabrikam"));
    expect(await principalIn("fabrikam")).not.toBe(id);
    await stack.ok("preview", "--expect-no-changes");

    await removed(stack);
    expect(await principalIn("fabrikam")).toBeUndefined();
  });

  it("gets a new user after consent was withdrawn and given again, and ends with exactly one", async ({ task }) => {
    tries(task, "drift", "consent withdrawn and given again");
    await consentIn("fabrikam");
    const stack = await subscriberStack("again", { fabrikam: environment("fabrikam") });
    await stack.ok("up", "--yes", "--skip-preview");
    await withdrawIn("fabrikam");
    await consentIn("fabrikam");
    await stack.ok("up", "--yes", "--skip-preview", "--refresh");
    const users = await usersIn("fabrikam");
    expect(users).toHaveLength(1);
    expect(users[0]?.azureactivedirectoryobjectid).toBe(await principalIn("fabrikam"));
    await stack.ok("preview", "--refresh", "--expect-no-changes");
    await removed(stack);
    await withdrawIn("fabrikam");
  });
});

describe("three subscribers in one stack", () => {
  const all = (): Subscribers => ({
    fabrikam: { ...environment("fabrikam"), consent: "grant" },
    northwind: { ...environment("northwind"), consent: "require" },
    tailspin: { ...environment("tailspin"), consent: "grant" },
  });

  it("do not stop each other: the one without consent is named, the others complete; offboarding one touches no other", async () => {
    const stack = await subscriberStack("three", all());
    const { code, out } = await stack.run("up", "--yes", "--skip-preview");
    expect(code).not.toBe(0);
    expect(out).toContain("of 'northwind' has not consented");
    expect(await usersIn("fabrikam")).toHaveLength(1);
    expect(await usersIn("tailspin")).toHaveLength(1);
    expect(await usersIn("northwind")).toEqual([]);

    await consentIn("northwind");
    await stack.ok("up", "--yes", "--skip-preview");
    expect(await usersIn("northwind")).toHaveLength(1);

    const { fabrikam, tailspin } = all();
    declare(stack, { fabrikam: fabrikam!, tailspin: tailspin! });
    await engine.journal();
    await stack.ok("up", "--yes", "--skip-preview");
    const writes = (await engine.journal()).filter(({ method, service }) => method !== "GET" && service !== "login");
    expect(writes.length).toBeGreaterThan(0);
    expect(new Set(writes.map(({ service }) => service))).toEqual(new Set(["dataverse northwind"]));
    expect(await usersIn("northwind")).toEqual([]);
    expect(await rolesIn("northwind")).toEqual([]);
    await removed(stack);
  });
});

describe("what is wrong at a subscriber", () => {
  const failure = async (name: string, subscriber: Record<string, unknown>, env: Record<string, string> = {}) => {
    const stack = await subscriberStack(name, { fabrikam: subscriber });
    const { code, out } = await stack.with(env).run("up", "--yes", "--skip-preview");
    expect(code).not.toBe(0);
    expect(out).not.toMatch(/^\s+at /m);
    return out;
  };

  it("a wrong tenant id is told with the tenant that the environment says", async () => {
    const out = await failure("wrong-tenant", {
      ...environment("fabrikam"),
      tenantId: administratorOf("northwind").tenantId,
    });
    expect(out).toContain(
      `belongs to tenant ${administratorOf("fabrikam").tenantId}, but subscriber 'fabrikam' says tenant ${administratorOf("northwind").tenantId}`,
    );
  });

  it("an address that is no environment is told as that", async () => {
    const out = await failure("wrong-environment", { environmentUrl: engine.endpoints.graph });
    expect(out).toContain("does not answer as a Dataverse environment does");
    expect(out).toContain("Check environmentUrl");
  });

  it("a wrong secret of the administrator names the code and the next step, and not the secret", async () => {
    await consentIn("fabrikam");
    const env = { DATAVERSE_S2S_ADMIN_FABRIKAM_CLIENT_SECRET: "not-the-secret" };
    const out = await failure("wrong-admin-secret", environment("fabrikam"), env);
    expect(out).toContain("Signing in as the administrator");
    expect(out).toContain("AADSTS7000215");
    expect(out).toContain("its value, not its id");
    expect(out).not.toContain("not-the-secret");
    await withdrawIn("fabrikam");
  });

  it("a wrong secret of the application is told as that, not as missing consent", async () => {
    await consentIn("fabrikam");
    const env = { DATAVERSE_S2S_CLIENT_SECRET: "not-the-secret" };
    const out = await failure("wrong-secret", environment("fabrikam"), env);
    await withdrawIn("fabrikam");
    expect(out).toContain("Creating admin consent for 'fabrikam'");
    expect(out).toContain("AADSTS7000215");
    expect(out).not.toContain("not-the-secret");
  });

  it("an expired secret of the application is told as that", async () => {
    await consentIn("fabrikam");
    const inThreeYears = new Date(Date.now() + 3 * 365 * 24 * 3600_000).toISOString();
    await engine.http.put(`${engine.endpoints.control}/clock`, { now: inThreeYears });
    const out = await failure("expired-secret", environment("fabrikam"));
    await engine.http.put(`${engine.endpoints.control}/clock`, { now: new Date().toISOString() });
    await withdrawIn("fabrikam");
    expect(out).toContain("AADSTS7000222");
    expect(out).toContain("a new client secret");
  });

  it("a single-tenant application is told as that, not as missing consent", async () => {
    const { objectId } = (await publisher.outputs()) as { objectId: string };
    const token = await engine.token("https://graph.microsoft.com");
    const url = `${engine.endpoints.graph}/v1.0/applications/${objectId}`;
    const headers = { Authorization: `Bearer ${token}` };
    await engine.http.patch(url, { signInAudience: "AzureADMyOrg" }, { headers });
    const out = await failure("single-tenant", environment("fabrikam"));
    expect(out).toContain("is registered for its own tenant only");
    expect(out).toContain("AzureADMultipleOrgs");
    await engine.http.patch(url, { signInAudience: "AzureADMultipleOrgs" }, { headers });
  });

  it("a publisher's stack that is not there, or has no application, says what to do", async () => {
    const stack = await engine.stack("no-publisher");
    stack.configure({ publisherStack: "organization/dataverse-s2s/no-publisher", subscribers: {} });
    const { code, out } = await stack.run("preview");
    expect(code).not.toBe(0);
    expect(out).toContain("has no output 'publisher'");
  });
});
