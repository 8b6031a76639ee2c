import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dataverse } from "../../dynamic-providers/dataverse/client.ts";
import { accessToken } from "../../dynamic-providers/entra/tokens.ts";
import { explain } from "../../dynamic-providers/errors.ts";
import { send, tellWaits } from "../../dynamic-providers/http.ts";
import { type Behaviour, type LocalService, startLocalService } from "../support/local-service.ts";

/** One for each test: they run at the same time, because most of what they do is wait. */
const services: LocalService[] = [];
const told: string[] = [];

beforeAll(() => tellWaits((line) => told.push(line)));

afterAll(async () => {
  await Promise.all(services.map((service) => service.close()));
});

async function newService(behaviour: Behaviour): Promise<LocalService> {
  const service = await startLocalService();
  services.push(service);
  service.behave(behaviour);
  return service;
}

const api = ({ url }: LocalService) => dataverse(url, async () => "token");
const row = { body: '{"n":1}' };

/** What the user reads of a failure, and how long it took. */
async function failure(act: () => Promise<unknown>): Promise<{ message: string; seconds: number }> {
  const began = Date.now();
  const error = await act().then(
    () => new Error("no failure"),
    (thrown: unknown) => thrown,
  );
  const { message } = explain(error, { doing: "Reading", target: "'contoso'" });
  return { message, seconds: (Date.now() - began) / 1000 };
}

const signIn = ({ url }: LocalService) =>
  accessToken({
    identity: { kind: "clientSecret", clientId: crypto.randomUUID(), clientSecret: "secret" },
    loginUrl: url,
    tenantId: "99999999-9999-4999-8999-999999999999",
    resource: "https://contoso.crm4.dynamics.com",
  });

describe.concurrent("bounds", { timeout: 30_000 }, () => {
  describe("a service that stays out of order", () => {
    it.each([
      [500, "in growing pauses of its own", undefined],
      [502, "as it asks", "0"],
      [503, "as it asks", "0"],
      [504, "as it asks", "0"],
    ])("(%i) is asked five times, %s, and the error says so", async (status, _pauses, pause) => {
      const headers = { "Content-Type": "text/html", ...(pause && { "Retry-After": pause }) };
      const service = await newService({ status, headers, body: "<html>" });
      const { message, seconds } = await failure(() => api(service).get("roles"));
      expect(message).toMatch(new RegExp(`gave no reason; tried 5 times in \\d+ s \\(HTTP ${status}\\)`));
      expect(service.requests()).toHaveLength(5);
      expect(seconds).toBeLessThan(30);
    });

    it("is not sent a write again, which may have taken effect", async () => {
      const service = await newService({ status: 503 });
      for (const write of [() => api(service).post("roles", {}), () => api(service).delete("roles(1)")])
        expect((await failure(write)).message).toContain("gave no reason (HTTP 503)");
      expect(service.requests()).toHaveLength(2);
    });

    it.each([401, 403])("(%i) is not asked again", async (status) => {
      const service = await newService({ status });
      expect((await failure(() => api(service).get("roles"))).message).toContain(`(HTTP ${status})`);
      expect(service.requests()).toHaveLength(1);
    });

    it("throttles everything: five times, as far apart as it asks", async () => {
      const message = "Number of requests exceeded the limit of 6000 over time window of 300 seconds.";
      const body = JSON.stringify({ error: { code: "-2147015902", message } });
      const service = await newService({ status: 429, headers: { "Retry-After": "1" }, body });
      const refused = await failure(() => api(service).post("roles", {}));
      expect(refused.message).toMatch(/300 seconds; tried 5 times in 4 s \(0x80072322, HTTP 429\)\. .*in five minutes/);
      expect(refused.seconds).toBeGreaterThanOrEqual(4);
      expect(service.requests()).toHaveLength(5);
    });

    it("does not sign anybody in: that is tried five times, since it changes nothing", async () => {
      const headers = { "Content-Type": "text/html", "Retry-After": "0" };
      const service = await newService({ status: 503, headers, body: "<html>" });
      const { message } = await failure(() => signIn(service));
      expect(message).toMatch(/ gave no reason; tried 5 times in \d+ s \(HTTP 503\)/);
      expect(service.requests()).toHaveLength(5);
    });

    it("throttles a sign-in, and the next one is not refused by msal-node but sent", async () => {
      const body = JSON.stringify({ error: "temporarily_unavailable", error_description: "AADSTS90055: Too many." });
      const service = await newService({ status: 429, headers: { "Retry-After": "0" }, body });
      for (const _time of [1, 2])
        expect((await failure(() => signIn(service))).message).toMatch(
          /Too many; tried 5 times .*\(AADSTS90055, HTTP 429/,
        );
      expect(service.requests()).toHaveLength(10);
    });

    it("cuts every connection: five times for a read, once for a write", async () => {
      const service = await newService((request) => request.socket.destroy());
      expect((await failure(() => api(service).get("roles"))).message).toMatch(
        /got no answer: .+; tried 5 times in \d+ s/,
      );
      expect(service.requests()).toHaveLength(5);
      await failure(() => api(service).post("roles", {}));
      expect(service.requests()).toHaveLength(1);
    });
  });

  describe("a wait that a service asks for", () => {
    /** Refuses the first request, and answers the next. */
    const refusing = (headers: () => Record<string, string>) => {
      let asked = 0;
      return newService((_request, response) => {
        asked++;
        response.writeHead(asked > 1 ? 200 : 429, {
          "Content-Type": "application/json",
          ...(asked === 1 && headers()),
        });
        response.end(row.body);
      });
    };

    it("as a date is kept", async () => {
      const service = await refusing(() => ({ "Retry-After": new Date(Date.now() + 3_000).toUTCString() }));
      const began = Date.now();
      expect(await api(service).get("roles")).toEqual({ n: 1 });
      expect(Date.now() - began).toBeGreaterThanOrEqual(1_900); // a date has whole seconds
    });

    it("as a date that is over is none", async () => {
      const service = await refusing(() => ({ "Retry-After": new Date(0).toUTCString() }));
      expect(await api(service).get("roles")).toEqual({ n: 1 });
    });

    it("of many seconds is told, once for all that wait together", async () => {
      const service = await newService((request, response) => {
        const first = !request.headers["if-match"];
        response.writeHead(first ? 429 : 200, {
          "Content-Type": "application/json",
          ...(first && { "Retry-After": "6" }),
        });
        response.end(row.body);
      });
      const { host } = new URL(service.url);
      const waiting = [1, 2, 3].map((n) => api(service).get(`roles(${n})`));
      await expect.poll(() => told.filter((line) => line.includes(host)), { timeout: 5_000 }).not.toEqual([]);
      service.behave(row);
      expect(await Promise.all(waiting)).toEqual([{ n: 1 }, { n: 1 }, { n: 1 }]);
      expect(told.filter((line) => line.includes(host))).toEqual([`waiting 6 s, as ${host} asks (HTTP 429)`]);
    });

    it("is kept by everything else of the same caller, and by nobody else", async () => {
      const service = await refusing(() => ({ "Retry-After": "2" }));
      const began = Date.now();
      const first = api(service).get("roles(1)");
      await expect.poll(() => service.requests()).toHaveLength(1);
      const another = dataverse(service.url, async () => "another token");
      await another.get("roles(2)"); // by its end the refusal has come too
      const second = api(service).post("roles", {});
      await another.get("roles(3)");
      expect(Date.now() - began).toBeLessThan(1_900);
      expect(service.requests().map(({ path }) => path.replace(/.*\//, ""))).toEqual(["roles(2)", "roles(3)"]);
      await Promise.all([first, second]);
      expect(Date.now() - began).toBeGreaterThanOrEqual(2_000);
      expect(service.requests()).toHaveLength(2);
    });

    it("longer than the longest is not cut short: the error says how long it was", async () => {
      const service = await newService({ status: 429, headers: { "Retry-After": "301" } });
      const { message, seconds } = await failure(() => api(service).get("roles"));
      expect(message).toContain("it asks for a wait of 301 s, and 300 s is the longest (HTTP 429)");
      expect(seconds).toBeLessThan(10);
      expect(service.requests()).toHaveLength(1);
    });
  });

  describe("a request", () => {
    it("that is not answered ends in its time, and is not sent again", async () => {
      const service = await newService(() => {});
      const { message } = await failure(() => send({ method: "GET", url: `${service.url}/x?token=1`, timeout: 200 }));
      expect(message).toContain(`GET ${service.url}/x got no answer: timed out. Check the network`);
      expect(service.requests()).toHaveLength(1);
    });

    it("whose answer trickles in without an end ends in its time", async () => {
      const service = await newService((_request, response) => {
        response.writeHead(200, { "Content-Type": "application/json" });
        const drip = setInterval(() => response.write("1"), 20);
        response.on("close", () => clearInterval(drip));
      });
      const { message } = await failure(() => send({ method: "GET", url: service.url, timeout: 300 }));
      expect(message).toContain("timed out");
    });

    it("is one of at most 16 to its host at a time, and all get their turn", async () => {
      const open: ServerResponse[] = [];
      let most = 0;
      const service = await newService((_request, response) => {
        open.push(response);
        most = Math.max(most, open.length);
      });
      let ended = false;
      const all = Promise.all(Array.from({ length: 100 }, (_, n) => api(service).get(`roles(${n})`)));
      void all.finally(() => {
        ended = true;
      });
      await expect.poll(() => open.length).toBe(16);
      while (!ended) {
        await new Promise(setImmediate);
        open.shift()?.writeHead(200, { "Content-Type": "application/json" }).end(row.body);
      }
      expect(await all).toHaveLength(100);
      expect(most).toBe(16);
    });
  });
});
