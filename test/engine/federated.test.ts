import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import tls from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Engine, type Stack, sandboxConfig, startEngine } from "../support/engine.ts";
import { farSide, type Row } from "../support/far-side.ts";
import { type Issuer, startIssuer } from "../support/issuer.ts";

const subject = "repo:contoso/orders:environment:dev";

let engine: Engine;
let far: ReturnType<typeof farSide>;
let outside: Issuer;
let publisher: Stack;
let tokenFile: string;

interface Outputs {
  clientId: string;
  objectId: string;
  publisher: Record<string, unknown>;
  environments: Record<string, { tableRead: string }>;
}
let outputs: Outputs;

beforeAll(async () => {
  engine = await startEngine();
  far = farSide(engine, () => outputs.clientId);
  // The sandbox runs in this process, and asks the outside issuer for its keys.
  tls.setDefaultCACertificates([...tls.getCACertificates(), readFileSync(engine.env.NODE_EXTRA_CA_CERTS!, "utf8")]);
  outside = await startIssuer(engine.directory);
  tokenFile = join(engine.directory, "outside-token");
  writeFileSync(tokenFile, await outside.tokenOf(subject));

  const config = sandboxConfig(engine.endpoints);
  const { keyVault, ...application } = config.application as Record<string, unknown>;
  const federatedCredentials = { "github-dev": { issuer: outside.issuer, subject, description: "the CI" } };
  const stack = await engine.stack("publisher");
  stack.configure({ ...config, application: { ...application, federatedCredentials } });
  publisher = stack.with({ DATAVERSE_S2S_CLIENT_FEDERATED_TOKEN_FILE: tokenFile });
});

afterAll(async () => {
  outside?.close();
  await engine?.close();
});

const federated = async () =>
  (await far.graph("get", `/applications/${outputs.objectId}/federatedIdentityCredentials`)).value as Row[];

describe("an application without any secret", () => {
  it("signs in with the token of an outside issuer after one `pulumi up`", async () => {
    await publisher.ok("up", "--yes", "--skip-preview");
    outputs = (await publisher.outputs()) as unknown as Outputs;
    expect(outputs.publisher).toMatchObject({ version: 1, credential: "federated" });
    expect(outputs.publisher).not.toHaveProperty("secretVersionUri");
    expect(outputs.environments.contoso!.tableRead).toBe("accounts");
    expect(outside.asked).toContain("/keys");
    expect(await federated()).toMatchObject([
      {
        name: "github-dev",
        issuer: outside.issuer,
        subject,
        audiences: ["api://AzureADTokenExchange"],
        description: "the CI",
      },
    ]);
    const application = await far.graph("get", `/applications/${outputs.objectId}`);
    expect(application).toMatchObject({ passwordCredentials: [], keyCredentials: [] });
  });

  it("needs no Key Vault, and has the token in no state", async () => {
    const state = await publisher.state();
    expect(state).not.toContain("azure-native:keyvault");
    expect(state).not.toContain(readFileSync(tokenFile, "utf8").split(".")[2]);
  });

  it("is not changed by the next `up`, with and without a refresh", async () => {
    await publisher.ok("up", "--yes", "--skip-preview", "--expect-no-changes");
    await publisher.ok("up", "--yes", "--skip-preview", "--refresh", "--expect-no-changes");
  });

  it("is proven in a subscriber's tenant by that stack's own token", async () => {
    const stack = await engine.stack("fabrikam");
    stack.configure({
      publisherStack: "organization/dataverse-s2s/publisher",
      endpoints: sandboxConfig(engine.endpoints).endpoints,
      subscribers: { fabrikam: { environmentUrl: engine.endpoints.organizations.fabrikam, consent: "grant" } },
    });
    const without = await stack.run("up", "--yes", "--skip-preview");
    expect(without.code).not.toBe(0);
    expect(without.out).toContain("no_federated_token");
    expect(without.out).toContain("set DATAVERSE_S2S_CLIENT_FEDERATED_TOKEN_FILE");

    const subscriber = stack.with({ DATAVERSE_S2S_CLIENT_FEDERATED_TOKEN_FILE: tokenFile });
    await subscriber.ok("up", "--yes", "--skip-preview");
    expect((await subscriber.outputs()).environments).toMatchObject({ fabrikam: { tableRead: "accounts" } });
    await subscriber.ok("up", "--yes", "--skip-preview", "--expect-no-changes");
    await subscriber.ok("destroy", "--yes", "--skip-preview");
  });

  it("follows its config: a changed subject in place, another credential beside it, one that is left out goes", async () => {
    const path = (name: string) => `dataverse-s2s:application.federatedCredentials.${name}`;
    const [before] = await federated();
    await publisher.ok("config", "set", "--path", `${path("kubernetes")}.issuer`, outside.issuer);
    await publisher.ok("config", "set", "--path", `${path("kubernetes")}.subject`, "system:serviceaccount:orders:api");
    await publisher.ok("config", "set", "--path", `${path("github-dev")}.description`, "the nightly CI");
    await publisher.ok("up", "--yes", "--skip-preview");
    const both = await federated();
    expect(both).toHaveLength(2);
    expect(both.find(({ id }) => id === before!.id)).toMatchObject({ subject, description: "the nightly CI" });
    await publisher.ok("preview", "--expect-no-changes");

    await publisher.ok("config", "rm", "--path", path("kubernetes"));
    await publisher.ok("up", "--yes", "--skip-preview");
    expect((await federated()).map(({ name }) => name)).toEqual(["github-dev"]);
  });

  it("is gone after destroy", async () => {
    await publisher.ok("destroy", "--yes", "--skip-preview");
    await expect(far.graph("get", `/applications/${outputs.objectId}`)).rejects.toThrow("404");
  });
});
