import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { administratorOf } from "../../sandbox/seed.ts";
import { type Engine, type Stack, sandboxConfig, startEngine } from "../support/engine.ts";
import { farSide, type Row } from "../support/far-side.ts";
import { tries } from "../support/reliability.ts";

let engine: Engine;
let send: ReturnType<typeof farSide>["send"];
let graph: ReturnType<typeof farSide>["graph"];
let environmentOf: ReturnType<typeof farSide>["environmentOf"];
let stack: Stack;
let outputs: Outputs;
/** Ids of the business units of the publisher's environment: the one that is declared for the user, and the root one. */
let declaredUnit: string;
let rootUnit: string;

interface Outputs {
  clientId: string;
  objectId: string;
  servicePrincipalId: string;
  secretUri: string;
  environments: { contoso: { userId: string; userName: string; rolesHeld: string[]; tableRead: string } };
}

const roleName = "Contoso Orders Integration";
const declaredPrivileges = { prvReadAccount: "Global", prvWriteAccount: "Local", prvReadContact: "Basic" };
const email = "support@contoso.example";

beforeAll(async () => {
  engine = await startEngine();
  ({ send, graph, environmentOf } = farSide(engine, () => outputs.clientId));
  const environment = environmentOf("contoso-dev");
  rootUnit = await environment.rootUnit();
  declaredUnit = await environment.create("businessunits", {
    name: "Orders",
    "parentbusinessunitid@odata.bind": `/businessunits(${rootUnit})`,
  });
  stack = await engine.stack("drift");
  const config = sandboxConfig(engine.endpoints);
  const contoso = { environmentUrl: engine.endpoints.organizations["contoso-dev"], businessUnit: "Orders" };
  stack.configure({
    ...config,
    role: { name: roleName, privileges: declaredPrivileges },
    subscribers: { contoso },
  });
  await stack.ok("up", "--yes", "--skip-preview");
  outputs = (await stack.outputs()) as unknown as Outputs;
});

afterAll(async () => {
  await engine?.close();
});

/** The newest version of the client secret; a PUT makes another. */
const vault = (method: "get" | "put", data?: object) =>
  send(
    "https://vault.azure.net",
    administratorOf("publisher"),
    method,
    `${outputs.secretUri}?api-version=7.4`,
    data,
  ) as Promise<{ id: string; value: string; tags: Record<string, string> }>;

const passwords = async () =>
  (await graph("get", `/applications/${outputs.objectId}`)).passwordCredentials as { keyId: string }[];

async function removePasswords(): Promise<void> {
  for (const { keyId } of await passwords())
    await graph("post", `/applications/${outputs.objectId}/removePassword`, { keyId });
}

const contoso = () => environmentOf("contoso-dev");
const userId = () => outputs.environments.contoso.userId;

/** The one row that there is of the application's user. */
async function theUser(): Promise<Row> {
  const [user, ...others] = await contoso().users();
  expect(others).toEqual([]);
  return user!;
}

/** A round of `refresh` and `up`: what the refresh printed. */
async function mend(): Promise<string> {
  const refreshed = await stack.ok("refresh", "--yes", "--skip-preview", "--run-program");
  await stack.ok("up", "--yes", "--skip-preview");
  outputs = (await stack.outputs()) as unknown as Outputs;
  return refreshed;
}

/** The engine's line of a resource that a refresh found changed (`~`) or gone (`-`). */
const seen = (mark: "~" | "-", type: string) => new RegExp(`^ *\\${mark} .*:${type} `, "m");

const settled = () => stack.ok("preview", "--expect-no-changes");

/** Who the application is in the environment when it signs in with the secret of the vault. */
async function whoAmI(): Promise<unknown> {
  const { tenantId, objectId } = administratorOf("publisher");
  const { value: clientSecret } = await vault("get");
  const application = { tenantId, objectId, clientId: outputs.clientId, clientSecret };
  const base = engine.endpoints.organizations["contoso-dev"]!;
  return (await send(base, application, "get", `${base}/api/data/v9.2/WhoAmI`)).UserId;
}

describe("a role with another name and privileges, one on top of it, and another email", () => {
  let refreshed: string;

  beforeAll(async () => {
    const { api, roleNamed, addPrivileges, removePrivilege, assign } = contoso();
    const role = await roleNamed(roleName, rootUnit);
    await addPrivileges(role, { prvDeleteAccount: "Global", prvReadAccount: "Local" });
    await removePrivilege(role, "prvReadContact");
    await api("patch", `roles(${role})`, { name: "Renamed by hand" });
    await api("patch", `systemusers(${userId()})`, { internalemailaddress: "somebody@contoso.example" });
    await assign(userId(), await roleNamed("System Administrator", declaredUnit));
    refreshed = await mend();
  });

  it("are seen by a refresh", () => {
    expect(refreshed).toMatch(seen("~", "SecurityRole"));
    expect(refreshed).toMatch(seen("~", "ApplicationUser"));
  });

  it("the role on top is warned of, by its name", () => {
    expect(refreshed).toMatch(/warning: .*holds more than what is declared: System Administrator/);
  });

  it("the role has its name again", async ({ task }) => {
    tries(task, "drift", "role renamed");
    const { roleNamed } = contoso();
    expect(await roleNamed(roleName, rootUnit)).toBeDefined();
    expect(await roleNamed("Renamed by hand", rootUnit)).toBeUndefined();
  });

  it("the role has its privileges again: the added one gone, the removed one back, depths as declared", async ({
    task,
  }) => {
    tries(task, "drift", "privilege added");
    tries(task, "drift", "privilege removed");
    tries(task, "drift", "privilege at another depth");
    const { depthsOf, roleNamed } = contoso();
    expect(await depthsOf(await roleNamed(roleName, rootUnit))).toEqual(declaredPrivileges);
  });

  it("the user has its email again, and is the same one", async ({ task }) => {
    tries(task, "drift", "email changed");
    expect(await theUser()).toMatchObject({ systemuserid: userId(), internalemailaddress: email });
  });

  it("the stack's outputs say what the user holds now", ({ task }) => {
    tries(task, "drift", "role on top: told");
    expect(outputs.environments.contoso.rolesHeld).toEqual([roleName, "System Administrator"]);
  });

  it("nothing is left to do", settled);

  afterAll(async () => {
    const { unassign, roleNamed } = contoso();
    await unassign(userId(), await roleNamed("System Administrator", declaredUnit));
  });
});

describe("a user disabled and without its role, and another value in the vault", () => {
  let refreshed: string;
  let before: { userId: string; value: string; keyIds: string[] };

  beforeAll(async () => {
    const { unassign, roleNamed, disable } = contoso();
    before = {
      userId: userId(),
      value: (await vault("get")).value,
      keyIds: (await passwords()).map(({ keyId }) => keyId),
    };
    await unassign(userId(), await roleNamed(roleName, declaredUnit));
    await disable(userId());
    await vault("put", { value: "typed-in-by-hand" });
    refreshed = await mend();
  });

  it("are seen by a refresh, and the role on top that is gone is warned of no more", () => {
    expect(refreshed).toMatch(seen("~", "ApplicationUser"));
    expect(refreshed).toMatch(seen("-", "RoleAssignment"));
    expect(refreshed).toMatch(seen("~", "ApplicationPassword"));
    expect(refreshed).not.toContain("more than what is declared");
  });

  it("the user is enabled again, and is the same one", async ({ task }) => {
    tries(task, "drift", "user disabled");
    expect(await theUser()).toMatchObject({ systemuserid: before.userId, isdisabled: false });
  });

  it("the user holds the role again, and that one only", async ({ task }) => {
    tries(task, "drift", "role taken away");
    expect(await contoso().rolesOf(userId())).toEqual([roleName]);
  });

  it("the vault has a new secret, the application's only one, and it lets the application in", async ({ task }) => {
    tries(task, "drift", "value in the vault changed");
    const { value } = await vault("get");
    expect([before.value, "typed-in-by-hand"]).not.toContain(value);
    const keyIds = (await passwords()).map(({ keyId }) => keyId);
    expect(keyIds).toHaveLength(1);
    expect(before.keyIds).not.toContain(keyIds[0]);
    expect(await whoAmI()).toBe(userId());
  });

  it("nothing is left to do", settled);
});

describe("a user moved to another business unit, and the application's password removed", () => {
  let refreshed: string;
  let before: string;

  beforeAll(async () => {
    before = userId();
    await contoso().api("patch", `systemusers(${before})`, {
      "businessunitid@odata.bind": `/businessunits(${rootUnit})`,
    });
    expect(await contoso().rolesOf(before)).toEqual([]);
    await removePasswords();
    refreshed = await mend();
  });

  it("are seen by a refresh", () => {
    expect(refreshed).toMatch(seen("~", "ApplicationUser"));
    expect(refreshed).toMatch(seen("~", "ApplicationPassword"));
  });

  it("the user is back in its business unit, and is the same one", async ({ task }) => {
    tries(task, "drift", "user moved to another business unit");
    expect(await theUser()).toMatchObject({ systemuserid: before, _businessunitid_value: declaredUnit });
  });

  it("the user holds the role again, which the move took", async () => {
    expect(await contoso().rolesOf(before)).toEqual([roleName]);
  });

  it("the application has one password again, and it is in the vault", async ({ task }) => {
    tries(task, "drift", "client secret removed in Entra");
    expect(await passwords()).toHaveLength(1);
    expect(await whoAmI()).toBe(before);
  });

  it("nothing is left to do", settled);
});

describe.each([
  ["once, so that its row blocks a new one", 1],
  ["twice, so that its row is gone", 2],
])("a user deleted %s", (_how, times) => {
  let refreshed: string;

  beforeAll(async () => {
    const { api, disable } = contoso();
    await disable(userId());
    for (let time = 0; time < times; time++) await api("delete", `systemusers(${userId()})`);
    expect(await contoso().users()).toHaveLength(2 - times);
    refreshed = await mend();
  });

  it("is seen by a refresh", () => {
    expect(refreshed).toMatch(seen("-", "ApplicationUser"));
    expect(refreshed).toMatch(seen("-", "RoleAssignment"));
  });

  it("there is one again, as declared, with its role and access", async ({ task }) => {
    tries(task, "drift", "user deleted, once and twice");
    expect(await theUser()).toMatchObject({
      systemuserid: userId(),
      azureactivedirectoryobjectid: outputs.servicePrincipalId,
      internalemailaddress: email,
      isdisabled: false,
      _businessunitid_value: declaredUnit,
    });
    expect((await theUser()).deletedstate ?? 0).toBe(0);
    expect(await contoso().rolesOf(userId())).toEqual([roleName]);
    expect(await whoAmI()).toBe(userId());
  });

  it("nothing is left to do", settled);
});

describe("a role deleted", () => {
  let refreshed: string;

  beforeAll(async () => {
    const { api, roleNamed } = contoso();
    await api("delete", `roles(${await roleNamed(roleName, rootUnit)})`);
    refreshed = await mend();
  });

  it("is seen by a refresh", () => {
    expect(refreshed).toMatch(seen("-", "SecurityRole"));
    expect(refreshed).toMatch(seen("-", "RoleAssignment"));
  });

  it("there is one again with its privileges, and the user holds it", async ({ task }) => {
    tries(task, "drift", "role deleted");
    const { list, depthsOf, roleNamed, rolesOf } = contoso();
    expect(await list(`roles?$filter=name eq '${roleName}' and _businessunitid_value eq ${rootUnit}`)).toHaveLength(1);
    expect(await depthsOf(await roleNamed(roleName, rootUnit))).toEqual(declaredPrivileges);
    expect(await rolesOf(userId())).toEqual([roleName]);
  });

  it("nothing is left to do", settled);
});

describe("an enterprise application deleted in the publisher's own tenant", () => {
  const remove = async () => {
    expect(await contoso().rolesOf(userId()), "the user had its role before").toEqual([roleName]);
    const { value } = await graph("get", `/servicePrincipals?$filter=appId eq '${outputs.clientId}'`);
    for (const { id } of value as Row[]) await graph("delete", `/servicePrincipals/${id}`);
  };

  /** The user must be of the present principal, alone, and work. */
  async function expectUserOf(principalId: unknown): Promise<void> {
    expect(outputs.servicePrincipalId).toBe(principalId);
    expect(await theUser()).toMatchObject({
      systemuserid: userId(),
      azureactivedirectoryobjectid: principalId,
      _businessunitid_value: declaredUnit,
    });
    expect(await contoso().rolesOf(userId())).toEqual([roleName]);
    expect(await whoAmI()).toBe(userId());
    await settled();
  }

  it("is made again, and the user anew", async ({ task }) => {
    tries(task, "drift", "enterprise application deleted");
    await remove();
    const refreshed = await mend();
    expect(refreshed).toMatch(seen("-", "ServicePrincipal"));
    const { id } = await graph("get", `/servicePrincipals(appId='${outputs.clientId}')`);
    await expectUserOf(id);
  });

  it("and made again by somebody is taken as it is, and the user made anew", async ({ task }) => {
    tries(task, "drift", "enterprise application deleted and made again");
    await remove();
    const { id } = await graph("post", "/servicePrincipals", { appId: outputs.clientId });
    const refreshed = await mend();
    expect(refreshed).toMatch(seen("-", "ServicePrincipal"));
    await expectUserOf(id);
  });
});

describe("another value in the vault under the tags of the present one", () => {
  it("is seen by a refresh, and mended: the secret in the vault lets the application in", async ({ task }) => {
    tries(task, "drift", "value in the vault changed");
    const { value, tags } = await vault("get");
    await vault("put", { value: "typed-in-by-hand", tags });
    const refreshed = await mend();
    expect(refreshed).toMatch(seen("~", "ApplicationPassword"));
    expect([value, "typed-in-by-hand"]).not.toContain((await vault("get")).value);
    expect(await passwords()).toHaveLength(1);
    expect(await whoAmI()).toBe(userId());
    await settled();
  });
});
