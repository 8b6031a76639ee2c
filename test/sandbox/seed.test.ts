import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import axios, { type AxiosInstance } from "axios";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { administratorOf } from "../../sandbox/seed.ts";
import { openSandbox, type Session } from "../../tools/session.ts";

let directory: string;
let session: Session;
let http: AxiosInstance;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "dataverse-s2s-test-"));
  session = await openSandbox({ directory, basePort: 0, say: () => {} });
  const httpsAgent = new Agent({ ca: readFileSync(session.env.NODE_EXTRA_CA_CERTS!), keepAlive: true });
  http = axios.create({ httpsAgent });
});
afterAll(async () => {
  await session.close();
  rmSync(directory, { recursive: true });
});

/** GET on an environment's Web API, signed in with what a command finds in its environment variables. */
async function dataverse(name: string, path: string) {
  const { tenantId } = administratorOf(name);
  const url = session.endpoints.organizations[name]!;
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: session.env[`DATAVERSE_S2S_ADMIN_${name.toUpperCase()}_CLIENT_ID`]!,
    client_secret: session.env[`DATAVERSE_S2S_ADMIN_${name.toUpperCase()}_CLIENT_SECRET`]!,
    scope: `${url}/.default`,
  });
  const { data: token } = await http.post(`${session.endpoints.login}/${tenantId}/oauth2/v2.0/token`, form);
  const headers = { Authorization: `Bearer ${token.access_token}` };
  return (await http.get(`${url}/api/data/v9.2/${path}`, { headers })).data;
}

describe("The seeded environments", () => {
  test("are the publisher's, then those of three subscribers", () => {
    expect(Object.keys(session.endpoints.organizations)).toEqual(["contoso-dev", "fabrikam", "northwind", "tailspin"]);
  });

  test.each(["fabrikam", "northwind", "tailspin"])(
    "%s has an administrator, given in environment variables",
    async (name) => {
      const { UserId } = await dataverse(name, "WhoAmI");
      const roles = await dataverse(name, `systemusers(${UserId})/systemuserroles_association?$select=name`);
      expect(roles.value).toMatchObject([{ name: "System Administrator" }]);
    },
  );

  test("do not give the publisher's administrator a second time", () => {
    expect(Object.keys(session.env).filter((name) => /_CONTOSO|_PUBLISHER/.test(name))).toEqual([]);
    expect(session.env.ARM_CLIENT_ID).toBe(administratorOf("publisher").clientId);
  });

  test("have persons who can sign in, given as JSON", async () => {
    const users = JSON.parse(session.env.SANDBOX_ADMIN_USERS!);
    expect(Object.keys(users)).toEqual(["fabrikam", "northwind", "tailspin"]);
    const { tenantId, userName, password } = users.tailspin;
    expect(tenantId).toBe(administratorOf("tailspin").tenantId);
    const client_id = "51f81489-12ee-4a9e-aaae-a2591f45987d";
    const scope = `${session.endpoints.organizations.tailspin}/.default`;
    const code = new URLSearchParams({ client_id, scope });
    const path = `${session.endpoints.login}/${tenantId}/oauth2/v2.0/devicecode`;
    const { user_code } = (await http.post(path, code)).data;
    const form = new URLSearchParams({ code: user_code, userName, password });
    expect((await http.post(`${session.endpoints.login}/device`, form)).data).toContain("You have signed in");
  });
});

describe("Seeded business units", () => {
  const units = async (name: string) => {
    const rows = (await dataverse(name, "businessunits?$select=name,_parentbusinessunitid_value&$orderby=name"))
      .value as Row[];
    const nameOf = (id: unknown) => rows.find(({ businessunitid }) => businessunitid === id)?.name ?? null;
    return rows.map((row) => [row.name, nameOf(row._parentbusinessunitid_value)]);
  };

  test("are the trees that the seed describes", async () => {
    expect(await units("fabrikam")).toEqual([
      ["Fabrikam", null],
      ["Sales", "Fabrikam"],
      ["Sales Europe", "Sales"],
    ]);
    expect(await units("northwind")).toEqual([
      ["Northwind Traders", null],
      ["Operations", "Northwind Traders"],
    ]);
    expect(await units("tailspin")).toEqual([["Tailspin Toys", null]]);
  });

  test("have their default team, and a copy of every role that leads back to the root's", async () => {
    const { value } = await dataverse("fabrikam", "businessunits?$select=name");
    const idOf = (name: string) => (value as Row[]).find((row) => row.name === name)!.businessunitid;
    const rolesOf = async (name: string) =>
      (await dataverse("fabrikam", `roles?$filter=_businessunitid_value eq ${idOf(name)}`)).value as Row[];
    const root = (await rolesOf("Fabrikam")).map((role) => role.roleid);
    for (const name of ["Sales", "Sales Europe"]) {
      const copies = await rolesOf(name);
      expect(copies.map((role) => role._parentrootroleid_value).sort()).toEqual(root.toSorted());
      expect(copies.filter((role) => root.includes(role.roleid))).toEqual([]);
      const teams = await dataverse("fabrikam", `teams?$filter=_businessunitid_value eq ${idOf(name)}`);
      expect(teams.value).toMatchObject([{ name, isdefault: true }]);
    }
  });
});

type Row = Record<string, unknown>;
