import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { adminSchema } from "../../dynamic-providers/entra/identity.ts";
import { type Account, administratorOf, runnerOf, type Settings } from "../../dynamic-providers/identities.ts";
import { newCertificate, type TestCertificate } from "../support/certificate.ts";

const clientId = "11111111-1111-4111-8111-111111111111";
const otherId = "22222222-2222-4222-8222-222222222222";
const tenantId = "33333333-3333-4333-8333-333333333333";
const runner = { ARM_TENANT_ID: tenantId, ARM_CLIENT_ID: otherId, ARM_CLIENT_SECRET: "runner~secret" };
const sampleClientId = "51f81489-12ee-4a9e-aaae-a2591f45987d";

let directory: string;
let rsa: TestCertificate;
let other: TestCertificate;
let elliptic: TestCertificate;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "dataverse-s2s-identities-"));
  [rsa, other, elliptic] = await Promise.all([newCertificate(), newCertificate(), newCertificate("EC")]);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function file(name: string, content: string | Buffer): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

function settings(environment: Record<string, string>, config: Record<string, string> = {}): Settings {
  return { config: (key) => config[key], environment, say: () => {}, warn: () => {} };
}

/** The administrator of subscriber "contoso-eu"; `variables` without the subscriber's prefix. */
function administrator(variables: Record<string, string>, admin?: object, others: Record<string, string> = runner) {
  const own = Object.entries(variables).map(([name, value]) => [`DATAVERSE_S2S_ADMIN_CONTOSO_EU_${name}`, value]);
  const subscribers = JSON.stringify({ "contoso-eu": { environmentUrl: "https://contoso.crm4.dynamics.com", admin } });
  const all = settings({ ...others, ...Object.fromEntries(own) }, { "dataverse-s2s:subscribers": subscribers });
  return administratorOf(all, "contoso-eu", tenantId);
}

function refusal(act: () => Account): string {
  try {
    act();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("it was not refused");
}

describe("the administrator of a subscriber", () => {
  const inConfig = { kind: "clientSecret", clientId, clientSecret: "config~secret" };

  it("is the identity that runs the stack where nothing else is said", () => {
    const account = administrator({});
    expect(account).toMatchObject({ who: "the administrator", tenantId });
    expect(account.identity).toEqual({ kind: "clientSecret", clientId: otherId, clientSecret: "runner~secret" });
  });

  it("is what stack config says, before the identity that runs the stack", () => {
    expect(administrator({}, inConfig).identity).toEqual(inConfig);
  });

  it("is what the environment says, field by field, before stack config", () => {
    expect(administrator({ CLIENT_SECRET: "new~secret" }, inConfig).identity).toEqual({
      ...inConfig,
      clientSecret: "new~secret",
    });
    expect(administrator({ CLIENT_ID: otherId }, inConfig).identity).toEqual({ ...inConfig, clientId: otherId });
    const whole = administrator({ CLIENT_ID: otherId, CLIENT_SECRET: "new~secret" });
    expect(whole.identity).toEqual({ kind: "clientSecret", clientId: otherId, clientSecret: "new~secret" });
  });

  it("does not take an empty variable for a value", () => {
    expect(administrator({ CLIENT_SECRET: "", KIND: "" }, inConfig).identity).toEqual(inConfig);
  });

  it("takes a secret of another kind from the environment, and keeps the client id of stack config", () => {
    const pem = rsa.certificate + rsa.privateKey;
    const identity = { kind: "certificate", clientId, certificate: pem };
    expect(administrator({ CERTIFICATE: pem }, inConfig).identity).toEqual(identity);
    expect(administrator({ CERTIFICATE_PATH: file("admin.pem", pem) }, inConfig).identity).toEqual(identity);
    const locked = rsa.certificate + rsa.encryptedKey("open sesame");
    const unlocking = { CERTIFICATE: locked, CERTIFICATE_PASSWORD: "open sesame" };
    expect(administrator(unlocking, inConfig).identity).toMatchObject({ passphrase: "open sesame" });
    const federated = administrator({ FEDERATED_TOKEN_FILE: "/run/token" }, inConfig);
    expect(federated.identity).toEqual({ kind: "federated", clientId, tokenFile: "/run/token" });
  });

  it("is of the kind that the environment chooses", () => {
    expect(administrator({ KIND: "azureCli", CLIENT_SECRET: "unused~secret" }, inConfig).identity).toEqual({
      kind: "azureCli",
    });
    expect(administrator({ KIND: "deviceCode" }, inConfig).identity).toEqual({
      kind: "deviceCode",
      clientId: sampleClientId,
    });
    expect(administrator({ KIND: "federated" }, inConfig).identity).toEqual({ kind: "federated", clientId });
  });

  it("may leave its secret to the environment in stack config", () => {
    const halves = [
      { kind: "clientSecret", clientId },
      { kind: "certificate", clientId },
    ];
    for (const half of halves) expect(adminSchema.safeParse(half).success).toBe(true);
    expect(administrator({ CLIENT_SECRET: "new~secret" }, halves[0]).identity).toMatchObject({ clientId });
  });

  it("shows a device code under the subscriber's name", () => {
    const said: string[] = [];
    const all = { ...settings(runner), say: (line: string) => said.push(line) };
    administratorOf(all, "contoso", tenantId).say?.("sign in");
    expect(said).toEqual(["contoso: sign in"]);
  });
});

describe("a malformed administrator", () => {
  const path = "dataverse-s2s:subscribers.contoso-eu.admin";
  const prefix = "DATAVERSE_S2S_ADMIN_CONTOSO_EU_";
  const certificate = (fields: object) => ({ kind: "certificate", clientId, ...fields });

  it.each<[string, Record<string, string>, () => object | undefined, string]>([
    ["no kind", {}, () => ({ clientId }), `${path}.kind (or ${prefix}KIND) is missing`],
    ["another kind", {}, () => ({ kind: "password" }), `${path}.kind must be one of clientSecret, certificate`],
    ["another kind in the environment", { KIND: "secret" }, () => undefined, `${prefix}KIND must be one of`],
    [
      "no client id",
      { CLIENT_SECRET: "hidden~value" },
      () => undefined,
      `${path}.clientId (or ${prefix}CLIENT_ID) is missing`,
    ],
    [
      "a bad client id",
      { CLIENT_ID: "hidden~value", CLIENT_SECRET: "hidden~value" },
      () => undefined,
      `${prefix}CLIENT_ID must be a GUID`,
    ],
    [
      "no secret",
      {},
      () => ({ kind: "clientSecret", clientId }),
      `${path}.clientSecret (or ${prefix}CLIENT_SECRET) is missing`,
    ],
    [
      "an empty secret",
      {},
      () => ({ kind: "clientSecret", clientId, clientSecret: "" }),
      `${path}.clientSecret must not be empty`,
    ],
    [
      "a field of another kind",
      {},
      () => ({ kind: "azureCli", clientSecret: "hidden~value" }),
      `${path}.clientSecret is not a setting of this kind`,
    ],
    [
      "two secrets",
      { CLIENT_SECRET: "hidden~value", CERTIFICATE: "hidden~value" },
      () => undefined,
      `${prefix}CLIENT_SECRET and ${prefix}CERTIFICATE are set: choose with …_KIND`,
    ],
    ["a text for a map", {}, () => "hidden~value" as unknown as object, `${path} is not a map`],
    ["no certificate", {}, () => certificate({}), `${path}.certificate (or ${prefix}CERTIFICATE) is missing`],
    [
      "a certificate that is no PEM",
      {},
      () => certificate({ certificate: "hidden~value" }),
      `${path}.certificate has no certificate: it must be PEM text`,
    ],
    [
      "a certificate without its key",
      {},
      () => certificate({ certificate: rsa.certificate }),
      `${path}.certificate has no private key`,
    ],
    [
      "a private key that is no PEM",
      {},
      () => certificate({ certificate: rsa.certificate, privateKey: "hidden~value" }),
      `${path}.privateKey has no private key`,
    ],
    [
      "another certificate's key",
      {},
      () => certificate({ certificate: rsa.certificate, privateKey: other.privateKey }),
      `${path}.certificate does not belong to the private key`,
    ],
    [
      "a key that is not RSA",
      {},
      () => certificate({ certificate: elliptic.certificate + elliptic.privateKey }),
      `${path}.certificate must have an RSA key`,
    ],
    [
      "a broken certificate",
      {},
      () => certificate({ certificate: rsa.certificate.replace(/\n.{20}/, "\nAAAA") + rsa.privateKey }),
      `${path}.certificate has a certificate that cannot be read`,
    ],
    [
      "a broken key",
      {},
      () => certificate({ certificate: rsa.certificate + rsa.privateKey.replace(/\n.{20}/, "\nAAAA") }),
      `${path}.certificate has a private key that cannot be read`,
    ],
    [
      "no passphrase",
      {},
      () => certificate({ certificate: rsa.certificate + rsa.encryptedKey("right") }),
      `${path}.passphrase (or ${prefix}CERTIFICATE_PASSWORD) is missing: the private key is encrypted`,
    ],
    [
      "a wrong passphrase",
      { CERTIFICATE_PASSWORD: "hidden~value" },
      () => certificate({ certificate: rsa.certificate, privateKey: rsa.encryptedKey("right") }),
      `${prefix}CERTIFICATE_PASSWORD does not open the private key`,
    ],
    [
      "a file that is not there",
      { CLIENT_ID: clientId, CERTIFICATE_PATH: "/nowhere/admin.pem" },
      () => undefined,
      `${prefix}CERTIFICATE_PATH names a file that cannot be read (ENOENT)`,
    ],
  ])("is told by the name of its setting: %s", (_case, variables, admin, expected) => {
    const message = refusal(() => administrator(variables, admin()));
    expect(message).toContain("There is no administrator identity for subscriber 'contoso-eu'");
    expect(message).toContain(expected);
    expect(message).toContain("docs/admin-identities.md");
    expect(message).not.toMatch(/hidden~value|undefined/);
    for (const { privateKey } of [rsa, other, elliptic]) expect(message).not.toContain(privateKey.slice(60, 90));
  });

  it("is told without the text of a stack config that cannot be read", () => {
    const broken = settings({}, { "dataverse-s2s:subscribers": '{"contoso": {"admin": hidden~value' });
    const message = refusal(() => administratorOf(broken, "contoso", tenantId));
    expect(message).toContain("dataverse-s2s:subscribers is not a map");
    expect(message).not.toContain("hidden");
  });
});

describe("the identity that runs the stack", () => {
  const base = { ARM_TENANT_ID: tenantId, ARM_CLIENT_ID: clientId };
  const pem = () => rsa.certificate + rsa.encryptedKey("right");

  it("is an application with a secret", () => {
    const account = runnerOf(settings({ ...base, ARM_CLIENT_SECRET: "runner~secret" }));
    expect(account).toMatchObject({
      tenantId,
      identity: { kind: "clientSecret", clientId, clientSecret: "runner~secret" },
    });
  });

  it("is an application with a certificate, before its secret", () => {
    const certificate = pem();
    const environment = {
      ...base,
      ARM_CLIENT_SECRET: "runner~secret",
      ARM_CLIENT_CERTIFICATE_PATH: file("runner.pem", certificate),
      ARM_CLIENT_CERTIFICATE_PASSWORD: "right",
    };
    const identity = { kind: "certificate", clientId, certificate, passphrase: "right" };
    expect(runnerOf(settings(environment)).identity).toEqual(identity);
  });

  it("is federated, or signed in to the Azure CLI", () => {
    expect(runnerOf(settings({ ...base, ARM_USE_OIDC: "true" })).identity).toEqual({ kind: "federated", clientId });
    expect(runnerOf(settings({ ...base, ARM_USE_CLI: "true" })).identity).toEqual({ kind: "azureCli" });
    expect(runnerOf(settings({}))).toMatchObject({ identity: { kind: "azureCli" }, tenantId: "" });
  });

  it("is that of the azuread provider's config where the variable is absent", () => {
    const config = {
      "azuread:tenantId": tenantId,
      "azuread:clientId": clientId,
      "azuread:clientSecret": "config~secret",
    };
    const identity = { kind: "clientSecret", clientId, clientSecret: "config~secret" };
    expect(runnerOf(settings({}, config))).toMatchObject({ tenantId, identity });
    expect(runnerOf(settings(runner, config)).identity).toMatchObject({ clientId: otherId });
  });

  it.each<[string, () => Record<string, string>, string]>([
    ["no credential", () => base, "ARM_CLIENT_ID has no credential: set ARM_CLIENT_SECRET,"],
    [
      "no client id",
      () => ({ ARM_TENANT_ID: tenantId, ARM_CLIENT_SECRET: "hidden~value" }),
      "ARM_CLIENT_ID is missing",
    ],
    ["no tenant", () => ({ ARM_CLIENT_ID: clientId, ARM_CLIENT_SECRET: "hidden~value" }), "ARM_TENANT_ID is missing"],
    ["no Azure CLI wanted", () => ({ ARM_USE_CLI: "false" }), "ARM_USE_CLI is false"],
    [
      "a PKCS#12 file",
      () => ({ ...base, ARM_CLIENT_CERTIFICATE_PATH: file("only.pfx", Buffer.from([0x30, 0x82, 9, 0xff])) }),
      "ARM_CLIENT_CERTIFICATE_PATH must name a PEM file (a PKCS#12 file becomes one by: openssl pkcs12 -in",
    ],
    [
      "no password for the certificate",
      () => ({ ...base, ARM_CLIENT_CERTIFICATE_PATH: file("locked.pem", pem()) }),
      "ARM_CLIENT_CERTIFICATE_PASSWORD is missing: the private key is encrypted",
    ],
  ])("is told by the name of its variable: %s", (_case, environment, expected) => {
    const message = refusal(() => runnerOf(settings(environment())));
    expect(message).toContain("The identity that runs the stack cannot sign in");
    expect(message).toContain(expected);
    expect(message).not.toMatch(/hidden~value|undefined/);
  });

  it("is found in the PEM file beside a PKCS#12 file, which the plugins take", () => {
    const pfx = file("both.pfx", Buffer.from([0x30, 0x82]));
    file("both.pem", rsa.certificate + rsa.privateKey);
    expect(runnerOf(settings({ ...base, ARM_CLIENT_CERTIFICATE_PATH: pfx })).identity.kind).toBe("certificate");
  });
});
