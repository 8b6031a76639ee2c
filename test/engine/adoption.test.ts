import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Engine, type Stack, sandboxConfig, startEngine } from "../support/engine.ts";
import { farSide } from "../support/far-side.ts";

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

  it("are taken over where it is, remembered as that, and brought to what is declared", async () => {
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

  it("are still known as that after a refresh, and are left in place by destroy", async () => {
    await adopting.ok("refresh", "--yes", "--skip-preview", "--run-program", "--expect-no-changes");
    const before = await present();
    const out = await adopting.ok("destroy", "--yes", "--skip-preview", "--run-program");
    expect(out).toContain(`leaving security role '${roleName}' in place`);
    expect(out).toContain(`leaving application user ${user} in place`);
    expect(out).toContain(`leaving role '${roleName}' with its user`);
    expect(await present()).toEqual(before);
  });
});
