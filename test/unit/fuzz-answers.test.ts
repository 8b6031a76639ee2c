import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { jsonApi } from "../../dynamic-providers/api.ts";
import * as users from "../../dynamic-providers/dataverse/application-users.ts";
import { businessUnitId, rootBusinessUnit } from "../../dynamic-providers/dataverse/business-units.ts";
import { type Dataverse, dataverse } from "../../dynamic-providers/dataverse/client.ts";
import { entitySetOf } from "../../dynamic-providers/dataverse/metadata.ts";
import * as privileges from "../../dynamic-providers/dataverse/privileges.ts";
import * as roles from "../../dynamic-providers/dataverse/roles.ts";
import { whoAmI } from "../../dynamic-providers/dataverse/who-am-i.ts";
import * as registered from "../../dynamic-providers/entra/application-certificates.ts";
import * as passwords from "../../dynamic-providers/entra/application-passwords.ts";
import * as consent from "../../dynamic-providers/entra/consent.ts";
import { federatedToken } from "../../dynamic-providers/entra/sign-in/federated.ts";
import { tenantOf, tenantOfVault } from "../../dynamic-providers/entra/tenant.ts";
import { AccessError, explain, VendorError } from "../../dynamic-providers/errors.ts";
import { type HttpResponse, NoAnswer } from "../../dynamic-providers/http.ts";
import * as certificates from "../../dynamic-providers/key-vault/certificates.ts";
import * as secrets from "../../dynamic-providers/key-vault/secrets.ts";

/** What the services answer to the requests of one run, in turn. */
const script = vi.hoisted(() => ({ answers: [] as HttpResponse[], next: 0 }));

vi.mock(import("../../dynamic-providers/http.ts"), async (load) => {
  const send = async () => script.answers[script.next++ % script.answers.length]!;
  const sendAsync = async <T>() => (await send()) as HttpResponse & { body: T };
  return { ...(await load()), send, msalNetwork: { sendGetRequestAsync: sendAsync, sendPostRequestAsync: sendAsync } };
});

vi.mock(import("../../dynamic-providers/waiting.ts"), async (load) => ({
  ...(await load()),
  waitFor: (_what, _seconds, _say, attempt) => attempt(), // nobody waits here
}));

const token = "eyJ0b2tlbg.of-the-fuzz-test";
const guid = "11111111-2222-4333-8444-555555555555";
const silent = () => {};

/** Every member that some client reads. */
const members = [
  ...["value", "error", "id", "tags", "scope", "attributes", "keyId", "secretText", "passwordCredentials", "name"],
  ...["systemuserid", "applicationid", "fullname", "internalemailaddress", "isdisabled", "deletedstate", "domainname"],
  ...[
    "applicationiduri",
    "azureactivedirectoryobjectid",
    "_businessunitid_value",
    "businessunitid",
    "roleid",
    "ismanaged",
  ],
  ...[
    "_parentrootroleid_value",
    "_roletemplateid_value",
    "systemuserroles_association",
    "RolePrivileges",
    "PrivilegeId",
  ],
  ...["PrivilegeName", "Depth", "privilegeid", "EntitySetName", "UserId", "OrganizationId", "signInAudience"],
  ...[
    "access_token",
    "expires_in",
    "error_description",
    "error_codes",
    "displayName",
    "endDateTime",
    "@odata.nextLink",
    "nextLink",
  ],
  ...[
    ...["keyCredentials", "cer", "sid", "policy", "status", "enabled", "created", "exp"],
    ...["x509_props", "key_props", "subject", "validity_months", "key_size"],
  ],
];

/** Texts that say nothing of an object that was made a text. */
const text = fc
  .oneof(
    fc.string(),
    fc.constantFrom(guid, token, "toString", "__proto__", "", "https://127.0.0.1/x", `x.${btoa("{}")}.x`),
  )
  .filter((each) => !/undefined|\[object|NaN/.test(each));
const leaf = fc.oneof(text, fc.constant(guid), fc.integer(), fc.boolean(), fc.constant(null), fc.double());

/** Objects that are as the services' in part. */
const { row } = fc.letrec<{ row: Record<string, unknown> }>((tie) => ({
  row: fc.dictionary(
    fc.constantFrom(...members, "code", "message", "innererror"),
    fc.oneof({ maxDepth: 4 }, leaf, tie("row"), fc.array(fc.oneof(leaf, tie("row")), { maxLength: 3 })),
    { maxKeys: 12 },
  ),
}));

/** Rows that are whole, with some members of another type. */
const whole = fc
  .tuple(fc.constantFrom(...[0, 1, 2, 3]), row)
  .map(([kept, other]) => ({ ...Object.fromEntries(members.map((member) => [member, guid])), ...slice(other, kept) }));
const slice = (object: object, most: number) => Object.fromEntries(Object.entries(object).slice(0, most));

/** A certificate of Key Vault, with times and numbers of all sizes. */
const number = fc.oneof(fc.integer({ min: 1, max: 4e9 }), fc.double(), fc.maxSafeInteger());
const certificate = fc.record({
  id: fc.constantFrom("https://orders.vault.azure.net/certificates/x/1", "https://elsewhere.example/certificates/x/1"),
  sid: fc.constantFrom("https://orders.vault.azure.net/secrets/x/1", guid),
  cer: fc.constantFrom("MIIB", "-----BEGIN CERTIFICATE-----"),
  tags: fc.oneof(fc.constant(null), fc.constant({ madeBy: guid }), row),
  attributes: fc.record({ enabled: fc.boolean(), created: number, exp: number }),
  policy: fc.record({
    x509_props: fc.record({ subject: text, validity_months: number }),
    key_props: fc.record({ key_size: number }),
  }),
  status: fc.constantFrom("completed", "failed", "inProgress"),
});

const rows = fc.array(fc.oneof(whole, row), { maxLength: 3 });
const body = fc.oneof(
  rows.map((value) => ({ value })),
  whole,
  row,
  row.map((error) => ({ error })),
  fc
    .tuple(whole, rows)
    .map(([it, list]) => ({ ...it, RolePrivileges: list, passwordCredentials: list, keyCredentials: list })),
  fc
    .tuple(certificate, row, fc.integer({ min: 0, max: 2 }))
    .map(([it, other, kept]) => ({ ...it, ...slice(other, kept) })),
  fc.tuple(whole, rows).map(([it, systemuserroles_association]) => ({ ...it, systemuserroles_association })),
  text,
  fc.jsonValue(),
);
const status = fc.oneof(
  fc.constantFrom(200, 200, 200, 201, 204, 400, 401, 403, 404, 409, 412, 429, 500, 503),
  fc.integer({ min: 200, max: 599 }).filter((each) => each < 300 || each > 399), // `send` refuses redirects itself
);
const headers = fc.dictionary(
  fc.constantFrom("content-type", "www-authenticate", "401_error_reason", "location"),
  text,
);
const answers = fc.array(fc.record({ status, headers, body }), { minLength: 1, maxLength: 6 });

/** Fails where a run ends in anything but a result or one of our own errors, or where either has nonsense in it. */
async function holds(act: () => Promise<unknown>, given: HttpResponse[]): Promise<void> {
  script.answers = given;
  script.next = 0;
  try {
    const result = await act();
    const shown = JSON.stringify(result instanceof Map ? [...result] : result) ?? "";
    expect(shown).not.toMatch(/undefined|\[object|NaN/);
  } catch (error) {
    const known = [VendorError, NoAnswer, AccessError].some((kind) => error instanceof kind);
    if (!known) throw error;
    const { message } = explain(error, { doing: "Reading", target: "'contoso'" });
    expect(message).not.toMatch(/undefined|\[object|NaN/);
    expect(message).not.toContain(token);
    expect(message.length).toBeLessThan(2_000);
  }
}

/** Each run has an environment of its own: what an environment said once is remembered. */
let environments = 0;
const environment = (): Dataverse =>
  dataverse(`https://contoso-${environments++}.crm4.dynamics.com`, async () => token);
const graph = jsonApi("https://graph.microsoft.com", async () => token);
const vaultUri = "https://orders.vault.azure.net";
const vault = jsonApi(vaultUri, async () => token);
const policy = { subject: "CN=Orders", validityMonths: 12, keySize: 2048 };
const desired = { userId: guid, applicationId: guid, businessUnitId: guid, primaryEmail: "a@contoso.example" };
const role = {
  roleId: guid,
  businessUnitId: guid,
  rootRoleId: guid,
  name: "Orders",
  templateId: undefined,
  managed: false,
};
const oidc = { ARM_OIDC_REQUEST_URL: "https://token.actions.example/", ARM_OIDC_REQUEST_TOKEN: token };
const signIn = () => ({
  identity: { kind: "clientSecret" as const, clientId: guid, clientSecret: token },
  loginUrl: "https://login.microsoftonline.com",
  tenantId: crypto.randomUUID(), // what one tenant gave is remembered
  resource: "https://contoso.crm4.dynamics.com",
});

const calls: Record<string, () => Promise<unknown>> = {
  findApplicationUser: () => users.findApplicationUser(environment(), guid),
  ensureApplicationUser: () => users.ensureApplicationUser(environment(), desired, silent),
  removeApplicationUser: () => users.removeApplicationUser(environment(), guid, guid, silent),
  rootBusinessUnit: () => rootBusinessUnit(environment()),
  businessUnitId: () => businessUnitId(environment(), "Sales"),
  readRole: () => roles.readRole(environment(), guid),
  findRoles: () => roles.findRoles(environment(), role),
  roleCopy: () => roles.roleCopy(environment(), role, crypto.randomUUID()),
  createRole: () => roles.createRole(environment(), guid, "Orders", guid),
  renameRole: () => roles.renameRole(environment(), guid, "Orders"),
  deleteRole: () => roles.deleteRole(environment(), guid),
  holdings: () => roles.holdings(environment(), guid),
  assignRole: () => roles.assignRole(environment(), guid, guid),
  unassignRole: () => roles.unassignRole(environment(), guid, guid),
  rolePrivileges: () => privileges.rolePrivileges(environment(), guid),
  privilegeIds: () => privileges.privilegeIds(environment(), ["prvReadAccount"]),
  entitySetOf: () => entitySetOf(environment(), "prvReadAccount"),
  whoAmI: () => whoAmI(environment()),
  tenantOf: () => tenantOf(environment().environmentUrl),
  isSingleTenant: () => consent.isSingleTenant(graph, guid),
  grantConsent: () => consent.grantConsent(graph, guid, guid),
  withdrawConsent: () => consent.withdrawConsent(graph, guid, guid),
  principalBySignIn: () => consent.principalBySignIn(signIn()),
  passwordsOf: () => passwords.passwordsOf(graph, guid),
  addPassword: () => passwords.addPassword(graph, guid, { displayName: "x", expiresOn: "2027-06-01T00:00:00Z" }),
  removePassword: () => passwords.removePassword(graph, guid, guid),
  readSecret: () => secrets.readSecret(vault, "https://orders.vault.azure.net/secrets/x/1"),
  versionsOf: () => secrets.versionsOf(vault, "x"),
  disableVersion: () => secrets.disableVersion(vault, { uri: `${vaultUri}/secrets/x/1`, tags: {}, enabled: true }),
  newestVersion: () => secrets.newestVersion(vault, "x"),
  writeSecret: () => secrets.writeSecret(vault, "x", { value: "x", contentType: "x", expires: 0, tags: {} }),
  deleteSecret: () => secrets.deleteSecret(vault, "x"),
  newestCertificate: () => certificates.newestCertificate(vault, "x"),
  requestCertificate: () => certificates.requestCertificate(vault, "x", policy, {}),
  untilMade: () => certificates.untilMade(vault, "x", silent),
  disableOtherVersions: () => certificates.disableOtherVersions(vault, "x", `${vaultUri}/certificates/x/1`),
  deleteCertificate: () => certificates.deleteCertificate(vault, "x"),
  certificatesOf: () => registered.certificatesOf(graph, guid),
  setCertificates: () => registered.setCertificates(graph, guid, [registered.newCertificate(guid, "x", "MIIB")]),
  tenantOfVault: () => tenantOfVault(vaultUri),
  federatedToken: () => federatedToken(undefined, oidc),
};

describe("whatever the services answer", () => {
  it.each(Object.keys(calls))("%s ends with a result or with one of our own errors, 200 times", async (name) => {
    await fc.assert(
      fc.asyncProperty(answers, (given) => holds(calls[name]!, given)),
      { numRuns: 200 },
    );
  });
});
