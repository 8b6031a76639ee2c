import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import tls from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { administratorOf, administratorUserOf } from "../../sandbox/seed.ts";
import { newCertificate } from "../support/certificate.ts";
import { type Engine, type Stack, sandboxConfig, startEngine } from "../support/engine.ts";
import { startIssuer } from "../support/issuer.ts";

const administrator = administratorOf("fabrikam");
const person = administratorUserOf("fabrikam");
const prefix = "DATAVERSE_S2S_ADMIN_FABRIKAM_";
const admin = "dataverse-s2s:subscribers.fabrikam.admin";

let engine: Engine;
let stack: Stack;
/** Client id of the publisher's application. */
let clientId: string;
/** Tokens of the administrator for this test's own looks, which outlive the secret that got them. */
const tokens: Record<string, string> = {};
/** All that the engine printed and stored, by what it did. */
const traces: Record<string, string> = {};
/** What must be in none of them. */
const hidden: Record<string, string> = {};

beforeAll(async () => {
  engine = await startEngine();
  // The sandbox runs in this process, and asks the outside issuer below for its keys.
  tls.setDefaultCACertificates([...tls.getCACertificates(), readFileSync(engine.env.NODE_EXTRA_CA_CERTS!, "utf8")]);
  const publisher = await engine.stack("publisher");
  publisher.configure({ ...sandboxConfig(engine.endpoints), subscribers: {} });
  await publisher.ok("up", "--yes", "--skip-preview");
  clientId = (await publisher.outputs()).clientId as string;

  const { graph, organizations } = engine.endpoints;
  tokens[graph] = await engine.token("https://graph.microsoft.com", administrator);
  tokens[organizations.fabrikam!] = await engine.token(organizations.fabrikam!, administrator);

  stack = await engine.stack("fabrikam");
  stack.configure({
    publisherStack: "organization/dataverse-s2s/publisher",
    endpoints: sandboxConfig(engine.endpoints).endpoints,
    role: { name: "Orders", privileges: { prvReadAccount: "Global" } },
    subscribers: { fabrikam: { environmentUrl: organizations.fabrikam, consent: "grant" } },
  });
});

afterAll(async () => {
  await engine?.close();
});

/** The stack with these variables of the administrator, and none of those that the sandbox gives. */
const administeredBy = (variables: Record<string, string> = {}, others: Record<string, string> = {}): Stack => {
  const all = { CLIENT_ID: "", CLIENT_SECRET: "", ...variables };
  const named = Object.fromEntries(Object.entries(all).map(([name, value]) => [prefix + name, value]));
  return stack.with({ ...named, ...others });
};

/** Runs a command of the engine that must succeed; keeps what it printed, and the state after it. */
async function succeeds(what: string, by: Stack, command: string, ...args: string[]): Promise<string> {
  const { code, out } = await by.run(command, ...args);
  expect(code, out).toBe(0);
  traces[`output of ${what}`] = out;
  traces[`state after ${what}`] = await stack.state();
  return out;
}

/** Has a role's new name brought to the environment: a write that only an administrator may do. */
async function renamesRole(name: string, by: Stack, ...args: string[]): Promise<void> {
  await stack.ok("config", "set", "--path", "dataverse-s2s:role.name", name);
  await engine.journal();
  await succeeds(`up for '${name}'`, by, "up", "--yes", "--skip-preview", ...args);
}

/** The user who wrote the role of this name last. */
async function writerOf(name: string): Promise<Record<string, unknown>> {
  const base = engine.endpoints.organizations.fabrikam!;
  const roles = await ask(
    base,
    "get",
    `/api/data/v9.2/roles?$filter=name eq '${name}' and _parentroleid_value eq null`,
  );
  expect(roles.value).toHaveLength(1);
  return ask(base, "get", `/api/data/v9.2/systemusers(${roles.value[0]._modifiedby_value})`);
}

/** A request as the administrator, by a token from the beginning. */
async function ask(base: string, method: "get" | "post" | "patch", path: string, body?: object) {
  const headers = { Authorization: `Bearer ${tokens[base]}` };
  const { status, data } = await engine.http.request({ method, url: base + path, headers, data: body });
  expect(status, JSON.stringify(data)).toBeLessThan(300);
  return data;
}

/** A request about the administrator's application. */
const ofApplication = (method: "get" | "post" | "patch", path = "", body?: object) =>
  ask(engine.endpoints.graph, method, `/v1.0/applications(appId='${administrator.clientId}')${path}`, body);

/** The requests to Entra in the subscriber's tenant since the last look, as "what status". */
async function signIns(): Promise<string[]> {
  const inTenant = `/${administrator.tenantId}/oauth2/v2.0/`;
  return (await engine.journal())
    .filter(({ service, path }) => service === "login" && path.startsWith(inTenant))
    .map(({ path, status }) => `${path.slice(inTenant.length).split("?")[0]} ${status}`);
}

describe("a subscriber's administrator on the real engine", () => {
  it("administers by a client secret in stack config", async () => {
    hidden["the first secret"] = administrator.clientSecret;
    await stack.ok("config", "set", "--path", `${admin}.kind`, "clientSecret");
    await stack.ok("config", "set", "--path", `${admin}.clientId`, administrator.clientId);
    await stack.ok("config", "set", "--path", "--secret", `${admin}.clientSecret`, administrator.clientSecret);
    await renamesRole("Orders by secret", administeredBy());
    expect(await signIns()).toContain("token 200");
    expect(await writerOf("Orders by secret")).toMatchObject({ applicationid: administrator.clientId });
  });

  it("administers by the Azure CLI, over what stack config says", async () => {
    const bin = join(engine.directory, "bin");
    const log = join(bin, "az.log");
    mkdirSync(bin);
    writeFileSync(join(bin, "az"), azureCli(log));
    chmodSync(join(bin, "az"), 0o755);
    const PATH = [bin, engine.env.PATH].join(delimiter);
    await renamesRole("Orders by Azure CLI", administeredBy({ KIND: "azureCli" }, { PATH }));
    expect(await signIns()).toContain("token 200");
    expect(await writerOf("Orders by Azure CLI")).toMatchObject({ applicationid: administrator.clientId });
    const runs = readFileSync(log, "utf8").trim().split("\n");
    const resource = engine.endpoints.organizations.fabrikam;
    expect(runs).toEqual([
      `account get-access-token --resource ${resource} --output json --tenant ${administrator.tenantId}`,
    ]);
  });

  it("administers by a device code, which the running command shows and a person enters", async () => {
    hidden["the person's password"] = person.password;
    let shown = "";
    const by = administeredBy({ KIND: "deviceCode" }).heardBy((text) => {
      shown += text;
    });
    const invitation = /fabrikam: sign in at (https:\S+) with code (\w+) \(within 15 minutes\)/;
    let ended = false;
    const renamed = renamesRole("Orders by device code", by).finally(() => {
      ended = true;
    });
    await engine.until("the code on the screen", async () => ended || invitation.test(shown));
    const [, address, code] = invitation.exec(shown) ?? [];
    if (address) {
      const post = (fields: Record<string, string>) => engine.http.post(address, new URLSearchParams(fields));
      expect(await post({ code: code! })).toMatchObject({ status: 200, data: expect.stringContaining("Sign in") });
      const entered = await post({ code: code!, ...person, decision: "continue" });
      expect(entered).toMatchObject({ status: 200, data: expect.stringContaining("You have signed in") });
    }
    await renamed;
    expect(address, shown).toBe(`${engine.endpoints.login}/device`);
    const entries = await signIns();
    expect(entries.filter((entry) => entry.startsWith("devicecode"))).toEqual(["devicecode 200"]);
    expect(await writerOf("Orders by device code")).toMatchObject({ domainname: person.userName, applicationid: null });
  });

  it("has a new secret without a difference in the stack, and the old one is needed no more", async () => {
    const passwordCredential = { displayName: "the next one" };
    const { secretText, keyId } = await ofApplication("post", "/addPassword", { passwordCredential });
    hidden["the next secret"] = secretText;
    await stack.ok("config", "set", "--path", "--secret", `${admin}.clientSecret`, secretText);
    await succeeds("a preview after the change", administeredBy(), "preview", "--diff", "--expect-no-changes");
    const { passwordCredentials } = await ofApplication("get");
    const others = passwordCredentials.filter((credential: { keyId: string }) => credential.keyId !== keyId);
    expect(others).toHaveLength(1);
    await ofApplication("post", "/removePassword", { keyId: others[0].keyId });

    await engine.journal();
    const up = ["--yes", "--skip-preview", "--diff", "--refresh", "--expect-no-changes"];
    await succeeds("an up after the change", administeredBy(), "up", ...up);
    expect(new Set(await signIns())).toEqual(new Set(["token 200"]));

    // From here on the application has no secret: what signs in as it does so by something else.
    await ofApplication("post", "/removePassword", { keyId });
    const { code, out } = await administeredBy().run("refresh", "--yes", "--skip-preview");
    expect(code).not.toBe(0);
    expect(out).toContain("AADSTS7000215");
    traces["output of a refresh without a secret"] = out;
  });

  it("administers by a certificate with an encrypted key from the environment, over what stack config says", async () => {
    const own = await newCertificate();
    const encrypted = own.encryptedKey("open sesame, please");
    hidden["the passphrase"] = "open sesame, please";
    hidden["the private key"] = own.privateKey;
    hidden["the encrypted key"] = encrypted;
    await ofApplication("patch", "", { keyCredentials: [own.keyCredential] });
    const variables = { CERTIFICATE: own.certificate + encrypted, CERTIFICATE_PASSWORD: "open sesame, please" };
    // At its most talkative the engine itself prints the secrets of stack config, but none of the environment.
    await stack.ok("config", "rm", "--path", `${admin}.clientSecret`);
    await renamesRole("Orders by certificate", administeredBy(variables), "--diff", "--logtostderr", "-v=9");
    expect(new Set(await signIns())).toEqual(new Set(["token 200"]));
    expect(await writerOf("Orders by certificate")).toMatchObject({ applicationid: administrator.clientId });
    await ofApplication("patch", "", { keyCredentials: [] });
  });

  it("administers by a token of an outside issuer, and takes everything away again", async () => {
    const subject = "system:serviceaccount:deployment:orders";
    const outside = await startIssuer(engine.directory);
    try {
      const { issuer } = outside;
      const credential = { name: "deployment", issuer, subject, audiences: ["api://AzureADTokenExchange"] };
      await ofApplication("post", "/federatedIdentityCredentials", credential);
      const token = await outside.tokenOf(subject);
      hidden["the outside token"] = token;
      const file = join(engine.directory, "outside-token");
      writeFileSync(file, `${token}\n`);
      const by = administeredBy({ FEDERATED_TOKEN_FILE: file });
      await renamesRole("Orders by token", by);
      expect(new Set(await signIns())).toEqual(new Set(["token 200"]));
      expect(outside.asked).toContain("/keys");
      expect(await writerOf("Orders by token")).toMatchObject({ applicationid: administrator.clientId });

      await succeeds("destroy", by, "destroy", "--yes", "--skip-preview");
      const base = engine.endpoints.organizations.fabrikam!;
      for (const query of [
        `systemusers?$filter=applicationid eq ${clientId}`,
        "roles?$filter=startswith(name,'Orders')",
      ])
        expect((await ask(base, "get", `/api/data/v9.2/${query}`)).value, query).toEqual([]);
      const principals = `/v1.0/servicePrincipals?$filter=appId eq '${clientId}'`;
      expect((await ask(engine.endpoints.graph, "get", principals)).value).toEqual([]);
    } finally {
      outside.close();
    }
  });

  it("has left no credential in the state of the stack, nor in anything that was printed", () => {
    expect(Object.keys(hidden)).toHaveLength(7);
    const found = Object.entries(traces).flatMap(([place, text]) =>
      Object.entries(hidden)
        .filter(([, secret]) => significantLines(secret).some((line) => text.includes(line)))
        .map(([what]) => `${what} in the ${place}`),
    );
    expect(found).toEqual([]);
  });
});

/** The lines by which a text would be known again; of a PEM text without those that every one has. */
function significantLines(secret: string): string[] {
  const lines = secret.split("\n").filter((line) => line.length > 15 && !line.startsWith("-----"));
  expect(lines.length).toBeGreaterThan(0);
  return lines;
}

/** An `az` where the administrator is signed in; notes how it was called. */
const azureCli = (log: string) => `#!${process.execPath}
const args = process.argv.slice(2);
const option = (name) => args[args.indexOf(name) + 1];
require("node:fs").appendFileSync(${JSON.stringify(log)}, args.join(" ") + "\\n");
const form = new URLSearchParams({
  client_id: "${administrator.clientId}",
  client_secret: "${administrator.clientSecret}",
  grant_type: "client_credentials",
  scope: option("--resource") + "/.default",
});
fetch("${engine.endpoints.login}/" + option("--tenant") + "/oauth2/v2.0/token", { method: "POST", body: form })
  .then((answer) => answer.json())
  .then(({ access_token: accessToken, expires_in }) =>
    console.log(JSON.stringify({ accessToken, expires_on: Math.floor(Date.now() / 1000) + expires_in, tokenType: "Bearer" })));
`;
