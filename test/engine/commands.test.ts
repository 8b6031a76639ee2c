import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..", "..");

/** A copy of the checkout, so that the user's own sandbox, its state and its ports are left alone. */
let copy: string;
const port = 28440; // instead of 18440

beforeAll(async () => {
  copy = mkdtempSync(join(tmpdir(), "dataverse-s2s-commands-"));
  const { stdout } = await run("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root });
  for (const file of stdout.split("\n").filter((name) => name && !dirname(name).startsWith("test"))) {
    cpSync(join(root, file), join(copy, file), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  const config = join(copy, "Pulumi.sandbox.yaml");
  writeFileSync(config, readFileSync(config, "utf8").replaceAll(":18", ":28"));
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

async function npm(...args: string[]): Promise<string> {
  return npmWith({}, ...args);
}

async function npmWith(more: Record<string, string>, ...args: string[]): Promise<string> {
  const env = { ...process.env, SANDBOX_PORT: String(port), ...more };
  const { stdout, stderr } = await run("npm", args, { cwd: copy, env });
  return stdout + stderr;
}

/** A PULUMI_HOME with an "azuread plugin" that notes its start in the file `used`, and is the stand-in from there on. */
function homeWithPlugin(used: string): string {
  const home = join(copy, "home");
  const plugin = join(home, "plugins", "resource-azuread-v6.9.1");
  mkdirSync(plugin, { recursive: true });
  const standIn = join(copy, "sandbox", "plugins", "azuread.ts");
  const script = `#!/bin/sh\necho >> "${used}"\nexec node "${standIn}"\n`;
  writeFileSync(join(plugin, "pulumi-resource-azuread"), script, { mode: 0o755 });
  return home;
}

describe("the commands of the README", () => {
  it("`npm start` runs the main job, shows what was made in one screen, and changes nothing when typed again", async () => {
    const first = await npm("start");
    expect(first).toMatch(/^Pulumi v\d+\.\d+\.\d+, .*\.$/m); // which way the CLI was got
    expect(first).toContain("Done: the application has access to Dataverse.");
    expect(first).toContain("Contoso Orders Integration (prvReadAccount Global, prvWriteAccount Local)");
    expect(first).toContain("signed in with the secret from Key Vault, asked WhoAmI, read accounts");
    expect(first.split("\n").length).toBeLessThan(50);
    expect(await npm("start")).toContain("Nothing to change: everything is as declared.");
  });

  it("`npm start` uses the azuread plugin where it is installed, unless the stand-in is asked for", async () => {
    const used = join(copy, "used");
    const home = { PULUMI_HOME: homeWithPlugin(used) };
    expect(await npmWith(home, "start", "--", "--azuread=stand-in")).toContain("Nothing to change");
    expect(existsSync(used)).toBe(false);
    expect(await npmWith(home, "start")).toContain("Nothing to change");
    expect(existsSync(used)).toBe(true);
    const none = npmWith({ PULUMI_HOME: copy }, "start", "--", "--azuread=plugin");
    await expect(none).rejects.toMatchObject({ stderr: expect.stringContaining("pulumi plugin install") });
  });

  it("`npm run expiry` tells when each stack's credential ends, and ends with 1 when something is due", async () => {
    const expiry = (...args: string[]) =>
      run("npm", ["run", "--silent", "sandbox", "--", "npm", "run", "--silent", "expiry", "--", ...args], {
        cwd: copy,
        env: { ...process.env, SANDBOX_PORT: String(port) },
      });
    const [row, ...others] = JSON.parse((await expiry("--json")).stdout);
    expect(others).toEqual([]);
    expect(row).toMatchObject({ stack: "sandbox", due: false });
    const { nextRotationOn, credentialExpiresOn } = row;
    expect(Date.parse(credentialExpiresOn) - Date.parse(nextRotationOn)).toBe(30 * 24 * 3600_000);
    expect((await expiry()).stdout).toMatch(new RegExp(`^sandbox +${credentialExpiresOn} +${nextRotationOn}$`, "m"));
    await expect(expiry("--as-of", nextRotationOn)).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringContaining("rotation is due: run pulumi up --stack sandbox"),
    });
    await expect(expiry("--as-of", "soon")).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("--as-of 'soon' is no time"),
    });
  });

  it("`npm run sandbox -- COMMAND` runs a command against the sandbox, with its exit code", async () => {
    const preview = await npm("run", "sandbox", "--", "pulumi", "preview", "--stack", "sandbox", "--diff");
    expect(preview).toContain("17 unchanged");
    const names = await npm("run", "sandbox", "--", "node", "-p", "Object.keys(process.env).join(' ')");
    for (const name of [
      "SANDBOX_LOGIN_URL",
      "SANDBOX_GRAPH_URL",
      "SANDBOX_ARM_URL",
      "SANDBOX_VAULT_URL",
      "SANDBOX_POWER_PLATFORM_URL",
      "SANDBOX_CONTROL_URL",
      "SANDBOX_ORG_URLS",
      "SANDBOX_METADATA_HOST",
      "NODE_EXTRA_CA_CERTS",
      "SSL_CERT_FILE",
      "PULUMI_BACKEND_URL",
      "ARM_CLIENT_SECRET",
    ]) {
      expect(names).toContain(name);
    }
    await expect(npm("run", "sandbox", "--", "node", "-e", "process.exit(3)")).rejects.toMatchObject({ code: 3 });
    await npm("run", "sandbox", "--", "pulumi", "destroy", "--stack", "sandbox", "--yes", "--skip-preview");
  });
});
