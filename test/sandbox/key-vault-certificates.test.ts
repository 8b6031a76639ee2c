import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import tls from "node:tls";
import { ClientSecretCredential } from "@azure/identity";
import { CertificateClient } from "@azure/keyvault-certificates";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { armClient, roles, vault as vaultId } from "../support/resource-manager.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";

const day = 86_400_000;
const noWait = { intervalInMs: 1 };
const policy = {
  issuerName: "Self",
  subject: "CN=Contoso Orders",
  contentType: "application/x-pem-file" as const,
  keyType: "RSA" as const,
  keySize: 2048,
  exportable: true,
  validityInMonths: 12,
  lifetimeActions: [{ action: "EmailContacts" as const, lifetimePercentage: 80 }],
};

let sandbox: TestSandbox;
let arm: ReturnType<typeof armClient>;
let url: string;
let vaultPath: string;
/** Microsoft's own client, signed in by Microsoft's own library as one who may do everything with certificates and secrets. */
let client: CertificateClient;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  tls.setDefaultCACertificates([...tls.getCACertificates(), readFileSync(sandbox.authorityPath, "utf8")]);
  arm = armClient(sandbox);
  const { properties } = await arm.newVault("rg-vaults", "kv-certificates", { softDeleteRetentionInDays: 7 });
  url = properties.vaultUri.replace(/\/$/, "");
  vaultPath = vaultId("rg-vaults", "kv-certificates");
  const { tenantId, clientId, clientSecret, objectId } = sandbox.administrator;
  await arm.grant(objectId, roles.certificatesOfficer, vaultPath);
  await arm.grant(objectId, roles.secretsOfficer, vaultPath);
  const credential = new ClientSecretCredential(tenantId, clientId, clientSecret, {
    authorityHost: sandbox.endpoints.login,
    disableInstanceDiscovery: true,
  });
  client = new CertificateClient(url, credential, { disableChallengeResourceVerification: true });
});
afterAll(() => sandbox.close());

/** A plain request; by the administrator unless told. */
async function request(method: string, path: string, body?: unknown, as = sandbox.administrator.objectId) {
  const bearer = await arm.tokenOf(as, { aud: "https://vault.azure.net" });
  const headers = { Authorization: `Bearer ${bearer}` };
  const answer = await sandbox.http.request({ method, url: `${url}${path}?api-version=7.4`, data: body, headers });
  const { error } = answer.data ?? {};
  return { status: answer.status, code: error?.code, inner: error?.innererror?.code, data: answer.data };
}

const make = async (name: string, options: { tags?: Record<string, string> } = {}) =>
  (await client.beginCreateCertificate(name, policy, { ...noWait, ...options })).pollUntilDone();

const wirePolicy = (changes: object = {}) => ({
  policy: {
    issuer: { name: "Self" },
    x509_props: { subject: "CN=Contoso Orders" },
    secret_props: { contentType: "application/x-pem-file" },
    lifetime_actions: [{ trigger: { lifetime_percentage: 80 }, action: { action_type: "EmailContacts" } }],
    ...changes,
  },
});

describe("a certificate", () => {
  it("is made by its policy, with what Key Vault fills in", async () => {
    const made = await make("orders", { tags: { period: "2026" } });
    const certificate = new X509Certificate(made.cer!);
    expect(certificate.subject).toBe("CN=Contoso Orders");
    expect(certificate.publicKey.asymmetricKeyDetails?.modulusLength).toBe(2048);
    expect(made.properties.tags).toEqual({ period: "2026" });
    expect(made.properties.expiresOn).toEqual(new Date(certificate.validTo));
    expect(made.properties.notBefore!.getTime()).toBe(made.properties.createdOn!.getTime() - 600_000);
    expect(Buffer.from(made.properties.x509Thumbprint!).toString("hex").toUpperCase()).toBe(
      certificate.fingerprint.replaceAll(":", ""),
    );
    expect(made.policy).toMatchObject({
      issuerName: "Self",
      subject: "CN=Contoso Orders",
      validityInMonths: 12,
      keyUsage: ["digitalSignature", "keyEncipherment"],
      contentType: "application/x-pem-file",
    });
  });

  it("is in progress at first: disabled, without its text, and no second one is begun", async () => {
    const begun = await request("POST", "/certificates/slow/create", wirePolicy());
    expect(begun).toMatchObject({
      status: 202,
      data: { status: "inProgress", id: `${url}/certificates/slow/pending` },
    });
    const early = await request("GET", "/certificates/slow");
    expect(early.data).toMatchObject({ attributes: { enabled: false }, pending: { id: begun.data.id } });
    expect(early.data.cer).toBeUndefined();
    expect(await request("POST", "/certificates/slow/create", wirePolicy())).toMatchObject({
      status: 409,
      code: "Forbidden",
    });
    const { data } = await request("GET", "/certificates/slow/pending");
    expect(data).toMatchObject({ status: "completed", target: `${url}/certificates/slow` });
    expect((await client.getCertificate("slow")).cer).toBeInstanceOf(Uint8Array);
  });

  it("has a secret of the same name and version with its private key, which nobody changes by itself", async () => {
    const made = await make("keyed");
    expect(made.secretId).toBe(`${url}/secrets/keyed/${made.properties.version}`);
    const { data } = await request("GET", "/secrets/keyed");
    expect(data).toMatchObject({
      id: made.secretId,
      kid: made.keyId,
      managed: true,
      contentType: "application/x-pem-file",
    });
    expect(createPrivateKey(data.value).asymmetricKeyType).toBe("rsa");
    const certificate = data.value.slice(data.value.indexOf("-----BEGIN CERTIFICATE-----"));
    expect(Buffer.from(made.cer!)).toEqual(new X509Certificate(certificate).raw);
    const managed = { status: 403, inner: "SecretManagedByKeyVault" };
    expect(await request("PUT", "/secrets/keyed", { value: "mine" })).toMatchObject(managed);
    expect(await request("DELETE", "/secrets/keyed")).toMatchObject(managed);
  });

  it("has versions: the latest is got without one, and a disabled one gives no private key", async () => {
    const first = await make("versions");
    const second = await make("versions");
    expect((await client.getCertificate("versions")).properties.id).toBe(second.properties.id);
    const listed: (string | undefined)[] = [];
    for await (const { id } of client.listPropertiesOfCertificateVersions("versions")) listed.push(id);
    expect(listed).toEqual([first.properties.id, second.properties.id]);
    await client.updateCertificateProperties("versions", first.properties.version!, { enabled: false });
    expect((await client.getCertificateVersion("versions", first.properties.version!)).properties.enabled).toBe(false);
    expect(await request("GET", `/secrets/versions/${first.properties.version}`)).toMatchObject({
      inner: "SecretDisabled",
    });
    expect(await request("GET", "/secrets/versions")).toMatchObject({ status: 200 });
  });

  it("expires by the sandbox's clock", async () => {
    sandbox.context.store.setClock(new Date("2031-01-31T12:00:00Z"));
    try {
      const bearer = (await sandbox.token("https://vault.azure.net")) as string;
      const headers = { Authorization: `Bearer ${bearer}` };
      const send = (method: string, path: string, data?: unknown) =>
        sandbox.http.request({ method, url: `${url}${path}?api-version=7.4`, headers, data });
      await send("POST", "/certificates/later/create", wirePolicy());
      await send("GET", "/certificates/later/pending");
      const { data } = await send("GET", "/certificates/later");
      expect(new X509Certificate(Buffer.from(data.cer, "base64")).validToDate.getUTCFullYear()).toBe(2032);
    } finally {
      sandbox.context.store.setClock(new Date());
    }
  });
});

describe("a deleted certificate", () => {
  it("blocks its name, takes its secret with it, and both come back together", async () => {
    const { version } = (await make("soft")).properties;
    const deleted = await (await client.beginDeleteCertificate("soft", noWait)).pollUntilDone();
    expect(deleted.recoveryId).toBe(`${url}/deletedcertificates/soft`);
    expect(deleted.scheduledPurgeDate!.getTime() - deleted.deletedOn!.getTime()).toBe(7 * day);
    expect(await request("GET", "/certificates/soft")).toMatchObject({ status: 404, code: "CertificateNotFound" });
    expect(await request("GET", "/secrets/soft")).toMatchObject({ status: 404, code: "SecretNotFound" });
    expect(await request("POST", "/certificates/soft/create", wirePolicy())).toMatchObject({
      status: 409,
      inner: "ObjectIsDeletedButRecoverable",
    });
    const back = await (await client.beginRecoverDeletedCertificate("soft", noWait)).pollUntilDone();
    expect(back.properties.version).toMatch(/^[0-9a-f]{32}$/);
    expect(back.properties.version).toBe(version);
    expect(await request("GET", "/secrets/soft")).toMatchObject({ status: 200 });
  });

  it("is purged with its secret", async () => {
    await make("purged");
    await (await client.beginDeleteCertificate("purged", noWait)).pollUntilDone();
    await client.purgeDeletedCertificate("purged");
    expect(await request("GET", "/deletedcertificates/purged")).toMatchObject({ code: "CertificateNotFound" });
    expect(await request("GET", "/deletedsecrets/purged")).toMatchObject({ code: "SecretNotFound" });
    expect((await make("purged")).properties.enabled).toBe(true);
  });
});

describe("what is refused", () => {
  it("is everything to those without a role for certificates", async () => {
    const officer = crypto.randomUUID();
    await arm.grant(officer, roles.secretsOfficer, vaultPath);
    const refused = { status: 403, inner: "ForbiddenByRbac" };
    expect(await request("POST", "/certificates/mine/create", wirePolicy(), officer)).toMatchObject(refused);
    expect(await request("GET", "/certificates/mine", undefined, officer)).toMatchObject(refused);
    const user = crypto.randomUUID();
    await arm.grant(user, roles.certificatesOfficer, vaultPath);
    expect(await request("GET", "/certificates/mine", undefined, user)).toMatchObject({ code: "CertificateNotFound" });
    expect(await request("GET", "/secrets/mine", undefined, user)).toMatchObject(refused);
  });

  it("is a policy without a subject; and what the sandbox cannot make is said to be that", async () => {
    const create = (changes: object) => request("POST", "/certificates/odd/create", wirePolicy(changes));
    expect(await create({ x509_props: {} })).toMatchObject({ status: 400, code: "BadParameter" });
    for (const changes of [
      { issuer: { name: "DigiCert" } },
      { key_props: { kty: "EC" } },
      { secret_props: { contentType: "application/x-pkcs12" } },
      { lifetime_actions: [] },
    ])
      expect(await create(changes)).toMatchObject({ status: 501, code: "SandboxNotImplemented" });
    expect(await request("GET", "/certificates/odd/pending")).toMatchObject({ status: 404 });
  });
});
