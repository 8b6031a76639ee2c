import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { JournalEntry } from "../../sandbox/server.ts";
import { openWorld, type World } from "../support/fault-world.ts";
import { lateness, mostAtATime } from "../support/journal.ts";
import { startProviderProcess } from "../support/provider-process.ts";
import { tries } from "../support/reliability.ts";

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());
beforeEach(() => {
  world.sandbox.context.journal.length = 0;
});

/** Makes so many roles in the environment, all of them at once, as the engine would with `--parallel`. */
async function makeRoles(count: number, name: string): Promise<void> {
  const provider = (await startProviderProcess(world.config, 60))("SecurityRole");
  const rowIds = Array.from({ length: count }, () => crypto.randomUUID());
  await Promise.all(
    rowIds.map((rowId, n) =>
      provider.create({ ...world.target, name: `${name} ${n}`, privileges: { prvReadAccount: "Global" }, rowId }),
    ),
  );
  const roles = await world.rows(`roles?$select=name&$filter=startswith(name,'${name} ') and parentroleid eq null`);
  expect(roles).toHaveLength(count);
}

function limit(limits: object): void {
  const protection = world.sandbox.context.serviceProtection.get("fabrikam")!;
  protection.limits = { ...protection.limits, requests: 6000, windowSeconds: 300, concurrentRequests: 52, ...limits };
}

/** What came to the environment of the administrator's own: not the look of this test, which comes last. */
const requests = (): JournalEntry[] =>
  world.sandbox.context.journal.filter(({ service }) => service === "dataverse fabrikam").slice(0, -1);

describe("60 resources in one environment, all at once", () => {
  test("have at most 16 requests under way there, far from the 52 that are too many", async () => {
    limit({ concurrentRequests: 16, requestMilliseconds: 20 });
    await makeRoles(60, "Together");
    expect(requests().filter(({ status }) => status === 429)).toEqual([]);
    expect(mostAtATime(requests())).toBe(16);
  });

  test("come through where the environment refuses most of them, each after the wait that it is asked for", async ({
    task,
  }) => {
    limit({ requests: 100, windowSeconds: 2, requestMilliseconds: 0 });
    await makeRoles(60, "Throttled");
    // Those that name their role: the others are the same for all roles, and cannot be told apart.
    const late = lateness(requests().filter(({ path }) => /[0-9a-f]{8}-[0-9a-f-]{27}/.test(path)));
    tries(task, "fault", "throttled, in one environment", late.length);
    expect(late.length).toBeGreaterThan(20);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...late)).toBeLessThan(5_000);
  });
});

test("several environments of one tenant are consented for at the same time, and the consent goes with the last of them", async () => {
  const provider = (await startProviderProcess(world.config, 60))("AdminConsent");
  const { target, applicationId, secretUri } = world;
  const rowIds = Array.from({ length: 5 }, () => crypto.randomUUID());
  const made = await Promise.all(
    rowIds.map((rowId) => provider.create({ ...target, applicationId, secretUri, mode: "grant", rowId })),
  );
  expect(new Set(made.map(({ outs }) => outs?.servicePrincipalId)).size).toBe(1);
  expect(made.filter(({ outs }) => outs?.granted)).toHaveLength(5);
  const { value } = (await world.graph("GET", "/oauth2PermissionGrants"))!;
  const id = made[0]!.outs!.servicePrincipalId;
  expect((value as { clientId: string }[]).filter(({ clientId }) => clientId === id)).toHaveLength(1);

  const [last, ...others] = made;
  await Promise.all(others.map(({ id, outs }) => provider.delete(id, outs!)));
  expect(await world.graph("GET", `/servicePrincipals/${id}`)).toMatchObject({ appId: applicationId });
  expect((await provider.read(last!.id, last!.outs)).props).toEqual(last!.outs);
  await provider.delete(last!.id, last!.outs!);
  expect(await world.graph("GET", `/servicePrincipals/${id}`)).toBeUndefined();
});
