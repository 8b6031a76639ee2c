import { readFileSync } from "node:fs";
import tls from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type ApplicationCertificateInputs,
  type ApplicationCertificateOutputs,
  applicationCertificate,
} from "../../dynamic-providers/lifecycles/application-certificate.ts";
import { newCertificate } from "../support/certificate.ts";
import { EntraClient } from "../support/entra.ts";
import { armClient, roles, vault as vaultId } from "../support/resource-manager.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";

type State = ApplicationCertificateInputs & ApplicationCertificateOutputs;
interface Credential {
  readonly keyId: string;
  readonly displayName: string;
}

let sandbox: TestSandbox;
let entra: EntraClient;
let vaultUri: string;
let provider: ReturnType<typeof applicationCertificate>;
const warnings: string[] = [];
let names = 0;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  tls.setDefaultCACertificates([...tls.getCACertificates(), readFileSync(sandbox.authorityPath, "utf8")]);
  entra = new EntraClient(sandbox);
  const arm = armClient(sandbox);
  ({ vaultUri } = (await arm.newVault("rg-vaults", "kv-lifecycle", { softDeleteRetentionInDays: 7 })).properties);
  const { tenantId, clientId, clientSecret, objectId } = sandbox.administrator;
  for (const role of [roles.certificatesOfficer, roles.secretsOfficer])
    await arm.grant(objectId, role, vaultId("rg-vaults", "kv-lifecycle"));
  const { login, graph } = sandbox.endpoints;
  const endpoints = JSON.stringify({ loginUrl: login, graphUrl: graph, keyVaultHost: "127.0.0.1" });
  const settings = {
    config: (key: string) => (key === "dataverse-s2s:endpoints" ? endpoints : undefined),
    environment: { ARM_TENANT_ID: tenantId, ARM_CLIENT_ID: clientId, ARM_CLIENT_SECRET: clientSecret },
    say: () => {},
    warn: (line: string) => void warnings.push(line),
  };
  provider = applicationCertificate(settings);
});
afterAll(() => sandbox.close());

/** A certificate to declare, for a new application and under a new name unless told. */
async function declared(changes: Partial<ApplicationCertificateInputs> = {}): Promise<ApplicationCertificateInputs> {
  names += 1;
  const { id, clientId } = await entra.newIdentity();
  return {
    applicationObjectId: id,
    applicationId: clientId,
    vaultUri,
    certificateName: `certificate-${names}`,
    subject: "CN=Contoso Orders",
    validityMonths: 12,
    keySize: 2048,
    period: "2026-01-01",
    overlapDays: 7,
    asOf: new Date().toISOString().slice(0, 10),
    rowId: crypto.randomUUID(),
    ...changes,
  };
}

const create = async (inputs: ApplicationCertificateInputs) => (await provider.create!(inputs)).outs as State;
const update = async (state: State, changes: Partial<ApplicationCertificateInputs>) =>
  (await provider.update!("id", state, { ...inputsOf(state), ...changes } as State)).outs as State;
const read = async (state: State) => (await provider.read!("id", state)).props as State | undefined;
const differs = async (state: State, changes: Partial<ApplicationCertificateInputs> = {}) =>
  (await provider.diff!("id", state, { ...inputsOf(state), ...changes } as State)).changes;

/** The inputs by which a state was made. */
const inputsOf = (state: State): ApplicationCertificateInputs => state;

async function registered({ applicationObjectId }: ApplicationCertificateInputs): Promise<Credential[]> {
  return (await entra.graph("GET", `/applications/${applicationObjectId}`)).data.keyCredentials;
}

async function inVault(method: string, path: string, body?: object) {
  const headers = { Authorization: `Bearer ${await sandbox.token("https://vault.azure.net")}` };
  const url = `${new URL(path, vaultUri).href}?api-version=7.4`;
  return (await sandbox.http.request({ method, url, data: body, headers })).data;
}

const versions = async ({ certificateName }: ApplicationCertificateInputs) =>
  (await inVault("GET", `/certificates/${certificateName}/versions`)).value as { attributes: { enabled: boolean } }[];

/** Asks Key Vault for a version, as somebody else or a run that was cut off. */
const request = ({ certificateName }: ApplicationCertificateInputs, tags: Record<string, string>) =>
  inVault("POST", `/certificates/${certificateName}/create`, {
    policy: {
      issuer: { name: "Self" },
      key_props: { kty: "RSA", key_size: 2048 },
      secret_props: { contentType: "application/x-pem-file" },
      x509_props: { subject: "CN=Contoso Orders", validity_months: 12 },
      lifetime_actions: [{ trigger: { lifetime_percentage: 80 }, action: { action_type: "EmailContacts" } }],
    },
    tags,
  });
const ours = ({ period, rowId }: ApplicationCertificateInputs) => ({ period, madeBy: rowId });

const inDays = (days: number) => new Date(Date.now() + days * 24 * 3600_000).toISOString().slice(0, 10);

describe("a certificate of the application", () => {
  it("is made in the vault and registered, beside those of others", async () => {
    const inputs = await declared();
    const foreign = { ...(await newCertificate()).keyCredential, displayName: "somebody else's" };
    await entra.graph("PATCH", `/applications/${inputs.applicationObjectId}`, { body: { keyCredentials: [foreign] } });
    const state = await create(inputs);
    const credentials = await registered(inputs);
    expect(credentials.map(({ displayName }) => displayName)).toEqual([
      "somebody else's",
      `dataverse-s2s 2026-01-01 (${inputs.rowId.slice(0, 8)})`,
    ]);
    expect(credentials[1]!.keyId).toBe(state.keyId);
    expect(state).toMatchObject({ period: "2026-01-01", retireOn: "" });
    expect(state.secretVersionUri).toMatch(`${vaultUri}secrets/${inputs.certificateName}/`);
    expect(await differs(state)).toBe(false);
    expect(await differs((await read(state))!)).toBe(false);
  });

  it("that a run which was cut off left in the making is waited for and taken", async () => {
    const inputs = await declared();
    await request(inputs, ours(inputs));
    await create(inputs);
    expect(await versions(inputs)).toHaveLength(1);
    expect(await registered(inputs)).toHaveLength(1);
  });

  it("is there once when a run was cut off after it was registered, or before", async () => {
    const inputs = await declared();
    const { keyId } = await create(inputs);
    await create(inputs);
    await entra.graph("PATCH", `/applications/${inputs.applicationObjectId}`, { body: { keyCredentials: [] } });
    await create(inputs);
    expect(await versions(inputs)).toHaveLength(1);
    expect((await registered(inputs)).map((each) => each.keyId)).toEqual([keyId]);
  });

  it("is not put over one that somebody else made", async () => {
    const inputs = await declared();
    await request(inputs, { owner: "somebody else" });
    await expect(create(inputs)).rejects.toThrow("that this stack did not make. Give the certificate another name");
    expect(await versions(inputs)).toHaveLength(1);
    expect(await registered(inputs)).toEqual([]);
  });

  it("that was deleted with its stack is recovered for the next one, with a new version", async () => {
    const inputs = await declared();
    const state = await create(inputs);
    await provider.delete!("id", state);
    expect(await registered(inputs)).toEqual([]);
    const again = await create({ ...inputs, period: "2027-01-01" });
    expect(again.certificateVersionUri).not.toBe(state.certificateVersionUri);
    expect(await registered(inputs)).toHaveLength(1);
  });

  it("has its predecessor beside it until the overlap is over, and no update before that day", async () => {
    const state = await create(await declared());
    const next = await update(state, { period: "2027-01-01" });
    expect(await registered(next)).toHaveLength(2);
    expect(next.retireOn.slice(0, 10)).toBe(inDays(7));
    expect(await differs((await read(next))!, { asOf: inDays(6) })).toBe(false);
    expect(await differs((await read(next))!, { asOf: inDays(8) })).toBe(true);

    const last = await update(next, { asOf: inDays(8) });
    expect((await registered(last)).map(({ keyId }) => keyId)).toEqual([next.keyId]);
    expect((await versions(last)).map(({ attributes }) => attributes.enabled)).toEqual([false, true]);
    expect(last.retireOn).toBe("");
    expect(await differs(last, { asOf: inDays(300) })).toBe(false);
  });

  it("is made anew with another subject, validity or key", async () => {
    const state = await create(await declared());
    for (const change of [{ subject: "CN=Contoso" }, { validityMonths: 24 }, { keySize: 3072 }])
      expect(await differs(state, change)).toBe(true);
    const next = await update(state, { subject: "CN=Contoso" });
    expect(next.certificateVersionUri).not.toBe(state.certificateVersionUri);
    expect(await differs(next)).toBe(false);
  });

  it("that somebody replaced or disabled in the vault is drift, and mended with a new one", async () => {
    const state = await create(await declared());
    await request(state, {});
    await inVault("GET", `/certificates/${state.certificateName}/pending`);
    await inVault("GET", `/certificates/${state.certificateName}/pending`);
    const drifted = (await read(state))!;
    expect(drifted.period).toBe("");
    expect(await differs(drifted, { period: state.period })).toBe(true);
    const mended = await update(drifted, { period: state.period });
    expect(await differs((await read(mended))!)).toBe(false);

    await inVault("PATCH", mended.certificateVersionUri, { attributes: { enabled: false } });
    expect((await read(mended))!.period).toBe("");
  });

  it("that does not sign in takes nothing away: the one before is removed once it does", async () => {
    const next = await update(await create(await declared()), { period: "2027-01-01" });
    const enable = (accountEnabled: boolean) =>
      entra.graph("PATCH", `/servicePrincipals(appId='${next.applicationId}')`, { body: { accountEnabled } });
    await enable(false);
    await expect(update(next, { asOf: inDays(8) })).rejects.toThrow(
      /Proving that the certificate in the vault signs in .*AADSTS7000112.* The one before it was left in place/,
    );
    expect(await registered(next)).toHaveLength(2);
    expect((await versions(next)).map(({ attributes }) => attributes.enabled)).toEqual([true, true]);
    await enable(true);
    expect(await registered(await update(next, { asOf: inDays(8) }))).toHaveLength(1);
  });

  it("keeps its predecessor for the whole overlap, whatever day the program says it was made on", async () => {
    const next = await update(await create(await declared()), { period: "2027-01-01", asOf: inDays(60) });
    expect(await registered(next)).toHaveLength(2);
  });

  it("is warned of from 14 days before it expires, in a preview and in a refresh", async () => {
    const state = await create(await declared({ validityMonths: 1 }));
    const expires = Date.parse(state.expiresOn);
    const daysBefore = (days: number) => new Date(expires - days * 24 * 3600_000).toISOString().slice(0, 10);
    warnings.length = 0;
    await differs(state, { asOf: daysBefore(16) });
    expect(warnings).toEqual([]);
    await differs(state, { asOf: daysBefore(10) });
    expect(warnings).toEqual([
      expect.stringMatching(
        /^The certificate of application object .* expires in 1[01] days, on .* and was not renewed/,
      ),
    ]);
  });

  it("goes without a complaint where application and certificate are gone already", async () => {
    const state = await create(await declared());
    await entra.graph("DELETE", `/applications/${state.applicationObjectId}`);
    await provider.delete!("id", state);
    await provider.delete!("id", state);
    expect(await provider.read!("id", state)).toEqual({ id: "" });
  });
});
