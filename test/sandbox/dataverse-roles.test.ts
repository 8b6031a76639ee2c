import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { switchesOf } from "../../sandbox/dataverse/switches.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";
import { type DataverseClient, dataverseClient } from "./dataverse-client.ts";

let sandbox: TestSandbox;
let client: DataverseClient;
let root: string;
let child: string;
let number = 0;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  client = dataverseClient(sandbox);
  root = await client.rootBusinessUnit();
  child = await client.create("businessunits", bound("parentbusinessunitid", root, { name: "Sales" }));
});
afterAll(() => sandbox.close());

interface Role {
  roleid: string;
  name: string;
  _businessunitid_value: string;
  _parentroleid_value: string | null;
  _parentrootroleid_value: string;
}

function bound(navigation: string, businessUnit: string, more: object = {}): object {
  return { [`${navigation}@odata.bind`]: `/businessunits(${businessUnit})`, ...more };
}
const createRole = (name = `Role ${++number}`, unit = root) =>
  client.create("roles", bound("businessunitid", unit, { name }));
const copies = async (id: string): Promise<Role[]> =>
  (await client.get(`roles?$filter=_parentrootroleid_value eq ${id}&$orderby=_parentroleid_value`)).value;
const copyInChild = async (id: string): Promise<string> =>
  (await copies(id)).find((role) => role._businessunitid_value === child)!.roleid;
const act = (role: string, action: string, body: unknown) =>
  client.send("POST", `roles(${role})/Microsoft.Dynamics.CRM.${action}`, body);
const held = async (role: string): Promise<Record<string, string>> => {
  const { RolePrivileges } = await client.get(`RetrieveRolePrivilegesRole(RoleId=${role})`);
  return Object.fromEntries(
    RolePrivileges.map((row: { PrivilegeName: string; Depth: string }) => [row.PrivilegeName, row.Depth]),
  );
};
const refusal = ({ status, data }: { status: number; data: { error: { code: string } } }) => [status, data.error.code];
const switchTo = (name: string, value: string) => switchesOf(sandbox.context.store, "contoso-dev").set(name, value);

describe("D7: A new security role", () => {
  test("has a copy with an id of its own in every business unit, and nine privileges", async () => {
    const id = await createRole();
    const [rootCopy, childCopy] = await copies(id);
    expect(rootCopy).toMatchObject({
      roleid: id,
      _businessunitid_value: root,
      _parentroleid_value: null,
      _parentrootroleid_value: id,
      ismanaged: false,
      overwritetime: "1900-01-01T00:00:00Z",
      iscustomizable: { Value: true, ManagedPropertyLogicalName: "iscustomizableanddeletable" },
    });
    expect(childCopy).toMatchObject({ _businessunitid_value: child, _parentroleid_value: id });
    expect(childCopy?.roleid).not.toBe(id);
    expect(Object.keys(await held(id))).toHaveLength(9);
    expect(await held(childCopy!.roleid)).toEqual(await held(id));
  });

  test("reaches business units made later", async () => {
    const id = await createRole();
    const before = (await copies(id)).length;
    const below = await client.create("businessunits", bound("parentbusinessunitid", child, { name: `BU ${number}` }));
    const units = (await copies(id)).map((role) => role._businessunitid_value);
    expect(units).toHaveLength(before + 1);
    expect(units).toContain(below);
    const later = await copies(await createRole());
    const inChild = later.find((role) => role._businessunitid_value === child);
    const inBelow = later.find((role) => role._businessunitid_value === below);
    expect(inBelow?._parentroleid_value).toBe(inChild?.roleid);
  });

  test("needs a name that its business unit does not have, and a business unit", async () => {
    await createRole("Taken");
    const again = await client.send("POST", "roles", bound("businessunitid", root, { name: "TAKEN" }));
    expect(refusal(again)).toEqual([400, "0x80041403"]);
    const nameless = await client.send("POST", "roles", bound("businessunitid", root));
    expect(refusal(nameless)).toEqual([400, "0x80041407"]);
    expect(refusal(await client.send("POST", "roles", { name: "Nowhere" }))).toEqual([400, "0x80041406"]);
  });

  test("takes a chosen primary key, and a second row with it is 412", async () => {
    const roleid = "55555555-5555-4555-8555-555555555555";
    const body = bound("businessunitid", root, { name: "Chosen", roleid });
    expect((await client.send("POST", "roles", body)).status).toBe(204);
    expect((await client.get(`roles(${roleid})`)).name).toBe("Chosen");
    const again = bound("businessunitid", root, { name: "Chosen again", roleid });
    expect(refusal(await client.send("POST", "roles", again))).toEqual([412, "0x80040237"]);
  });

  test("is found by a name with an apostrophe, which is doubled", async () => {
    const id = await createRole("Contoso's orders");
    const filter = encodeURIComponent(`name eq 'Contoso''s orders' and _businessunitid_value eq ${root}`);
    expect((await client.get(`roles?$select=name&$filter=${filter}`)).value).toMatchObject([{ roleid: id }]);
  });

  test("can be addressed by template or root role, with the business unit", async () => {
    const rest = "componentstate=0,overwritetime=1900-01-01T00:00:00Z";
    const template = "_roletemplateid_value=627090ff-40a3-4053-8790-584edc5be201";
    const administrator = await client.get(`roles(${template},_businessunitid_value=${child},${rest})`);
    expect(administrator).toMatchObject({ name: "System Administrator", _businessunitid_value: child });
    const id = await createRole();
    const copy = await client.get(`roles(_parentrootroleid_value=${id},_businessunitid_value=${child},${rest})`);
    expect(copy._parentroleid_value).toBe(id);
  });
});

describe("D7: The platform's roles", () => {
  test.each([
    ["System Administrator", "_roletemplateid_value", "627090ff-40a3-4053-8790-584edc5be201"],
    ["System Customizer", "_roletemplateid_value", "119f245c-3cc8-4b62-b31c-d1a046ced15d"],
    ["Support User", "_roletemplateid_value", "2d101bb3-5ced-4122-83f1-94d5efde4e3b"],
    ["Delegate", "_roletemplateid_value", "d892cc0b-28c7-4e88-bd92-72f2c366baed"],
    ["Basic User", "_roletemplateid_value", "236750cd-45ae-4939-ab12-b24b920ced93"],
    ["Environment Maker", "roleid", "d58407f2-48d5-e711-a82c-000d3a37c848"],
    ["Service Reader", "roleid", "494d392f-d3f4-42ba-af49-30c6f41e6093"],
    ["Service Writer", "roleid", "68f2d372-e1a5-4298-9a93-4b39757caf93"],
    ["Service Deleter", "roleid", "3b305bc7-5cf5-464b-985e-d6237f6496f1"],
  ])("%s has a %s that is the same everywhere, and is managed", async (name, column, id) => {
    const { value } = await client.get(`roles?$filter=${column} eq ${id} and _businessunitid_value eq ${root}`);
    expect(value).toMatchObject([
      {
        name,
        ismanaged: true,
        canbedeleted: { Value: false, CanBeChanged: false, ManagedPropertyLogicalName: "canbedeleted" },
        _roletemplateid_value: column === "roleid" ? null : id,
      },
    ]);
  });
});

describe("D7: Privileges of a role", () => {
  test("have depths by name or number, and masks that are other numbers", async () => {
    const id = await createRole();
    const filter = ["Read", "Write", "Delete", "Share"].map((right) => `name eq 'prv${right}Account'`).join(" or ");
    const { value: known } = await client.get(`privileges?$select=name&$orderby=name&$filter=${filter}`);
    const Privileges = known.map(({ privilegeid }: { privilegeid: string }, Depth: number) => ({
      Depth,
      PrivilegeId: privilegeid,
    }));
    expect((await act(id, "ReplacePrivilegesRole", { Privileges })).status).toBe(204);
    expect(await held(id)).toEqual({
      prvDeleteAccount: "Basic",
      prvReadAccount: "Local",
      prvShareAccount: "Deep",
      prvWriteAccount: "Global",
    });
    const { value } = await client.get(`roleprivilegescollection?$filter=roleid eq ${id}`);
    expect(value.map((row: { privilegedepthmask: number }) => row.privilegedepthmask).sort()).toEqual([1, 2, 4, 8]);
  });

  test("are added, replaced and removed, for all copies", async () => {
    const id = await createRole();
    const [read, write] = [await client.privilege("prvReadAccount"), await client.privilege("prvWriteAccount")];
    const both = [
      { Depth: "Basic", PrivilegeId: read, BusinessUnitId: root, PrivilegeName: "prvReadAccount" },
      { Depth: "Local", PrivilegeId: write },
    ];
    expect((await act(id, "AddPrivilegesRole", { Privileges: both })).status).toBe(204);
    expect(await held(id)).toMatchObject({ prvReadAccount: "Basic", prvWriteAccount: "Local" });
    expect(Object.keys(await held(id))).toHaveLength(11);
    const copy = await copyInChild(id);
    expect(await held(copy)).toEqual(await held(id));
    const expanded = await client.get(
      `roles(${copy})?$select=name&$expand=roleprivileges_association($select=name;$filter=startswith(name,'prvReadAcc'))`,
    );
    expect(expanded.roleprivileges_association).toMatchObject([{ name: "prvReadAccount" }]);
    const masks = await client.get(`roleprivilegescollection?$filter=roleid eq ${id} and privilegeid eq ${write}`);
    expect(masks.value).toMatchObject([{ privilegedepthmask: 2 }]);

    await act(id, "ReplacePrivilegesRole", { Privileges: [{ Depth: "Global", PrivilegeId: read }] });
    expect(await held(id)).toEqual({ prvReadAccount: "Global" });
    await act(id, "RemovePrivilegeRole", { PrivilegeId: read });
    expect(await held(copy)).toEqual({});
  });

  test("are refused where unknown, too deep or not a list", async () => {
    const id = await createRole();
    const unknown = { Privileges: [{ Depth: "Basic", PrivilegeId: id }] };
    expect(refusal(await act(id, "AddPrivilegesRole", unknown))).toEqual([404, "0x80040217"]);
    const solution = await client.privilege("prvReadSolution");
    const tooShallow = { Privileges: [{ Depth: "Basic", PrivilegeId: solution }] };
    expect(refusal(await act(id, "AddPrivilegesRole", tooShallow))).toEqual([400, "0x8004140B"]);
    const wrong = { Privileges: [{ Depth: "Deepest", PrivilegeId: solution }] };
    expect(refusal(await act(id, "AddPrivilegesRole", wrong))).toEqual([400, "0x80048d19"]);
    expect(refusal(await act(id, "AddPrivilegesRole", {}))).toEqual([400, "0x80048d19"]);
    expect(Object.keys(await held(id))).toHaveLength(9);
  });

  test("of a copy or of System Administrator cannot be changed", async () => {
    const id = await createRole();
    const PrivilegeId = await client.privilege("prvReadAccount");
    const copy = await copyInChild(id);
    const body = { Privileges: [{ Depth: "Basic", PrivilegeId }] };
    expect(refusal(await act(copy, "AddPrivilegesRole", body))).toEqual([403, "0x8004022e"]);
    const { value } = await client.get(
      `roles?$filter=name eq 'System Administrator' and _businessunitid_value eq ${root}`,
    );
    expect(refusal(await act(value[0].roleid, "RemovePrivilegeRole", { PrivilegeId }))).toEqual([403, "0x8004022e"]);
    expect(await held(value[0].roleid)).toMatchObject({ prvReadAccount: "Global", prvDeleteUser: "Global" });
  });

  test("of a user are those of its own roles together, each at the greatest depth", async () => {
    const user = await client.user(`Several ${++number}`, { prvReadAccount: "Basic", prvReadContact: "Local" });
    const second = await createRole();
    const PrivilegeId = await client.privilege("prvReadAccount");
    await act(second, "ReplacePrivilegesRole", { Privileges: [{ Depth: "Deep", PrivilegeId }] });
    await assign(user.userId, second);
    const { RolePrivileges } = await client.get(
      `systemusers(${user.userId})/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()`,
    );
    expect(RolePrivileges).toContainEqual(
      expect.objectContaining({ PrivilegeName: "prvReadAccount", Depth: "Deep", PrivilegeId }),
    );
    expect(RolePrivileges).toHaveLength(11);
  });
});

describe("D7: Renaming and deleting a role", () => {
  test("reach all copies and assignments", async () => {
    const user = await client.user(`Holder ${++number}`, {});
    await client.send("PATCH", `roles(${user.roleId})`, { name: `Renamed ${number}` });
    expect((await copies(user.roleId)).map(({ name }) => name)).toEqual(
      (await copies(user.roleId)).map(() => `Renamed ${number}`),
    );
    expect((await client.send("DELETE", `roles(${user.roleId})`)).status).toBe(204);
    expect(await copies(user.roleId)).toEqual([]);
    expect((await client.get(`systemusers(${user.userId})/systemuserroles_association`)).value).toEqual([]);
  });

  test("are refused for copies and for the platform's roles", async () => {
    const id = await createRole();
    const copy = await copyInChild(id);
    expect(refusal(await client.send("DELETE", `roles(${copy})`))).toEqual([400, "0x8004140C"]);
    expect(refusal(await client.send("PATCH", `roles(${copy})`, { name: "Own name" }))).toEqual([403, "0x8004022e"]);
    const codes: Record<string, string> = {
      "System Administrator": "0x80041D2E",
      "System Customizer": "0x80041D4A",
      "Basic User": "0x80041D5A",
      "Environment Maker": "0x80041D55",
    };
    for (const [name, code] of Object.entries(codes)) {
      const { value } = await client.get(`roles?$filter=name eq '${name}' and _businessunitid_value eq ${root}`);
      expect(refusal(await client.send("DELETE", `roles(${value[0].roleid})`))).toEqual([400, code]);
    }
  });
});

const assign = (user: string, role: string, body: object = { "@odata.id": `${client.base}roles(${role})` }) =>
  client.send("POST", `systemusers(${user})/systemuserroles_association/$ref`, body);
const unassign = (user: string, role: string) =>
  client.send("DELETE", `systemusers(${user})/systemuserroles_association(${role})/$ref`);

describe("D5: Assigning a role", () => {
  test("shows as rows, as references and in systemuserrolescollection", async () => {
    const { userId, roleId } = await client.user(`Assigned ${++number}`, {});
    const path = `systemusers(${userId})/systemuserroles_association`;
    const { value } = await client.get(`${path}?$select=name&$filter=roleid eq ${roleId}`);
    expect(value).toMatchObject([{ roleid: roleId }]);
    expect(await client.get(`${path}/$ref`)).toEqual({
      "@odata.context": `${client.base}$metadata#Collection($ref)`,
      value: [{ "@odata.id": `${client.base}roles(${roleId})` }],
    });
    const links = await client.get(`systemuserrolescollection?$filter=systemuserid eq '${userId}'`);
    expect(links.value).toMatchObject([{ systemuserid: userId, roleid: roleId }]);
  });

  test("ends by either form of DELETE", async () => {
    const { userId, roleId } = await client.user(`Removed ${++number}`, {});
    const path = `systemusers(${userId})/systemuserroles_association`;
    const byId = `${path}/$ref?$id=${encodeURIComponent(`${client.base}roles(${roleId})`)}`;
    expect((await client.send("DELETE", byId)).status).toBe(204);
    expect((await client.get(path)).value).toEqual([]);
    await assign(userId, roleId);
    expect((await unassign(userId, roleId)).status).toBe(204);
    expect((await client.get(path)).value).toEqual([]);
  });

  test("twice, and removing what is not assigned, answer as the switches say", async () => {
    const { userId, roleId } = await client.user(`Twice ${++number}`, {});
    expect((await assign(userId, roleId)).status).toBe(204);
    switchTo("roleAlreadyAssigned", "412 0x80040237");
    expect(refusal(await assign(userId, roleId))).toEqual([412, "0x80040237"]);
    switchTo("roleAlreadyAssigned", "204");
    const other = await createRole();
    expect((await unassign(userId, other)).status).toBe(204);
    switchTo("roleNotAssigned", "404");
    expect((await unassign(userId, other)).status).toBe(404);
    switchTo("roleNotAssigned", "204");
    expect((await client.get(`systemusers(${userId})/systemuserroles_association`)).value).toHaveLength(1);
  });

  test("is refused for a relative address, an unknown role and the role of another business unit", async () => {
    const { userId } = await client.user(`Refused ${++number}`, {});
    const role = await createRole();
    const relative = await assign(userId, role, { "@odata.id": `roles(${role})` });
    expect(refusal(relative)).toEqual([400, "0x80048d19"]);
    expect(refusal(await assign(userId, userId))).toEqual([404, "0x80040217"]);
    const copy = await copyInChild(role);
    const other = await assign(userId, copy);
    expect(refusal(other)).toEqual([400, "0x80041409"]);
    expect(other.data.error.message).toContain(child);
  });

  test("with privileges that the caller lacks is 403 0x80048d3b and lists them", async () => {
    const deployer = await client.user(`Deployer ${++number}`, {
      prvReadUser: "Global",
      prvReadRole: "Global",
      prvAssignRole: "Global",
      prvReadAccount: "Local",
    });
    const { userId } = await client.user(`Target ${number}`, {});
    const role = await createRole();
    const Privileges = [
      { Depth: "Global", PrivilegeId: await client.privilege("prvReadAccount") },
      { Depth: "Basic", PrivilegeId: await client.privilege("prvDeleteContact") },
    ];
    await act(role, "AddPrivilegesRole", { Privileges });
    const path = `systemusers(${userId})/systemuserroles_association/$ref`;
    const body = { "@odata.id": `${client.base}roles(${role})` };
    const answer = await client.send("POST", path, body, { as: deployer });
    expect(refusal(answer)).toEqual([403, "0x80048d3b"]);
    expect(answer.data.error.message).toContain("prvReadAccount, prvDeleteContact");
    await act(role, "ReplacePrivilegesRole", { Privileges: [{ ...Privileges[0], Depth: "Local" }] });
    expect((await client.send("POST", path, body, { as: deployer })).status).toBe(204);
  });

  test("System Administrator cannot be taken from the last one who has it", async () => {
    const { value } = await client.get(
      `roles?$filter=name eq 'System Administrator' and _businessunitid_value eq ${root}`,
    );
    const role = value[0].roleid;
    const { value: holders } = await client.get(`roles(${role})/systemuserroles_association?$select=applicationid`);
    expect(holders).toHaveLength(2);
    const person = holders.find((row: { applicationid: string | null }) => row.applicationid === null);
    const application = holders.find((row: { applicationid: string | null }) => row.applicationid !== null);
    expect((await unassign(person.systemuserid, role)).status).toBe(204);
    expect(refusal(await unassign(application.systemuserid, role))).toEqual([400, "0x80041D30"]);
    await assign(person.systemuserid, role);
  });
});

describe("D7: Teams and business units", () => {
  test("a user has the privileges of its teams' roles", async () => {
    const user = await client.user(`Member ${++number}`, {});
    const team = await client.create("teams", bound("businessunitid", root, { name: `Team ${number}` }));
    const role = await createRole();
    const PrivilegeId = await client.privilege("prvReadAccount");
    await act(role, "AddPrivilegesRole", { Privileges: [{ Depth: "Global", PrivilegeId }] });
    expect((await client.send("GET", "accounts", undefined, { as: user })).status).toBe(403);
    const teamRole = { "@odata.id": `${client.base}roles(${role})` };
    expect((await client.send("POST", `teams(${team})/teamroles_association/$ref`, teamRole)).status).toBe(204);
    const member = { "@odata.id": `${client.base}systemusers(${user.userId})` };
    expect((await client.send("POST", `teams(${team})/teammembership_association/$ref`, member)).status).toBe(204);
    expect((await client.send("GET", "accounts", undefined, { as: user })).status).toBe(200);
    const own = await client.get(`systemusers(${user.userId})/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()`);
    expect(own.RolePrivileges.map((row: { PrivilegeName: string }) => row.PrivilegeName)).not.toContain(
      "prvReadAccount",
    );
  });

  test("the default team of a business unit is the platform's", async () => {
    const { value } = await client.get(`teams?$filter=isdefault eq true and _businessunitid_value eq ${root}`);
    const team = `teams(${value[0].teamid})`;
    expect(refusal(await client.send("DELETE", team))).toEqual([400, "0x80048307"]);
    const members = await client.get(`${team}/teammembership_association?$select=fullname`);
    expect(members.value.length).toBeGreaterThan(3);
    const body = { "@odata.id": `${client.base}systemusers(${members.value[0].systemuserid})` };
    const answer = await client.send("POST", `${team}/teammembership_association/$ref`, body);
    expect(refusal(answer)).toEqual([400, "0x8004830B"]);
  });

  test("a business unit goes once it is disabled and empty, with its role copies", async () => {
    const id = await client.create(
      "businessunits",
      bound("parentbusinessunitid", root, { name: `Closed ${++number}` }),
    );
    expect(refusal(await client.send("DELETE", `businessunits(${id})`))).toEqual([400, "0x80041D60"]);
    await client.send("PATCH", `businessunits(${id})`, { isdisabled: true });
    expect((await client.send("DELETE", `businessunits(${id})`)).status).toBe(204);
    expect((await client.get(`roles?$filter=_businessunitid_value eq ${id}`)).value).toEqual([]);
    const rootAnswer = await client.send("PATCH", `businessunits(${root})`, { isdisabled: true });
    expect(refusal(rootAnswer)).toEqual([400, "0x80041D63"]);
  });
});
