import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Engine, type Stack, sandboxConfig, startEngine } from "../support/engine.ts";
import { expectedProvider, serializedProviders } from "../support/serialized-provider.ts";

let engine: Engine;
let stack: Stack;
let outputs: Outputs;
/** What the first `up` printed, at the most talkative. */
let firstOutput: string;

interface Outputs {
  clientId: string;
  objectId: string;
  servicePrincipalId: string;
  identifierUri: string;
  secretUri: string;
  credentialExpiresOn: string;
  environments: Record<string, { userId: string; userName: string; rolesHeld: string[]; tableRead: string }>;
}

beforeAll(async () => {
  engine = await startEngine();
  stack = await engine.stack("test");
  stack.configure(sandboxConfig(engine.endpoints));
});

afterAll(async () => {
  await engine?.close();
});

/** GET as the administrator. */
async function get(base: string, path: string, resource: string) {
  return engine.http.get(base + path, { headers: { Authorization: `Bearer ${await engine.token(resource)}` } });
}
const graph = (path: string) => get(engine.endpoints.graph, path, "https://graph.microsoft.com");
const arm = (path: string) =>
  get(engine.endpoints.arm, `/subscriptions/${engine.env.ARM_SUBSCRIPTION_ID}${path}`, "https://management.azure.com");

const applicationUsers = async () =>
  (await engine.dataverse(`systemusers?$filter=applicationid eq ${outputs.clientId}`)).value as Record<
    string,
    unknown
  >[];

async function clientSecret(): Promise<string> {
  const { data } = await get(outputs.secretUri, "?api-version=7.4", "https://vault.azure.net");
  return data.value;
}

describe("the main job on the real engine", () => {
  it("gives the application access with one `pulumi up`", async () => {
    firstOutput = await stack.ok("up", "--yes", "--skip-preview", "--diff", "--logtostderr", "-v=9");
    outputs = (await stack.outputs()) as unknown as Outputs;
    expect(outputs.identifierUri).toBe(`api://${outputs.clientId}`);
    expect(outputs.environments.contoso).toMatchObject({
      rolesHeld: ["Contoso Orders Integration"],
      tableRead: "accounts",
    });
  });

  it("registered a multi-tenant application with the Dynamics 365 permission and a service principal", async () => {
    const { data: application } = await graph(`/v1.0/applications/${outputs.objectId}`);
    expect(application).toMatchObject({
      appId: outputs.clientId,
      displayName: "Contoso Orders (test)",
      signInAudience: "AzureADMultipleOrgs",
      identifierUris: [outputs.identifierUri],
      web: { homePageUrl: "https://localhost", redirectUris: ["https://localhost/"] },
      requiredResourceAccess: [
        {
          resourceAppId: "00000007-0000-0000-c000-000000000000",
          resourceAccess: [{ id: "78ce3f0f-a1ce-49c2-8cde-64b5c0896db4", type: "Scope" }],
        },
      ],
    });
    expect(application.passwordCredentials).toHaveLength(1);
    const { data: principal } = await graph(`/v1.0/servicePrincipals/${outputs.servicePrincipalId}`);
    expect(principal.appId).toBe(outputs.clientId);
  });

  it("keeps the application's secret in Key Vault, with its expiry", async () => {
    const { status, data } = await get(outputs.secretUri, "?api-version=7.4", "https://vault.azure.net");
    expect(status).toBe(200);
    expect(data.contentType).toBe("client secret of an Entra application");
    expect(data.attributes.exp * 1000).toBe(Date.parse(outputs.credentialExpiresOn));
  });

  it("made the custom role with its privileges, the application user of that principal, and gave it that role only", async () => {
    const [user, ...others] = await applicationUsers();
    expect(others).toEqual([]);
    expect(user).toMatchObject({
      systemuserid: outputs.environments.contoso!.userId,
      azureactivedirectoryobjectid: outputs.servicePrincipalId,
      applicationiduri: outputs.identifierUri,
      internalemailaddress: "support@contoso.example",
      domainname: outputs.environments.contoso!.userName,
      isdisabled: false,
    });
    const held = (
      await engine.dataverse(`systemusers(${user!.systemuserid})/systemuserroles_association?$select=name,roleid`)
    ).value as {
      name: string;
      roleid: string;
    }[];
    expect(held.map(({ name }) => name)).toEqual(["Contoso Orders Integration"]);
    const { RolePrivileges } = (await engine.dataverse(`RetrieveRolePrivilegesRole(RoleId=${held[0]!.roleid})`)) as {
      RolePrivileges: { PrivilegeName: string; Depth: string }[];
    };
    const depths = Object.fromEntries(RolePrivileges.map(({ PrivilegeName, Depth }) => [PrivilegeName, Depth]));
    expect(depths).toMatchObject({ prvReadAccount: "Global", prvWriteAccount: "Local" });
  });

  it("changes nothing the second time, and sends no write", async () => {
    await engine.journal();
    const out = await stack.ok("up", "--yes", "--skip-preview", "--expect-no-changes");
    expect(out).toMatch(/\d+ unchanged/);
    const writes = (await engine.journal()).filter(({ method, service }) => method !== "GET" && service !== "login");
    expect(writes).toEqual([]);
  });

  it("previews and refreshes without a change", async () => {
    await stack.ok("preview", "--expect-no-changes");
    await stack.ok("refresh", "--yes", "--skip-preview", "--expect-no-changes", "--run-program");
    await stack.ok("preview", "--expect-no-changes");
  });

  it("keeps every secret out of the state and of the most talkative output", async () => {
    const secrets = {
      "the application's secret": await clientSecret(),
      "the administrator's": engine.env.ARM_CLIENT_SECRET!,
    };
    const { out } = await stack.run("up", "--yes", "--diff", "--logtostderr", "-v=9", "--refresh");
    const places = { state: await stack.state(), "output of the first up": firstOutput, "output of a refresh": out };
    expect(out).toContain("Resources:");
    for (const [place, text] of Object.entries(places)) {
      for (const [what, secret] of Object.entries(secrets)) {
        expect(secret.length).toBeGreaterThan(15);
        const at = text.indexOf(secret);
        expect(at === -1 ? "nowhere" : `${place}: ${what} in «${text.slice(Math.max(0, at - 120), at)}»`).toBe(
          "nowhere",
        );
      }
    }
  });

  it("keeps the provider's code out of the state: the same text under 700 bytes, whatever the code is", async () => {
    const providers = serializedProviders(await stack.state());
    expect(Object.keys(providers)).toHaveLength(6);
    for (const [type, text] of Object.entries(providers)) {
      expect(text).toBe(expectedProvider(type));
      expect(JSON.stringify(text).length, type).toBeLessThan(700);
    }
  });

  it("brings a change of names, privileges and email to the far side, in place", async () => {
    const config = sandboxConfig(engine.endpoints);
    stack.configure({
      ...config,
      application: {
        ...(config.application as object),
        displayName: "Contoso Orders (renamed)",
        contactEmail: "help@contoso.example",
      },
      role: { name: "Contoso Orders Reader", privileges: { prvReadAccount: "Deep", prvReadContact: "Global" } },
    });
    const userId = outputs.environments.contoso!.userId;
    await stack.ok("up", "--yes", "--skip-preview");
    outputs = (await stack.outputs()) as unknown as Outputs;
    expect(outputs.environments.contoso).toMatchObject({ userId, rolesHeld: ["Contoso Orders Reader"] });
    expect(await applicationUsers()).toMatchObject([{ internalemailaddress: "help@contoso.example" }]);
    const { data: application } = await graph(`/v1.0/applications/${outputs.objectId}`);
    expect(application).toMatchObject({
      displayName: "Contoso Orders (renamed)",
      identifierUris: [outputs.identifierUri],
    });
    await stack.ok("preview", "--expect-no-changes");
  });

  it("takes everything away again, but for what the cloud keeps for a while", async () => {
    const { clientId, objectId } = outputs;
    await stack.ok("destroy", "--yes", "--skip-preview", "--run-program");
    expect(await applicationUsers()).toEqual([]);
    expect((await engine.dataverse("roles?$filter=startswith(name,'Contoso')")).value).toEqual([]);
    expect((await graph(`/v1.0/applications/${objectId}`)).status).toBe(404);
    expect((await graph(`/v1.0/directory/deletedItems/${objectId}`)).data.appId).toBe(clientId);
    expect((await graph(`/v1.0/servicePrincipals(appId='${clientId}')`)).status).toBe(404);
    expect((await arm("/resourcegroups/rg-orders-test?api-version=2022-09-01")).status).toBe(404);
    const { data: deleted } = await arm("/providers/Microsoft.KeyVault/deletedVaults?api-version=2023-07-01");
    expect(deleted.value).toHaveLength(1);
  });

  it("comes up again after that", async () => {
    await stack.ok("up", "--yes", "--skip-preview");
    await stack.ok("destroy", "--yes", "--skip-preview", "--run-program");
  });
});
