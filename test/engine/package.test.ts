import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Engine, sandboxConfig, startEngine } from "../support/engine.ts";
import { expectedProvider, serializedProviders } from "../support/serialized-provider.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..", "..");

let engine: Engine;
let project: string;

const program = `
import * as pulumi from "@pulumi/pulumi";
import { AccessCheck, ApplicationUser, ClientSecret, MultiTenantApplication, RoleAssignment, SecretVault, SecurityRole } from "dataverse-s2s";

const environmentUrl = new pulumi.Config().require("environmentUrl");
const application = new MultiTenantApplication("app", { displayName: "Consumer", redirectUris: ["https://localhost"] });
const vault = new SecretVault("vault", { resourceGroup: "rg-consumer", location: "westeurope" });
const secret = new ClientSecret("secret", {
  applicationObjectId: application.objectId, applicationId: application.clientId, vaultUri: vault.vaultUri, lifetimeYears: 2,
});
const target = { subscriber: "contoso", environmentUrl };
const privileges = { prvReadContact: "Global" };
const role = new SecurityRole("role", { ...target, name: "Consumer", privileges });
const user = new ApplicationUser("user", { ...target, applicationId: application.clientId }, { dependsOn: application });
const assignment = new RoleAssignment("assignment", { ...target, userId: user.userId, roleId: role.roleId });
const check = new AccessCheck("check", {
  ...target, applicationId: application.clientId, secretUri: secret.secretVersionUri, userId: user.userId,
  roleIds: [assignment.assignedRoleId], privileges,
});
export const tableRead = check.tableRead;
`;

beforeAll(async () => {
  engine = await startEngine();
  project = join(engine.directory, "consumer");
  mkdirSync(project);
  await run("npm", ["pack", "--pack-destination", project], { cwd: root });
  const [tarball] = readdirSync(project);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  writeFileSync(
    join(project, "Pulumi.yaml"),
    "name: consumer\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.js\n",
  );
  writeFileSync(join(project, "index.js"), program);
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
  await run("npm", ["install", ...options, `./${tarball}`], { cwd: project });
});

afterAll(async () => {
  await engine?.close();
});

describe("the packed package, installed in another Pulumi project", () => {
  it("runs a program of its components and dynamic resources, and takes all away again", async () => {
    const stack = await engine.stack("consumer", project);
    const { endpoints } = sandboxConfig(engine.endpoints);
    stack.configure({ endpoints }, { "consumer:environmentUrl": engine.endpoints.organizations["contoso-dev"] });
    await stack.ok("up", "--yes", "--skip-preview");
    expect(await stack.outputs()).toEqual({ tableRead: "contacts" });
    for (const [type, text] of Object.entries(serializedProviders(await stack.state()))) {
      expect(text, "the same as from a checkout").toBe(expectedProvider(type));
    }
    await stack.ok("preview", "--expect-no-changes");
    await stack.ok("destroy", "--yes", "--skip-preview");
    expect((await engine.dataverse("roles?$filter=name eq 'Consumer'")).value).toEqual([]);
  });
});

describe("`npx dataverse-s2s sandbox` of the packed package", () => {
  const port = 38440;
  const npx = (...args: string[]) => {
    const env = { ...process.env, SANDBOX_PORT: String(port) };
    return { file: "npx", args: ["--offline", "dataverse-s2s", "sandbox", ...args], options: { cwd: project, env } };
  };
  const sandbox = async (...command: string[]) => {
    const { file, args, options } = npx("--", ...command);
    return (await run(file, args, options)).stdout;
  };

  it("keeps a sandbox up, with a table of its endpoints and its state in .sandbox, until it is told to end", async () => {
    const { file, args, options } = npx();
    const child = spawn(file, args, { ...options, stdio: ["ignore", "pipe", "inherit"] });
    const printed: string[] = [];
    for await (const line of createInterface(child.stdout)) {
      printed.push(line);
      if (line.includes("Ctrl-C ends it")) break;
    }
    expect(printed.join("\n")).toMatch(/dataverse northwind\s*│ 'https:\/\/127\.0\.0\.1:38462'/);
    expect(existsSync(join(project, ".sandbox", "state.json"))).toBe(true);
    const environment = JSON.parse(await sandbox("node", "-p", "JSON.stringify(process.env)"));
    expect(JSON.parse(environment.SANDBOX_ORG_URLS).northwind).toBe("https://127.0.0.1:38462");
    const metadata = `fetch(process.env.SANDBOX_ARM_URL + "/metadata/endpoints?api-version=2022-09-01")`;
    const served = await sandbox("node", "-e", `${metadata}.then((answer) => answer.text()).then(console.log)`);
    expect(JSON.parse(served)).toMatchObject({ name: "AzureSandbox", resourceManager: environment.SANDBOX_ARM_URL });
    child.kill("SIGTERM");
    await once(child, "close");
    const answers = () =>
      fetch(environment.SANDBOX_CONTROL_URL).then(
        () => true,
        (error) => error.cause?.code !== "ECONNREFUSED",
      );
    await engine.until("the sandbox has ended", async () => !(await answers()));
  });

  it("runs `pulumi up` of a project against it, with the stand-ins for the plugins", async () => {
    const config = {
      "consumer:environmentUrl": `https://127.0.0.1:${port + 20}`,
      "dataverse-s2s:endpoints": {
        loginUrl: `https://127.0.0.1:${port}`,
        graphUrl: `https://127.0.0.1:${port + 1}`,
        keyVaultHost: "127.0.0.1",
      },
    };
    await sandbox("pulumi", "stack", "select", "--create", "local");
    writeFileSync(join(project, "Pulumi.local.yaml"), JSON.stringify({ config }));
    await sandbox("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack", "local");
    const outputs = await sandbox("pulumi", "stack", "output", "--json", "--stack", "local");
    expect(JSON.parse(outputs)).toEqual({ tableRead: "contacts" });
  });
});
