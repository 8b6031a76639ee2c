import { readFileSync } from "node:fs";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Settings } from "../../dynamic-providers/identities.ts";
import { accessCheck } from "../../dynamic-providers/lifecycles/access-check.ts";
import { applicationUser } from "../../dynamic-providers/lifecycles/application-user.ts";
import { roleAssignment } from "../../dynamic-providers/lifecycles/role-assignment.ts";
import { securityRole } from "../../dynamic-providers/lifecycles/security-role.ts";
import { tableNamed } from "../../sandbox/dataverse/model.ts";
import { OrganizationData } from "../../sandbox/dataverse/organization-data.ts";
import { callerOf } from "../../sandbox/dataverse/security.ts";
import { type Switch, type SwitchName, switches, switchesOf } from "../../sandbox/dataverse/switches.ts";
import { createRow } from "../../sandbox/dataverse/writing.ts";
import type { JournalEntry } from "../../sandbox/server.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";
import { solutionPackage } from "../support/solution-package.ts";
import { type DataverseClient, dataverseClient, type Principal } from "./dataverse-client.ts";

/**
 * The points that Microsoft's documents leave open, in each position, against the lifecycles of this project: an ordinary
 * life of role, user and assignment, and for each switch the situation in which it decides.
 */
let sandbox: TestSandbox;
let client: DataverseClient;
let data: OrganizationData;
let number = 0;
let principal: Principal;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  setDefaultCACertificates([...getCACertificates("default"), readFileSync(sandbox.authorityPath, "utf8")]);
  client = dataverseClient(sandbox);
  data = new OrganizationData(sandbox.context, sandbox.context.organizations.get("contoso-dev")!);
});
afterAll(() => sandbox.close());
beforeEach(() => {
  principal = client.application(`Switched ${++number}`);
});

/** What the engine would hand over, with the administrator's secret; all applications of these tests have the same. */
function settings(clientId = sandbox.administrator.clientId): Settings {
  const { login, graph } = sandbox.endpoints;
  const endpoints = JSON.stringify({ loginUrl: login, graphUrl: graph, keyVaultHost: "127.0.0.1" });
  return {
    config: (key) => (key === "dataverse-s2s:endpoints" ? endpoints : undefined),
    environment: {
      DATAVERSE_S2S_ADMIN_CONTOSO_CLIENT_ID: clientId,
      DATAVERSE_S2S_ADMIN_CONTOSO_CLIENT_SECRET: sandbox.administrator.clientSecret,
      DATAVERSE_S2S_CLIENT_SECRET: sandbox.administrator.clientSecret,
    },
    say: () => undefined,
    warn: () => undefined,
  };
}

const target = () => ({ subscriber: "contoso", environmentUrl: client.url });
const roleInputs = () => ({
  ...target(),
  name: `Switched role ${number}`,
  privileges: { prvReadAccount: "Global" as const },
  adopt: false,
  rowId: sandbox.context.store.newId(),
});
const userInputs = () => ({
  ...target(),
  applicationId: principal.clientId,
  servicePrincipalId: principal.objectId,
  rowId: sandbox.context.store.newId(),
  enabled: true,
});
const makeRole = () => securityRole(settings()).create(roleInputs());
const makeUser = () => applicationUser(settings()).create(userInputs());
const assign = (userId: string, roleId: string, as = settings()) =>
  roleAssignment(as).create({ ...target(), userId, roleId });
const usersOf = (clientId: string) =>
  [...data.rows("systemuser").values()].filter(({ applicationid }) => applicationid === clientId);
const rolesOf = (userId: string) => data.linked("systemuserroles", "systemuserid", userId, "roleid");

/** Lets somebody else act right after the next request that matches was answered, before its answer is back. */
function after(matches: (entry: JournalEntry) => boolean, act: () => void): void {
  const { journal } = sandbox.context;
  journal.push = (...entries) => {
    if (entries.some(matches)) {
      Reflect.deleteProperty(journal, "push");
      act();
    }
    return Array.prototype.push.apply(journal, entries);
  };
}

/** Another business unit than the root. */
async function otherUnit(): Promise<string> {
  const parent = `/businessunits(${await client.rootBusinessUnit()})`;
  return client.create("businessunits", { name: `Unit ${number}`, "parentbusinessunitid@odata.bind": parent });
}

const positions = (Object.entries(switches) as [SwitchName, Switch][]).flatMap(([name, { values }]) =>
  values.map((value) => [name, value] as const),
);

/** Runs with one switch in one position. */
async function withSwitch(name: SwitchName, value: string, run: () => Promise<void>): Promise<void> {
  const set = switchesOf(sandbox.context.store, "contoso-dev");
  set.set(name, value);
  try {
    await run();
  } finally {
    set.delete(name);
  }
}

describe("A life of role, user and assignment", () => {
  test.each(positions)("ends right with %s: %s", (name, value) =>
    withSwitch(name, value, async () => {
      const role = await makeRole();
      const user = await makeUser();
      const assignment = await assign(user.id!, role.id!);
      expect([role.outs?.adopted, user.outs?.adopted, assignment.outs?.adopted]).toEqual([false, false, false]);
      expect(rolesOf(user.id!)).toEqual([role.id]);
      const again = await roleAssignment(settings()).update!(assignment.id!, assignment.outs!, assignment.outs!);
      expect(again.outs?.adopted).toBe(false);
      expect(await applicationUser(settings()).read!(user.id!, user.outs!)).toMatchObject({ id: user.id });

      await roleAssignment(settings()).delete!(assignment.id!, assignment.outs!);
      expect(rolesOf(user.id!)).toEqual([]);
      await applicationUser(settings()).delete!(user.id!, user.outs!);
      await securityRole(settings()).delete!(role.id!, role.outs!);
      expect(usersOf(principal.clientId)).toEqual([]);
      expect(data.find("role", role.id!)).toBeUndefined();
    }),
  );
});

/** The situation in which a switch decides, and how the lifecycle must come out of it. */
const situations: Partial<Record<SwitchName, (value: string) => Promise<void>>> = {
  async missingServicePrincipalStatus(value) {
    principal = client.application(`Consented late ${number}`, { installed: false });
    const { directory } = sandbox.context;
    after(
      ({ method, path, status }) => method === "POST" && path.endsWith("/systemusers") && String(status) === value,
      () => {
        const application = directory.application(principal.clientId)!;
        principal = { ...principal, objectId: directory.createServicePrincipal(application, principal.tenantId).id };
      },
    );
    const { servicePrincipalId: _, ...inputs } = userInputs();
    const user = await applicationUser(settings()).create(inputs);
    expect(user.outs?.adopted).toBe(false);
    expect(usersOf(principal.clientId)).toHaveLength(1);
  },

  async duplicateApplicationUser() {
    const administrator = usersOf(sandbox.administrator.clientId)[0]!;
    let theirs = "";
    after(
      ({ method, path }) => method === "GET" && path.includes("/systemusers?"),
      () => {
        const columns = { applicationid: principal.clientId, businessunitid: administrator.businessunitid };
        const row = createRow(data, callerOf(data, administrator), tableNamed("systemuser"), { columns, links: [] });
        theirs = row.systemuserid as string;
      },
    );
    const user = await makeUser();
    expect([user.id, user.outs?.adopted]).toEqual([theirs, true]);
    await applicationUser(settings()).delete!(user.id!, user.outs!);
    expect(usersOf(principal.clientId)).toHaveLength(1);
  },

  async roleAlreadyAssigned() {
    const [role, user] = [await makeRole(), await makeUser()];
    after(
      ({ method, path }) => method === "GET" && path.includes(`/systemusers(${user.id})`),
      () => data.link("systemuserroles", { systemuserid: user.id!, roleid: role.id! }),
    );
    await assign(user.id!, role.id!);
    expect(rolesOf(user.id!)).toEqual([role.id]);
  },

  async roleNotAssigned() {
    const [role, user] = [await makeRole(), await makeUser()];
    const assignment = await assign(user.id!, role.id!);
    data.unlink("systemuserroles", ({ systemuserid }) => systemuserid === user.id);
    await roleAssignment(settings()).delete!(assignment.id!, assignment.outs!);
    expect(rolesOf(user.id!)).toEqual([]);
  },

  async deleteEnabledUserStatus(value) {
    const user = await makeUser();
    after(
      ({ method }) => method === "PATCH",
      () => data.update(data.get("systemuser", user.id!), { isdisabled: false }),
    );
    const remove = () => applicationUser(settings()).delete!(user.id!, user.outs!);
    await expect(remove()).rejects.toThrow(`(0x80048356, HTTP ${value})`);
    expect(usersOf(principal.clientId)).toHaveLength(1);
    await remove();
    expect(usersOf(principal.clientId)).toEqual([]);
  },

  async whoAmIWithoutRoles(value) {
    const [role, user] = [await makeRole(), await makeUser()];
    const refused: string[] = [];
    after(
      ({ status, path }) => status === 403 && refused.push(path) > 0,
      () => data.link("systemuserroles", { systemuserid: user.id!, roleid: role.id! }),
    );
    const check = await accessCheck(settings()).create({
      ...target(),
      applicationId: principal.clientId,
      secretUri: `${sandbox.endpoints.vault}/secrets/orders`,
      userId: user.id!,
      roleIds: [role.id!],
      privileges: { prvReadAccount: "Global" },
      working: true,
      credential: "clientSecret" as const,
    });
    expect(check.outs).toMatchObject({ working: true, tableRead: "accounts" });
    expect(refused[0]).toContain(value === "403" ? "WhoAmI" : "accounts");
  },

  async roleExceedsCallerStatus(value) {
    const [role, user] = [await makeRole(), await makeUser()];
    const rights = { prvReadUser: "Global", prvReadRole: "Global", prvAssignRole: "Global" };
    const deployer = await client.user(`Deployer ${number}`, rights);
    const as = settings(deployer.clientId);
    await expect(assign(user.id!, role.id!, as)).rejects.toThrow(`prvReadAccount (0x80048d3b, HTTP ${value})`);
    expect(rolesOf(user.id!)).toEqual([]);
  },

  async roleOfOtherBusinessUnitStatus(value) {
    const unit = await otherUnit();
    const [role, user] = [await makeRole(), await makeUser()];
    after(
      ({ method, path }) => method === "GET" && path.includes(`/systemusers(${user.id})`),
      () => data.update(data.get("systemuser", user.id!), { businessunitid: unit }),
    );
    await expect(assign(user.id!, role.id!)).rejects.toThrow(`(0x80041409, HTTP ${value})`);
    const assignment = await assign(user.id!, role.id!);
    expect(rolesOf(user.id!)).toEqual([assignment.outs?.assignedRoleId]);
    expect(data.get("role", assignment.outs!.assignedRoleId).businessunitid).toBe(unit);
  },

  async objectIdFilled(value) {
    const user = await makeUser();
    expect(user.outs?.objectId).toBe(value === "at creation" ? principal.objectId : undefined);
    const { changes } = await applicationUser(settings()).diff!(user.id!, user.outs!, {
      ...user.outs!,
      ...userInputs(),
    });
    expect(changes).toBe(false);
    const same = await applicationUser(settings()).update!(user.id!, user.outs!, user.outs!);
    expect(same.outs?.userId).toBe(user.id);
    const role = await makeRole();
    await assign(user.id!, role.id!);
    await client.send("GET", "WhoAmI", undefined, { as: principal });
    const { props } = await applicationUser(settings()).read!(user.id!, user.outs!);
    expect(props?.objectId).toBe(value === "never" ? undefined : principal.objectId);
    expect(props?.servicePrincipalId).toBe(principal.objectId);
  },

  async importedRoleId(value) {
    const [id, name] = [crypto.randomUUID(), `Imported role ${number}`];
    const uniqueName = `Imported${number}`;
    const CustomizationFile = solutionPackage({ uniqueName, roles: [{ id, name, privileges: {} }] });
    const ImportJobId = crypto.randomUUID();
    const options = { OverwriteUnmanagedCustomizations: false, PublishWorkflows: false };
    await client.send("POST", "ImportSolution", { ...options, CustomizationFile, ImportJobId });
    const filter = `name eq '${name}' and _businessunitid_value eq ${await client.rootBusinessUnit()}`;
    const [role] = (await client.get(`roles?$select=roleid&$filter=${filter}`)).value;
    expect(role.roleid === id).toBe(value === "of the package");
    const user = await makeUser();
    const assignment = await assign(user.id!, role.roleid);
    expect(rolesOf(user.id!)).toEqual([role.roleid]);
    const declared = securityRole(settings()).create({ ...roleInputs(), name, adopt: true });
    await expect(declared).rejects.toThrow("came with a managed solution");
    await roleAssignment(settings()).delete!(assignment.id!, assignment.outs!);
    expect(rolesOf(user.id!)).toEqual([]);
  },

  async disabledUserCode(value) {
    const deployer = await client.user(`Disabled ${number}`, { prvReadRole: "Global" });
    data.update(data.get("systemuser", deployer.userId), { isdisabled: true });
    const made = securityRole(settings(deployer.clientId)).create(roleInputs());
    await expect(made).rejects.toThrow(new RegExp(`\\(${value}, HTTP 403\\)\\. Enable that user`, "i"));
  },

  async missingReferenceCode() {
    const [role, user] = [await makeRole(), await makeUser()];
    const assignment = await assign(user.id!, role.id!);
    await securityRole(settings()).delete!(role.id!, role.outs!);
    await roleAssignment(settings()).delete!(assignment.id!, assignment.outs!);
    expect(rolesOf(user.id!)).toEqual([]);
  },
};

describe("The situation in which a switch decides", () => {
  test.each(positions.filter(([name]) => situations[name]))("ends right with %s: %s", (name, value) =>
    withSwitch(name, value, () => situations[name]!(value)),
  );
});

test("D6: a deletion that the user's settings block for a moment (0x80048610) is tried again", async () => {
  const [role, user] = [await makeRole(), await makeUser()];
  const assignment = await assign(user.id!, role.id!);
  await roleAssignment(settings()).delete!(assignment.id!, assignment.outs!);
  const error = { code: "0x80048610", message: "Can't delete a user which owns records." };
  const rule = { service: "dataverse contoso-dev", method: "DELETE", path: "/systemusers", times: 2, status: 400 };
  const faults = `${sandbox.endpoints.control}/faults`;
  await sandbox.http.post(faults, { ...rule, body: JSON.stringify({ error }) });
  await applicationUser(settings()).delete!(user.id!, user.outs!);
  expect((await sandbox.http.get(faults)).data).toMatchObject([{ fired: 2 }]);
  expect(usersOf(principal.clientId)).toEqual([]);
  await sandbox.http.delete(faults);
});

test("A role that a moved user was left with stays its own once it was moved back (D6, DoNotRemoveRolesOnChangeBusinessUnit)", async () => {
  const organization = `organizations(${sandbox.context.organizations.get("contoso-dev")!.id})`;
  const setting = "<DoNotRemoveRolesOnChangeBusinessUnit>true</DoNotRemoveRolesOnChangeBusinessUnit>";
  await client.send("PATCH", organization, { orgdborgsettings: `<OrgSettings>${setting}</OrgSettings>` });
  const [role, user] = [await makeRole(), await makeUser()];
  const move = (unit: string) =>
    client.send("PATCH", `systemusers(${user.id})`, { "businessunitid@odata.bind": `/businessunits(${unit})` });
  const businessUnitId = await client.rootBusinessUnit();
  const declared = { ...target(), userId: user.id!, roleId: role.id!, businessUnitId };
  const { id, outs } = await roleAssignment(settings()).create(declared);

  await move(await otherUnit());
  const { props } = await roleAssignment(settings()).read!(id, outs!);
  await move(businessUnitId);
  expect(await roleAssignment(settings()).diff!(id, props!, declared)).toMatchObject({ changes: true, replaces: [] });
  const back = await roleAssignment(settings()).update!(id, props!, declared);
  expect(rolesOf(user.id!)).toEqual([role.id]);
  expect(back.outs).toMatchObject({ businessUnitId, adopted: false });
  await roleAssignment(settings()).delete!(id, back.outs!);
  expect(rolesOf(user.id!)).toEqual([]);
  await client.send("DELETE", `${organization}/orgdborgsettings`);
});

test.each([
  ["the status of a batch", /\$batch/],
  ["whether asking by an object id adds a user (wire facts D4)", /azureactivedirectoryobjectid=/],
])("%s is no matter of ours: no lifecycle sends such a request", (_, request) => {
  expect(sandbox.context.journal.length).toBeGreaterThan(100);
  expect(sandbox.context.journal.filter(({ path }) => request.test(path))).toEqual([]);
});
