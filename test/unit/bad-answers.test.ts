import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dataverse } from "../../dynamic-providers/dataverse/client.ts";
import { certificatesOf } from "../../dynamic-providers/entra/application-certificates.ts";
import { tenantOf } from "../../dynamic-providers/entra/tenant.ts";
import { accessToken } from "../../dynamic-providers/entra/tokens.ts";
import { explain } from "../../dynamic-providers/errors.ts";
import { newestCertificate } from "../../dynamic-providers/key-vault/certificates.ts";
import { type Behaviour, type LocalService, startLocalService } from "../support/local-service.ts";

const token = "eyJ-this-is-the-token";
let service: LocalService;
let elsewhere: LocalService;

beforeAll(async () => {
  service = await startLocalService();
  elsewhere = await startLocalService();
});

afterAll(async () => {
  await Promise.all([service.close(), elsewhere.close()]);
});

/** What the user reads after an answer. */
async function sentence(act: () => Promise<unknown>): Promise<string> {
  try {
    return `no error, but ${JSON.stringify(await act())}`;
  } catch (error) {
    const { message } = explain(error, { doing: "Reading security role", target: `'contoso' (${service.url})` });
    return message.replaceAll(service.url, "SERVICE").replaceAll(elsewhere.url, "ELSEWHERE");
  }
}

const api = () => dataverse(service.url, async () => token);
const failed = "Reading security role for 'contoso' (SERVICE) failed:";

const json = (body: unknown) => ({ body: JSON.stringify(body) });

describe("an answer with a good status that is not what it should be", () => {
  it.each<[string, Behaviour, string]>([
    ["a page", { headers: { "Content-Type": "text/html" }, body: "<html>Sign in</html>" }, "text/html in place"],
    ["nothing", {}, "nothing in place"],
    ["JSON that is cut off", { body: '{"value": [{"roleid": "1' }, "broken JSON in place"],
    ["a list", json([1, 2]), "other JSON in place"],
    ["null", json(null), "other JSON in place"],
    ["JSON as plain text", { headers: { "Content-Type": "text/plain" }, body: "{}" }, "text/plain in place"],
    ["no type", { headers: { "Content-Type": "" }, body: "{}" }, "text of no type in place"],
  ])("%s is told as that", async (_what, behaviour, expected) => {
    service.behave(behaviour);
    const told = await sentence(() => api().get("roles"));
    expect(told).toContain(
      `${failed} SERVICE answered with ${expected} of a JSON object (unexpected_answer, HTTP 200)`,
    );
    expect(told).toContain("Check that nothing between here and the service, such as a proxy, answers in its place");
  });

  it.each<[string, Behaviour]>([
    ["a page", { headers: { "Content-Type": "text/html" }, body: "<html>Sign in</html>" }],
    ["a list", json([])],
  ])("%s is no success of a write", async (_what, behaviour) => {
    service.behave(behaviour);
    const writes = [api().post("roles", {}), api().put("roles", {}), api().patch("roles(1)", {}), api().delete("x")];
    for (const write of writes) await expect(write).rejects.toThrow("in place of a JSON object");
  });

  it.each<[string, unknown]>([
    ["no rows", { "@odata.context": "x" }],
    ["rows of another type", { value: [1, "two", null] }],
    ["rows that are none", { value: "rows" }],
  ])("%s in a collection is told", async (_what, body) => {
    service.behave(json(body));
    expect(await sentence(() => api().list("roles"))).toContain(`${failed} SERVICE answered without rows`);
  });

  it("compressed is read", async () => {
    service.behave({ headers: { "Content-Encoding": "gzip" }, body: gzipSync('{"a":1}') });
    expect(await api().get("roles")).toEqual({ a: 1 });
  });

  it.each<[string, string | Buffer]>([
    ["otherwise than it says", "not compressed"],
    ["and cut off", gzipSync('{"a":1}').subarray(0, 15)],
    ["and broken", gzipSync('{"a":1}').fill(0, 12, 16)],
  ])("compressed %s is told, and not asked for again", async (_how, body) => {
    service.behave({ headers: { "Content-Encoding": "gzip" }, body });
    service.requests();
    expect(await sentence(() => api().get("roles"))).toMatch(/got no answer: \w.+ Check|in place of a JSON object/);
    expect(service.requests()).toHaveLength(1);
  });

  it.each<[string, Behaviour]>([
    ["as it comes", { body: `{"a":"${"a".repeat(21 * 1024 * 1024)}"}` }],
    ["once decompressed", { headers: { "Content-Encoding": "gzip" }, body: gzipSync("a".repeat(300 * 1024 * 1024)) }],
  ])("too large %s is not read to its end, nor asked for again", async (_how, behaviour) => {
    service.behave(behaviour);
    service.requests();
    expect(await sentence(() => api().get("roles"))).toContain("got no answer: maxContentLength size of 20971520");
    expect(service.requests()).toHaveLength(1);
  });
});

describe("the next page", () => {
  /** Pages by their path. */
  const pages = (all: Record<string, unknown>) =>
    service.behave((request, response) => {
      response.writeHead(200, { "Content-Type": "application/json" });
      response.end(JSON.stringify(all[request.url!] ?? {}));
    });
  const at = (page: string) => `/api/data/v9.2/roles${page}`;

  it("is followed to the last", async () => {
    pages({
      [at("")]: { value: [{ n: 1 }], "@odata.nextLink": `${service.url}${at("?$skiptoken=2")}` },
      [at("?$skiptoken=2")]: { value: [{ n: 2 }], "@odata.nextLink": at("?$skiptoken=3") },
      [at("?$skiptoken=3")]: { value: [{ n: 3 }], "@odata.nextLink": null },
    });
    expect(await api().list("roles")).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  it.each([
    ["on another host", () => elsewhere.url, "the next page of SERVICE is on another host, ELSEWHERE"],
    ["on a host with the same beginning", () => `${service.url}.example/`, "a next page that has no address"],
    ["by way of a user name", () => `${service.url}@contoso.example/`, "is on another host, https://contoso.example"],
    ["that is this page", () => service.url + at(""), "the pages of SERVICE do not come to an end"],
    ["without an address", () => 7, "a next page that has no address"],
  ])("%s is refused", async (_where, link, expected) => {
    pages({ [at("")]: { value: [], "@odata.nextLink": link() } });
    elsewhere.requests();
    expect(await sentence(() => api().list("roles"))).toContain(expected);
    expect(elsewhere.requests()).toEqual([]);
  });
});

describe("a redirect", () => {
  it.each([301, 302, 303, 307, 308])("(%i) is not followed: the token goes nowhere else", async (status) => {
    service.behave({ status, headers: { Location: `${elsewhere.url}/api?secret=1#there` } });
    elsewhere.requests();
    for (const act of [() => api().get("roles"), () => api().post("roles", {}), () => api().delete("roles(1)")]) {
      expect(await sentence(act)).toMatch(
        new RegExp(
          `got no answer: it points to ELSEWHERE/api \\(HTTP ${status}\\)\\. Check the network and environmentUrl`,
        ),
      );
    }
    expect(elsewhere.requests()).toEqual([]);
  });

  it("to nowhere is told as that", async () => {
    service.behave({ status: 302, headers: { Location: "https://" } });
    expect(await sentence(() => api().get("roles"))).toContain("it points to nowhere (HTTP 302)");
  });

  it("of an address that is no environment is told", async () => {
    service.behave({ status: 302, headers: { Location: "/login" } });
    expect(await sentence(() => tenantOf(service.url))).toContain("it points to SERVICE/login (HTTP 302)");
  });
});

describe("a refusal", () => {
  const refusal = async (status: number, body: unknown, headers?: Record<string, string>) => {
    service.behave({ status, headers, ...(typeof body === "string" ? { body } : json(body)) });
    return (await sentence(() => api().get("roles"))).replace(failed, "");
  };

  it("in another language is known by its code", async () => {
    const told = await refusal(403, {
      error: { code: "0x80042F09", message: "Der Benutzer hat keine Rolle.\r\nZeile 2" },
    });
    expect(told).toBe(" Der Benutzer hat keine Rolle (0x80042f09, HTTP 403). Give that user a security role.");
  });

  it.each(["-2147209463", -2147209463])("with its code as the signed decimal %j is known", async (code) => {
    expect(await refusal(403, { error: { code, message: "No role" } })).toContain(
      "No role (0x80042f09, HTTP 403). Give",
    );
  });

  it.each<[string, number, unknown, Record<string, string>?]>([
    ["without a message", 403, { error: { code: "0x80042f09" } }],
    ["with an empty message", 403, { error: { code: "0x80042f09", message: "" } }],
    ["with a message of another type", 403, { error: { code: "0x80042f09", message: { text: "x" } } }],
    ["that is a page", 403, "<html>Forbidden</html>", { "Content-Type": "text/html" }],
    ["that is empty", 403, ""],
    ["that is cut off", 403, '{"error": {"code": "0x8004'],
    ["with an error of another type", 403, { error: "forbidden" }],
    ["with a code of another type", 403, { error: { code: { a: 1 } } }],
    ["whose code is the name of an object's member", 403, { error: { code: "toString" } }],
    ["whose code is the name of an object's prototype", 403, { error: { code: "__proto__" } }],
  ])("%s still says what is known", async (_how, status, body, headers) => {
    const told = await refusal(status, body, headers);
    expect(told).toMatch(/^ the service gave no reason \((0x80042f09, |toString, |__proto__, )?HTTP 403\)/);
    expect(told).not.toMatch(/undefined|\[object/);
  });

  it("that shows what was sent does not show the token", async () => {
    const message = `You sent Authorization: Bearer ${token}`;
    expect(await refusal(400, { error: { code: "x", message } })).toContain("Bearer (secret)");
  });

  it("of great length is cut", async () => {
    expect((await refusal(400, { error: { code: "x", message: "a".repeat(100_000) } })).length).toBeLessThan(1_100);
  });

  it("of the token says why and what to do, and is not repeated", async () => {
    service.requests();
    const told = await refusal(401, "", { "401_error_reason": "The token was revoked." });
    expect(told).toMatch(/^ The token was revoked \(HTTP 401\)\. Run the command again, which signs in anew\./);
    expect(service.requests()).toHaveLength(1);
  });
});

describe("certificates", () => {
  it.each([{}, { keyCredentials: null }, { keyCredentials: "none" }, { keyCredentials: [{ displayName: "x" }] }])(
    "of an application as %j are not taken for none, since the list is written back whole",
    async (body) => {
      service.behave(json(body));
      const told = await sentence(() => certificatesOf(api(), "11111111-2222-4333-8444-555555555555"));
      expect(told).toMatch(/the application's certificates came with a keyCredentials\S* that cannot be read/);
    },
  );

  const kept = {
    id: "https://orders.vault.azure.net/certificates/x/1",
    sid: "https://orders.vault.azure.net/secrets/x/1",
    cer: "MIIB",
    attributes: { enabled: true, created: 1_800_000_000, exp: 1_900_000_000 },
    policy: { x509_props: { subject: "CN=Orders", validity_months: 12 }, key_props: { key_size: 2048 } },
  };
  it.each([
    ["without an address", { id: undefined }, "id"],
    ["with an address that is none", { sid: "secret" }, "sid"],
    ["with something else", { cer: 7 }, "cer"],
    ["with another text", { cer: "-----BEGIN CERTIFICATE-----" }, "cer"],
    ["without times", { attributes: {} }, "attributes.created"],
    ["with a time that no calendar has", { attributes: { created: 1, exp: 1e300 } }, "attributes.exp"],
    ["without its policy", { policy: null }, "policy"],
  ])("in a vault %s are told as that", async (_how, change, member) => {
    service.behave(json({ ...kept, ...change }));
    const told = await sentence(() => newestCertificate(api(), "x"));
    expect(told).toContain(`the certificate came with a ${member} that cannot be read (unexpected_answer, HTTP 200)`);
  });

  it("in a vault are read where all is there", async () => {
    service.behave(json(kept));
    expect(await newestCertificate(api(), "x")).toMatchObject({ uri: kept.id, tags: {}, keySize: 2048 });
  });
});

describe("an answer to a sign-in", () => {
  const signIn = () =>
    sentence(() =>
      accessToken({
        identity: { kind: "clientSecret", clientId: crypto.randomUUID(), clientSecret: "the-client-secret" },
        loginUrl: service.url,
        tenantId: "99999999-9999-4999-8999-999999999999",
        resource: "https://contoso.crm4.dynamics.com",
      }),
    );

  it.each<[string, Behaviour, string]>([
    [
      "a page",
      { headers: { "Content-Type": "text/html" }, body: "<html>" },
      "SERVICE answered with something that is no token",
    ],
    ["nothing", {}, "something that is no token"],
    ["an empty token", json({ access_token: "", expires_in: 3599 }), "something that is no token"],
    ["a token of another type", json({ access_token: 7, expires_in: 3599 }), "something that is no token"],
    ["a token for no time", json({ access_token: token, expires_in: "soon" }), "something that is no token"],
    [
      "a refusal that is a page",
      { status: 403, headers: { "Content-Type": "text/html" }, body: "<html>" },
      "SERVICE gave no reason (HTTP 403)",
    ],
    [
      "a refusal without a description",
      { status: 400, ...json({ error: "invalid_grant" }) },
      "invalid_grant (invalid_grant, HTTP 400)",
    ],
    [
      "a refusal with codes alone",
      { status: 400, ...json({ error: "x", error_codes: [90002] }) },
      "x (AADSTS90002, HTTP 400)",
    ],
    [
      "a refusal of other types",
      { status: 400, ...json({ error: { a: 1 }, error_codes: "1" }) },
      "gave no reason (HTTP 400)",
    ],
    ["a refusal with a good status", json({ error: "invalid_grant" }), "invalid_grant (invalid_grant, HTTP 200)"],
    ["what was sent", { status: 400, ...json({ error: "the-client-secret" }) }, "(secret) ((secret), HTTP 400)"],
    [
      "a redirect",
      (_q, a) => a.writeHead(302, { Location: elsewhere.url }).end(),
      "it points to ELSEWHERE/ (HTTP 302)",
    ],
  ])("that is %s is told without msal-node's words", async (_what, behaviour, expected) => {
    service.behave(behaviour);
    elsewhere.requests();
    const told = await signIn();
    expect(told).toContain(expected);
    expect(told).not.toMatch(/the-client-secret|undefined|\[object/);
    expect(elsewhere.requests()).toEqual([]);
  });
});
