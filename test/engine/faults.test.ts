import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Engine, type Stack, sandboxConfig, startEngine } from "../support/engine.ts";
import {
  faultKinds,
  forgetPendingCreates,
  killKinds,
  patience,
  runKilled,
  runWithFaults,
  spread,
} from "../support/engine-faults.ts";
import { farSide, type Row } from "../support/far-side.ts";
import { tries } from "../support/reliability.ts";

/**
 * A sample of faults through the whole engine: three subscribers in one stack, each with a fault at another of its requests, spread
 * from the first to the last. Each kind of fault at every request of every resource is in test/faults, at the lifecycles; here
 * is what only the engine has: its state and lock, what it knows of an operation that did not end, the order of resources.
 */
const names = ["fabrikam", "northwind", "tailspin"] as const;
const operations = ["create", "change", "destroy"] as const;
type Operation = (typeof operations)[number];

const roles = {
  create: { name: "Orders", privileges: { prvReadAccount: "Global", prvWriteAccount: "Local" } },
  change: { name: "Orders changed", privileges: { prvReadAccount: "Local", prvReadContact: "Global" } },
};

let engine: Engine;
let stack: Stack;
let environmentOf: ReturnType<typeof farSide>["environmentOf"];
let graph: ReturnType<typeof farSide>["graph"];
let clientId: string;
/** Requests of a clean run to each subscriber's environment. */
const counts = new Map<Operation, number>();

beforeAll(async () => {
  engine = await startEngine();
  ({ environmentOf, graph } = farSide(engine, () => clientId));
  const publisher = await engine.stack("publisher");
  publisher.configure({ ...sandboxConfig(engine.endpoints), subscribers: {} });
  await publisher.ok("up", "--yes", "--skip-preview");
  clientId = (await publisher.outputs()).clientId as string;
  stack = (await engine.stack("faults")).with(patience);
  for (const operation of operations) {
    await engine.journal();
    await complete(operation);
    const journal = await engine.journal();
    const [count, ...others] = names.map(
      (name) => journal.filter(({ service }) => service === `dataverse ${name}`).length,
    );
    expect(others).toEqual([count, count]);
    counts.set(operation, count!);
    await expectDone(operation);
  }
});

afterAll(async () => {
  await engine?.close();
});

/** What is typed for an operation, whose config is in place then. */
function commandOf(operation: Operation): string[] {
  const { endpoints } = sandboxConfig(engine.endpoints);
  const subscriber = (name: string) => ({ environmentUrl: engine.endpoints.organizations[name], consent: "grant" });
  stack.configure({
    publisherStack: "organization/dataverse-s2s/publisher",
    endpoints,
    role: operation === "create" ? roles.create : roles.change,
    subscribers: Object.fromEntries(names.map((name) => [name, subscriber(name)])),
  });
  const flags = ["--yes", "--skip-preview"];
  return operation === "destroy" ? ["destroy", ...flags, "--run-program"] : ["up", ...flags];
}

async function complete(operation: Operation): Promise<void> {
  const [command = "", ...args] = commandOf(operation);
  await stack.ok(command, ...args);
}

/** What an administrator of a subscriber finds of all that the stack makes there. */
async function look(name: string) {
  const { users, list, rolesOf, depthsOf } = environmentOf(name);
  const found = await list("roles?$filter=startswith(name,'Orders') and parentroleid eq null");
  const principals = (await graph("get", `/servicePrincipals?$filter=appId eq '${clientId}'`, undefined, name)).value;
  return {
    roles: await Promise.all(found.map(async (role) => [role.name, await depthsOf(role.roleid as string)])),
    users: await Promise.all(
      (await users()).map(async (user) => [user.isdisabled, await rolesOf(user.systemuserid as string)]),
    ),
    principals: (principals as Row[]).length,
  };
}

async function expectDone(operation: Operation): Promise<void> {
  const there = await Promise.all(names.map(look));
  if (operation === "destroy") {
    const nothing = { roles: [], users: [], principals: 0 };
    expect(there).toEqual([nothing, nothing, nothing]);
  } else {
    const { name, privileges } = roles[operation];
    const one = { roles: [[name, privileges]], users: [[false, [name]]], principals: 1 };
    expect(there).toEqual([one, one, one]);
  }
}

/** Each round has other kinds at other requests: those of its operations are spread over all that a clean run sends. */
const rounds = 2;
const samples = rounds * names.length;

const metIn = (round: number, operation: Operation, index: number) => ({
  service: `dataverse ${names[index]}`,
  nth: spread(round * names.length + index, samples, counts.get(operation)!),
});

describe("an onboarding, a change of the role, and an offboarding of three subscribers", () => {
  it.for([0, 1])("survive faults at a request of each, round %i", async (round, { task }) => {
    const plan = operations.map((operation, turn) => {
      const met = names.map((_name, index) => ({
        ...metIn(round, operation, index),
        kind: faultKinds[(round + turn + index) % faultKinds.length]!,
      }));
      for (const { kind } of met) tries(task, "fault", `${kind}, in the engine`);
      return { operation, met };
    });
    for (const { operation, met } of plan) {
      await runWithFaults(engine, stack, met, commandOf(operation));
      await expectGoneOn(operation);
    }
  });

  it.for([0, 1])("survive that the engine is killed at a request, round %i", async (round, { task }) => {
    const plan = operations.map((operation, turn) => {
      const kind = killKinds[(round + turn) % killKinds.length]!;
      tries(task, "kill", `${kind}, in the engine`);
      return { operation, met: { ...metIn(round, operation, (round + turn) % names.length), kind } };
    });
    for (const { operation, met } of plan) {
      await runKilled(engine, stack, met, commandOf(operation));
      await expectGoneOn(operation);
      if (operation === "create") await forgetPendingCreates(stack);
    }
  });
});

/** The same again, without a fault, ends as if there had been none. */
async function expectGoneOn(operation: Operation): Promise<void> {
  await complete(operation);
  await expectDone(operation);
  if (operation === "change") await stack.ok("preview", "--expect-no-changes");
}
