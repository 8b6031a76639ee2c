import { X509Certificate } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { administratorOf } from "../../sandbox/seed.ts";
import { newCertificate } from "../support/certificate.ts";
import { type Engine, type Stack, sandboxConfig, startEngine } from "../support/engine.ts";
import { farSide, type Row } from "../support/far-side.ts";

const day = 24 * 3600_000;
const begin = new Date();
const later = (days: number) => new Date(begin.getTime() + days * day);

let engine: Engine;
let far: ReturnType<typeof farSide>;
let stack: Stack;

interface Outputs {
  clientId: string;
  objectId: string;
  certificateUri: string;
  certificateSecretUri: string;
  credentialExpiresOn: string;
  nextRotationOn: string;
  publisher: { credential: string; secretVersionUri?: string };
  environments: Record<string, { tableRead: string; rolesHeld: string[] }>;
}
let outputs: Outputs;

beforeAll(async () => {
  engine = await startEngine();
  far = farSide(engine, () => outputs.clientId);
});

afterAll(async () => {
  await engine?.close();
});

/** Config of the main job whose application has these credentials; with a vault in a group of that name. */
function configOf(credentials: object, group?: string): Record<string, unknown> {
  const config = sandboxConfig(engine.endpoints);
  const { keyVault, ...application } = config.application as Record<string, object>;
  const place = group ? { keyVault: { ...keyVault, resourceGroup: group } } : {};
  return { ...config, application: { ...application, ...credentials, ...place } };
}

/** Moves the cloud's clock and the stack's. */
async function moveTo(time: Date): Promise<void> {
  await engine.http.put(`${engine.endpoints.control}/clock`, { now: time.toISOString() });
  await stack.ok("config", "set", "dataverse-s2s:asOf", time.toISOString());
}

async function up(...args: string[]): Promise<void> {
  await stack.ok("up", "--yes", "--skip-preview", ...args);
  outputs = (await stack.outputs()) as unknown as Outputs;
}

/** The application's credentials, as Entra has them. */
async function credentials() {
  const row = await far.graph("get", `/applications/${outputs.objectId}`);
  return { secrets: row.passwordCredentials as Row[], certificates: row.keyCredentials as Row[] };
}

const inVault = (uri: string, method: "get" | "delete" = "get") =>
  far.send("https://vault.azure.net", administratorOf("publisher"), method, `${uri}?api-version=7.4`);

const versionsOf = async () =>
  (await inVault(`${outputs.certificateUri}/versions`)).value as { id: string; attributes: { enabled: boolean } }[];

describe("a certificate that Key Vault makes", () => {
  let first: Outputs;

  beforeAll(async () => {
    stack = await engine.stack("vault-certificate");
    stack.configure(configOf({ certificate: { keyVault: { validityMonths: 6 } } }, "rg-certificate"));
  });

  it("is what the application signs in with after one `pulumi up`, and it has no secret at all", async () => {
    await up();
    first = outputs;
    expect(outputs.publisher.credential).toBe("certificate");
    expect(outputs.environments.contoso).toMatchObject({
      tableRead: "accounts",
      rolesHeld: ["Contoso Orders Integration"],
    });
    const { secrets, certificates } = await credentials();
    expect(secrets).toEqual([]);
    expect(certificates).toHaveLength(1);
    const kept = await inVault(outputs.certificateUri);
    const certificate = new X509Certificate(Buffer.from(kept.cer as string, "base64"));
    expect(certificates[0]).toMatchObject({ type: "AsymmetricX509Cert", usage: "Verify" });
    expect(Date.parse(certificates[0]!.endDateTime as string)).toBe(certificate.validToDate.getTime());
    expect(Date.parse(outputs.credentialExpiresOn)).toBe(certificate.validToDate.getTime());
  });

  it("is not made again, and refreshes without a difference", async () => {
    await stack.ok("up", "--yes", "--skip-preview", "--expect-no-changes");
    await stack.ok("up", "--yes", "--skip-preview", "--refresh", "--expect-no-changes");
    expect(await versionsOf()).toHaveLength(1);
  });

  it("leaves its private key in the vault: none in the state", async () => {
    const { value } = (await inVault(outputs.certificateSecretUri)) as { value: string };
    const key = value.split("-----END PRIVATE KEY-----")[0]!.split("\n").slice(1, -1);
    expect(key.length).toBeGreaterThan(10);
    const state = await stack.state();
    expect(key.filter((line) => state.includes(line))).toEqual([]);
    expect(state).not.toContain("PRIVATE KEY");
  });

  it("taken from the application by hand is registered again", async () => {
    await far.graph("patch", `/applications/${outputs.objectId}`, { keyCredentials: [] });
    await stack.ok("up", "--yes", "--skip-preview", "--refresh");
    expect((await credentials()).certificates).toHaveLength(1);
    expect(await versionsOf()).toHaveLength(1);
    await stack.ok("preview", "--expect-no-changes");
  });

  it("rotates when its period is over, beside one of somebody else's; both work until the overlap is over", async () => {
    const foreign = await newCertificate();
    const known = (await far.graph("get", `/applications/${outputs.objectId}?$select=keyCredentials`)).keyCredentials;
    const keyCredentials = [...(known as Row[]), { ...foreign.keyCredential, displayName: "somebody else's" }];
    await far.graph("patch", `/applications/${outputs.objectId}`, { keyCredentials });

    const due = Math.ceil((Date.parse(first.nextRotationOn) - begin.getTime()) / day);
    await moveTo(later(due - 1));
    await stack.ok("preview", "--expect-no-changes");
    await moveTo(later(due));
    await up();
    expect(outputs.publisher.secretVersionUri).not.toBe(first.publisher.secretVersionUri);
    expect(Date.parse(outputs.credentialExpiresOn)).toBeGreaterThan(Date.parse(first.credentialExpiresOn));
    expect(outputs.environments.contoso!.tableRead).toBe("accounts");
    expect((await credentials()).certificates).toHaveLength(3);
    expect((await versionsOf()).map(({ attributes }) => attributes.enabled)).toEqual([true, true]);
    await stack.ok("preview", "--expect-no-changes");

    await moveTo(later(due + 6));
    await stack.ok("preview", "--expect-no-changes");
    await moveTo(later(due + 8));
    await up();
    const { certificates } = await credentials();
    expect(certificates.map(({ displayName }) => displayName)).toContain("somebody else's");
    expect(certificates).toHaveLength(2);
    expect((await versionsOf()).map(({ attributes }) => attributes.enabled)).toEqual([false, true]);
    await stack.ok("preview", "--expect-no-changes");
  });

  it("goes with the stack: from the application and, softly, from the vault", async () => {
    const { objectId, certificateUri } = outputs;
    await stack.ok("destroy", "--yes", "--skip-preview");
    await expect(far.graph("get", `/applications/${objectId}`)).rejects.toThrow("404");
    await expect(inVault(certificateUri)).rejects.toThrow("404");
    const deleted = (await far.graph("get", `/directory/deletedItems/${objectId}`)).keyCredentials as Row[] | undefined;
    expect((deleted ?? []).map(({ displayName }) => displayName)).toEqual(["somebody else's"]);
    await engine.http.put(`${engine.endpoints.control}/clock`, { now: new Date().toISOString() });
  });
});

describe("a certificate whose private key stays with the vendor", () => {
  it("is registered from its PEM, proven by the vendor's file, and renewed with both registered for a while", async () => {
    const [one, two] = [await newCertificate(), await newCertificate()];
    const file = join(engine.directory, "vendor.pem");
    const plain = await engine.stack("pem-certificate");
    plain.configure(configOf({ certificate: { pem: one.certificate } }));

    writeFileSync(file, one.certificate + one.encryptedKey("open sesame"));
    stack = plain.with({
      DATAVERSE_S2S_CLIENT_CERTIFICATE_PATH: file,
      DATAVERSE_S2S_CLIENT_CERTIFICATE_PASSWORD: "open sesame",
    });
    const without = await plain.run("up", "--yes", "--skip-preview");
    expect(without.code).not.toBe(0);
    expect(without.out).toContain("Set DATAVERSE_S2S_CLIENT_CERTIFICATE_PATH to a PEM file");

    await up();
    expect(outputs.publisher).toMatchObject({ credential: "certificate" });
    expect(outputs.publisher.secretVersionUri).toBeUndefined();
    expect(outputs.environments.contoso!.tableRead).toBe("accounts");
    const before = await credentials();
    expect(before.secrets).toEqual([]);
    expect(before.certificates).toHaveLength(1);
    await stack.ok("up", "--yes", "--skip-preview", "--refresh", "--expect-no-changes");

    writeFileSync(file, two.certificate + two.encryptedKey("open sesame"));
    plain.configure(configOf({ certificate: { pem: one.certificate + two.certificate } }));
    await up();
    expect((await credentials()).certificates).toHaveLength(2);
    plain.configure(configOf({ certificate: { pem: two.certificate } }));
    await up();
    const after = await credentials();
    expect(after.certificates).toHaveLength(1);
    expect(after.certificates[0]!.keyId).not.toBe(before.certificates[0]!.keyId);
    await stack.ok("up", "--yes", "--skip-preview", "--refresh", "--expect-no-changes");
    await stack.ok("destroy", "--yes", "--skip-preview");
  });
});
