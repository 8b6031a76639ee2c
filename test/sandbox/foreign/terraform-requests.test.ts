import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { environmentIdOf } from "../../../sandbox/seed.ts";
import { EntraClient } from "../../support/entra.ts";
import { startTestSandbox, type TestSandbox } from "../../support/sandbox.ts";
import { solutionPackage } from "../../support/solution-package.ts";
import { type DataverseClient, dataverseClient, type Principal } from "../dataverse-client.ts";

/**
 * The requests of Microsoft's own Terraform provider (terraform-provider-power-platform: application users, role assignments,
 * solutions, data records), as its source has them: the same paths, queries as Go encodes them, bodies, and what it takes
 * from the answers. The provider itself has no setting for the sandbox's addresses.
 */
let sandbox: TestSandbox;
let client: DataverseClient;
let host: string;
let admin: string;

const query = (options: Record<string, string>) => new URLSearchParams(options).toString();
const environment = environmentIdOf("contoso-dev");

beforeAll(async () => {
  sandbox = await startTestSandbox();
  client = dataverseClient(sandbox);
  admin = await new EntraClient(sandbox).personToken("publisher", "https://service.powerapps.com//.default");
  const { data } = await adminApi("GET", "", { "api-version": "2023-06-01" });
  host = new URL(data.properties.linkedEnvironmentMetadata.instanceUrl).host;
});
afterAll(() => sandbox.close());

function adminApi(method: string, path: string, options: Record<string, string>, data?: object) {
  const scope = `/providers/Microsoft.BusinessAppPlatform/scopes/admin/environments/${environment}`;
  const url = `${sandbox.endpoints.powerPlatform}${scope}${path}?${query(options)}`;
  return sandbox.http.request({ method, url, data, headers: { Authorization: `Bearer ${admin}` } });
}

const send = (method: string, path: string, options: Record<string, string> = {}, body?: object) => {
  const encoded = query(options);
  return client.send(method, `https://${host}/api/data/v9.2/${path}${encoded && `?${encoded}`}`, body);
};
const status = async (...request: Parameters<typeof send>) => (await send(...request)).status;

const userColumns = {
  $select: "applicationid,systemuserid,fullname,isdisabled,deletedstate,_businessunitid_value",
  $expand: "systemuserroles_association($select=roleid,name,_businessunitid_value)",
};
const findUsers = async ({ clientId }: Principal) =>
  (await send("GET", "systemusers", { ...userColumns, $filter: `applicationid eq ${clientId}` })).data.value;

/** The id in the OData-EntityId header of a create that is 204. */
async function createUser({ clientId }: Principal, businessUnitId: string): Promise<string> {
  const answer = await send(
    "POST",
    "systemusers",
    {},
    {
      applicationid: clientId,
      accessmode: 4,
      isdisabled: false,
      "businessunitid@odata.bind": `/businessunits(${businessUnitId})`,
    },
  );
  expect(answer.status).toBe(204);
  return /\(([0-9a-f-]{36})\)$/.exec(answer.headers["odata-entityid"])![1]!;
}

describe("E, D6: an application user", () => {
  test("is made in the root business unit, given roles, disabled, and deleted for good", async () => {
    const principal = client.application("Terraform");
    const units = await send("GET", "businessunits", {
      $select: "businessunitid,name",
      $filter: "parentbusinessunitid eq null",
    });
    expect(units.data.value).toHaveLength(1);
    const [{ businessunitid }] = units.data.value;
    const id = await createUser(principal, businessunitid);
    const shown = await send("GET", `systemusers(${id})`, userColumns);
    expect(shown.data).toMatchObject({ systemuserid: id, deletedstate: 0, systemuserroles_association: [] });

    const roles = await send("GET", "roles", {
      $select: "roleid,name,_businessunitid_value",
      $filter: `_businessunitid_value eq ${businessunitid}`,
    });
    const basic = roles.data.value.filter(({ name }: { name: string }) => name === "Basic User");
    expect(basic).toHaveLength(1);
    const reference = `https://${host}/api/data/v9.2/roles(${basic[0].roleid})`;
    const association = `systemusers(${id})/systemuserroles_association/$ref`;
    expect(await status("POST", association, {}, { "@odata.id": reference })).toBe(204);
    expect((await findUsers(principal))[0].systemuserroles_association).toMatchObject([{ name: "Basic User" }]);
    expect(await status("DELETE", association, { $id: reference })).toBe(204);

    const disabled = { isdisabled: true, applicationid: principal.clientId };
    expect(await status("PATCH", `systemusers(${id})`, {}, disabled)).toBe(204);
    const remove = () => status("DELETE", `systemusers(${id})`);
    expect([await remove(), await remove(), await remove()]).toEqual([204, 204, 404]);
    expect(await status("GET", `systemusers(${id})`, userColumns)).toBe(404);
  });

  test("that was soft-deleted blocks a new one until it is purged", async () => {
    const principal = client.application("Terraform again");
    const unit = await client.rootBusinessUnit();
    const id = await createUser(principal, unit);
    await send("PATCH", `systemusers(${id})`, {}, { isdisabled: true, applicationid: principal.clientId });
    await send("DELETE", `systemusers(${id})`);
    await expect(createUser(principal, unit)).rejects.toThrow("412");
    expect(await findUsers(principal)).toMatchObject([{ systemuserid: id, deletedstate: 1 }]);
    expect(await status("DELETE", `systemusers(${id})`)).toBe(204);
    expect(await createUser(principal, unit)).not.toBe(id);
  });

  test("is made a System Administrator by addAppUser", async () => {
    const principal = client.application("Terraform administrator");
    const body = { servicePrincipalAppId: principal.clientId };
    expect((await adminApi("POST", "/addAppUser", { "api-version": "2020-10-01" }, body)).status).toBe(200);
    expect(await findUsers(principal)).toMatchObject([
      { isdisabled: false, systemuserroles_association: [{ name: "System Administrator" }] },
    ]);
  });
});

test("D7: a team holds roles as a user does", async () => {
  const unit = await client.rootBusinessUnit();
  const team = await client.create("teams", {
    name: "Terraform team",
    "businessunitid@odata.bind": `/businessunits(${unit})`,
  });
  const { value } = await client.get(`roles?$filter=name eq 'Basic User' and _businessunitid_value eq ${unit}`);
  const reference = `https://${host}/api/data/v9.2/roles(${value[0].roleid})`;
  expect(await status("POST", `teams(${team})/teamroles_association/$ref`, {}, { "@odata.id": reference })).toBe(204);
  const { data } = await send("GET", `teams(${team})`, {
    $select: "teamid,name,teamtype,_businessunitid_value",
    $expand: "teamroles_association($select=roleid,name,_businessunitid_value)",
  });
  expect(data).toMatchObject({ teamtype: 0, teamroles_association: [{ name: "Basic User" }] });
});

test("D11: a solution is staged, imported, followed to the end, found and deleted", async () => {
  const found = () => send("GET", "solutions", { $expand: "publisherid", $filter: "uniquename eq 'TerraformOrders'" });
  const role = { id: "77777777-7777-4777-8777-777777777777", name: "Terraform role", privileges: {} };
  const CustomizationFile = solutionPackage({ uniqueName: "TerraformOrders", roles: [role] });
  const { StageSolutionResults } = (await send("POST", "StageSolution", {}, { CustomizationFile })).data;
  expect(StageSolutionResults.StageSolutionStatus).toBe("Passed");
  const { StageSolutionUploadId, SolutionDetails } = StageSolutionResults;
  const started = await send(
    "POST",
    "ImportSolutionAsync",
    {},
    {
      PublishWorkflows: true,
      OverwriteUnmanagedCustomizations: false,
      ComponentParameters: null, // what Go makes of an empty list
      SolutionParameters: { StageSolutionUploadId },
    },
  );
  expect(started.status).toBe(200);
  const { AsyncOperationId, ImportJobKey } = started.data;
  const completed = async () => (await send("GET", `asyncoperations(${AsyncOperationId})`)).data.completedon;
  await expect.poll(completed).toEqual(expect.any(String));
  const path = `https://${host}/api/data/v9.0/RetrieveSolutionImportResult(ImportJobId=${ImportJobKey})`;
  expect((await client.get(path)).SolutionOperationResult.Status).toBe("Passed");

  const [solution] = (await found()).data.value;
  expect(solution).toMatchObject({ uniquename: SolutionDetails.SolutionUniqueName, ismanaged: true });
  const all = await send("GET", "solutions", {
    $expand: "publisherid",
    $filter: "(isvisible eq true)",
    $orderby: "createdon desc",
  });
  expect(all.data.value.map(({ uniquename }: { uniquename: string }) => uniquename)).toContain("TerraformOrders");
  expect(await status("DELETE", `solutions(${solution.solutionid})`)).toBe(204);
  expect((await found()).data.value).toEqual([]);
});

test("D4: a data record is found by its table's metadata, with its relations", async () => {
  const { data: definition } = await send("GET", "EntityDefinitions(LogicalName='account')");
  expect(definition).toMatchObject({ PrimaryIdAttribute: "accountid", LogicalCollectionName: "accounts" });
  const plural = await send("GET", "EntityDefinitions", {
    $filter: "LogicalCollectionName eq 'contacts'",
    $select: "PrimaryIdAttribute,LogicalCollectionName,LogicalName",
  });
  expect(plural.data.value).toMatchObject([{ LogicalName: "contact" }]);
  const columns = await send("GET", "EntityDefinitions(LogicalName='account')/Attributes", { $select: "LogicalName" });
  expect(columns.data.value).toContainEqual(expect.objectContaining({ LogicalName: "parentaccountid" }));
  const expand = "OneToManyRelationships,ManyToManyRelationships,ManyToOneRelationships";
  const { data: related } = await send("GET", "EntityDefinitions(LogicalName='account')", { $expand: expand });
  const relation = related.OneToManyRelationships.find(
    (one: Record<string, string>) => one.ReferencedEntityNavigationPropertyName === "contact_customer_accounts",
  );
  expect([relation.ReferencingEntity, related.ManyToManyRelationships]).toEqual(["contact", []]);

  const created = await send("POST", "accounts", {}, { name: "Terraform account" });
  const [, id] = /\(([0-9a-f-]{36})\)$/.exec(created.headers["odata-entityid"])!;
  const contact = { lastname: "Terraform", "parentcustomerid_account@odata.bind": `/accounts(${id})` };
  await send("POST", "contacts", {}, contact);
  expect(await status("PATCH", `accounts(${id})`, {}, { name: "Terraform account 2" })).toBe(204);
  const rows = await send("GET", `accounts(${id})/contact_customer_accounts`, { $select: "createdon" });
  expect(rows.data.value).toHaveLength(1);
});
