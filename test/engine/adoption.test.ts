import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Engine, type Stack, sandboxConfig, startEngine } from "../support/engine.ts";
import { farSide } from "../support/far-side.ts";
import { tries } from "../support/reliability.ts";

let engine: Engine;
let clientId: string;
let graph: ReturnType<typeof farSide>["graph"];
let environmentOf: ReturnType<typeof farSide>["environmentOf"];

const roleName = "Contoso Orders Integration";
const email = "support@contoso.example";

beforeAll(async () => {
  engine = await startEngine();
  ({ graph, environmentOf } = farSide(engine, () => clientId));
  const publisher = await engine.stack("publisher");
  publisher.configure({ ...sandboxConfig(engine.endpoints), subscribers: {} });
  await publisher.ok("up", "--yes", "--skip-preview");
  clientId = (await publisher.outputs()).clientId as string;
});

afterAll(async () => {
  await engine?.close();
});

describe("a role, an application user and its assignment that somebody made by hand", () => {
  const adopted = { name: roleName, privileges: { prvReadAccount: "Global", prvReadContact: "Basic" } };
  const byHand = { prvReadAccount: "Local", prvDeleteAccount: "Global" };
  const fabrikam = () => environmentOf("fabrikam");
  let adopting: Stack;
  let role: string;
  let user: string;
  let principal: string;

  const declare = (role: object) => {
    const { endpoints } = sandboxConfig(engine.endpoints);
    const environmentUrl = engine.endpoints.organizations.fabrikam;
    const publisherStack = "organization/dataverse-s2s/publisher";
    adopting.configure({ publisherStack, endpoints, role, subscribers: { fabrikam: { environmentUrl } } });
  };

  /** What was made by hand, as it is now. */
  const present = async () => {
    const { users, depthsOf, rolesOf, list } = fabrikam();
    return {
      roles: (await list(`roles?$filter=name eq '${roleName}' and parentroleid eq null`)).map(({ roleid }) => roleid),
      depths: await depthsOf(role),
      users: (await users()).map(
        ({ systemuserid, internalemailaddress, isdisabled, azureactivedirectoryobjectid }) => ({
          systemuserid,
          internalemailaddress,
          isdisabled,
          azureactivedirectoryobjectid,
        }),
      ),
      held: await rolesOf(user),
    };
  };

  beforeAll(async () => {
    const { create, rootUnit, addPrivileges, assign, disable } = fabrikam();
    const businessUnit = { "businessunitid@odata.bind": `/businessunits(${await rootUnit()})` };
    principal = (await graph("post", "/servicePrincipals", { appId: clientId }, "fabrikam")).id as string;
    role = await create("roles", { name: roleName, ...businessUnit });
    await addPrivileges(role, byHand);
    user = await create("systemusers", { applicationid: clientId, accessmode: 4, ...businessUnit });
    await assign(user, role);
    await disable(user);
    adopting = await engine.stack("adopting");
  });

  describe("where the role is not said to be taken over", () => {
    let before: Awaited<ReturnType<typeof present>>;
    let run: Awaited<ReturnType<Stack["run"]>>;
    let writes: unknown[];

    beforeAll(async () => {
      before = await present();
      declare(adopted);
      await engine.journal();
      run = await adopting.run("up", "--yes", "--skip-preview");
      writes = (await engine.journal()).filter(
        ({ method, service }) => service === "dataverse fabrikam" && !["GET", "HEAD"].includes(method),
      );
    });

    it("are an error that says what to do, and the role stays as it is", async () => {
      expect(run.code).not.toBe(0);
      expect(run.out).toContain(`has a security role '${roleName}' already`);
      expect(run.out).toContain("Choose another name, or set adopt: true");
      const { roles, depths } = await present();
      expect({ roles, depths }).toEqual({ roles: before.roles, depths: before.depths });
    });

    it("are not touched, none of them", async () => {
      expect(writes).toEqual([]);
      expect(await present()).toEqual(before);
    });
  });

  it("are taken over where it is, remembered as that, and brought to what is declared", async ({ task }) => {
    for (const what of ["security role", "application user", "role assignment"]) tries(task, "adoption", what);
    declare({ ...adopted, adopt: true });
    await adopting.ok("up", "--yes", "--skip-preview");
    const { deployment } = JSON.parse(await adopting.state()) as {
      deployment: { resources: { type: string; outputs?: { adopted?: boolean } }[] };
    };
    const remembered = deployment.resources
      .filter(({ outputs }) => outputs?.adopted !== undefined)
      .map(({ type, outputs }) => [type.split(":").at(-1), outputs?.adopted]);
    expect(Object.fromEntries(remembered)).toEqual({ SecurityRole: true, ApplicationUser: true, RoleAssignment: true });
    expect(await present()).toEqual({
      roles: [role],
      depths: adopted.privileges,
      users: [
        {
          systemuserid: user,
          internalemailaddress: email,
          isdisabled: false,
          azureactivedirectoryobjectid: principal,
        },
      ],
      held: [roleName],
    });
    await adopting.ok("preview", "--expect-no-changes");
  });

  it("are still known as that after a refresh, and are left in place by destroy", async ({ task }) => {
    tries(task, "adoption", "left in place by destroy", 3);
    await adopting.ok("refresh", "--yes", "--skip-preview", "--run-program", "--expect-no-changes");
    const before = await present();
    const out = await adopting.ok("destroy", "--yes", "--skip-preview", "--run-program");
    expect(out).toContain(`leaving security role '${roleName}' in place`);
    expect(out).toContain(`leaving application user ${user} in place`);
    expect(out).toContain(`leaving role '${roleName}' with its user`);
    expect(await present()).toEqual(before);
  });
});

describe("a subscriber whose stack moves to another application, of which somebody made the user by hand", () => {
  const tailspin = () => environmentOf("tailspin");
  let moving: Stack;
  let first: string;
  let second: string;
  let byHand: string;
  let role: string;

  const declare = (publisher: string) => {
    const { endpoints } = sandboxConfig(engine.endpoints);
    const subscribers = { tailspin: { environmentUrl: engine.endpoints.organizations.tailspin, consent: "grant" } };
    moving.configure({ publisherStack: `organization/dataverse-s2s/${publisher}`, endpoints, subscribers });
  };
  const usersOf = async (application: string) =>
    (await tailspin().list(`systemusers?$filter=applicationid eq ${application}`)).map(
      ({ systemuserid }) => systemuserid,
    );

  beforeAll(async () => {
    const other = await engine.stack("other-publisher");
    const config = sandboxConfig(engine.endpoints);
    const application = { ...(config.application as object), displayName: "Another application" };
    const keyVault = { resourceGroup: "rg-another", location: "westeurope" };
    other.configure({ ...config, application: { ...application, keyVault }, subscribers: {} });
    await other.ok("up", "--yes", "--skip-preview");
    first = clientId;
    second = (await other.outputs()).clientId as string;

    moving = await engine.stack("moving");
    declare("publisher");
    await moving.ok("up", "--yes", "--skip-preview");
    const { create, rootUnit, assign, roleNamed } = tailspin();
    await graph("post", "/servicePrincipals", { appId: second }, "tailspin");
    const businessUnit = { "businessunitid@odata.bind": `/businessunits(${await rootUnit()})` };
    byHand = await create("systemusers", { applicationid: second, accessmode: 4, ...businessUnit });
    role = await roleNamed(roleName, await rootUnit());
    await assign(byHand, role);
  });

  it("takes that user over, and the replacement deletes the old one only", async ({ task }) => {
    tries(task, "adoption", "by a replacement: user and assignment", 2);
    declare("other-publisher");
    await moving.ok("up", "--yes", "--skip-preview");
    expect({ first: await usersOf(first), second: await usersOf(second) }).toEqual({ first: [], second: [byHand] });
    expect(await tailspin().rolesOf(byHand)).toEqual([roleName]);
    await moving.ok("preview", "--refresh", "--expect-no-changes");
  });

  it("leaves it in place on destroy, without the role, which the stack made", async ({ task }) => {
    tries(task, "adoption", "left in place by destroy");
    await moving.ok("destroy", "--yes", "--skip-preview", "--run-program");
    expect(await usersOf(second)).toEqual([byHand]);
    expect(await tailspin().rolesOf(byHand)).toEqual([]);
  });
});
