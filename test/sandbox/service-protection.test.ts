import type { AxiosResponse } from "axios";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { defaultSeed } from "../../sandbox/seed.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";
import { type DataverseClient, dataverseClient, type Principal } from "./dataverse-client.ts";

let sandbox: TestSandbox;
let client: DataverseClient;
let other: Principal;

const control = (method: string, path: string, data?: unknown) =>
  sandbox.http.request({ method, url: `${sandbox.endpoints.control}${path}`, data });
const platform = {
  enforced: true,
  requests: 6000,
  executionMilliseconds: 1_200_000,
  concurrentRequests: 52,
  windowSeconds: 300,
  requestMilliseconds: 0,
};

/** Moves the sandbox's clock, by which the window slides. */
async function pass(seconds: number): Promise<void> {
  const now = Date.parse((await control("GET", "/clock")).data.now) + seconds * 1000;
  await control("PUT", "/clock", { now: new Date(now).toISOString() });
}

async function limit(limits: object): Promise<void> {
  expect((await control("PUT", "/limits/contoso-dev", limits)).status).toBe(200);
}

const ask = (as?: Principal) => client.send("GET", "WhoAmI", undefined, { as });
const askTimes = async (count: number) => {
  const statuses: number[] = [];
  for (let n = 0; n < count; n++) statuses.push((await ask()).status);
  return statuses;
};
const refusal = ({ status, data, headers }: AxiosResponse) => [
  status,
  data.error?.code,
  data.error?.message,
  headers["retry-after"],
];
const burst = ({ headers }: AxiosResponse) => headers["x-ms-ratelimit-burst-remaining-xrm-requests"];
const time = ({ headers }: AxiosResponse) => headers["x-ms-ratelimit-time-remaining-xrm-requests"];

beforeAll(async () => {
  const [publisher] = defaultSeed.tenants;
  const second = { name: "contoso-test", friendlyName: "Contoso Orders (test)" };
  const organizations = [...publisher!.organizations, second];
  sandbox = await startTestSandbox({ seed: { tenants: [{ ...publisher!, organizations }] } });
  client = dataverseClient(sandbox);
  other = await client.user("Other", {});
});
afterAll(() => sandbox.close());
beforeEach(async () => {
  await limit(platform);
  await pass(301);
});

describe("D10: the number of requests of a user in the window", () => {
  test("is 6000 in 300 s: the next is 429 0x80072322 until the oldest has left", async () => {
    await limit({ requests: 3 });
    expect(await askTimes(2)).toEqual([200, 200]);
    await pass(100);
    expect(await askTimes(1)).toEqual([200]);
    const message = "Number of requests exceeded the limit of 3 over time window of 300 seconds.";
    // The refused one counts too: two have to leave until there is room for the next.
    expect(refusal(await ask())).toEqual([429, "0x80072322", message, "200"]);
    await pass(199);
    expect((await ask()).status).toBe(429);
    await pass(301);
    expect(await askTimes(3)).toEqual([200, 200, 200]);
  });

  test("lets the request pass for which the client waits as long as it is told", async () => {
    await limit({ requests: 3 });
    await askTimes(3);
    for (let n = 0; n < 10; n++) {
      const refused = await ask();
      expect(refused.status).toBe(429);
      await pass(Number(refused.headers["retry-after"]));
      expect((await ask()).status).toBe(200);
      await askTimes(2);
    }
  });

  test("makes those wait longer who do not wait", async () => {
    await limit({ requests: 3 });
    await askTimes(3);
    await pass(200);
    expect((await ask()).headers["retry-after"]).toBe("100");
    expect(await askTimes(2)).toEqual([429, 429]);
    expect((await ask()).headers["retry-after"]).toBe("300");
  });

  test("is the platform's unless told, and counts down in a header", async () => {
    expect((await control("GET", "/limits")).data["contoso-dev"]).toEqual(platform);
    expect(burst(await ask())).toBe("5999");
    expect(burst(await ask())).toBe("5998");
    expect(burst(await client.send("GET", "roles(1)")), "a refused request counts").toBe("5997");
    await pass(301);
    expect(burst(await ask())).toBe("5999");
  });
});

describe("D10: the execution time of a user's requests in the window", () => {
  const message =
    "Combined execution time of incoming requests exceeded limit of 2,000 milliseconds over time window of 300 seconds. " +
    "Decrease number of concurrent requests or reduce the duration of requests and try again later.";

  test("is 1,200,000 ms in 300 s: the next is 429 0x80072321 until enough of it has left", async () => {
    await limit({ executionMilliseconds: 2_000, requestMilliseconds: 750 });
    await askTimes(2);
    await pass(100);
    await askTimes(1);
    const refused = await ask();
    const wait = Number(refused.headers["retry-after"]);
    expect(refusal(refused).slice(0, 3)).toEqual([429, "0x80072321", message]);
    expect(wait, "200 without the time that the test takes").toBeGreaterThan(190);
    expect(wait).toBeLessThanOrEqual(200);
    await pass(wait);
    expect((await ask()).status).toBe(200);
  });

  test("adds up for requests at the same time, and counts down in a header, in seconds", async () => {
    expect(time(await ask())).toBe("1,200.00");
    await limit({ executionMilliseconds: 1_200, requestMilliseconds: 450 });
    await Promise.all([ask(), ask(), ask()]);
    const refused = await ask();
    expect(refusal(refused).slice(0, 2)).toEqual([429, "0x80072321"]);
    expect([time(refused), burst(refused)]).toEqual(["0.00", "5995"]);
    await limit(platform);
    expect(time(await ask())).toMatch(/^1,198\.\d\d$/);
  });
});

describe("D10: the requests of a user at the same time", () => {
  test("are 52: one more is 429 0x80072326 at once", async () => {
    await limit({ requestMilliseconds: 400 });
    const answers = await Promise.all(Array.from({ length: 53 }, () => ask()));
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.map(refusal)).toEqual([
      [429, "0x80072326", "Number of concurrent requests exceeded the limit of 52.", "1"],
    ]);
  });

  test("make room when they end", async () => {
    await limit({ concurrentRequests: 1, requestMilliseconds: 20 });
    expect(await askTimes(3)).toEqual([200, 200, 200]);
  });
});

describe("D10: the limits", () => {
  test("are for each user and each environment alone", async () => {
    await limit({ requests: 1 });
    expect(await askTimes(2)).toEqual([200, 429]);
    const another = await ask(other);
    expect([another.status, burst(another)], "another user").toEqual([200, "0"]);
    const elsewhere = await dataverseClient(sandbox, "contoso-test").send("GET", "WhoAmI");
    expect([elsewhere.status, burst(elsewhere)], "another environment").toEqual([200, "5999"]);
    expect([(await ask(other)).status, (await ask()).status]).toEqual([429, 429]);
  });

  test("count a batch as one request", async () => {
    const part = "--b\r\nContent-Type: application/http\r\n\r\nGET WhoAmI HTTP/1.1\r\n\r\n\r\n";
    const headers = { "Content-Type": "multipart/mixed; boundary=b" };
    expect(burst(await client.send("POST", "$batch", `${part}${part}--b--`, { headers }))).toBe("5999");
  });

  test("are none for who is not signed in: that is 401 as ever", async () => {
    await limit({ requests: 1 });
    for (let n = 0; n < 3; n++) expect((await sandbox.http.get(`${client.base}WhoAmI`)).status).toBe(401);
  });

  test("can be switched off, which refuses nobody and counts all the same", async () => {
    await limit({ enforced: false, requests: 1, executionMilliseconds: 1, requestMilliseconds: 2 });
    expect(await askTimes(3)).toEqual([200, 200, 200]);
    const answer = await ask();
    expect([burst(answer), time(answer)]).toEqual(["0", "0.00"]);
  });

  test("are in the journal: when each request came and ended, and the wait that its answer asks for", async () => {
    await limit({ requests: 1, requestMilliseconds: 100 });
    await control("DELETE", "/journal");
    await askTimes(2);
    const { data } = await control("GET", "/journal");
    const [passed, refused] = data.filter(({ service }: { service: string }) => service === "dataverse contoso-dev");
    expect(passed).not.toHaveProperty("retryAfter");
    expect(passed.ended - passed.began).toBeGreaterThanOrEqual(99);
    expect(refused).toMatchObject({ status: 429, retryAfter: "300" });
    expect(refused.began).toBeGreaterThanOrEqual(passed.ended);
  });

  test.each([
    [{ requests: 0, windowSeconds: 1.5 }, ["requests: must be at least 1", "windowSeconds: must be a whole number"]],
    [{ request: 5 }, ['"request"']],
    [{ enforced: "no" }, ["enforced: must be true or false"]],
    ["off", ["the limits: "]],
  ])("are refused with all that is wrong: %j", async (limits, problems) => {
    const { status, data } = await control("PUT", "/limits/contoso-dev", limits);
    expect([status, data.error.code]).toEqual([400, "BadRequest"]);
    for (const problem of problems) expect(data.error.message).toContain(problem);
    expect((await control("GET", "/limits")).data["contoso-dev"]).toEqual(platform);
  });

  test("are of organizations that there are", async () => {
    const { status, data } = await control("PUT", "/limits/contoso", { requests: 1 });
    expect([status, data.error.message]).toEqual([404, expect.stringContaining("'contoso-dev', 'contoso-test'")]);
  });
});
