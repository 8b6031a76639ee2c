import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Engine, type Stack, sandboxConfig, startEngine } from "../support/engine.ts";

let engine: Engine;
let stack: Stack;

beforeAll(async () => {
  engine = await startEngine();
  stack = await engine.stack("prod");
});

afterAll(async () => {
  await engine?.close();
});

describe("a bad stack config on the real engine", () => {
  it("is told whole, with the path and the mend of each problem, before any request is sent", async () => {
    stack.configure({
      ...sandboxConfig(engine.endpoints),
      application: {
        displayName: 7,
        signOnUrl: "http://contoso.example",
        redirectUris: ["https://localhost"],
        keyVault: { location: "westeurope" },
      },
      role: { name: "System Administrator", privileges: { prvReadAccount: "Everything" } },
      subscribers: { contoso: { environmentUrl: "http://contoso.crm4.dynamics.com", tenantId: "contoso" } },
      colour: "red",
    });
    await engine.journal();
    const { code, out } = await stack.run("up", "--yes", "--skip-preview");
    expect(code).not.toBe(0);
    for (const problem of [
      "dataverse-s2s:application.displayName must be a text",
      "dataverse-s2s:application.contactEmail is missing",
      "dataverse-s2s:application.signOnUrl must be an https:// address",
      "dataverse-s2s:application.redirectUris[0] must not be localhost in a production stack",
      "dataverse-s2s:application.keyVault.resourceGroup is missing",
      "dataverse-s2s:role.name is one of the platform's default roles",
      "dataverse-s2s:role.privileges.prvReadAccount must be one of Basic, Local, Deep, Global",
      "dataverse-s2s:subscribers.contoso.environmentUrl must be an https:// address",
      "dataverse-s2s:subscribers.contoso.tenantId must be a GUID",
      "dataverse-s2s:colour is not a known setting",
    ]) {
      expect(out).toContain(problem);
    }
    expect(out).toContain("nothing was touched");
    expect(out).toContain("pulumi config set --path");
    expect(out).not.toMatch(/^\s+at /m); // no stack trace
    expect(await engine.journal()).toEqual([]);
  });

  it("may be empty: every missing part is named", async () => {
    stack.configure({});
    const { code, out } = await stack.run("preview");
    expect(code).not.toBe(0);
    expect(out).toContain("dataverse-s2s:application is missing");
    expect(out).toContain("dataverse-s2s:role is missing");
  });
});
