import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EntraClient } from "../support/entra.ts";
import { armClient, assignment, group, roles, subscription, vault as vaultId } from "../support/resource-manager.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";

// What would be answered wrongly if it were ignored is refused as the service does, or 501 and named. Graph's are in
// unsupported-graph.test.ts, Entra's grants in entra.test.ts.

let sandbox: TestSandbox;
let arm: ReturnType<typeof armClient>;
let entra: EntraClient;
const path = vaultId("rg-odd", "kv-odd");
let vaultUrl: string;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  arm = armClient(sandbox);
  entra = new EntraClient(sandbox);
  vaultUrl = (await arm.newVault("rg-odd", "kv-odd")).properties.vaultUri.replace(/\/$/, "");
  await arm.grant(sandbox.administrator.objectId, roles.secretsOfficer, path);
  await arm.grant(sandbox.administrator.objectId, roles.certificatesOfficer, path);
});
afterAll(() => sandbox.close());

/** Status, code and message of a refusal. */
const refusal = ({ status, data }: { status: number; data: { error: { code: string; message: string } } }) => [
  status,
  data.error.code,
  data.error.message,
];
const notServed = (what: string) => [501, "SandboxNotImplemented", expect.stringContaining(what)];

describe("Resource Manager", () => {
  const role = `/providers/Microsoft.Authorization/roleDefinitions/${roles.reader}`;
  const principal = { roleDefinitionId: role, principalId: crypto.randomUUID(), principalType: "ServicePrincipal" };

  test.each<[string, string, string, object]>([
    ["'zones'", "PUT", group("rg-odd"), { location: "westeurope", zones: ["1"] }],
    ["'identity'", "PATCH", group("rg-odd"), { identity: {} }],
    ["'properties.hsmPoolResourceId'", "PATCH", path, { properties: { hsmPoolResourceId: "x" } }],
    ["'properties.networkAcls.x'", "PATCH", path, { properties: { networkAcls: { x: 1 } } }],
    ["'etag'", "PATCH", path, { etag: "1" }],
    ["'properties.kid'", "PUT", `${path}/secrets/odd`, { properties: { value: "v", kid: "1" } }],
    ["'properties.attributes.x'", "PUT", `${path}/secrets/odd`, { properties: { value: "v", attributes: { x: 1 } } }],
    [
      "'properties.condition'",
      "PUT",
      assignment(path, crypto.randomUUID()),
      { properties: { ...principal, condition: "@Resource[x] StringEquals 'y'" } },
    ],
    [
      "'properties.delegatedManagedIdentityResourceId'",
      "PUT",
      assignment(path, crypto.randomUUID()),
      { properties: { ...principal, delegatedManagedIdentityResourceId: "/x" } },
    ],
  ])("refuses the member %s of %s %s", async (named, method, where, body) => {
    expect(refusal(await arm.arm(method, where, { body }))).toEqual(notServed(`the member ${named}`));
  });

  test("takes members that are null as left out", async () => {
    const body = { properties: { ...principal, condition: null } };
    expect(await arm.arm("PUT", assignment(path, crypto.randomUUID()), { body })).toMatchObject({ status: 201 });
  });

  test.each([
    ["Microsoft.Resources", group("rg-odd"), "2014-01-01"],
    ["Microsoft.KeyVault", path, "2015-06-01"],
    ["Microsoft.KeyVault", `${path}/secrets/odd`, "2022-04-01"],
    ["Microsoft.Authorization", assignment(path, crypto.randomUUID()), "2024-11-01"],
  ])("refuses an api-version of %s that it does not know", async (provider, where, version) => {
    const answer = await arm.arm("GET", where, { query: `api-version=${version}` });
    expect(refusal(answer)).toEqual(notServed(`api-version ${version} of ${provider}`));
  });

  const put = (properties: object) => ({
    ...arm.vaultBody(),
    properties: { ...arm.vaultBody().properties, ...properties },
  });

  test.each<[string, () => object]>([
    ["tags", () => ({ ...arm.vaultBody(), tags: "x" })],
    ["tags.a", () => ({ ...arm.vaultBody(), tags: { a: 1 } })],
    ["properties", () => ({ ...arm.vaultBody(), properties: "x" })],
    ["properties.tenantId", () => put({ tenantId: "x" })],
    ["properties.accessPolicies", () => put({ accessPolicies: "x" })],
    ["properties.accessPolicies.tenantId", () => put({ accessPolicies: [{}] })],
    [
      "properties.accessPolicies.permissions.secrets",
      () =>
        put({
          accessPolicies: [{ tenantId: crypto.randomUUID(), objectId: "x", permissions: { secrets: ["fly"] } }],
        }),
    ],
    ["properties.networkAcls.ipRules", () => put({ networkAcls: { ipRules: "x" } })],
    ["properties.networkAcls.defaultAction", () => put({ networkAcls: { defaultAction: "Maybe" } })],
    ["properties.publicNetworkAccess", () => put({ publicNetworkAccess: "Perhaps" })],
    ["properties.enableRbacAuthorization", () => put({ enableRbacAuthorization: "yes" })],
    ["properties.createMode", () => put({ createMode: "fly" })],
  ])("refuses a vault with a wrong %s", async (named, body) => {
    const answer = await arm.arm("PUT", path, { body: body() });
    expect(refusal(answer)).toEqual([400, "InvalidRequestContent", expect.stringContaining(`'${named}'`)]);
  });

  test.each<[string, string, object]>([
    ["tags.a", group("rg-odd"), { location: "westeurope", tags: { a: { b: 1 } } }],
    ["managedBy", group("rg-odd"), { location: "westeurope", managedBy: 5 }],
    ["properties.contentType", `${path}/secrets/odd`, { properties: { value: "v", contentType: 5 } }],
    [
      "properties.attributes.enabled",
      `${path}/secrets/odd`,
      { properties: { value: "v", attributes: { enabled: "no" } } },
    ],
    ["properties.attributes.exp", `${path}/secrets/odd`, { properties: { value: "v", attributes: { exp: "2030" } } }],
    ["properties.value", `${path}/secrets/odd`, { properties: { value: 5 } }],
    [
      "properties.principalId",
      assignment(path, crypto.randomUUID()),
      { properties: { ...principal, principalId: "x" } },
    ],
    [
      "properties.principalType",
      assignment(path, crypto.randomUUID()),
      { properties: { ...principal, principalType: "Alien" } },
    ],
  ])("refuses a wrong %s of %s", async (named, where, body) => {
    const answer = await arm.arm("PUT", where, { body });
    expect(refusal(answer)).toEqual([400, "InvalidRequestContent", expect.stringContaining(`'${named}'`)]);
  });

  test.each<[string, string, string, object]>([
    ["name", "PUT", group("rg-odd"), { location: "westeurope", name: "other" }],
    ["location", "PATCH", group("rg-odd"), { location: "northeurope" }],
    ["location", "PATCH", path, { location: "northeurope" }],
    ["type", "PUT", path, { location: "westeurope", type: "Microsoft.Web/sites" }],
    [
      "scope",
      "PUT",
      assignment(path, crypto.randomUUID()),
      { properties: { ...principal, scope: "/subscriptions/x" } },
    ],
  ])("refuses another %s in a body of %s %s", async (named, method, where, body) => {
    expect(refusal(await arm.arm(method, where, { body }))).toEqual(
      notServed(`the member '${named}' with another value than the resource's`),
    );
  });

  test.each(["$top=abc", "$top=0", "$top=-1", "$skiptoken=abc"])("refuses a list with %s", async (query) => {
    const answer = await arm.arm("GET", `${group("rg-odd")}/providers/Microsoft.KeyVault/vaults`, { query });
    expect(refusal(answer)).toEqual([
      400,
      "InvalidRequestContent",
      expect.stringContaining(`The value of ${query.split("=")[0]}`),
    ]);
  });

  const authorization = `${path}/providers/Microsoft.Authorization`;
  test.each([
    ["'$filter'", `${group("rg-odd")}/providers/Microsoft.KeyVault/vaults`, "$filter=name eq 'x'"],
    ["'$expand'", group("rg-odd"), "$expand=createdTime"],
    ["'$top'", `${group("rg-odd")}/providers/Microsoft.KeyVault/vaults`, "$top=1&$top=2"],
    ["'api-version'", group("rg-odd"), "api-version=2021-04-01&api-version=2022-09-01"],
    ["principalType eq 'User'", `${authorization}/roleAssignments`, "$filter=principalType eq 'User'"],
    ["or atScope()", `${authorization}/roleAssignments`, "$filter=principalId eq 'x' or atScope()"],
    ["the filter ''", `${authorization}/roleAssignments`, "$filter="],
    ["'tenantId'", `${authorization}/roleAssignments`, "tenantId=x"],
    ["type eq 'CustomRole'", `${authorization}/roleDefinitions`, "$filter=type eq 'CustomRole'"],
  ])("refuses %s in a query of %s", async (named, where, query) => {
    expect(refusal(await arm.arm("GET", where, { query: query.replaceAll(" ", "%20") }))).toEqual(notServed(named));
  });

  test.each([
    ["GET", `${group("rg-odd")}/resources`],
    ["GET", `${subscription}/providers/Microsoft.KeyVault`],
    ["GET", `${path}/keys`],
    ["GET", `${path}/privateEndpointConnections`],
    ["PUT", `${path}/accessPolicies/add`],
    ["GET", `${path}/secrets/odd/versions`],
    ["GET", `${authorization}/denyAssignments`],
    ["PUT", `${authorization}/locks/odd`],
    ["PUT", `${authorization}/roleDefinitions/${crypto.randomUUID()}`],
  ])("refuses %s %s", async (method, where) => {
    const body = method === "GET" ? undefined : {};
    expect(refusal(await arm.arm(method, where, { body }))).toEqual(notServed(`${method} ${where}`));
  });

  test.each(["2015-01-01", "2019-05-01", "2020-06-01"])(
    "refuses the metadata document of %s, which is another",
    async (version) => {
      const answer = await arm.arm("GET", "/metadata/endpoints", { token: null, query: `api-version=${version}` });
      expect(refusal(answer)).toEqual(notServed(`api-version ${version} of /metadata/endpoints`));
    },
  );

  test("refuses a body that is not said to be JSON, and a URL that is not well encoded", async () => {
    const Authorization = `Bearer ${await arm.tokenOf(sandbox.administrator.objectId)}`;
    const send = (rest: string) =>
      sandbox.http.put(`${sandbox.endpoints.arm}${rest}?api-version=2024-11-01`, '{"location":"westeurope"}', {
        headers: { Authorization, "Content-Type": "text/plain" },
      });
    expect(refusal(await send(group("rg-odd")))).toEqual([
      415,
      "UnsupportedMediaType",
      "The content media type 'text/plain' is not supported. Only 'application/json' is supported.",
    ]);
    expect((await send(`${subscription}/resourceGroups/%E0%A4%A`)).status).toBe(400);
  });

  test.each(["If-Match", "If-None-Match", "Prefer"])("refuses the header %s", async (name) => {
    const Authorization = `Bearer ${await arm.tokenOf(sandbox.administrator.objectId)}`;
    const url = `${sandbox.endpoints.arm}${path}?api-version=2024-11-01`;
    const answer = await sandbox.http.delete(url, { headers: { Authorization, [name]: "*" } });
    expect(refusal(answer)).toEqual(notServed(`the header ${name}`));
  });
});

describe("Key Vault", () => {
  const send = async (method: string, rest: string, data?: unknown) => {
    const Authorization = `Bearer ${await sandbox.token("https://vault.azure.net")}`;
    return sandbox.http.request({ method, url: `${vaultUrl}${rest}`, data, headers: { Authorization } });
  };

  test.each<[string, string, object]>([
    ["'managed'", "PUT", { value: "v", managed: true }],
    ["'attributes.recoverableDays'", "PUT", { value: "v", attributes: { recoverableDays: 7 } }],
    ["'value'", "PATCH", { value: "v" }],
  ])("refuses the member %s of %s", async (named, method, body) => {
    expect(refusal(await send(method, "/secrets/odd?api-version=7.4", body))).toEqual(notServed(`the member ${named}`));
  });

  test.each<[string, string, object]>([
    ["contentType", "PUT", { value: "v", contentType: 5 }],
    ["tags", "PUT", { value: "v", tags: "x" }],
    ["tags.a", "PUT", { value: "v", tags: { a: 1 } }],
    ["attributes", "PUT", { value: "v", attributes: "x" }],
    ["attributes.enabled", "PATCH", { attributes: { enabled: "no" } }],
    ["attributes.exp", "PATCH", { attributes: { exp: "2030" } }],
  ])("refuses a wrong %s in %s", async (named, method, body) => {
    const answer = await send(method, "/secrets/odd?api-version=7.4", body);
    expect(refusal(answer)).toEqual([400, "BadParameter", `The value of ${named} is not valid.`]);
  });

  test.each([
    ["maxresults", "/secrets?maxresults=26"],
    ["maxresults", "/secrets?maxresults=abc"],
    ["$skiptoken", "/secrets?$skiptoken=abc"],
  ])("refuses a wrong %s in %s", async (named, path) => {
    const answer = await send("GET", `${path}&api-version=7.4`);
    expect(refusal(answer)).toEqual([400, "BadParameter", expect.stringContaining(named)]);
  });

  test.each([
    ["'$filter'", "/secrets?$filter=x&api-version=7.4"],
    ["'maxresults'", "/secrets?maxresults=1&maxresults=2&api-version=7.4"],
    ["'api-version'", "/secrets/odd?api-version=7.4&api-version=7.5"],
    ["api-version 2016-10-01", "/secrets/odd?api-version=2016-10-01"],
    ["api-version 7.6-preview.2", "/secrets/odd?api-version=7.6-preview.2"],
    ["GET /keys", "/keys?api-version=7.4"],
    ["GET /certificates", "/certificates?api-version=7.4"],
    ["GET /certificates/issuers", "/certificates/issuers?api-version=7.4"],
    ["GET /certificates/contacts", "/certificates/contacts?api-version=7.4"],
    ["GET /certificates/odd/policy", "/certificates/odd/policy?api-version=7.4"],
    ["GET /deletedcertificates", "/deletedcertificates?api-version=7.4"],
    ["GET /storage", "/storage?api-version=7.4"],
  ])("refuses %s of %s", async (named, path) => {
    expect(refusal(await send("GET", path))).toEqual(notServed(named));
  });

  test("says of an api-version that never was what Key Vault says", async () => {
    const answer = await send("GET", "/secrets/odd?api-version=7.9");
    expect(refusal(answer)).toEqual([
      400,
      "BadParameter",
      expect.stringMatching(
        /^The specified version \(7\.9\) is not recognized\. Consider using the latest supported version/,
      ),
    ]);
  });

  test.each(["If-Match", "If-None-Match", "Prefer"])("refuses the header %s", async (name) => {
    const Authorization = `Bearer ${await sandbox.token("https://vault.azure.net")}`;
    const headers = { Authorization, [name]: "x" };
    const answer = await sandbox.http.get(`${vaultUrl}/secrets/odd?api-version=7.4`, { headers });
    expect(refusal(answer)).toEqual(notServed(`the header ${name}`));
  });

  const policy = {
    issuer: { name: "Self" },
    key_props: { kty: "RSA", key_size: 2048 },
    lifetime_actions: [{ action: { action_type: "EmailContacts" }, trigger: { days_before_expiry: 30 } }],
    secret_props: { contentType: "application/x-pem-file" },
    x509_props: { subject: "CN=odd" },
  };

  test.each<[string, object, unknown[]]>([
    ["'x'", { policy, x: 1 }, [501]],
    ["'preserveCertOrder'", { policy, preserveCertOrder: true }, [501]],
    ["'attributes.exp'", { policy, attributes: { exp: 1 } }, [501]],
    ["'policy.key_props.crv'", { policy: { ...policy, key_props: { ...policy.key_props, crv: "P-256" } } }, [501]],
    [
      "'policy.issuer.cert_transparency'",
      { policy: { ...policy, issuer: { name: "Self", cert_transparency: true } } },
      [501],
    ],
    [
      "'policy.x509_props.sans.uris'",
      { policy: { ...policy, x509_props: { subject: "CN=odd", sans: { uris: ["https://a.example"] } } } },
      [501],
    ],
    [
      "policy.x509_props.validity_months",
      { policy: { ...policy, x509_props: { subject: "CN=odd", validity_months: "12" } } },
      [400],
    ],
    ["tags", { policy, tags: "x" }, [400]],
  ])("refuses %s of a certificate", async (named, body, [status]) => {
    const [found, code, message] = refusal(await send("POST", "/certificates/odd/create?api-version=7.4", body));
    expect([found, code]).toEqual([status, status === 501 ? "SandboxNotImplemented" : "BadParameter"]);
    expect(message).toContain(named);
  });

  test("refuses a query option, and an object that is no secret", async () => {
    const option = await send("GET", "/secrets/odd?api-version=2026-04-01&outContentType=PEM");
    expect(refusal(option)).toEqual(notServed("the query option 'outContentType'"));
    expect(refusal(await send("POST", "/keys/odd/create?api-version=7.4", {}))).toEqual(
      notServed("POST /keys/odd/create"),
    );
    expect(refusal(await send("POST", "/secrets/odd/backup?api-version=7.4"))).toEqual(
      notServed("POST /secrets/odd/backup"),
    );
  });
});

describe("Entra", () => {
  test.each(["/oauth2/v2.0/authorize?client_id=x", "/oauth2/v2.0/logout", "/discovery/instance"])(
    "refuses %s",
    async (rest) => {
      const answer = await sandbox.http.get(`${sandbox.endpoints.login}/${sandbox.administrator.tenantId}${rest}`);
      expect(refusal(answer)).toEqual(notServed(`GET /${sandbox.administrator.tenantId}/`));
    },
  );

  test.each([
    ["the query option 'appid'", "/v2.0/.well-known/openid-configuration?appid=x"],
    ["the query option 'appid'", "/discovery/v2.0/keys?appid=x"],
  ])("refuses %s of %s", async (named, rest) => {
    const { tenantId } = sandbox.administrator;
    const { status, data } = await sandbox.http.get(`${sandbox.endpoints.login}/${tenantId}${rest}`);
    expect([status, data.error]).toEqual([501, "sandbox_not_implemented"]);
    expect(data.error_description).toContain(`The sandbox does not serve ${named}`);
  });

  test("refuses another version of instance discovery", async () => {
    const { login } = sandbox.endpoints;
    const params = { "api-version": "9.9", authorization_endpoint: `${login}/common/oauth2/v2.0/authorize` };
    const { status, data } = await sandbox.http.get(`${login}/common/discovery/instance`, { params });
    expect([status, data.error]).toEqual([501, "sandbox_not_implemented"]);
  });

  test.each(["request", "assertion", "requested_token_use", "req_ds_cnf", "user_federated_identity_credential"])(
    "refuses a token request with %s",
    async (field) => {
      const { status, data } = await entra.signIn({ [field]: "x" });
      expect([status, data.error]).toEqual([501, "sandbox_not_implemented"]);
      expect(data.error_description).toContain(`the field '${field}'`);
    },
  );

  test("refuses a field twice, and a resource beside the scope, as Entra does", async () => {
    const { tenantId, clientId, clientSecret } = sandbox.administrator;
    const scope = "https://graph.microsoft.com/.default";
    const form = new URLSearchParams({ client_id: clientId, client_secret: clientSecret, scope });
    for (const grant of ["client_credentials", "password"]) form.append("grant_type", grant);
    const url = `${sandbox.endpoints.login}/${tenantId}/oauth2/v2.0/token`;
    const twice = await sandbox.http.post(url, form);
    expect([twice.status, twice.data.error, twice.data.error_codes]).toEqual([400, "invalid_request", [9000411]]);
    const both = await entra.signIn({ resource: "https://vault.azure.net" });
    expect([both.status, both.data.error, both.data.error_codes]).toEqual([400, "invalid_request", [901002]]);
  });

  test("refuses at the v1 endpoint the grants that it serves at v2", async () => {
    const fields = { grant_type: "refresh_token", client_id: sandbox.administrator.clientId, refresh_token: "x" };
    const { status, data } = await entra.post(`/${sandbox.administrator.tenantId}/oauth2/token`, fields);
    expect([status, data.error]).toEqual([501, "sandbox_not_implemented"]);
  });
});
