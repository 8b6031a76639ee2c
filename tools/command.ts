#!/usr/bin/env node
import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { basePort, openSandbox, openSession, type SessionOptions } from "./session.ts";

// The package's command, and `npm run sandbox` of a checkout.

const usage = `Usage: dataverse-s2s sandbox [--directory DIR] [-- COMMAND ...]

  dataverse-s2s sandbox             keeps the sandbox up, with a table of its endpoints
  dataverse-s2s sandbox -- COMMAND  runs a command against it, with what it needs in its environment

  --directory DIR   where state and certificates are kept; default: .sandbox in the working directory
  SANDBOX_PORT      environment variable: first of the ports on 127.0.0.1; default: 18440`;

try {
  const separator = process.argv.indexOf("--");
  const own = process.argv.slice(2, separator < 0 ? undefined : separator);
  const command = separator < 0 ? [] : process.argv.slice(separator + 1);
  const { values, positionals } = parseArgs({
    args: own,
    allowPositionals: true,
    options: { directory: { type: "string", default: ".sandbox" }, help: { type: "boolean" } },
  });
  const options = { directory: resolve(values.directory), basePort, say: (line: string) => console.error(line) };
  if (values.help) console.log(usage);
  else if (positionals.join(" ") !== "sandbox") throw new Error(usage);
  else if (command.length === 0) await serve(options);
  else await run(options, command);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

async function serve(options: SessionOptions): Promise<void> {
  const { endpoints, shared, close } = await openSandbox(options);
  const { organizations, ...services } = endpoints;
  console.table({
    ...Object.fromEntries(Object.entries(services).map(([name, url]) => [name, { url }])),
    ...Object.fromEntries(Object.entries(organizations).map(([name, url]) => [`dataverse ${name}`, { url }])),
  });
  if (shared) {
    console.log("It runs already, in another terminal.");
    return;
  }
  console.log(
    `Its state is in ${options.directory}. The same command with -- COMMAND runs one against it. Ctrl-C ends it.`,
  );
  await Promise.race([once(process, "SIGINT"), terminated()]);
  await close();
}

async function run(options: SessionOptions, command: string[]): Promise<void> {
  const [program, ...args] = command;
  // Getting a Pulumi CLI takes minutes: only for a command that names it. One that is at hand comes along in any case.
  const getEngine = command.some((word) => /\bpulumi\b/.test(word));
  const session = await openSession({ ...options, getEngine });
  try {
    const child = spawn(program!, args, {
      env: { ...process.env, ...session.env },
      stdio: "inherit",
      shell: process.platform === "win32",
    });
    // The command gets Ctrl-C itself, and this process outlives it to clean up.
    process.on("SIGINT", () => {});
    void terminated().then(() => child.kill());
    const [code] = (await once(child, "close")) as [number | null];
    process.exitCode = code ?? 1;
  } finally {
    await session.close();
  }
}

/** Resolves on SIGTERM. npm keeps that from a command and kills the shell that it runs it by: then the parent is another. */
function terminated(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGTERM", () => resolve());
    if (!process.env.npm_command) return;
    const parent = process.ppid;
    setInterval(() => process.ppid !== parent && resolve(), 500).unref();
  });
}
