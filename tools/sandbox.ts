import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { basePort, openSandbox, openSession, type SessionOptions } from "./session.ts";

// npm run sandbox             keeps the sandbox up, with a table of its endpoints
// npm run sandbox -- COMMAND  runs a command against it

const command = process.argv.slice(2);
const options: SessionOptions = {
  directory: join(import.meta.dirname, "..", ".sandbox"),
  basePort,
  say: (line) => console.error(line),
};

try {
  if (command.length === 0) await serve();
  else await run(command);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

async function serve(): Promise<void> {
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
    "Run a command against it: npm run sandbox -- pulumi preview --stack sandbox --diff. Ctrl-C ends it; its state stays in .sandbox/.",
  );
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  await close();
}

async function run([program, ...args]: string[]): Promise<void> {
  const session = await openSession(options);
  try {
    // The command gets Ctrl-C itself, and this process outlives it to clean up.
    process.on("SIGINT", () => {});
    const child = spawn(program!, args, {
      env: { ...process.env, ...session.env },
      stdio: "inherit",
      shell: process.platform === "win32",
    });
    const [code] = (await once(child, "close")) as [number | null];
    process.exitCode = code ?? 1;
  } finally {
    await session.close();
  }
}
