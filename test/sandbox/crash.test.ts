import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import axios, { type AxiosInstance } from "axios";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Endpoints } from "../../sandbox/context.ts";
import { publisher } from "../support/entra.ts";

// A sandbox that is killed at any moment loses nothing that it acknowledged.

const sandboxModule = pathToFileURL(join(import.meta.dirname, "..", "..", "sandbox", "sandbox.ts")).href;
const script = `
  import { startSandbox } from ${JSON.stringify(sandboxModule)};
  const { endpoints } = await startSandbox({ directory: process.argv[1] });
  console.log(JSON.stringify(endpoints));`;

let directory: string;
let child: ChildProcess;
let endpoints: Endpoints;
let http: AxiosInstance;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "dataverse-s2s-crash-"));
});
afterAll(() => {
  child.kill("SIGKILL");
  rmSync(directory, { recursive: true });
});

async function start(): Promise<void> {
  child = spawn(process.execPath, ["--input-type=module", "-e", script, directory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(createInterface(child.stdout!), "line")) as [string];
  endpoints = JSON.parse(line);
  const httpsAgent = new Agent({ ca: readFileSync(join(directory, "ca.crt")) });
  http = axios.create({ httpsAgent, validateStatus: () => true });
}

async function kill(): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

async function token(resource: string): Promise<{ headers: { Authorization: string } }> {
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: publisher.clientId,
    client_secret: publisher.clientSecret,
    scope: `${resource}/.default`,
  });
  const { data } = await http.post(`${endpoints.login}/${publisher.tenantId}/oauth2/v2.0/token`, form);
  return { headers: { Authorization: `Bearer ${data.access_token}` } };
}

/** The same numbers from 0 to 1 in every run (a linear congruential generator). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What the far side said that it did to one row: made it, gave it a number, deleted it. `deleting`: asked, not yet answered. */
interface Acknowledged {
  readonly url: string;
  number: number;
  deleting: boolean;
  deleted: boolean;
}

test("What was acknowledged is there after each of eight kills amid eight writers", { timeout: 120_000 }, async () => {
  const random = numbers(20260714);
  const rows: Acknowledged[] = [];
  await start();
  const dataverse = `${endpoints.organizations["contoso-dev"]}/api/data/v9.2`;
  const graph = `${endpoints.graph}/v1.0`;
  const signedIn = {
    [dataverse]: await token(endpoints.organizations["contoso-dev"]!),
    [graph]: await token(endpoints.graph),
  };
  const options = (url: string) => signedIn[url.startsWith(graph) ? graph : dataverse]!;

  for (let round = 0; round < 8; round++) {
    let left = 5 + Math.floor(random() * 60);
    let ended: Promise<void> | undefined;
    const acknowledge = (status: number, expected: number) => {
      expect(status).toBe(expected);
      left--;
      if (left <= 0) ended ??= kill();
    };
    const write = async () => {
      while (!ended) {
        const row = await create(random() < 0.5, acknowledge);
        rows.push(row);
        for (let number = 1; number <= 3 && !ended; number++) {
          const body = row.url.startsWith(graph) ? { notes: String(number) } : { description: String(number) };
          acknowledge((await http.patch(row.url, body, options(row.url))).status, 204);
          row.number = number;
        }
        if (random() < 0.5 || ended) continue;
        row.deleting = true;
        acknowledge((await http.delete(row.url, options(row.url))).status, 204);
        row.deleted = true;
      }
    };
    // A request that the kill cut off says so by its code; everything else is a fault of the sandbox.
    const cutOff = (error: { code?: string }) => {
      if (!["ECONNRESET", "ECONNREFUSED", "EPIPE"].includes(error.code ?? "")) throw error;
    };
    await Promise.all(Array.from({ length: 8 }, () => write().catch(cutOff)));
    await ended;
    if (round % 2) writeFileSync(join(directory, "state.json.new"), '{"applications":{"half'); // as a crash may leave it
    await start();
    for (const row of rows) expect(await found(row), `${row.url} after kill ${round + 1}`).toBe("as acknowledged");
  }
  expect(rows.length).toBeGreaterThan(60);
  expect(rows.some(({ deleted }) => deleted)).toBe(true);

  async function create(inGraph: boolean, acknowledge: (status: number, expected: number) => void) {
    const body = inGraph ? { displayName: "Crash" } : { name: "Crash" };
    const url = inGraph ? `${graph}/applications` : `${dataverse}/accounts`;
    const { status, data, headers } = await http.post(url, body, options(url));
    const own = inGraph ? `${url}/${data.id}` : (headers["odata-entityid"] as string);
    const row = { url: own, number: 0, deleting: false, deleted: false };
    acknowledge(status, inGraph ? 201 : 204);
    return row;
  }

  async function found({ url, number, deleting, deleted }: Acknowledged): Promise<string> {
    const { status, data } = await http.get(url, options(url));
    if (status === 404) return deleting ? "as acknowledged" : "lost";
    if (deleted) return "there again";
    const present = Number(data.notes ?? data.description ?? 0);
    return present >= number ? "as acknowledged" : `number ${present} instead of ${number}`;
  }
});
