import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import tls from "node:tls";
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Cloud } from "../../dynamic-providers/entra/clouds.ts";
import { identitySchema } from "../../dynamic-providers/entra/identity.ts";
import { accessToken } from "../../dynamic-providers/entra/tokens.ts";
import { type Account, tokenFor } from "../../dynamic-providers/identities.ts";
import { administratorUserOf } from "../../sandbox/seed.ts";
import { newCertificate, type TestCertificate } from "../support/certificate.ts";
import { graphUrl } from "../support/entra.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";

let sandbox: TestSandbox;
let environmentUrl: string;
let clientId: string;
let tenantId: string;
let cloud: Cloud;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  tls.setDefaultCACertificates([...tls.getCACertificates(), readFileSync(sandbox.authorityPath, "utf8")]);
  ({ clientId, tenantId } = sandbox.administrator);
  environmentUrl = sandbox.endpoints.organizations["contoso-dev"]!;
  cloud = {
    name: "sandbox",
    loginUrl: sandbox.endpoints.login,
    graphUrl: sandbox.endpoints.graph,
    keyVaultResource: "https://vault.azure.net",
    keyVaultSuffix: ".127.0.0.1",
  };
});
afterAll(() => sandbox.close());
beforeEach(() => void sandbox.context.journal.splice(0));
afterEach(() => void vi.unstubAllEnvs());

/** Signs in as the program does; `identity` is checked as config is. */
function signIn(identity: object, resource = environmentUrl, say?: (line: string) => void): Promise<string> {
  const account: Account = {
    who: "the administrator",
    identity: identitySchema.parse(identity),
    tenantId,
    ...(say && { say }),
  };
  return tokenFor(cloud, account, resource, `'contoso' (${environmentUrl})`);
}

/** The sentence of a sign-in that is refused. */
const refusal = (identity: object, resource?: string, say?: (line: string) => void) =>
  signIn(identity, resource, say).then(
    () => "it was not refused",
    (error: Error) => error.message,
  );

/** Status of Dataverse's WhoAmI with a token. */
async function whoAmI(token: string): Promise<number> {
  const headers = { Authorization: `Bearer ${token}` };
  return (await sandbox.http.get(`${environmentUrl}/api/data/v9.2/WhoAmI`, { headers })).status;
}

/** Status of Graph's list of applications with a token. */
async function applications(token: string): Promise<number> {
  const headers = { Authorization: `Bearer ${token}` };
  return (await sandbox.http.get(`${sandbox.endpoints.graph}/v1.0/applications`, { headers })).status;
}

/** How often Entra was asked since the test began. */
const requests = () => sandbox.context.journal.filter(({ service }) => service === "login").length;

describe("a client secret", () => {
  it("A2, A6: signs in with one request for each resource, however many ask at once", async () => {
    const identity = { kind: "clientSecret", clientId, clientSecret: sandbox.administrator.clientSecret };
    const tokens = await Promise.all([1, 2, 3].map(() => signIn(identity)));
    expect(new Set(tokens).size).toBe(1);
    expect(await whoAmI(tokens[0]!)).toBe(200);
    expect(await signIn(identity)).toBe(tokens[0]);
    expect(requests()).toBe(1);
    expect(await applications(await signIn(identity, graphUrl))).toBe(200);
    expect(requests()).toBe(2);
    const place = { identity: identitySchema.parse(identity), loginUrl: cloud.loginUrl, tenantId };
    await accessToken({ ...place, resource: environmentUrl }, { fresh: true });
    expect(requests()).toBe(3);
  });

  it("A3: that is wrong is told in Entra's words, with what to do, each time it is asked", async () => {
    const identity = { kind: "clientSecret", clientId, clientSecret: "hidden~value" };
    for (const _ of [1, 2]) {
      const message = await refusal(identity);
      expect(message).toMatch(
        new RegExp(
          `^Signing in as the administrator ${clientId} for 'contoso' .* failed: Invalid client secret provided.`,
        ),
      );
      expect(message).toContain("(AADSTS7000215, HTTP 401). Check the client secret");
      expect(message).not.toMatch(/hidden~value|Trace ID/);
    }
    expect(requests()).toBe(2);
  });

  it("A1: in a tenant that Entra does not know is told", async () => {
    const identity = identitySchema.parse({ kind: "clientSecret", clientId, clientSecret: "x" });
    const account = { who: "the administrator", identity, tenantId: "99999999-9999-4999-8999-999999999999" };
    await expect(tokenFor(cloud, account, environmentUrl, "'contoso'")).rejects.toThrow(/\(AADSTS90002, HTTP 400\)/);
  });

  it("says that nobody answers, after it has tried for a while", { timeout: 20_000 }, async () => {
    const identity = identitySchema.parse({ kind: "clientSecret", clientId, clientSecret: "x" });
    const nobody = { ...cloud, loginUrl: "https://127.0.0.1:1" };
    const account = { who: "the administrator", identity, tenantId };
    await expect(tokenFor(nobody, account, environmentUrl, "'contoso'")).rejects.toThrow(
      /oauth2\/v2.0\/token got no answer: .*ECONNREFUSED.*; tried 5 times in \d+ s\. Check the network/,
    );
  });
});

describe("a certificate", () => {
  let own: TestCertificate;

  beforeAll(async () => {
    own = await newCertificate();
    sandbox.context.directory.application(clientId)!.keyCredentials.push(own.keyCredential);
  });

  it.each<[string, () => object]>([
    ["with its key in one text", () => ({ certificate: own.privateKey + own.certificate })],
    ["with its key apart", () => ({ certificate: own.certificate, privateKey: own.privateKey })],
    [
      "with an encrypted key",
      () => ({ certificate: own.certificate + own.encryptedKey("open sesame"), passphrase: "open sesame" }),
    ],
    ["on one line", () => ({ certificate: (own.certificate + own.privateKey).replaceAll("\n", "\\n") })],
  ])("A2: signs in %s", async (_case, fields) => {
    const token = await signIn({ kind: "certificate", clientId, ...fields() });
    expect(decodeJwt(token)).toMatchObject({ appid: clientId, appidacr: "2" });
    expect(await whoAmI(token)).toBe(200);
  });

  it("is found among those of its chain", async () => {
    const authority = await newCertificate();
    const certificate = authority.certificate + own.certificate + own.privateKey;
    expect(await whoAmI(await signIn({ kind: "certificate", clientId, certificate }))).toBe(200);
  });

  it("A3: that the application does not have is told", async () => {
    const { certificate, privateKey } = await newCertificate();
    const message = await refusal({ kind: "certificate", clientId, certificate, privateKey });
    expect(message).toContain("is not registered on application");
    expect(message).toContain(`(AADSTS700027, HTTP 401). Register the certificate on application ${clientId}`);
  });
});

describe("a federated identity", () => {
  const subject = "repo:contoso/orders:environment:prod";
  const requestToken = "request~token";
  let server: Server;
  let issuer: string;
  let sign: (subject?: string) => Promise<string>;
  /** Requests for a token, as "authorization audience". */
  const asked: string[] = [];

  beforeAll(async () => {
    const { publicKey, privateKey } = await generateKeyPair("RS256");
    const jwk = { ...(await exportJWK(publicKey)), kid: "1" };
    sign = (of = subject) =>
      new SignJWT()
        .setProtectedHeader({ alg: "RS256", kid: "1" })
        .setIssuer(issuer)
        .setSubject(of)
        .setAudience("api://AzureADTokenExchange")
        .setExpirationTime("10m")
        .sign(privateKey);
    const answer = async (url: URL, authorization: string): Promise<object> => {
      if (url.pathname === "/keys") return { keys: [jwk] };
      if (url.pathname !== "/token") return { issuer, jwks_uri: `${issuer}/keys` };
      asked.push(`${authorization} ${url.searchParams.get("audience")}`);
      return authorization === `Bearer ${requestToken}` ? { value: await sign() } : { message: "no" };
    };
    const [key, cert] = ["server.key", "server.crt"].map((name) => readFileSync(join(sandbox.directory, name)));
    server = createServer({ key, cert }, async (request, response) => {
      const body = await answer(new URL(request.url!, issuer), request.headers.authorization ?? "");
      response.setHeader("Content-Type", "application/json").end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    issuer = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const credential = { name: "prod", issuer, subject, audiences: ["api://AzureADTokenExchange"] };
    sandbox.context.directory.application(clientId)!.federatedIdentityCredentials.push(credential);
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    asked.length = 0;
    for (const name of ["ARM_OIDC_TOKEN", "ARM_OIDC_TOKEN_FILE_PATH", "AZURE_FEDERATED_TOKEN_FILE"])
      vi.stubEnv(name, "");
    for (const prefix of ["ARM_OIDC", "ACTIONS_ID_TOKEN"]) {
      vi.stubEnv(`${prefix}_REQUEST_URL`, "");
      vi.stubEnv(`${prefix}_REQUEST_TOKEN`, "");
    }
  });

  async function tokenFile(name: string, text?: string): Promise<string> {
    const path = join(sandbox.directory, name);
    writeFileSync(path, text ?? `${await sign()}\n`);
    return path;
  }

  it("A7: signs in by the text of its token file, read anew each time", async () => {
    const identity = { kind: "federated", clientId, tokenFile: await tokenFile("token") };
    expect(await whoAmI(await signIn(identity))).toBe(200);
    await tokenFile("token", await sign("somebody else"));
    expect(await refusal(identity, graphUrl)).toContain("AADSTS700213");
    await tokenFile("token");
    expect(await applications(await signIn(identity, graphUrl))).toBe(200);
  });

  it("A7: signs in by Kubernetes' token file", async () => {
    vi.stubEnv("AZURE_FEDERATED_TOKEN_FILE", await tokenFile("kubernetes-token"));
    expect(await whoAmI(await signIn({ kind: "federated", clientId }))).toBe(200);
  });

  it.each(["ACTIONS_ID_TOKEN", "ARM_OIDC"])(
    "A7: signs in by a token that %s_REQUEST_URL gives, anew for each",
    async (prefix) => {
      vi.stubEnv(`${prefix}_REQUEST_URL`, `${issuer}/token?api-version=2.0`);
      vi.stubEnv(`${prefix}_REQUEST_TOKEN`, requestToken);
      const identity = { kind: "federated", clientId };
      const { loginUrl } = cloud;
      for (const resource of [environmentUrl, graphUrl]) {
        const token = await accessToken(
          { identity: identitySchema.parse(identity), loginUrl, tenantId, resource },
          { fresh: true },
        );
        expect(decodeJwt(token)).toMatchObject({ aud: resource, appidacr: "2" });
      }
      expect(asked).toEqual(Array(2).fill(`Bearer ${requestToken} api://AzureADTokenExchange`));
    },
  );

  it.each<[string, Record<string, string>, string]>([
    [
      "nothing gives a token",
      {},
      "nothing gives a token of the outside issuer (no_federated_token). Set tokenFile; or in",
    ],
    ["the file is not there", { tokenFile: "/nowhere/token" }, "the token file /nowhere/token cannot be read (ENOENT)"],
    ["the request token is refused", { token: "hidden~value" }, "gave no token (no_federated_token, HTTP 200)"],
    ["the address is no https address", { url: "http://127.0.0.1/token" }, "is not an https:// address"],
  ])("says so when %s", async (_case, { tokenFile: file, token, url }, expected) => {
    if (token || url) {
      vi.stubEnv("ACTIONS_ID_TOKEN_REQUEST_URL", url ?? `${issuer}/token`);
      vi.stubEnv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", token ?? "hidden~value");
    }
    // An application of its own, so that no token is held for it.
    const stranger = crypto.randomUUID();
    const message = await refusal({ kind: "federated", clientId: stranger, ...(file && { tokenFile: file }) });
    expect(message).toContain(expected);
    expect(message).not.toContain("hidden~value");
    expect(requests()).toBe(0);
  });

  it("A3, A7: that the application does not trust is told", async () => {
    vi.stubEnv("ARM_OIDC_TOKEN", await sign("repo:contoso/orders:ref:refs/heads/main"));
    const stranger = await newApplication();
    const message = await refusal({ kind: "federated", clientId: stranger });
    expect(message).toContain("(AADSTS700211, HTTP 401). Give application");
  });

  /** An application that trusts nobody, with its service principal. */
  async function newApplication(): Promise<string> {
    const headers = { Authorization: `Bearer ${await sandbox.token(graphUrl)}` };
    const post = (path: string, body: object) =>
      sandbox.http.post(`${sandbox.endpoints.graph}/v1.0${path}`, body, { headers });
    const { data } = await post("/applications", { displayName: "Stranger" });
    await post("/servicePrincipals", { appId: data.appId });
    return data.appId;
  }
});

describe("the Azure CLI", () => {
  /** Puts an `az` on PATH that runs `script`, after which come its arguments. */
  function stubAzureCli(script: string): void {
    const directory = join(sandbox.directory, `bin-${crypto.randomUUID()}`);
    mkdirSync(directory);
    writeFileSync(join(directory, "az"), `#!${process.execPath}\n${script}`);
    chmodSync(join(directory, "az"), 0o755);
    vi.stubEnv("PATH", `${directory}${delimiter}${process.env.PATH}`);
    vi.stubEnv("NODE_EXTRA_CA_CERTS", sandbox.authorityPath);
  }

  /** Signs in as the administrator, as `az account get-access-token` answers; `say` its arguments into a file. */
  const signsIn = () => `
    const args = process.argv.slice(2);
    const option = (name) => args[args.indexOf(name) + 1];
    if (args.slice(0, 2).join(" ") !== "account get-access-token" || option("--output") !== "json") process.exit(2);
    const form = new URLSearchParams({
      client_id: "${clientId}",
      client_secret: "${sandbox.administrator.clientSecret}",
      grant_type: "client_credentials",
      scope: option("--resource") + "/.default",
    });
    fetch("${cloud.loginUrl}/" + option("--tenant") + "/oauth2/v2.0/token", { method: "POST", body: form })
      .then((answer) => answer.json())
      .then(({ access_token: accessToken, expires_in }) =>
        console.log(JSON.stringify({ accessToken, expires_on: Math.floor(Date.now() / 1000) + expires_in, tokenType: "Bearer" })));`;

  it("signs in as whoever it is signed in, and is run once for each resource", async () => {
    stubAzureCli(signsIn());
    const identity = { kind: "azureCli" };
    const tokens = await Promise.all([signIn(identity), signIn(identity)]);
    expect(await whoAmI(tokens[0]!)).toBe(200);
    expect([tokens[1], await signIn(identity)]).toEqual([tokens[0], tokens[0]]);
    expect(requests()).toBe(1);
    expect(await applications(await signIn(identity, graphUrl))).toBe(200);
  });

  it.each<[string, string, string]>([
    [
      "nobody is signed in",
      `console.error("ERROR: Please run 'az login' to setup account."); process.exit(1);`,
      "failed: Please run 'az login' to setup account (azure_cli_signed_out). Run: az login --allow-no-subscriptions --tenant ",
    ],
    [
      "Entra wants a new sign-in",
      `console.error("ERROR: AADSTS70043: The refresh token has expired. Trace ID: 1\\nInteractive authentication is needed."); process.exit(1);`,
      "failed: The refresh token has expired (AADSTS70043). Run: az login",
    ],
    ["it gives no token", "console.log('hidden~value')", "answered without an access token (azure_cli_failed)"],
    ["it fails silently", "process.exit(3)", "the Azure CLI ended with code 3 (azure_cli_failed)"],
  ])("says so when %s", async (_case, script, expected) => {
    stubAzureCli(script);
    const message = await refusal({ kind: "azureCli" }, "https://management.azure.com");
    expect(message).toMatch(/^Signing in as the administrator by the Azure CLI for 'contoso' /);
    expect(message).toContain(expected);
    expect(message).not.toContain("hidden~value");
  });

  it("says so when it is not there", async () => {
    vi.stubEnv("PATH", sandbox.directory);
    expect(await refusal({ kind: "azureCli" }, "https://management.azure.com")).toContain(
      "the Azure CLI (az) is not on PATH (azure_cli_missing). Install it",
    );
  });
});

describe("a device code", () => {
  const person = administratorUserOf("publisher");
  /** The person at the device page: does `fields` with the code that was shown. */
  const enter = (line: string, fields: Record<string, string>) => {
    const [, address, code] = /^sign in at (\S+) with code (\w+) \(within 15 minutes\)$/.exec(line) ?? [];
    return sandbox.http.post(address!, new URLSearchParams({ code: code!, ...fields }));
  };

  it("A8: is shown, waited for, and asked for once for all resources", { timeout: 30_000 }, async () => {
    const shown: string[] = [];
    const identity = { kind: "deviceCode" };
    const say = (line: string) => {
      shown.push(line);
      void enter(line, person);
    };
    const [dataverse, graph] = await Promise.all([
      signIn(identity, environmentUrl, say),
      signIn(identity, graphUrl, say),
    ]);
    expect(shown).toHaveLength(1);
    expect(decodeJwt(dataverse)).toMatchObject({ aud: environmentUrl, tid: tenantId, upn: person.userName });
    expect(decodeJwt(graph)).toMatchObject({ aud: graphUrl, upn: person.userName });
    const asked = requests();
    expect(await signIn(identity, environmentUrl, say)).toBe(dataverse);
    expect(requests()).toBe(asked);
  });

  it("A8: that nobody enters in time, or that the person declines, is told and asked for anew", {
    timeout: 30_000,
  }, async () => {
    // Another public client that every tenant knows: Azure CLI's.
    const identity = { kind: "deviceCode", clientId: "04b07795-8ddb-461a-bbee-02f9e1bf7b46" };
    let act: (line: string) => unknown = () => sandbox.context.store.setClock(new Date(Date.now() + 901_000));
    const say = (line: string) => void act(line);
    const late = await refusal(identity, environmentUrl, say);
    sandbox.context.store.setClock(new Date());
    expect(late).toMatch(/^Signing in as the administrator by device code for 'contoso'/);
    expect(late).toContain("(AADSTS70019, HTTP 400). Run the command again and enter the code in time");
    act = (line) => enter(line, { decision: "cancel" });
    const declined = await refusal(identity, environmentUrl, say);
    expect(declined).toContain("User declined to consent to access the app (AADSTS65004, HTTP 400). Run the command");
    act = (line) => enter(line, person);
    expect(decodeJwt(await signIn(identity, environmentUrl, say))).toMatchObject({ appid: identity.clientId });
  });

  it("A3: of an application that Entra does not know is told", async () => {
    const message = await refusal({ kind: "deviceCode", clientId: crypto.randomUUID() });
    expect(message).toContain("(AADSTS700016, HTTP 400)");
  });
});
