import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { switchesOf } from "../../sandbox/dataverse/switches.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";
import { type PackageContents, solutionPackage, zipOf } from "../support/solution-package.ts";
import { type DataverseClient, dataverseClient } from "./dataverse-client.ts";

let sandbox: TestSandbox;
let client: DataverseClient;
let root: string;
let child: string;
let number = 0;
/** A solution of its own for each test, with one role. */
let contents: PackageContents & { uniqueName: string; roles: { id: string; name: string; privileges: object }[] };
let role: { id: string; name: string; privileges: Record<string, string>; customizable: boolean };

beforeAll(async () => {
  sandbox = await startTestSandbox();
  client = dataverseClient(sandbox);
  root = await client.rootBusinessUnit();
  child = await client.create("businessunits", {
    name: "Sales",
    "parentbusinessunitid@odata.bind": `/businessunits(${root})`,
  });
});
afterAll(() => sandbox.close());
beforeEach(() => {
  number++;
  role = {
    id: `7777777${number % 10}-7777-4777-8777-7777777777${10 + number}`,
    name: `Orders role ${number}`,
    privileges: { prvReadAccount: "Global", prvWriteAccount: "Local" },
    customizable: false,
  };
  contents = { uniqueName: `ContosoOrders${number}`, roles: [role] };
});

const refusal = ({ status, data }: { status: number; data: { error: { code: string } } }) => [status, data.error.code];
const none = "00000000-0000-0000-0000-000000000000";
const options = { OverwriteUnmanagedCustomizations: true, PublishWorkflows: true };

const stage = async (CustomizationFile: string) =>
  (await client.send("POST", "StageSolution", { CustomizationFile })).data.StageSolutionResults;
const start = (StageSolutionUploadId: string, action = "ImportSolutionAsync") =>
  client.send("POST", action, {
    ...options,
    SkipProductUpdateDependencies: false,
    SolutionParameters: { StageSolutionUploadId },
  });
const operation = (id: string) =>
  client.get(`asyncoperations(${id})?$select=statecode,statuscode,completedon,message,friendlymessage,operationtype`);
/** Stages, imports, waits for the end; the operation and the result. */
async function importStaged(file: string, action?: string) {
  const { StageSolutionUploadId } = await stage(file);
  const { data } = await start(StageSolutionUploadId, action);
  await expect.poll(async () => (await operation(data.AsyncOperationId)).completedon).not.toBeNull();
  const { SolutionOperationResult } = await client.get(
    `RetrieveSolutionImportResult(ImportJobId=${data.ImportJobKey})`,
  );
  return { done: await operation(data.AsyncOperationId), result: SolutionOperationResult, job: data.ImportJobKey };
}
const importNow = (file: string, ImportJobId: string = crypto.randomUUID()) =>
  client.send("POST", "ImportSolution", { ...options, CustomizationFile: file, ImportJobId });
const solution = async () =>
  (await client.get(`solutions?$expand=publisherid&$filter=uniquename eq '${contents.uniqueName}'`)).value[0];
const copies = async () =>
  (await client.get(`roles?$filter=name eq '${role.name}'&$orderby=_parentroleid_value`)).value as {
    roleid: string;
    _businessunitid_value: string;
    [name: string]: unknown;
  }[];
const held = async (id: string) => {
  const { RolePrivileges } = await client.get(`RetrieveRolePrivilegesRole(RoleId=${id})`);
  return Object.fromEntries(
    RolePrivileges.map((row: { PrivilegeName: string; Depth: string }) => [row.PrivilegeName, row.Depth]),
  );
};

describe("D11: StageSolution", () => {
  test("D11: tells of the solution, and of one that is installed", async () => {
    const file = solutionPackage(contents);
    expect(await stage(file)).toEqual({
      StageSolutionUploadId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      StageSolutionStatus: "Passed",
      SolutionValidationResults: [],
      MissingDependencies: [],
      SolutionDetails: {
        SolutionUniqueName: contents.uniqueName,
        SolutionFriendlyName: "Contoso & Orders",
        SolutionVersion: "1.0.0.0",
        IsManaged: true,
        PreviousSolutionVersion: null,
        PreviousIsManaged: null,
        HasPendingUpgrade: false,
      },
      SolutionComponentsDetails: [],
    });
    await importStaged(file);
    const { SolutionDetails } = await stage(solutionPackage({ ...contents, version: "1.1.0.0" }));
    expect(SolutionDetails).toMatchObject({ PreviousSolutionVersion: "1.0.0.0", PreviousIsManaged: true });
  });

  test.each([
    ["no zip", "bm8gemlw", -2147188640, "The solution file is invalid."],
    ["a zip without the files", zipOf({ "solution.xml": "<a/>" }), -2147188640, "customizations.xml"],
    ["a bad name", solutionPackage({ uniqueName: "1 2" }), -2147160062, "unique name"],
    ["a bad version", solutionPackage({ version: "one" }), -2147160034, "version"],
  ])("D11: is 200 for %s, and says what is wrong", async (_, file, ErrorCode, text) => {
    const results = await stage(file);
    expect(results).toMatchObject({
      StageSolutionUploadId: none,
      StageSolutionStatus: "Failed",
      SolutionValidationResults: [
        {
          SolutionValidationResultType: "Error",
          ErrorCode,
          AdditionalInfo: null,
          Message: expect.stringContaining(text),
        },
      ],
      SolutionDetails: { SolutionUniqueName: null, SolutionVersion: null, IsManaged: null },
    });
  });

  test("D11: names what is missing", async () => {
    const missingDependencies =
      '<MissingDependencies><MissingDependency><Required type="61" schemaName="con_/app.js" displayName="app.js" solution="Core (1.0.0.3)"/>' +
      '<Dependent type="20" displayName="Orders"/></MissingDependency></MissingDependencies>';
    const file = solutionPackage({ ...contents, missingDependencies });
    expect(await stage(file)).toMatchObject({
      StageSolutionUploadId: none,
      StageSolutionStatus: "Failed",
      MissingDependencies: [{ RequiredComponentSchemaName: "con_/app.js", RequiredSolutionName: "Core (1.0.0.3)" }],
    });
    expect(refusal(await importNow(file))).toEqual([400, "0x8004801D"]);
    await importNow(solutionPackage({ uniqueName: "Core" }));
    expect(await stage(file)).toMatchObject({ StageSolutionStatus: "Passed", MissingDependencies: [] });

    await importNow(file);
    const { value } = await client.get("solutions?$filter=uniquename eq 'Core'");
    const uninstall = () => client.send("DELETE", `solutions(${value[0].solutionid})`);
    expect(refusal(await uninstall())).toEqual([400, "0x8004F01D"]);
    await client.send("DELETE", `solutions(${(await solution()).solutionid})`);
    expect((await uninstall()).status).toBe(204);
  });

  test("D11: without its parameter is 400 0x80048d19; without prvImportCustomization 403", async () => {
    expect(refusal(await client.send("POST", "StageSolution", {}))).toEqual([400, "0x80048d19"]);
    const as = await client.user("No importer", { prvReadSolution: "Global" });
    const body = { CustomizationFile: solutionPackage() };
    expect(refusal(await client.send("POST", "StageSolution", body, { as }))).toEqual([403, "0x80040220"]);
  });
});

describe("D11: ImportSolutionAsync", () => {
  test("D11: is an operation that runs, then has succeeded, with a job and a result", async () => {
    const { StageSolutionUploadId } = await stage(solutionPackage(contents));
    const { status, data } = await start(StageSolutionUploadId);
    expect([status, Object.keys(data)]).toEqual([200, ["@odata.context", "AsyncOperationId", "ImportJobKey"]]);
    expect(await operation(data.AsyncOperationId)).toMatchObject({
      statecode: 2,
      statuscode: 20,
      completedon: null,
      message: null,
      operationtype: 203,
    });
    expect(await operation(data.AsyncOperationId)).toMatchObject({
      statecode: 3,
      statuscode: 30,
      completedon: expect.stringMatching(/Z$/),
      message: null,
    });
    expect(await client.get(`RetrieveSolutionImportResult(ImportJobId=${data.ImportJobKey})`)).toMatchObject({
      SolutionOperationResult: { Status: "Passed", ErrorMessages: [], WarningMessages: [] },
    });
    expect(await client.get(`importjobs(${data.ImportJobKey})?$select=progress,completedon,data`)).toMatchObject({
      progress: 100,
      completedon: expect.stringMatching(/Z$/),
      data: expect.stringContaining(`<UniqueName>${contents.uniqueName}</UniqueName>`),
    });
  });

  test("D11: installs solution, publisher and roles, the role's root copy under the package's id", async () => {
    await importStaged(solutionPackage(contents));
    expect(await solution()).toMatchObject({
      friendlyname: "Contoso & Orders",
      version: "1.0.0.0",
      ismanaged: true,
      isvisible: true,
      solutionpackageversion: "9.2",
      installedon: expect.stringMatching(/Z$/),
      publisherid: { uniquename: "contoso", customizationprefix: "con", customizationoptionvalueprefix: 12345 },
    });
    const [rootCopy, childCopy] = await copies();
    expect(rootCopy).toMatchObject({
      roleid: role.id,
      _businessunitid_value: root,
      ismanaged: true,
      iscustomizable: { Value: false },
      canbedeleted: { Value: false },
      solutionid: (await solution()).solutionid,
    });
    expect(childCopy).toMatchObject({
      _businessunitid_value: child,
      _parentrootroleid_value: role.id,
      ismanaged: true,
    });
    expect(await held(role.id)).toEqual(role.privileges);
    expect(await held(childCopy!.roleid)).toEqual(role.privileges);
  });

  test("D11: may give the role an id of its own, by switch; an update finds it again", async () => {
    const switches = switchesOf(sandbox.context.store, "contoso-dev").set("importedRoleId", "its own");
    await importStaged(solutionPackage(contents));
    switches.delete("importedRoleId");
    const [before] = await copies();
    expect(before!.roleid).not.toBe(role.id);
    expect(before!._parentrootroleid_value).toBe(before!.roleid);
    await importStaged(solutionPackage({ ...contents, version: "1.1.0.0" }));
    expect((await copies()).map(({ roleid }) => roleid)).toEqual(expect.arrayContaining([before!.roleid]));
    expect(await copies()).toHaveLength(2);
  });

  test("D11: completed is not passed", async () => {
    await importStaged(solutionPackage({ ...contents, managed: false }));
    const { done, result, job } = await importStaged(solutionPackage({ ...contents, version: "1.0.0.1" }));
    expect(done).toMatchObject({
      statecode: 3,
      statuscode: 31,
      message: expect.stringContaining("unmanaged solution"),
    });
    expect(result).toMatchObject({ Status: "Failed", ErrorMessages: [expect.stringContaining("unmanaged solution")] });
    expect((await client.get(`importjobs(${job})`)).data).toContain('result="failure" errorcode="0x80048040"');
    expect((await solution()).version).toBe("1.0.0.0");
  });

  test.each([
    ["an upload id that is not known", { SolutionParameters: { StageSolutionUploadId: none } }, 400, "0x8004f066"],
    ["no package", {}, 400, "0x80048d19"],
    ["a parameter of the wrong type", { PublishWorkflows: "yes", CustomizationFile: "" }, 400, "0x80048d19"],
    ["a parameter that it does not have", { Force: true, CustomizationFile: "" }, 400, "0x80048d19"],
    ["a bad job id", { ImportJobId: "1", CustomizationFile: "" }, 400, "0x80044252"],
  ])("D11: with %s is refused", async (_, more, status, code) => {
    expect(refusal(await client.send("POST", "ImportSolutionAsync", { ...options, ...more }))).toEqual([status, code]);
  });

  test("D11: is not idempotent: each is a job of its own", async () => {
    const { StageSolutionUploadId } = await stage(solutionPackage(contents));
    const [one, other] = [await start(StageSolutionUploadId), await start(StageSolutionUploadId)];
    expect(one.data.ImportJobKey).not.toBe(other.data.ImportJobKey);
    expect(one.data.AsyncOperationId).not.toBe(other.data.AsyncOperationId);
  });

  test("D11: the result of an unknown job is 0x80044252", async () => {
    const answer = await client.send("GET", `RetrieveSolutionImportResult(ImportJobId=${none})`);
    expect(refusal(answer)).toEqual([400, "0x80044252"]);
  });
});

describe("D11: updating and upgrading", () => {
  const second = { id: "88888888-8888-4888-8888-888888888888", name: "Second role", privileges: {} };

  test("D11: an import on top updates in place and keeps what the package no longer has", async () => {
    await importStaged(solutionPackage({ ...contents, roles: [role, { ...second, privileges: {} }] }));
    const before = await solution();
    const privileges = { prvReadContact: "Basic" };
    await importStaged(solutionPackage({ ...contents, version: "1.2.0.0", roles: [{ ...role, privileges }] }));
    const after = await solution();
    expect([after.solutionid, after.version]).toEqual([before.solutionid, "1.2.0.0"]);
    expect(after.updatedon).not.toBeNull();
    expect(await held(role.id)).toEqual(privileges);
    expect((await client.send("GET", `roles(${second.id})`)).status).toBe(200);
  });

  test("D11: StageAndUpgradeAsync removes what the package no longer has, and takes an installed managed solution", async () => {
    const removed = { ...second, id: "99999999-9999-4999-8999-999999999999", name: "Removed role", privileges: {} };
    const { StageSolutionUploadId } = await stage(solutionPackage({ ...contents, roles: [role, removed] }));
    const early = await start(StageSolutionUploadId, "StageAndUpgradeAsync");
    expect([early.status, early.data.error.message]).toEqual([501, expect.stringContaining("not installed")]);
    await importStaged(solutionPackage({ ...contents, roles: [role, removed] }));
    const { done, result } = await importStaged(
      solutionPackage({ ...contents, version: "2.0.0.0" }),
      "StageAndUpgradeAsync",
    );
    expect([done.operationtype, result.Status, (await solution()).version]).toEqual([211, "Passed", "2.0.0.0"]);
    expect((await client.send("GET", `roles(${removed.id})`)).status).toBe(404);
    expect(await copies()).toHaveLength(2);
  });
});

describe("D11: ImportSolution", () => {
  test("D11: is 204 once it is done, with the log in the job", async () => {
    const id = crypto.randomUUID();
    expect((await importNow(solutionPackage(contents), id)).status).toBe(204);
    const { progress, completedon, data } = await client.get(`importjobs(${id})?$select=progress,completedon,data`);
    expect([progress, completedon]).toEqual([100, expect.stringMatching(/Z$/)]);
    expect(data).toMatch(
      /<solutionManifest [^>]*><UniqueName>ContosoOrders\d+<\/UniqueName><result result="success" errorcode="0"/,
    );
    expect(refusal(await importNow(solutionPackage(contents), id))).toEqual([412, "0x80040237"]);
  });

  test.each([
    ["no zip", () => "bm8gemlw", "0x80048060"],
    [
      "XML that is none",
      () => zipOf({ "solution.xml": "<", "customizations.xml": "", "[Content_Types].xml": "" }),
      "0x80048033",
    ],
    ["another publisher", () => solutionPackage({ ...contents, publisher: "fabrikam" }), "0x8004801C"],
    ["an unmanaged package over a managed one", () => solutionPackage({ ...contents, managed: false }), "0x80048041"],
    [
      "a depth that the privilege does not have",
      () => solutionPackage({ ...contents, roles: [{ ...role, privileges: { prvReadSolution: "Basic" } }] }),
      "0x8004140B",
    ],
    [
      "a role's name that is taken",
      () => solutionPackage({ ...contents, roles: [{ ...role, id: crypto.randomUUID(), name: "Basic User" }] }),
      "0x80041403",
    ],
  ])("D11: with %s is 400 %s, logged, and changes nothing", async (_, file, code) => {
    await importNow(solutionPackage(contents));
    const before = [await solution(), await copies(), await held(role.id)];
    const id = crypto.randomUUID();
    expect(refusal(await importNow((file as () => string)(), id))).toEqual([400, code]);
    expect((await client.get(`importjobs(${id})`)).data).toContain(`result="failure" errorcode="${code}"`);
    expect([await solution(), await copies(), await held(role.id)]).toEqual(before);
  });

  test.each([
    ["<Entities>", () => solutionPackage({ ...contents, otherComponents: "<Entities><Entity/></Entities>" })],
    [
      "prvReadcon_order",
      () => solutionPackage({ ...contents, roles: [{ ...role, privileges: { prvReadcon_order: "Global" } }] }),
    ],
  ])("D11: of what the sandbox does not have is 501 and names %s", async (named, file) => {
    const answer = await importNow(file());
    expect([answer.status, answer.data.error.message]).toEqual([501, expect.stringContaining(named)]);
    expect(await solution()).toBeUndefined();
  });

  test("D11: with connection references, a holding solution or an older version is 501", async () => {
    await importNow(solutionPackage({ ...contents, version: "2.0" }));
    expect((await importNow(solutionPackage(contents))).status).toBe(501);
    for (const more of [{ ComponentParameters: [] }, { HoldingSolution: true }]) {
      const body = { ...options, CustomizationFile: solutionPackage(contents), ...more };
      expect((await client.send("POST", "ImportSolutionAsync", body)).status).toBe(501);
    }
  });

  test("D11: PublishAllXml is 204", async () => {
    expect((await client.send("POST", "PublishAllXml", {})).status).toBe(204);
  });
});

describe("D11: roles of a solution", () => {
  test("D11: a managed one can be neither edited nor deleted; with its solution it goes, assignments and all", async () => {
    await importStaged(solutionPackage(contents));
    const { userId } = await client.user(`Holder ${number}`, {});
    const association = `systemusers(${userId})/systemuserroles_association`;
    await client.send("POST", `${association}/$ref`, { "@odata.id": `${client.base}roles(${role.id})` });
    expect((await client.get(association)).value).toHaveLength(2);
    expect(refusal(await client.send("PATCH", `roles(${role.id})`, { name: "Mine" }))).toEqual([400, "0x8004F032"]);
    expect(refusal(await client.send("DELETE", `roles(${role.id})`))).toEqual([400, "0x8004F032"]);
    const Privileges = [{ Depth: "Global", PrivilegeId: await client.privilege("prvReadContact") }];
    const add = client.send("POST", `roles(${role.id})/Microsoft.Dynamics.CRM.AddPrivilegesRole`, { Privileges });
    expect(refusal(await add)).toEqual([400, "0x8004F032"]);

    const { solutionid } = await solution();
    expect((await client.send("DELETE", `solutions(${solutionid})`)).status).toBe(204);
    expect(await copies()).toEqual([]);
    expect((await client.get(association)).value).toHaveLength(1);
    await importStaged(solutionPackage(contents));
    expect((await solution()).solutionid).not.toBe(solutionid);
    expect(await copies()).toHaveLength(2);
  });

  test("D11: an unmanaged one is like any other, and stays when its solution goes", async () => {
    await importStaged(solutionPackage({ ...contents, managed: false, roles: [{ ...role, customizable: true }] }));
    expect((await client.send("PATCH", `roles(${role.id})`, { description: "Mine" })).status).toBe(204);
    const { solutionid } = await solution();
    expect((await client.send("DELETE", `solutions(${solutionid})`)).status).toBe(204);
    expect(await copies()).toHaveLength(2);
    expect((await client.send("DELETE", `roles(${role.id})`)).status).toBe(204);
  });
});
