import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Administrator, administratorOf } from "../../sandbox/seed.ts";
import { type Engine, type Stack, sandboxConfig, startEngine } from "../support/engine.ts";
import { farSide } from "../support/far-side.ts";

/**
 * The engine runs on the days on which something is due, and previews on some of the others: that no other day shows a change is
 * shown for each of 400 in test/sandbox/rotation.test.ts. The consumers live through every day.
 */
let engine: Engine;
let stack: Stack;
let outputs: Outputs;
let send: ReturnType<typeof farSide>["send"];
let graph: ReturnType<typeof farSide>["graph"];
/** One of the vault's readers: the program that uses the application's secret. */
let consumer: Administrator;

interface Outputs {
  clientId: string;
  objectId: string;
  secretUri: string;
  credentialExpiresOn: string;
  nextRotationOn: string;
}

const { tenantId } = administratorOf("publisher");
const dayMilliseconds = 24 * 3600_000;
/** The time of day at which the nightly job runs, after the consumers' day began. */
const at = (day: string) => new Date(`${day}T09:00:00Z`);

beforeAll(async () => {
  engine = await startEngine();
  ({ send, graph } = farSide(engine, () => outputs.clientId));
  consumer = await newConsumer();
  stack = await engine.stack("rotation");
  await moveTo(at("2026-11-30"));
  await up();
});

afterAll(async () => {
  await engine?.close();
});

/** A principal of the publisher's tenant that has no right anywhere. */
async function newConsumer(): Promise<Administrator> {
  const { id, appId } = await graph("post", "/applications", { displayName: "Consumer" });
  const passwordCredential = { endDateTime: "2099-01-01T00:00:00Z" };
  const { secretText } = await graph("post", `/applications/${id}/addPassword`, { passwordCredential });
  const principal = await graph("post", "/servicePrincipals", { appId });
  return { tenantId, objectId: principal.id, clientId: appId, clientSecret: secretText } as Administrator;
}

/** Moves the sandbox's clock and the config's to a time; `secret` changes `application.secret`. */
async function moveTo(time: Date, secret: object = {}): Promise<void> {
  await engine.http.put(`${engine.endpoints.control}/clock`, { now: time.toISOString() });
  configure(time, secret);
}

function configure(time: Date, secret: object): void {
  const config = sandboxConfig(engine.endpoints);
  const declared = config.application as { keyVault: object };
  const keyVault = { ...declared.keyVault, readers: [consumer.objectId] };
  const application = { ...declared, keyVault, secret };
  stack.configure({ ...config, application, asOf: time.toISOString() });
}

async function up(): Promise<string> {
  const out = await stack.ok("up", "--yes", "--skip-preview");
  outputs = (await stack.outputs()) as unknown as Outputs;
  return out;
}

const settled = () => stack.ok("preview", "--expect-no-changes");

/** The newest value in the vault, as a consumer reads it. */
const newestSecret = async () =>
  (await send("https://vault.azure.net", consumer, "get", `${outputs.secretUri}?api-version=7.4`)).value as string;

/** Whether Entra lets the application in with a secret. */
async function signsIn(clientSecret: string): Promise<boolean> {
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: outputs.clientId,
    client_secret: clientSecret,
    scope: "https://graph.microsoft.com/.default",
  });
  return (await engine.http.post(`${engine.endpoints.login}/${tenantId}/oauth2/v2.0/token`, form)).status === 200;
}

const passwordNames = async () =>
  ((await graph("get", `/applications/${outputs.objectId}`)).passwordCredentials as { displayName: string }[]).map(
    ({ displayName }) => displayName.split(" ").slice(1, -1).join(" "),
  );

describe("two years, with a nightly job that updates what is due", () => {
  /** Rotations a period of 335 days apart from 2 October 2026 on, and a week after each the first night on which all had the whole week. */
  const dueDays = ["2027-09-02", "2027-09-10", "2028-08-02", "2028-08-10"];
  const sampledDays = [
    "2027-01-15",
    "2027-09-01",
    "2027-09-03",
    "2027-09-09",
    "2027-09-11",
    "2028-02-29",
    "2028-08-09",
  ];
  const refusedDays: string[] = [];
  const dueNamesBefore: Record<string, string[]> = {};

  it("change on the due days only, as sampled, and never fail a consumer of any day", async () => {
    /** Reads the vault each day; and one that does so once in seven days only. */
    let cached = "";
    for (let day = 0; day <= 730; day++) {
      const time = new Date(at("2026-12-01").getTime() + day * dayMilliseconds);
      const label = time.toISOString().slice(0, 10);
      await moveTo(time);
      const fresh = await newestSecret();
      if (day % 7 === 0) cached = fresh;
      if (!(await signsIn(fresh))) refusedDays.push(`${label}, who reads each day`);
      if (!(await signsIn(cached))) refusedDays.push(`${label}, who reads each week`);
      if (dueDays.includes(label)) {
        dueNamesBefore[label] = await passwordNames();
        const preview = await stack.run("preview", "--expect-no-changes");
        expect([label, preview.code !== 0]).toEqual([label, true]);
        expect(await up()).toMatch(/~ .*ApplicationPassword client-secret updated/);
        await settled();
        if (!(await signsIn(cached))) refusedDays.push(`${label}, after the job`);
      } else if (sampledDays.includes(label)) {
        await settled();
      }
    }
    expect(refusedDays).toEqual([]);
  }, 1_200_000);

  it("had the current secret and, in an overlap, its predecessor", async () => {
    expect(dueNamesBefore).toEqual({
      "2027-09-02": ["2026-10-02"],
      "2027-09-10": ["2026-10-02", "2027-09-02"],
      "2028-08-02": ["2027-09-02"],
      "2028-08-10": ["2027-09-02", "2028-08-02"],
    });
    expect(await passwordNames()).toEqual(["2028-08-02"]);
  });

  it("leave one enabled version in the vault, with the expiry that the stack tells", async () => {
    const versions = await send(
      "https://vault.azure.net",
      administratorOf("publisher"),
      "get",
      `${outputs.secretUri}/versions?api-version=7.4`,
    );
    const rows = versions.value as { attributes: { enabled: boolean; exp: number }; tags: { period: string } }[];
    expect(rows.map(({ attributes, tags }) => [tags.period, attributes.enabled])).toEqual([
      ["2026-10-02", false],
      ["2027-09-02", false],
      ["2028-08-02", true],
    ]);
    expect(outputs).toMatchObject({
      credentialExpiresOn: "2029-08-02T00:00:00Z",
      nextRotationOn: "2029-07-03T00:00:00Z",
    });
    expect(rows.at(-1)!.attributes.exp * 1000).toBe(Date.parse(outputs.credentialExpiresOn));
  });

  it("and a refresh finds no difference", async () => {
    await stack.ok("refresh", "--yes", "--skip-preview", "--expect-no-changes", "--run-program");
    await settled();
  });
});

describe("a year in which nobody ran anything", () => {
  it("is warned of, in the preview and in the refresh, from two weeks before the expiry on", async () => {
    const warning =
      /warning: .*The client secret of application object .* expires in 12 days, on 2029-08-02T00:00:00Z, and was not renewed\. `pulumi up` of this stack makes a new one/;
    await moveTo(at("2029-07-21"));
    expect(await stack.ok("preview")).toMatch(warning);
    expect(await stack.ok("refresh", "--yes", "--skip-preview")).toMatch(warning);
  });

  it("is warned of in the stacks of subscribers too, by the publisher's stack's name", async () => {
    const subscriber = await engine.stack("late-subscriber");
    const { endpoints } = sandboxConfig(engine.endpoints);
    const publisherStack = "organization/dataverse-s2s/rotation";
    const declare = (day: string) =>
      subscriber.configure({ publisherStack, endpoints, subscribers: {}, asOf: at(day).toISOString() });
    declare("2029-07-01");
    expect(await subscriber.ok("preview")).not.toContain("expires in");
    declare("2029-07-21");
    for (const command of ["preview", "up"]) {
      expect(await subscriber.ok(command, ...(command === "up" ? ["--yes", "--skip-preview"] : []))).toMatch(
        /warning: .*which stack organization\/dataverse-s2s\/rotation declares, expires in 12 days, on 2029-08-02T00:00:00Z/,
      );
    }
  });

  it("ends with the present period's secret, and a week later with that one only", async () => {
    await moveTo(at("2030-03-01"));
    const expired = await newestSecret();
    expect(await signsIn(expired)).toBe(false);
    await up();
    expect(await signsIn(await newestSecret())).toBe(true);
    expect(outputs.credentialExpiresOn).toBe("2030-07-03T00:00:00Z");
    await settled();
    await moveTo(at("2030-03-09"));
    await up();
    expect(await passwordNames()).toEqual(["2029-07-03"]);
    await settled();
  });
});

describe("rotateNow", () => {
  it("replaces a leaked secret in one update, and is no change when taken out", async () => {
    const leaked = await newestSecret();
    await moveTo(at("2030-03-10"), { rotateNow: "leak-1" });
    await up();
    expect([await signsIn(leaked), await signsIn(await newestSecret())]).toEqual([false, true]);
    expect(await passwordNames()).toEqual(["2029-07-03 leak-1"]);
    await settled();
    await moveTo(at("2030-03-11"));
    await settled();
  });
});
