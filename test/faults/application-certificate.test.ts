import { expect } from "vitest";
import { accessToken } from "../../dynamic-providers/entra/tokens.ts";
import { type Scenario, sweep } from "../support/fault-sweep.ts";
import type { Row, World } from "../support/fault-world.ts";

const rowId = "ce470000-0000-4000-8000-000000000001";
const inDays = (days: number) => new Date(Date.now() + days * 24 * 3600_000).toISOString().slice(0, 10);

/** The certificate's versions that can be used, newest first. */
async function enabledVersions({ vault }: World) {
  const kept = (await vault("GET", "/certificates/orders-certificate/versions"))?.value ?? [];
  const versions = kept as { id: string; attributes: { enabled: boolean }; tags: { period: string } }[];
  return versions.filter(({ attributes }) => attributes.enabled).reverse();
}

/** Whether the application can sign in with a version of the certificate. */
async function signsIn({ vault, sandbox, applicationId }: World, id: string): Promise<boolean> {
  const secret = await vault("GET", new URL(id.replace("/certificates/", "/secrets/")).pathname);
  const identity = { kind: "certificate", clientId: applicationId, certificate: secret!.value as string } as const;
  const { loginUrl, tenantId } = { loginUrl: sandbox.endpoints.login, tenantId: sandbox.administrator.tenantId };
  const signIn = { identity, loginUrl, tenantId, resource: "https://graph.microsoft.com" };
  return accessToken(signIn, { fresh: true }).then(
    () => true,
    () => false,
  );
}

/** The application's certificates by name; the vault's versions by their period, and whether each signs in. */
async function look(world: World) {
  const application = await world.graph("GET", `/applications/${world.applicationObjectId}`, undefined, "publisher");
  const registered = application!.keyCredentials as { displayName: string }[];
  const enabled = await enabledVersions(world);
  return {
    registered: registered.map(({ displayName }) => displayName).sort(),
    enabled: enabled.map(({ tags }) => tags.period).sort(),
    signIn: await Promise.all(enabled.map(({ id }) => signsIn(world, id))),
    recoverable: (await world.vault("GET", "/deletedcertificates/orders-certificate")) !== undefined,
  };
}

const period =
  (label: string, changes: Row = {}) =>
  (world: World) => ({
    applicationObjectId: world.applicationObjectId,
    applicationId: world.applicationId,
    vaultUri: world.vaultUri,
    certificateName: "orders-certificate",
    subject: "CN=Contoso Orders",
    validityMonths: 12,
    keySize: 2048,
    period: label,
    overlapDays: 7,
    asOf: inDays(0),
    rowId,
    ...changes,
  });
const overlapIsOver = { asOf: inDays(8) };

const nothing = { registered: [], enabled: [], signIn: [], recoverable: false };
const withPeriods = (...labels: string[]) => ({
  registered: labels.map((label) => `dataverse-s2s ${label} (ce470000)`),
  enabled: labels,
  signIn: labels.map(() => true),
  recoverable: false,
});
const softDeleted = { ...nothing, recoverable: true };

/** Some version of the certificate signs in. The newest does once it is registered, which can only be after it was made. */
const always = async (world: World) => {
  const versions = await enabledVersions(world);
  expect(await Promise.all(versions.map(({ id }) => signsIn(world, id)))).toContain(true);
};

const renewed: Scenario = {
  name: "a certificate, renewed when its period ends",
  type: "ApplicationCertificate",
  declared: period("first"),
  changed: period("second"),
  look,
  expected: {
    before: nothing,
    made: withPeriods("first"),
    changed: withPeriods("first", "second"),
    deleted: softDeleted,
  },
  always,
};

const retired: Scenario = {
  name: "a renewed certificate, when the overlap with its predecessor is over",
  type: "ApplicationCertificate",
  operations: ["update", "delete", "given-up update"],
  earlier: period("first"),
  declared: period("second"),
  changed: period("second", overlapIsOver),
  look,
  expected: {
    before: nothing,
    made: withPeriods("first", "second"),
    changed: withPeriods("second"),
    deleted: softDeleted,
  },
  always,
};

sweep([renewed, retired]);
