import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import axios, { type AxiosInstance } from "axios";
import type { Endpoints } from "../../sandbox/context.ts";
import type { CountedRule } from "../../sandbox/faults.ts";
import { type Administrator, administratorOf, type Seed } from "../../sandbox/seed.ts";
import type { JournalEntry } from "../../sandbox/server.ts";
import { openSession } from "../../tools/session.ts";

const root = join(import.meta.dirname, "..", "..");

/** What a command of the engine ended with, and all that it printed. */
interface Run {
  readonly code: number | null;
  readonly out: string;
}

/** A command of the engine that is under way. */
export interface RunningCommand {
  readonly ended: Promise<Run>;
  /** Ctrl-C: the signal to the command alone, or as a terminal sends it to the command's whole process group. */
  interrupt(whom: "command" | "process group"): void;
  /** SIGKILL to the command and to all that it started, as when a container is taken away. */
  kill(): Promise<void>;
  /** SIGKILL to the command alone: gives the ids of the processes that it started. */
  killAlone(): Promise<number[]>;
}

/** One sandbox with a real engine: stacks with their own config, and a look at the far side. */
export interface Engine {
  readonly directory: string;
  readonly endpoints: Endpoints;
  readonly env: Record<string, string>;
  /** Client that trusts the sandbox and never throws on a status. */
  readonly http: AxiosInstance;
  /** A stack of the project, or of the program in `cwd`. */
  stack(name: string, cwd?: string): Promise<Stack>;
  /** The requests that the services (not the control port) have answered since the last call. */
  journal(): Promise<JournalEntry[]>;
  /** Has something go wrong on purpose: `sandbox/faults.ts` has what. */
  fault(rule: object): Promise<void>;
  /** The faults in force, with how many requests matched each and how many of them it met. */
  faults(): Promise<CountedRule[]>;
  /** Ends all faults: requests that hang lose their connection. */
  clearFaults(): Promise<void>;
  /** A GET on an environment's Web API, the publisher's own unless told; `path` comes after `/api/data/v9.2/`. */
  dataverse(path: string, environment?: string, as?: Administrator): Promise<Record<string, unknown>>;
  /** A token of the sandbox's Entra, for the publisher's administrator unless told. */
  token(resource: string, as?: Administrator): Promise<string>;
  /** Waits until something is so; fails after a minute, naming it. */
  until(what: string, isSo: () => Promise<boolean>): Promise<void>;
  close(): Promise<void>;
}

/** A stack of its own, with its own config file. */
export interface Stack {
  /** Sets the whole config; keys without their namespace `dataverse-s2s:`, and `others` with theirs. */
  configure(values: Record<string, unknown>, others?: Record<string, unknown>): void;
  /** The same stack, whose commands get these variables in their environment. */
  with(env: Record<string, string>): Stack;
  /** The same stack, whose commands' output the listener gets as it comes. */
  heardBy(listener: (text: string) => void): Stack;
  /** Starts `pulumi COMMAND --stack …`. */
  start(command: string, ...args: string[]): RunningCommand;
  /** Runs it to its end; does not throw. */
  run(command: string, ...args: string[]): Promise<Run>;
  /** As `run`, but throws with the output when the command fails. */
  ok(command: string, ...args: string[]): Promise<string>;
  outputs(): Promise<Record<string, unknown>>;
  /** The stack's state, as text with encrypted secrets. */
  state(): Promise<string>;
  /** `pulumi cancel`: takes away the lock that a killed command has left. */
  unlock(): Promise<string>;
  /** Takes on a state that `state` gave, from a file. */
  import(file: string): Promise<string>;
}

export async function startEngine(seed?: Seed): Promise<Engine> {
  const directory = mkdtempSync(join(tmpdir(), "dataverse-s2s-engine-"));
  const session = await openSession({ directory, basePort: 0, seed, say: () => {} });
  const { endpoints, env } = session;
  const agent = new Agent({ ca: readFileSync(env.NODE_EXTRA_CA_CERTS!), keepAlive: true });
  const http = axios.create({ httpsAgent: agent, validateStatus: () => true });

  // `stack init` writes a config file beside Pulumi.yaml: not into the checkout.
  const scratch = join(directory, "project");
  mkdirSync(scratch);
  copyFileSync(join(root, "Pulumi.yaml"), join(scratch, "Pulumi.yaml"));

  function pulumi(
    cwd: string,
    args: string[],
    more: Record<string, string> = {},
    listener?: (text: string) => void,
  ): RunningCommand {
    const child = spawn("pulumi", args, {
      cwd,
      env: { ...process.env, ...env, ...more },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true, // in a process group of its own, as a shell starts it
    });
    if (listener) for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", listener);
    const whole = Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close") as Promise<[number | null]>,
    ]);
    const ended = whole.then(([out, errors, [code]]) => ({ code, out: out + errors }));
    return {
      ended,
      interrupt: (whom) => process.kill(whom === "command" ? child.pid! : -child.pid!, "SIGINT"),
      async kill() {
        for (const id of [child.pid!, ...(await descendantsOf(child.pid!))]) process.kill(id, "SIGKILL");
        await ended;
      },
      async killAlone() {
        const left = await descendantsOf(child.pid!);
        process.kill(child.pid!, "SIGKILL");
        await ended;
        return left;
      },
    };
  }

  async function token(resource: string, as = administratorOf("publisher")): Promise<string> {
    const form = new URLSearchParams({
      client_id: as.clientId,
      client_secret: as.clientSecret,
      grant_type: "client_credentials",
      scope: `${resource}/.default`,
    });
    const { data } = await http.post(`${endpoints.login}/${as.tenantId}/oauth2/v2.0/token`, form);
    return data.access_token as string;
  }

  return {
    directory,
    endpoints,
    env,
    http,
    token,
    async stack(name, cwd = root) {
      const file = join(directory, `Pulumi.${name}.yaml`);
      const options = ["--stack", name, "--config-file", file, "--non-interactive"];
      const plain = async (...args: string[]) => {
        const { code, out } = await pulumi(cwd === root ? scratch : cwd, [...args, "--stack", name]).ended;
        if (code !== 0) throw new Error(out);
        return out;
      };
      await plain("stack", "init");
      const stackWith = (more?: Record<string, string>, listener?: (text: string) => void): Stack => {
        const start = (command: string, ...args: string[]) =>
          pulumi(cwd, [command, ...args, ...options], more, listener);
        const run = (command: string, ...args: string[]) => start(command, ...args).ended;
        return {
          configure(values, others) {
            const own = Object.fromEntries(
              Object.entries(values).map(([key, value]) => [`dataverse-s2s:${key}`, value]),
            );
            writeFileSync(file, JSON.stringify({ config: { ...own, ...others } }, undefined, 2));
          },
          with: (env) => stackWith(env, listener),
          heardBy: (hears) => stackWith(more, hears),
          start,
          run,
          async ok(command, ...args) {
            const { code, out } = await run(command, ...args);
            if (code !== 0) throw new Error(`pulumi ${command} ${args.join(" ")} ended with ${code}:\n${out}`);
            return out;
          },
          outputs: async () => JSON.parse(await plain("stack", "output", "--json")),
          state: () => plain("stack", "export"),
          unlock: () => plain("cancel", "--yes"),
          import: (path) => plain("stack", "import", "--file", path),
        };
      };
      return stackWith();
    },
    async journal() {
      const { data } = await http.get<JournalEntry[]>(`${endpoints.control}/journal`);
      await http.delete(`${endpoints.control}/journal`);
      return data.filter(({ service }) => service !== "control");
    },
    async fault(rule) {
      const { status, data } = await http.post(`${endpoints.control}/faults`, rule);
      if (status !== 201) throw new Error(JSON.stringify(data));
    },
    faults: async () => (await http.get<CountedRule[]>(`${endpoints.control}/faults`)).data,
    async clearFaults() {
      await http.delete(`${endpoints.control}/faults`);
    },
    async until(what, isSo) {
      for (const deadline = Date.now() + 60_000; !(await isSo()); await setTimeout(100)) {
        if (Date.now() > deadline) throw new Error(`${what}: not in a minute`);
      }
    },
    async dataverse(path, environment = "contoso-dev", as = administratorOf("publisher")) {
      const url = endpoints.organizations[environment]!;
      const { status, data } = await http.get(`${url}/api/data/v9.2/${path}`, {
        headers: { Authorization: `Bearer ${await token(url, as)}` },
      });
      if (status !== 200) throw new Error(`GET ${path} answered ${status}: ${JSON.stringify(data)}`);
      return data;
    },
    async close() {
      agent.destroy();
      await session.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The processes that one started, and those that they started: the engine gives each of its plugins a process group. */
async function descendantsOf(id: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-eo", "pid=,ppid="]);
  const rows = stdout
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  const found = [id];
  for (const each of found) found.push(...rows.filter(([, parent]) => parent === each).map(([child]) => child!));
  return found.slice(1);
}

/** Stack config of the main job against a sandbox with other ports. */
export function sandboxConfig(endpoints: Endpoints): Record<string, unknown> {
  return {
    application: {
      displayName: "Contoso Orders (test)",
      contactEmail: "support@contoso.example",
      signOnUrl: "https://localhost",
      redirectUris: ["https://localhost"],
      keyVault: { resourceGroup: "rg-orders-test", location: "westeurope" },
    },
    role: { name: "Contoso Orders Integration", privileges: { prvReadAccount: "Global", prvWriteAccount: "Local" } },
    subscribers: { contoso: { environmentUrl: endpoints.organizations["contoso-dev"] } },
    endpoints: { loginUrl: endpoints.login, graphUrl: endpoints.graph, keyVaultHost: "127.0.0.1" },
  };
}
