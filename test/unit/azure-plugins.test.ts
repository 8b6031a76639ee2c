import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { azureAdFolder, azureAdOf } from "../../tools/azure-plugins.ts";

let home: string;
let none: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "dataverse-s2s-plugins-"));
  none = join(home, "elsewhere");
  const executable = process.platform === "win32" ? "pulumi-resource-azuread.exe" : "pulumi-resource-azuread";
  for (const name of ["azuread-v6.9.1", "azuread-v6.10.0", "azuread-v6.2.0", "azure-native-v9.0.0"]) {
    mkdirSync(join(home, "plugins", `resource-${name}`), { recursive: true });
    writeFileSync(join(home, "plugins", `resource-${name}`, executable), "");
  }
  mkdirSync(join(home, "plugins", "resource-azuread-v7.0.0")); // a download that was broken off
});

afterAll(() => rmSync(home, { recursive: true }));

describe("the azuread plugin", () => {
  const folder = (asked: "plugin" | "stand-in" | undefined, PULUMI_HOME: string) =>
    azureAdFolder(asked, { PULUMI_HOME });

  it.each([undefined, "plugin"] as const)("is the newest that is whole where one is installed, asked %s", (asked) => {
    expect(folder(asked, home)).toBe(join(home, "plugins", "resource-azuread-v6.10.0"));
  });

  it("gives way to the stand-in where that is asked for, and where none is installed", () => {
    expect(folder("stand-in", home)).toBeUndefined();
    expect(folder(undefined, none)).toBeUndefined();
  });

  it("is missed, with how to install it, where it is asked for", () => {
    expect(() => folder("plugin", none)).toThrow(
      `not installed in ${join(none, "plugins")}. Install it with "pulumi plugin install resource azuread"`,
    );
  });

  it.each(["plugin", "stand-in", undefined])("is chosen by --azuread=%s", (asked) => {
    expect(azureAdOf(asked)).toBe(asked);
  });

  it("is not chosen by another word", () => {
    expect(() => azureAdOf("real")).toThrow('--azuread is "plugin" or "stand-in", not "real".');
  });
});
