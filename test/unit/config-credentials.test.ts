import { beforeAll, describe, expect, it, vi } from "vitest";
import { checkConfig } from "../../config.ts";
import { newCertificate, type TestCertificate } from "../support/certificate.ts";

const keyVault = { resourceGroup: "rg-orders", location: "westeurope" };
const github = {
  issuer: "https://token.actions.githubusercontent.com",
  subject: "repo:contoso/orders:ref:refs/heads/a",
};

let own: TestCertificate;
beforeAll(async () => {
  own = await newCertificate();
});

/** The config of a publisher with these credentials. */
const configOf = (credentials: object) => ({
  application: {
    displayName: "Contoso Orders",
    contactEmail: "support@contoso.example",
    signOnUrl: "https://contoso.example",
    redirectUris: ["https://contoso.example/consented"],
    ...credentials,
  },
  role: { name: "Contoso Orders Integration", privileges: { prvReadAccount: "Global" } },
});

function problems(credentials: object): string[] {
  const checked = checkConfig(configOf(credentials), "dev");
  return "problems" in checked ? checked.problems.map(({ path, reason }) => `${path} ${reason}`) : [];
}

function application(credentials: object) {
  const checked = checkConfig(configOf(credentials), "dev");
  if ("problems" in checked) throw new Error(JSON.stringify(checked.problems));
  return checked.config.application!;
}

describe("the application's credentials in stack config", () => {
  it("are a client secret unless another is declared, and then only with one", () => {
    expect(application({ keyVault }).secret).toEqual({ lifetimeYears: 1, overlapDays: 7, renewBeforeDays: 30 });
    expect(application({ federatedCredentials: { dev: github } }).secret).toBeUndefined();
    expect(application({ certificate: { pem: own.certificate } }).secret).toBeUndefined();
    expect(application({ keyVault, secret: {}, federatedCredentials: { dev: github } }).secret).toMatchObject({
      lifetimeYears: 1,
    });
  });

  it("need a Key Vault only for what is kept or made there", () => {
    const missing = "application.keyVault is missing";
    expect(problems({ federatedCredentials: { dev: github } })).toEqual([]);
    expect(problems({ certificate: { pem: own.certificate } })).toEqual([]);
    expect(problems({ certificate: { keyVault: {} } })).toEqual([`${missing}: the certificate is made there`]);
    for (const credentials of [{}, { secret: {}, federatedCredentials: { dev: github } }])
      expect(problems(credentials)).toEqual([expect.stringContaining(`${missing}: the client secret is kept there`)]);
  });
});

describe("a certificate in stack config", () => {
  it("is made in Key Vault with defaults", () => {
    expect(application({ keyVault, certificate: { keyVault: {} } }).certificate?.keyVault).toEqual({
      name: "client-certificate",
      subject: "CN=dataverse-s2s",
      validityMonths: 12,
      renewBeforeDays: 30,
      keySize: 2048,
    });
  });

  it("is read from PEM text, one or more, also where its lines are written as \\n", async () => {
    const other = await newCertificate();
    const pem = own.certificate + other.certificate.replaceAll("\n", "\\n");
    expect(application({ certificate: { pem } }).certificate?.pem).toHaveLength(2);
  });

  it.each([
    ["keyVault", { name: "under_score" }, "must be 1 to 127 letters, digits and hyphens"],
    ["keyVault", { subject: "Contoso" }, "must be a distinguished name"],
    ["keyVault", { validityMonths: 61 }, "must be at most 60"],
    ["keyVault", { validityMonths: 1 }, "leaves no time: renewBeforeDays must be less"],
    ["keyVault", { keySize: 1024 }, "must be 2048, 3072 or 4096"],
    ["keyVault", { validityMonths: 3, renewBeforeDays: 90 }, "leaves no time: renewBeforeDays must be less"],
    ["keyVault", { keyType: "EC" }, "is not a known setting"],
    ["pem", "hello", "has no certificate: it must be PEM text"],
    ["pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "has a certificate that cannot be read"],
  ])("refuses %s: %j", (kind, value, expected) => {
    const found = problems({ keyVault, certificate: { [kind]: value } });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`application.certificate.${kind}`);
    expect(found[0]).toContain(expected);
  });

  it("is one of the two kinds", () => {
    const reason = "application.certificate must have either pem or keyVault (keyVault: {} takes its defaults)";
    expect(problems({ keyVault, certificate: {} })).toEqual([reason]);
    expect(problems({ keyVault, certificate: { pem: own.certificate, keyVault: {} } })).toEqual([reason]);
  });

  it("with its private key is refused, and nothing of the key is shown", () => {
    for (const key of [own.privateKey, own.encryptedKey("open sesame"), own.privateKey.replaceAll("\n", "\\n")]) {
      const [found, ...others] = problems({ certificate: { pem: own.certificate + key } });
      expect(others).toEqual([]);
      expect(found).toBe(
        "application.certificate.pem has a private key: give the certificate alone, and make a new pair where this one was shared",
      );
    }
  });

  it("that has expired, or has no RSA key, is refused", async () => {
    const { certificate } = await newCertificate("EC");
    expect(problems({ certificate: { pem: certificate } })).toEqual([
      "application.certificate.pem must have an RSA key: Entra takes signatures of no other kind",
    ]);
    vi.setSystemTime(Date.now() + 2 * 86_400_000);
    try {
      const [found] = problems({ certificate: { pem: own.certificate } });
      expect(found).toContain("application.certificate.pem has a certificate that expired on ");
    } finally {
      vi.useRealTimers();
    }
  });

  it("has another name than the client secret in the same vault", () => {
    expect(problems({ keyVault, secret: {}, certificate: { keyVault: { name: "client-secret" } } })).toEqual([
      "application.certificate.keyVault.name is the name of the client secret in the same vault: choose another",
    ]);
  });
});

describe("federated credentials in stack config", () => {
  it("have Entra's recommended audience unless they name one", () => {
    const { federatedCredentials } = application({
      federatedCredentials: { dev: github, own: { ...github, subject: "s", audience: "api://other" } },
    });
    expect(federatedCredentials).toEqual({
      dev: { ...github, audience: "api://AzureADTokenExchange" },
      own: { ...github, subject: "s", audience: "api://other" },
    });
  });

  it.each([
    ["dev", { ...github, issuer: "http://cluster.example" }, "dev.issuer must be an https:// address"],
    ["dev", { issuer: github.issuer }, "dev.subject is missing"],
    ["dev", { ...github, subject: "x".repeat(601) }, "dev.subject must have at most 600 characters"],
    ["dev", { ...github, audiences: [] }, "dev.audiences is not a known setting"],
    ["a b", github, "a b must have 3 to 120 letters"],
  ])("are refused: %s: %j", (name, credential, expected) => {
    expect(problems({ federatedCredentials: { [name]: credential } })).toEqual([
      expect.stringContaining(`application.federatedCredentials.${expected}`),
    ]);
  });

  it("are at least one and at most 20, and no two for the same token", () => {
    const many = Object.fromEntries(
      Array.from({ length: 21 }, (_, n) => [`number-${n}`, { ...github, subject: `${n}` }]),
    );
    const path = "application.federatedCredentials";
    expect(problems({ federatedCredentials: many })).toEqual([`${path} must have at most 20 credentials`]);
    expect(problems({ federatedCredentials: {} })).toEqual([`${path} must have at least one credential`]);
    expect(problems({ federatedCredentials: { one: github, two: github } })).toEqual([
      `${path}.two has the issuer and subject of 'one': Entra takes each pair once`,
    ]);
  });
});

it("tells everything that is wrong with the credentials at once", () => {
  expect(
    problems({
      certificate: { keyVault: { subject: "Contoso" } },
      federatedCredentials: { one: github, two: github, three: { issuer: "x" } },
    }),
  ).toEqual([
    expect.stringContaining("certificate.keyVault.subject"),
    expect.stringContaining("federatedCredentials.three.issuer"),
    expect.stringContaining("federatedCredentials.three.subject"),
    expect.stringContaining("application.keyVault is missing"),
    expect.stringContaining("federatedCredentials.two has the issuer"),
  ]);
});
