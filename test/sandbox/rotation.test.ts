import { readFileSync } from "node:fs";
import tls from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { passwordStack, type Schedule } from "../support/password-stack.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";

const dayMilliseconds = 24 * 3600_000;
const yearly: Schedule = { lifetimeYears: 1, renewBeforeDays: 30, overlapDays: 7 };
const at = (day: string, time = "09:00:00") => new Date(`${day}T${time}Z`);

let sandbox: TestSandbox;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  tls.setDefaultCACertificates([...tls.getCACertificates(), readFileSync(sandbox.authorityPath, "utf8")]);
});
afterAll(() => sandbox.close());
afterEach(() => {
  vi.doUnmock("../../dynamic-providers/http.ts");
  sandbox.context.store.setClock(new Date());
});

describe("daily previews, with an update whenever one shows a change", () => {
  /** The days from the first on which a preview showed a change. */
  async function changedDays(schedule: Schedule, first: string, days: number): Promise<string[]> {
    const stack = await passwordStack(sandbox);
    await stack.up(at(first), schedule);
    const changed: string[] = [];
    for (let day = 0; day < days; day++) {
      const time = new Date(at(first).getTime() + day * dayMilliseconds);
      if (!(await stack.preview(time, schedule))) continue;
      changed.push(time.toISOString().slice(0, 10));
      await stack.up(time, schedule);
    }
    return changed;
  }

  it.each<[string, Schedule, string[]]>([
    ["a year, renewed 30 days before", yearly, ["2027-09-02", "2027-09-10"]],
    ["two years", { ...yearly, lifetimeYears: 2 }, ["2027-11-01", "2027-11-09"]],
    [
      "half a year of use and a month of overlap",
      { lifetimeYears: 1, renewBeforeDays: 180, overlapDays: 30 },
      ["2027-01-15", "2027-02-15", "2027-07-19", "2027-08-19"],
    ],
  ])("show changes in 400 days on exactly the due days: %s", async (_what, schedule, expected) => {
    expect(await changedDays(schedule, "2026-12-01", 400)).toEqual(expected);
  });

  it("show none on the days of a rotation's own overlap, however late in the day it was made", async () => {
    const stack = await passwordStack(sandbox);
    await stack.up(at("2027-09-01"), yearly);
    await stack.up(at("2027-09-02", "23:59:59"), yearly);
    expect(await stack.preview(at("2027-09-09", "23:59:59"), yearly)).toBe(false);
    expect(await stack.preview(at("2027-09-10", "00:00:00"), yearly)).toBe(true);
  });
});

describe("a rotation", () => {
  it("leaves the predecessor for the overlap, then disables its version and removes it", async () => {
    const stack = await passwordStack(sandbox);
    await stack.up(at("2027-09-01"), yearly);
    const before = await stack.secret();
    const rotated = await stack.up(at("2027-09-02"), yearly);
    const after = await stack.secret();
    expect(after).not.toBe(before);
    expect(await stack.passwords()).toEqual([
      "dataverse-s2s 2026-10-02 (1a2b3c4d)",
      "dataverse-s2s 2027-09-02 (1a2b3c4d)",
    ]);
    expect(await stack.enabledVersions()).toEqual([true, true]);
    expect(Date.parse(rotated.retireOn)).toBeGreaterThanOrEqual(at("2027-09-09").getTime());
    expect([await stack.signsIn(before), await stack.signsIn(after)]).toEqual([true, true]);

    const retired = await stack.up(at("2027-09-10"), yearly);
    expect(retired).toMatchObject({ retireOn: "", secretVersionUri: rotated.secretVersionUri });
    expect(await stack.passwords()).toEqual(["dataverse-s2s 2027-09-02 (1a2b3c4d)"]);
    expect(await stack.enabledVersions()).toEqual([false, true]);
    expect([await stack.signsIn(before), await stack.signsIn(after)]).toEqual([false, true]);
  });

  it("says in the vault what each version is: expiry, credential and period", async () => {
    const stack = await passwordStack(sandbox);
    const { keyId, applicationObjectId } = await stack.up(at("2027-09-02"), { ...yearly, rotateNow: "drill" });
    const { data } = await stack.vault("GET", "/secrets/client-secret");
    expect(data.tags).toEqual({ keyId, applicationObjectId, period: "2027-09-02", rotateNow: "drill" });
    expect(data.attributes.exp).toBe(Date.parse("2028-09-01T00:00:00Z") / 1000);
  });

  it("that is years late ends with the present period's secret, and with the full overlap for what was there", async () => {
    const stack = await passwordStack(sandbox);
    await stack.up(at("2026-12-01"), yearly);
    const state = await stack.up(at("2029-12-01"), yearly);
    expect(state.period).toBe("2029-07-03");
    expect(Date.parse(state.retireOn)).toBeGreaterThanOrEqual(at("2029-12-08").getTime());
    expect(await stack.signsIn(await stack.secret())).toBe(true);
    expect(await stack.preview(at("2029-12-08"), yearly)).toBe(false);
    await stack.up(at("2029-12-09"), yearly);
    expect(await stack.passwords()).toEqual(["dataverse-s2s 2029-07-03 (1a2b3c4d)"]);
  });

  it("touches no credential and no version that it did not make", async () => {
    const stack = await passwordStack(sandbox);
    const theirs = { passwordCredential: { displayName: "made by hand" } };
    await stack.entra.graph("POST", `/applications/${stack.application.id}/addPassword`, { body: theirs });
    await stack.up(at("2027-09-01"), yearly);
    await stack.vault("PUT", "/secrets/client-secret", { value: "typed-in-by-hand" });
    await stack.refresh(at("2027-09-01"));
    await stack.up(at("2027-09-02"), yearly);
    await stack.up(at("2027-09-10"), yearly);
    expect(await stack.passwords()).toEqual(["made by hand", "dataverse-s2s 2027-09-02 (1a2b3c4d)"]);
    expect(await stack.enabledVersions()).toEqual([false, true, true]);
  });

  it("removes nothing while the secret in the vault does not let the application in", async () => {
    const stack = await passwordStack(sandbox);
    await stack.up(at("2027-09-01"), yearly);
    await stack.up(at("2027-09-02"), yearly);
    const { data } = await stack.entra.graph("GET", `/servicePrincipals(appId='${stack.application.appId}')`);
    await stack.entra.graph("PATCH", `/servicePrincipals/${data.id}`, { body: { accountEnabled: false } });
    await expect(stack.up(at("2027-09-10"), yearly)).rejects.toThrow(
      /^Proving that the client secret in the vault signs in for application object .* failed: .*AADSTS7000112.* was left in place/,
    );
    expect(await stack.passwords()).toHaveLength(2);
    expect(await stack.enabledVersions()).toEqual([true, true]);
  });

  it("takes Entra's times as they come: digits after the second are no difference", async () => {
    const stack = await passwordStack(sandbox);
    await stack.up(at("2027-09-02"), yearly);
    for (const application of sandbox.context.store
      .collection<{ appId: string; passwordCredentials: { startDateTime: string; endDateTime: string }[] }>(
        "applications",
      )
      .values()) {
      for (const credential of application.passwordCredentials) {
        credential.endDateTime = credential.endDateTime.replace(/(\.\d+)?Z$/, ".0000000Z");
        credential.startDateTime = credential.startDateTime.replace(/(\.\d+)?Z$/, ".1234567Z");
      }
    }
    const { data } = await stack.entra.graph("GET", `/applications/${stack.application.id}`);
    expect(data.passwordCredentials[0].endDateTime).toBe("2028-09-01T00:00:00.0000000Z");
    await stack.refresh(at("2027-09-03"));
    expect(await stack.preview(at("2027-09-03"), yearly)).toBe(false);
  });
});

describe("rotateNow", () => {
  const leaked: Schedule = { ...yearly, rotateNow: "leak-1" };

  it("makes a new secret at once and removes the old one in the same update; taken out again it changes nothing", async () => {
    const stack = await passwordStack(sandbox);
    await stack.up(at("2027-03-01"), yearly);
    const before = await stack.secret();
    expect(await stack.preview(at("2027-03-02"), leaked)).toBe(true);
    await stack.up(at("2027-03-02"), leaked);
    expect(await stack.signsIn(before)).toBe(false);
    expect(await stack.signsIn(await stack.secret())).toBe(true);
    expect(await stack.passwords()).toEqual(["dataverse-s2s 2026-10-02 leak-1 (1a2b3c4d)"]);
    expect(await stack.enabledVersions()).toEqual([false, true]);
    expect(await stack.preview(at("2027-03-03"), leaked)).toBe(false);
    expect(await stack.preview(at("2027-03-03"), yearly)).toBe(false);
  });

  it("in an overlap removes the predecessor too", async () => {
    const stack = await passwordStack(sandbox);
    await stack.up(at("2027-09-01"), yearly);
    await stack.up(at("2027-09-02"), yearly);
    await stack.up(at("2027-09-03"), leaked);
    expect(await stack.passwords()).toEqual(["dataverse-s2s 2027-09-02 leak-1 (1a2b3c4d)"]);
    expect(await stack.enabledVersions()).toEqual([false, false, true]);
  });

  it.each([
    ["left in", leaked],
    ["taken out", yearly],
  ])("%s gives the next period's rotation its overlap", async (_how, then) => {
    const stack = await passwordStack(sandbox);
    await stack.up(at("2027-03-01"), leaked);
    const before = await stack.secret();
    await stack.up(at("2027-09-02"), then);
    expect(await stack.signsIn(before)).toBe(true);
    await stack.up(at("2027-09-10"), then);
    expect(await stack.signsIn(before)).toBe(false);
    expect(await stack.passwords()).toHaveLength(1);
  });
});

describe("a run that is cut off", () => {
  /** Makes the n-th request of the next runs fail, before or after it took effect; gives how many there were. */
  function cutOffAt(nth: number, after: boolean): () => number {
    let count = 0;
    vi.doMock("../../dynamic-providers/http.ts", async (original) => {
      const http = await original<typeof import("../../dynamic-providers/http.ts")>();
      const send: typeof http.send = async (request) => {
        if (++count < nth) return http.send(request);
        if (count === nth && after) await http.send(request);
        throw new http.NoAnswer(request, "cut off");
      };
      return { ...http, send };
    });
    return () => count;
  }

  interface Stage {
    readonly stage: string;
    /** Days of the updates before it. */
    readonly before: string[];
    readonly day: string;
    readonly label?: string;
    /** What somebody wrote into the vault before it. */
    readonly foreign?: string;
    /** What there is after it: passwords, and enabled versions. */
    readonly passwords: number;
    readonly versions: number;
  }
  const stages: Stage[] = [
    { stage: "the first secret", before: [], day: "2027-09-01", passwords: 1, versions: 1 },
    { stage: "a rotation", before: ["2027-09-01"], day: "2027-09-02", passwords: 2, versions: 2 },
    { stage: "a retirement", before: ["2027-09-01", "2027-09-02"], day: "2027-09-10", passwords: 1, versions: 1 },
    { stage: "rotateNow", before: ["2027-09-01"], day: "2027-09-01", label: "leak-1", passwords: 1, versions: 1 },
    {
      stage: "another value in the vault",
      before: ["2027-09-01"],
      day: "2027-09-01",
      foreign: "x",
      passwords: 1,
      versions: 2,
    },
  ];

  it.each(
    stages.flatMap((stage) => [
      { ...stage, after: false },
      { ...stage, after: true },
    ]),
  )(
    "at any request of $stage (after its effect: $after) is taken up by the next one",
    async ({ before, day, label, foreign, after, passwords, versions }) => {
      const schedule: Schedule = label ? { ...yearly, rotateNow: label } : yearly;
      let nth = 0;
      for (let done = false; !done; ) {
        nth++;
        const stack = await passwordStack(sandbox);
        for (const earlier of before) await stack.up(at(earlier), yearly);
        if (foreign) {
          await stack.vault("PUT", "/secrets/client-secret", { value: foreign });
          await stack.refresh(at(day));
        }
        const requests = cutOffAt(nth, after);
        const failure = await stack.up(at(day), schedule).catch((error: Error) => error);
        done = requests() < nth;
        expect(failure instanceof Error, `request ${nth}`).toBe(!done);
        vi.doUnmock("../../dynamic-providers/http.ts");
        await stack.up(at(day, "10:00:00"), schedule);
        expect(await stack.passwords(), `request ${nth}`).toHaveLength(passwords);
        expect((await stack.enabledVersions()).filter(Boolean), `request ${nth}`).toHaveLength(versions);
        expect(await stack.signsIn(await stack.secret()), `request ${nth}`).toBe(true);
        expect(await stack.preview(at(day, "10:00:00"), schedule), `request ${nth}`).toBe(false);
      }
      expect(nth).toBeGreaterThan(5);
    },
    60_000,
  );
});
