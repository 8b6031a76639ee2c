import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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
