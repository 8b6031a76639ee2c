import { X509Certificate } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { newCertificate } from "../support/certificate.ts";

interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
}

const registered: Registered[] = [];

await pulumi.runtime.setMocks(
  {
    newResource: ({ type, name, inputs }) => {
      registered.push({ type, name, inputs });
      const made = { keyId: `key of ${name}`, credentialId: `credential of ${name}` };
      return { id: `${name}-id`, state: { ...inputs, ...made } };
    },
    call: () => ({ tenantId: "tenant", objectId: "runner", subscriptionId: "subscription" }),
  },
  "dataverse-s2s",
  "test",
  false,
  "contoso",
);

const { certificatePeriod, ClientCertificate, shortestDays } = await import("../../components/client-certificate.ts");
const { FederatedCredentials } = await import("../../components/federated-credentials.ts");
const { RegisteredCertificates } = await import("../../components/registered-certificates.ts");
const { SecretVault } = await import("../../components/secret-vault.ts");
const { SubscriberAccess } = await import("../../components/subscriber-access.ts");

const settled = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => output.apply(resolve));
const resources = (type: string) => registered.filter((each) => each.type === type);

beforeEach(() => {
  registered.length = 0;
});

describe("ClientCertificate", () => {
  const place = {
    applicationObjectId: "object-id",
    applicationId: "client-id",
    vaultUri: "https://v.vault.azure.net/",
  };

  async function declaredOn(day: string, args: object = {}): Promise<Record<string, unknown>> {
    registered.length = 0;
    await settled(new ClientCertificate("certificate", { ...place, ...args, asOf: new Date(day) }).keyId);
    const [only, ...others] = resources("pulumi-nodejs:dynamic/entra:ApplicationCertificate");
    expect(others).toEqual([]);
    expect(only?.name).toBe("certificate");
    return only!.inputs;
  }

  it("declares one certificate of the present period with its defaults, and no secret input", async () => {
    const { __provider, rowId, ...inputs } = await declaredOn("2026-11-25T10:00:00Z");
    expect((__provider as string).length).toBeLessThan(700);
    expect(rowId).toMatch(/^[0-9a-f-]{36}$/);
    expect(inputs).toEqual({
      ...place,
      certificateName: "client-certificate",
      subject: "CN=dataverse-s2s",
      validityMonths: 12,
      keySize: 2048,
      period: certificatePeriod(new Date("2026-11-25"), 12, 30).label,
      overlapDays: 7,
      asOf: "2026-11-25",
    });
  });

  it("is the same all through its period, and another from the day that is told as the next rotation", async () => {
    const certificate = new ClientCertificate("told", { ...place, asOf: new Date("2026-11-25") });
    const next = new Date(await settled(certificate.nextRotationOn));
    const dayBefore = new Date(next.getTime() - 1).toISOString();
    const { period } = await declaredOn("2026-11-25");
    expect((await declaredOn(dayBefore)).period).toBe(period);
    expect((await declaredOn(next.toISOString())).period).toBe(next.toISOString().slice(0, 10));
  });

  it("has its next period before it expires, whatever the day it is made and the months it is valid", () => {
    for (const months of [2, 3, 12, 13, 24])
      for (let day = Date.UTC(2026, 0, 1); day < Date.UTC(2029, 0, 1); day += 24 * 3600_000) {
        const expires = new Date(day);
        expires.setUTCMonth(expires.getUTCMonth() + months);
        const left = expires.getTime() - certificatePeriod(new Date(day), months, 30).endsOn.getTime();
        expect(left).toBeGreaterThanOrEqual(30 * 24 * 3600_000);
      }
  });

  it("counts no more days for its months than the shortest have", () => {
    expect([1, 2, 12, 24].map(shortestDays)).toEqual([28, 58, 363, 728]);
  });
});

describe("RegisteredCertificates", () => {
  it("registers each certificate under a name of its own, with the end that it has", async () => {
    const [one, two] = [await newCertificate(), await newCertificate()];
    const certificates = [one.certificate, two.certificate];
    const both = new RegisteredCertificates("certificates", { applicationObjectId: "object-id", certificates });
    await settled(both.keyIds);
    const made = resources("azuread:index/applicationCertificate:ApplicationCertificate");
    // The SDK takes it for a secret.
    const values = made.map(({ inputs }) => (inputs.value as { value: string }).value);
    expect(values.sort()).toEqual(certificates.sort());
    expect(new Set(made.map(({ name }) => name)).size).toBe(2);
    const ends = made.map(({ inputs }) => inputs.endDate as string);
    expect(await settled(both.expiresOn)).toBe(ends.sort()[0]);
    for (const { name, inputs } of made) {
      expect(name).toMatch(/^certificates-[0-9a-f]{16}$/);
      expect(inputs).toMatchObject({
        applicationId: "/applications/object-id",
        type: "AsymmetricX509Cert",
        encoding: "pem",
        endDate: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      });
    }
  });

  it("warns from 14 days before the last of them expires", async () => {
    const warn = vi.spyOn(pulumi.log, "warn").mockResolvedValue();
    const { certificate } = await newCertificate();
    const expires = new X509Certificate(certificate).validToDate.getTime();
    const declare = (daysBefore: number) =>
      new RegisteredCertificates(`${daysBefore} days before`, {
        applicationObjectId: "object-id",
        certificates: [certificate],
        asOf: new Date(expires - daysBefore * 24 * 3600_000),
      });
    declare(15);
    expect(warn).not.toHaveBeenCalled();
    declare(14);
    expect(warn.mock.calls.map(([text]) => text)).toEqual([
      expect.stringMatching(
        /^The last certificate of '14 days before' expires in 14 days, on .*, and was not renewed\. Register/,
      ),
    ]);
    warn.mockRestore();
  });
});

describe("FederatedCredentials", () => {
  it("declares each credential by its name, for one audience", async () => {
    const issuer = "https://token.actions.githubusercontent.com";
    const federated = new FederatedCredentials("federated", {
      applicationObjectId: "object-id",
      credentials: {
        dev: { issuer, subject: "repo:contoso/orders:environment:dev" },
        cluster: { issuer: "https://cluster.example", subject: "system:serviceaccount:a:b", audience: "api://other" },
      },
    });
    expect(await settled(federated.credentialIds)).toEqual({
      dev: "credential of federated-dev",
      cluster: "credential of federated-cluster",
    });
    const made = resources(
      "azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential",
    );
    expect(made.map(({ name, inputs }) => [name, inputs])).toEqual([
      [
        "federated-dev",
        {
          applicationId: "/applications/object-id",
          displayName: "dev",
          issuer,
          subject: "repo:contoso/orders:environment:dev",
          audiences: ["api://AzureADTokenExchange"],
        },
      ],
      ["federated-cluster", expect.objectContaining({ displayName: "cluster", audiences: ["api://other"] })],
    ]);
  });
});

describe("SecretVault", () => {
  it("lets who runs the stack make certificates only where some are made there", async () => {
    const place = { resourceGroup: "rg", location: "westeurope" };
    await settled(new SecretVault("plain", place).vaultUri);
    await settled(new SecretVault("vault", { ...place, certificates: true }).vaultUri);
    const grants = resources("azure-native:authorization:RoleAssignment");
    expect(grants.map(({ name, inputs }) => [name, (inputs.roleDefinitionId as string).slice(-36)])).toEqual([
      ["plain-runner", "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"],
      ["vault-runner", "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"],
      ["vault-runner-certificates", "a4417e6f-fecd-4de8-b567-7b0420556985"],
    ]);
  });
});

describe("SubscriberAccess", () => {
  it("finds consent and proves access with the credential that is said, and no vault where none has it", async () => {
    const access = new SubscriberAccess("contoso", {
      environmentUrl: "https://contoso.crm4.dynamics.com",
      applicationId: "client-id",
      credential: "federated",
      role: { name: "Orders", privileges: { prvReadAccount: "Global" } },
    });
    await settled(access.rolesHeld);
    for (const type of ["entra:AdminConsent", "dataverse:AccessCheck"]) {
      const [only] = resources(`pulumi-nodejs:dynamic/${type}`);
      expect(only?.inputs.credential).toBe("federated");
      expect(only?.inputs).not.toHaveProperty("secretUri");
    }
  });
});
