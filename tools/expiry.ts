import { execFile } from "node:child_process";
import { parseArgs, promisify } from "node:util";
import { duenessOf, type StackDates, table } from "./expiry-table.ts";

// npm run expiry [-- --json] [--as-of TIME]   every stack's dates; exit code 1 when one is due or could not be read

const run = promisify(execFile);

const usage = `npm run expiry                      the dates of every stack of the project
npm run expiry -- --json             the same as JSON
npm run expiry -- --as-of TIME       as of another time, such as 2027-06-01T00:00:00Z`;

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

/** Prints the dates; true when nothing is due. */
async function main(): Promise<boolean> {
  const { json, asOf } = options();
  const names = (JSON.parse(await pulumi("stack", "ls", "--json")) as { name: string }[]).map(({ name }) => name);
  const rows: StackDates[] = [];
  let failed = 0;
  for (const [index, stack] of names.entries()) {
    console.error(`Reading stack ${stack} (${index + 1} of ${names.length})`);
    try {
      rows.push(duenessOf(stack, JSON.parse(await pulumi("stack", "output", "--json", "--stack", stack)), asOf));
    } catch (error) {
      failed++;
      console.error((error as Error).message);
    }
  }
  console.log(json ? JSON.stringify(rows, undefined, 2) : table(rows));
  return failed === 0 && rows.every(({ due }) => !due);
}

function options(): { json: boolean; asOf: Date } {
  let values: { json?: boolean; "as-of"?: string };
  try {
    ({ values } = parseArgs({ options: { json: { type: "boolean" }, "as-of": { type: "string" } } }));
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${usage}`);
  }
  const asOf = new Date(values["as-of"] ?? Date.now());
  if (Number.isNaN(asOf.getTime())) throw new Error(`--as-of '${values["as-of"]}' is no time.\n${usage}`);
  return { json: values.json ?? false, asOf };
}

/** What a command of the CLI on PATH prints. */
async function pulumi(...args: string[]): Promise<string> {
  const command = ["pulumi", ...args].join(" ");
  try {
    return (await run("pulumi", [...args, "--non-interactive"], { shell: process.platform === "win32" })).stdout;
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    if (code === "ENOENT") {
      throw new Error(
        "The Pulumi CLI is not on PATH. Install it, or read the sandbox's stacks: npm run sandbox -- npm run expiry",
      );
    }
    throw new Error(`${command} failed: ${stderr?.trim() || (error as Error).message}`);
  }
}
