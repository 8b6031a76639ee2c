import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { azureAdOf } from "./azure-plugins.ts";
import { basePort, openSession, type Session } from "./session.ts";

// npm start: the main job, `pulumi up` of stack "sandbox", against the local sandbox.
// npm start -- --azuread=plugin|stand-in: with Pulumi's azuread plugin (the default where it is installed), or the sandbox's.

const root = join(import.meta.dirname, "..");
const stack = "sandbox";
/** Lines of the engine that say only that something has begun. */
const beginnings = /^@ |(creating|updating|deleting|refreshing) \(\d+s\)\s*$/;

try {
  const directory = join(root, ".sandbox");
  const { values } = parseArgs({ options: { azuread: { type: "string" } } });
  const azuread = azureAdOf(values.azuread);
  const session = await openSession({ directory, basePort, azuread, say: (line) => console.log(line) });
  try {
    await pulumi(session, ["stack", "select", "--create", stack], false);
    const out = await pulumi(
      session,
      ["up", "--yes", "--skip-preview", "--suppress-progress", "--suppress-outputs", "--stack", stack],
      true,
    );
    const outputs = JSON.parse(
      await pulumi(session, ["stack", "output", "--json", "--stack", stack], false),
    ) as Outputs;
    console.log(summary(outputs, /^\s+[-+~] *\d+ (created|updated|replaced|deleted)/m.test(out)));
  } finally {
    await session.close();
  }
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

interface Outputs {
  clientId: string;
  servicePrincipalId: string;
  secretUri: string;
  credentialExpiresOn: string;
  publisher: { role: { privileges: Record<string, string> } };
  environments: Record<string, { userName: string; rolesHeld: string[]; tableRead: string }>;
}

function summary(
  { clientId, servicePrincipalId, secretUri, credentialExpiresOn, publisher, environments }: Outputs,
  changed: boolean,
): string {
  const lines = [
    changed ? "Done: the application has access to Dataverse." : "Nothing to change: everything is as declared.",
    `  application       ${clientId}, open to all organizations, "Access Dynamics 365 as organization users"`,
    `  service principal ${servicePrincipalId}`,
    `  client secret     ${secretUri}, until ${credentialExpiresOn.slice(0, 10)}`,
  ];
  const privileges = Object.entries(publisher.role.privileges).map((privilege) => privilege.join(" "));
  for (const [name, { userName, rolesHeld, tableRead }] of Object.entries(environments)) {
    lines.push(
      `  ${name}`,
      `    user            ${userName}`,
      `    role            ${rolesHeld.join(", ")} (${privileges.join(", ")})`,
      `    access check    signed in with the secret from Key Vault, asked WhoAmI, read ${tableRead}`,
    );
  }
  return [
    ...lines,
    "",
    "Next:",
    "  npm start                                                          again: nothing changes",
    "  npm run sandbox -- pulumi preview --stack sandbox --diff           what a change of Pulumi.sandbox.yaml would do",
    "  npm run sandbox -- pulumi destroy --stack sandbox --yes            takes everything away again",
    "  docs/real-azure.md                                                 the same against your own tenant",
  ].join("\n");
}

/** Runs the CLI; `show` lets the user see it. Rejects when it fails, with what it said if that was not shown. */
async function pulumi(session: Session, args: string[], show: boolean): Promise<string> {
  // The CLI gets Ctrl-C itself, and its providers need the sandbox until it has ended.
  if (process.listenerCount("SIGINT") === 0) process.on("SIGINT", () => {});
  const child = spawn("pulumi", [...args, "--non-interactive"], {
    cwd: root,
    env: { ...process.env, ...session.env },
    stdio: ["ignore", "pipe", show ? "inherit" : "pipe"],
    shell: process.platform === "win32",
  });
  const ended = once(child, "close") as Promise<[number | null]>;
  const errors = child.stderr ? text(child.stderr) : "";
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout!)) {
    lines.push(line);
    if (show && !beginnings.test(line)) console.log(line);
  }
  const [code] = await ended;
  if (code !== 0) throw new Error(`pulumi ${args.join(" ")} failed.\n${await errors}`.trim());
  return lines.join("\n");
}
