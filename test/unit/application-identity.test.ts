import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { applicationIdentity } from "../../dynamic-providers/identities/application.ts";
import { accessCheck } from "../../dynamic-providers/lifecycles/access-check.ts";
import { adminConsent } from "../../dynamic-providers/lifecycles/admin-consent.ts";
import { newCertificate, type TestCertificate } from "../support/certificate.ts";

const applicationId = "11111111-2222-3333-4444-555555555555";
const secretUri = "https://v.vault.azure.net/secrets/client/1";

let own: TestCertificate;
let directory: string;
let file: string;

beforeAll(async () => {
  own = await newCertificate();
  directory = mkdtempSync(join(tmpdir(), "dataverse-s2s-identity-"));
  file = join(directory, "application.pem");
  writeFileSync(file, own.certificate + own.encryptedKey("open sesame"));
});
afterAll(() => rmSync(directory, { recursive: true }));

interface Given {
  credential: "clientSecret" | "certificate" | "federated";
  secretUri?: string;
  environment?: Record<string, string>;
  config?: Record<string, string>;
  /** What the vault has at `secretUri`. */
  kept?: string;
}

const identity = ({ environment = {}, config = {}, kept, ...how }: Given) =>
  applicationIdentity(
    environment,
    (key) => config[key],
    { applicationId, ...how },
    async (uri) => {
      if (uri !== secretUri || kept === undefined) throw new Error(`nothing is to be read at ${uri}`);
      return kept;
    },
  );

describe("the application signs in", () => {
  it("by the client secret that is given by name, the environment first, else by the vault's", async () => {
    const given = { DATAVERSE_S2S_CLIENT_SECRET: "one" };
    const config = { "dataverse-s2s:clientSecret": "two" };
    const by = (clientSecret: string) => ({ kind: "clientSecret", clientId: applicationId, clientSecret });
    const asked = { credential: "clientSecret", secretUri } as const;
    expect(await identity({ ...asked, environment: given, config })).toEqual({ identity: by("one"), mayBeNew: false });
    expect(await identity({ ...asked, config })).toEqual({ identity: by("two"), mayBeNew: false });
    expect(await identity({ ...asked, kept: "three" })).toEqual({ identity: by("three"), mayBeNew: true });
  });

  it("by the certificate in the vault, or in the file that is named, which comes first", async () => {
    const inVault = own.certificate + own.privateKey;
    const environment = {
      DATAVERSE_S2S_CLIENT_CERTIFICATE_PATH: file,
      DATAVERSE_S2S_CLIENT_CERTIFICATE_PASSWORD: "open sesame",
    };
    expect(await identity({ credential: "certificate", secretUri, kept: inVault })).toEqual({
      identity: { kind: "certificate", clientId: applicationId, certificate: inVault },
      mayBeNew: true,
    });
    const named = await identity({ credential: "certificate", secretUri, environment });
    expect(named).toMatchObject({ identity: { kind: "certificate", passphrase: "open sesame" }, mayBeNew: true });
  });

  it("by a federated token, of the file that is named or as the CI gives it", async () => {
    const tokenFile = "/run/token";
    const environment = { DATAVERSE_S2S_CLIENT_FEDERATED_TOKEN_FILE: tokenFile };
    const by = { kind: "federated", clientId: applicationId };
    expect(await identity({ credential: "federated", environment })).toMatchObject({ identity: { ...by, tokenFile } });
    expect((await identity({ credential: "federated" })).identity).toEqual(by);
  });
});

describe("an application that cannot sign in", () => {
  it.each([
    [{ credential: "clientSecret" }, "Set DATAVERSE_S2S_CLIENT_SECRET"],
    [{ credential: "certificate" }, "Set DATAVERSE_S2S_CLIENT_CERTIFICATE_PATH to a PEM file"],
    [{ credential: "certificate", secretUri, kept: "MIIKzgIBAzCCCoo" }, "is not PEM text. Its content type must be"],
    [
      { credential: "certificate", environment: { DATAVERSE_S2S_CLIENT_CERTIFICATE_PATH: "/nowhere.pem" } },
      "DATAVERSE_S2S_CLIENT_CERTIFICATE_PATH names a file that cannot be read (ENOENT)",
    ],
  ] as const)("with %j says what to do", async (given, expected) => {
    await expect(identity(given)).rejects.toThrow(expected);
  });

  it("has nothing of what was read in the message", async () => {
    const kept = own.certificate + (await newCertificate()).privateKey;
    const failure = await identity({ credential: "certificate", secretUri, kept }).catch((error: Error) => error);
    expect((failure as Error).message).toBe(`${secretUri} does not belong to the private key`);
    const environment = { DATAVERSE_S2S_CLIENT_CERTIFICATE_PATH: file };
    await expect(identity({ credential: "certificate", environment })).rejects.toThrow(
      "DATAVERSE_S2S_CLIENT_CERTIFICATE_PASSWORD is missing: the private key is encrypted",
    );
  });
});

describe.each([
  ["AccessCheck", accessCheck],
  ["AdminConsent", adminConsent],
])("%s in the state of an older version, which knew client secrets only,", (_name, lifecycle) => {
  const provider = lifecycle({ config: () => undefined, environment: {}, say: () => {}, warn: () => {} });
  const before = {
    subscriber: "contoso",
    environmentUrl: "https://contoso.crm4.dynamics.com",
    applicationId,
    secretUri,
    userId: applicationId,
    roleIds: [],
    privileges: {},
    mode: "require",
    waitMinutes: 30,
    rowId: applicationId,
    working: true,
  };
  const diffTo = async (changes: object) => {
    const { inputs } = await provider.check!(before as never, { ...before, ...changes } as never);
    return provider.diff!("id", before as never, inputs as never);
  };

  it("is neither updated nor replaced", async () => {
    expect(await diffTo({})).toMatchObject({ changes: false, replaces: [] });
    expect(await diffTo({ credential: "clientSecret" })).toMatchObject({ changes: false, replaces: [] });
  });

  it("is updated in place when the credential becomes another", async () => {
    expect(await diffTo({ credential: "federated", secretUri: undefined })).toMatchObject({
      changes: true,
      replaces: [],
    });
  });
});
