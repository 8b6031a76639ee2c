import type { DynamicsWebApi } from "dynamics-web-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { switchesOf } from "../../../sandbox/dataverse/switches.ts";
import type { TestSandbox } from "../../support/sandbox.ts";
import { startWithClient } from "./dynamics-web-api.ts";

let sandbox: TestSandbox;
let api: DynamicsWebApi;

beforeAll(async () => {
  ({ sandbox, api } = await startWithClient());
});
afterAll(() => sandbox.close());

const named = async (name: string) =>
  (await api.retrieveMultiple({ collection: "accounts", select: ["name"], filter: `startswith(name,'${name}')` }))
    .value;
/** An error as the client gives it for an operation of a batch. */
const refusalWith = (status: number, code: string) =>
  expect.objectContaining({ status, error: expect.objectContaining({ code }) });
const create = (name: string, more: object = {}) => api.create({ collection: "accounts", data: { name }, ...more });

test("dynamics-web-api: a batch gives the result of each operation, in order", async () => {
  api.startBatch();
  create("Batched 1", { inChangeSet: false });
  create("Batched 2", { inChangeSet: false, returnRepresentation: true });
  api.retrieveMultiple({ collection: "accounts", select: ["name"], filter: "startswith(name,'Batched')" });
  api.count({ collection: "accounts", filter: "startswith(name,'Batched')" });
  api.callFunction("WhoAmI");
  const [id, row, list, count, who] = await api.executeBatch();
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(row).toMatchObject({ name: "Batched 2" });
  expect(list.value).toHaveLength(2);
  expect(count).toBe(2);
  expect(who.UserId).toMatch(/^[0-9a-f-]{36}$/);
});

test("dynamics-web-api: a change set refers to the rows it makes", async () => {
  api.startBatch();
  create("Referred", { contentId: "1" });
  const child = { lastname: "Refers", "parentcustomerid_account@odata.bind": "$1" };
  api.create({ collection: "contacts", data: child, contentId: "2" });
  api.updateSingleProperty({ collection: "$1", fieldValuePair: { telephone1: "555" } });
  api.associateSingleValued({ collection: "$1", navigationProperty: "primarycontactid", relatedKey: "$2" });
  const [account, contact] = await api.executeBatch();
  const row = await api.retrieve({
    collection: "accounts",
    key: account,
    expand: [{ property: "primarycontactid", select: ["lastname"] }],
  });
  expect(row).toMatchObject({ telephone1: "555", primarycontactid: { contactid: contact, lastname: "Refers" } });
});

test("dynamics-web-api: a change set is done as a whole or not at all", async () => {
  const [{ accountid }] = await named("Litware");
  api.startBatch();
  create("Undone 1");
  api.update({ collection: "accounts", key: accountid, data: { name: "Undone 2" } });
  api.deleteRecord({ collection: "accounts", key: "66666666-6666-4666-8666-666666666666" });
  const results = await api.executeBatch();
  expect(results).toEqual([refusalWith(404, "0x80040217")]);
  expect(await named("Undone")).toEqual([]);
  expect(await named("Litware")).toHaveLength(1);
});

test("dynamics-web-api: a batch ends at the first error, or goes on if told to", async () => {
  const run = (continueOnError: boolean) => {
    api.startBatch();
    create(`Before ${continueOnError}`, { inChangeSet: false });
    api.create({ collection: "accounts", data: { nosuch: 1 }, inChangeSet: false });
    create(`After ${continueOnError}`, { inChangeSet: false });
    return api.executeBatch({ continueOnError });
  };
  const refusal = refusalWith(400, "0x80048d19");
  expect(await run(false)).toEqual([expect.any(String), refusal]);
  expect(await named("Before false")).toHaveLength(1);
  expect(await named("After false")).toEqual([]);
  expect(await run(true)).toEqual([expect.any(String), refusal, expect.any(String)]);
  expect(await named("After true")).toHaveLength(1);

  switchesOf(sandbox.context.store, "contoso-dev").set("batchErrorStatus", "of the operation");
  await expect(run(false)).rejects.toEqual([expect.any(String), refusal]);
  expect(await run(true)).toHaveLength(3);
  switchesOf(sandbox.context.store, "contoso-dev").delete("batchErrorStatus");
});

test("dynamics-web-api: roles are assigned and taken away in a batch", async () => {
  const { UserId } = await api.callFunction("WhoAmI");
  const { value } = await api.retrieveMultiple({ collection: "roles", filter: "name eq 'Delegate'" });
  const assignment = {
    collection: "systemusers",
    primaryKey: UserId,
    relationshipName: "systemuserroles_association",
    relatedKey: value[0].roleid,
  };
  const held = { collection: "systemusers", key: UserId, navigationProperty: "systemuserroles_association" };
  api.startBatch();
  api.associate({ ...assignment, relatedCollection: "roles" });
  api.retrieve(held);
  api.disassociate(assignment);
  api.retrieve(held);
  const results = await api.executeBatch();
  expect(results[1].value.map(({ name }: { name: string }) => name)).toContain("Delegate");
  expect(results[3].value.map(({ name }: { name: string }) => name)).toEqual(["System Administrator"]);
});
