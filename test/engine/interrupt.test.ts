import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { administratorOf } from "../../sandbox/seed.ts";
import { type Engine, type RunningCommand, type Stack, sandboxConfig, startEngine } from "../support/engine.ts";
import { farSide } from "../support/far-side.ts";
import { tries } from "../support/reliability.ts";

/** A command that is interrupted has five seconds for what is under way; the rest is the engine's own end. */
const promptSeconds = 15;

let engine: Engine;
let stack: Stack;
let environmentOf: ReturnType<typeof farSide>["environmentOf"];
let clientId: string;

beforeAll(async () => {
  engine = await startEngine();
  ({ environmentOf } = farSide(engine, () => clientId));
  const publisher = await engine.stack("publisher");
  publisher.configure({ ...sandboxConfig(engine.endpoints), subscribers: {} });
  await publisher.ok("up", "--yes", "--skip-preview");
  clientId = (await publisher.outputs()).clientId as string;
  stack = await engine.stack("interrupted");
});

afterAll(async () => {
  await engine?.close();
});

beforeEach(() => engine.clearFaults());

function declare(consent: string): void {
  const { endpoints } = sandboxConfig(engine.endpoints);
  const fabrikam = { environmentUrl: engine.endpoints.organizations.fabrikam, consent };
  stack.configure({
    publisherStack: "organization/dataverse-s2s/publisher",
    endpoints,
    subscribers: { fabrikam },
  });
}

const up = () => stack.start("up", "--yes", "--skip-preview");

/** Interrupts a command: what it printed, once it has ended in time and left nothing to be cleared. */
async function endPromptly(command: RunningCommand, whom: "command" | "process group"): Promise<string> {
  const began = Date.now();
  command.interrupt(whom);
  const { code, out } = await command.ended;
  expect(Date.now() - began, out).toBeLessThan(promptSeconds * 1000);
  expect(code).not.toBe(0);
  const { deployment } = JSON.parse(await stack.state());
  expect(deployment.pending_operations ?? []).toEqual([]);
  return out;
}

/** The next `up`, with nothing typed before it, ends with one of each, and there is nothing left to do. */
async function expectCleanUp(): Promise<void> {
  await engine.clearFaults();
  await stack.ok("up", "--yes", "--skip-preview");
  await stack.ok("preview", "--expect-no-changes");
  const { users, list, rolesOf } = environmentOf("fabrikam");
  const [user, ...others] = await users();
  expect(others).toEqual([]);
  expect(await rolesOf(user!.systemuserid as string)).toEqual(["Contoso Orders Integration"]);
  const roles = "roles?$filter=name eq 'Contoso Orders Integration' and parentroleid eq null";
  expect(await list(roles)).toHaveLength(1);
}

/** Whether the one fault in force holds a request. */
const isHeld = async () => (await engine.faults()).some(({ fired }) => fired > 0);

describe("Ctrl-C ends a run in seconds, and the next one is clean", () => {
  describe.each(["command", "process group"] as const)("(signal to the %s)", (whom) => {
    it("while it waits for consent", async ({ task }) => {
      tries(task, "interrupt", "waiting for consent");
      declare("wait");
      await engine.journal();
      const command = up();
      const path = `/${administratorOf("fabrikam").tenantId}/oauth2/v2.0/token`;
      await engine.until("the application's first sign-in attempt", async () => {
        const { data } = await engine.http.get<{ path: string; status: number }[]>(
          `${engine.endpoints.control}/journal`,
        );
        return data.some((entry) => entry.path.startsWith(path) && entry.status === 401);
      });
      expect(await endPromptly(command, whom)).toContain("interrupted while waiting for consent at https://");
    });
  });

  it("while a write is not answered, of which nobody knows whether it took effect", async ({ task }) => {
    tries(task, "interrupt", "waiting for an answer");
    declare("grant");
    await engine.fault({ service: "dataverse fabrikam", method: "POST", path: "/roles$", hang: "after" });
    const command = up();
    await engine.until("the hanging request", isHeld);
    expect(await endPromptly(command, "process group")).toContain("interrupted while waiting for 127.0.0.1:");
    await expectCleanUp();
    await stack.ok("destroy", "--yes", "--skip-preview", "--run-program");
  });

  it("while it waits as long as a service asks", async ({ task }) => {
    tries(task, "interrupt", "waiting as a service asks (Retry-After)");
    const tooMany = { status: 429, retryAfter: 120 };
    await engine.fault({ service: "dataverse fabrikam", method: "POST", path: "/systemusers$", ...tooMany });
    const command = up();
    await engine.until("the refused request", isHeld);
    expect(await endPromptly(command, "command")).toContain("interrupted while waiting for 127.0.0.1:");
    await expectCleanUp();
  });

  it("while a destroy is not answered", async ({ task }) => {
    tries(task, "interrupt", "waiting for an answer");
    await engine.fault({ service: "dataverse fabrikam", method: "DELETE", hang: "before" });
    const command = stack.start("destroy", "--yes", "--skip-preview", "--run-program");
    await engine.until("the hanging request", isHeld);
    await endPromptly(command, "process group");
    await expectCleanUp();
  });
});

it("a provider whose engine was killed alone stops by itself, and does not meet the next run", async ({ task }) => {
  tries(task, "kill", "engine killed alone, its providers left");
  declare("grant");
  await stack.ok("destroy", "--yes", "--skip-preview", "--run-program");
  await engine.fault({ service: "dataverse fabrikam", method: "POST", path: "/roles$", hang: "after" });
  const command = up();
  await engine.until("the hanging request", isHeld);
  const left = await command.killAlone();
  await engine.until("the end of the provider", async () => (await providersAmong(left)).length === 0);
  await stack.unlock();
  await expectCleanUp();
  await stack.ok("destroy", "--yes", "--skip-preview", "--run-program");
  for (const id of left) await endProcess(id);
});

/** Those of the processes that still run and are providers of dynamic resources. */
async function providersAmong(ids: number[]): Promise<string[]> {
  const { stdout } = await promisify(execFile)("ps", ["-eo", "pid=,args="]);
  return stdout
    .split("\n")
    .filter((line) => ids.includes(Number.parseInt(line, 10)) && line.includes("dynamic-provider"));
}

/** The language host stays: it is the engine's, and knows nothing of this. */
async function endProcess(id: number): Promise<void> {
  try {
    process.kill(id, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}
