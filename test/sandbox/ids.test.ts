import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { firstParty } from "../../sandbox/directory.ts";
import { EntraClient, fabrikam, publisher } from "../support/entra.ts";
import { armClient, vault } from "../support/resource-manager.ts";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";
import { dataverseClient } from "./dataverse-client.ts";

// Two runs with one seed give the same ids, in whatever order the requests come.

const sandboxes: TestSandbox[] = [];
afterEach(() => Promise.all(sandboxes.splice(0).map((sandbox) => sandbox.close())));

type Ids = Record<string, unknown>;

/** Jobs that do not depend on each other, each a few writes; they note the ids that they got. */
function jobs(sandbox: TestSandbox, ids: Ids): (() => Promise<void>)[] {
  const client = new EntraClient(sandbox);
  const post = async (path: string, body: unknown, as = publisher) => {
    const { status, data } = await client.graph("POST", path, { body, as });
    expect(status, path).toBeLessThan(300);
    return data;
  };
  const application = (name: string) => async () => {
    const { id, appId } = await post("/applications", { displayName: name, signInAudience: "AzureADMultipleOrgs" });
    const { keyId } = await post(`/applications/${id}/addPassword`, { passwordCredential: { displayName: "key" } });
    const federated = await post(`/applications/${id}/federatedIdentityCredentials`, {
      name: "ci",
      issuer: "https://token.actions.githubusercontent.com",
      subject: `repo:contoso/${name}:environment:prod`,
      audiences: ["api://AzureADTokenExchange"],
    });
    const principal = await post("/servicePrincipals", { appId });
    const resource = (await client.graph("GET", `/servicePrincipals(appId='${firstParty.graph}')`)).data;
    const assignment = await post(`/servicePrincipals/${resource.id}/appRoleAssignedTo`, {
      principalId: principal.id,
      resourceId: resource.id,
      appRoleId: resource.appRoles[0].id,
    });
    const foreign = await post("/servicePrincipals", { appId }, fabrikam);
    const dataverse = dataverseClient(sandbox);
    const unit = `/businessunits(${await dataverse.rootBusinessUnit()})`;
    const body = { applicationid: appId, "businessunitid@odata.bind": unit };
    const user = await dataverse.create("systemusers", body);
    ids[name] = [id, appId, keyId, federated.id, principal.id, assignment.id, foreign.id, user];
  };
  const role = (name: string) => async () => {
    const dataverse = dataverseClient(sandbox, "fabrikam");
    const units = await dataverse.get("businessunits?$filter=_parentbusinessunitid_value eq null", fabrikam);
    const body = { name, "businessunitid@odata.bind": `/businessunits(${units.value[0].businessunitid})` };
    await dataverse.send("POST", "roles", body, { as: fabrikam });
    const { value } = await dataverse.get(`roles?$filter=name eq '${name}'&$select=roleid,roleidunique`, fabrikam);
    expect(value).toHaveLength(3); // one for each business unit
    ids[name] = value.map((row: Ids) => `${row.roleid} ${row.roleidunique}`).sort();
  };
  const secret = (name: string) => async () => {
    const { arm } = armClient(sandbox);
    const path = `${vault("rg-ids", "ids")}/secrets/${name}`;
    const versions = [];
    for (const value of ["first", "second"]) {
      const { data } = await arm("PUT", path, { body: { properties: { value } } });
      versions.push(data.properties.secretUriWithVersion.split("/").at(-1));
    }
    ids[name] = versions;
  };
  const accounts = (name: string) => async () => {
    const dataverse = dataverseClient(sandbox);
    ids[name] = [await dataverse.create("accounts", { name }), await dataverse.create("accounts", { name })];
  };
  return [
    application("Orders"),
    application("Invoices"),
    role("Reader"),
    role("Writer"),
    secret("one"),
    secret("two"),
    accounts("Fourth Coffee"),
    accounts("Litware"),
  ];
}

async function idsOf(run: (jobs: (() => Promise<void>)[]) => Promise<unknown>): Promise<Ids> {
  const sandbox = await startTestSandbox();
  sandboxes.push(sandbox);
  await armClient(sandbox).newVault("rg-ids", "ids");
  const ids: Ids = {};
  await run(jobs(sandbox, ids));
  return ids;
}

async function oneByOne(jobs: (() => Promise<void>)[]) {
  for (const job of jobs) await job();
}

test("Two sandboxes give the same ids when the same writes come in another order, or at once", async () => {
  const ids = await idsOf(oneByOne);
  const all = Object.values(ids).flat(2);
  expect(new Set(all).size).toBe(all.length);
  expect(await idsOf((jobs) => oneByOne(jobs.reverse()))).toEqual(ids);
  expect(await idsOf((jobs) => Promise.all(jobs.map((job) => job())))).toEqual(ids);
});

test("The seed itself gives the same ids", async () => {
  const keys = async () => {
    const sandbox = await startTestSandbox();
    sandboxes.push(sandbox);
    await sandbox.context.store.commit();
    const state: Record<string, Ids> = JSON.parse(readFileSync(sandbox.context.store.path!, "utf8"));
    return Object.entries(state).map(([name, rows]) => [name, Object.keys(rows).sort()]);
  };
  const first = await keys();
  expect(first.flatMap(([, rows]) => rows).length).toBeGreaterThan(400);
  expect(await keys()).toEqual(first);
});

test("What is made anew under an old name gets another id", async () => {
  const sandbox = await startTestSandbox();
  sandboxes.push(sandbox);
  const client = new EntraClient(sandbox);
  const first = await client.newApplication();
  await client.graph("DELETE", `/applications/${first.id}`);
  const second = await client.newApplication();
  expect(second.id).not.toBe(first.id);
  expect(second.appId).not.toBe(first.appId);
});
