import { expect } from "vitest";
import { type Scenario, sweep } from "../support/fault-sweep.ts";
import type { Row, World } from "../support/fault-world.ts";

const rowId = "5ec4e700-0000-4000-8000-000000000001";
const path = "/secrets/client-secret";
const inDays = (days: number) => new Date(Date.now() + days * 24 * 3600_000).toISOString().slice(0, 10);

/** Whether the application can sign in with what the vault gives a consumer now; undefined where it gives nothing. */
async function signsIn(world: World): Promise<boolean | undefined> {
  const secret = await world.vault("GET", path);
  return secret && world.signsIn(secret.value as string);
}

/** The application's passwords by name, with the one that somebody else added; the vault's versions, by the period they are for. */
async function look(world: World) {
  const application = await world.graph("GET", `/applications/${world.applicationObjectId}`, undefined, "publisher");
  const passwords = application!.passwordCredentials as { displayName: string | null }[];
  const kept = (await world.vault("GET", `${path}/versions`))?.value ?? [];
  const enabled = (kept as { attributes: { enabled: boolean }; tags?: { period?: string } }[]).filter(
    ({ attributes }) => attributes.enabled,
  );
  return {
    passwords: passwords.map(({ displayName }) => displayName?.replace(/-[0-9a-f]{8}\)$/, ")") ?? null).sort(),
    enabled: enabled.map(({ tags }) => tags?.period).sort(),
    signsIn: await signsIn(world),
    recoverable: (await world.vault("GET", "/deletedsecrets/client-secret")) !== undefined,
  };
}

const period =
  (label: string, changes: Row = {}) =>
  (world: World) => ({
    applicationObjectId: world.applicationObjectId,
    applicationId: world.applicationId,
    vaultUri: world.vaultUri,
    secretName: "client-secret",
    period: label,
    expiresOn: "2099-01-01T00:00:00Z",
    asOf: inDays(0),
    rowId,
    ...changes,
  });
const overlapIsOver = { asOf: inDays(8) };

const nothing = { passwords: [null], enabled: [], signsIn: undefined, recoverable: false };
const withPeriods = (...labels: string[]) => ({
  ...nothing,
  passwords: [...labels.map((label) => `dataverse-s2s ${label} (5ec4e700)`), null],
  enabled: labels.map((label) => label.split(" ")[0]),
  signsIn: true,
});
const softDeleted = { ...nothing, recoverable: true };

/** No consumer notices anything, whatever happens to the run. */
const always = async (world: World) => expect(await signsIn(world)).toBe(true);

const renewed: Scenario = {
  name: "a client secret, renewed when its period ends",
  type: "ApplicationPassword",
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
  name: "a renewed client secret, when the overlap with its predecessor is over",
  type: "ApplicationPassword",
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

const leaked: Scenario = {
  name: "a client secret with rotateNow after a leak",
  type: "ApplicationPassword",
  operations: ["update", "given-up update"],
  declared: period("first"),
  changed: period("first", { rotateNow: "leak-1" }),
  look,
  expected: {
    before: nothing,
    made: withPeriods("first"),
    changed: withPeriods("first leak-1"),
    deleted: softDeleted,
  },
  always,
};

const recovered: Scenario = {
  name: "a client secret under a name that was soft-deleted in the vault",
  type: "ApplicationPassword",
  operations: ["create"],
  async prepare({ vault }) {
    await vault("PUT", path, { value: "by hand" });
    await vault("DELETE", path);
  },
  declared: period("first"),
  changed: period("first"),
  look,
  expected: {
    before: softDeleted,
    made: { ...withPeriods("first"), enabled: ["first", undefined] },
    changed: undefined,
  },
  always,
};

sweep([renewed, retired, leaked, recovered]);
