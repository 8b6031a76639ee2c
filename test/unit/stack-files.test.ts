import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkConfig } from "../../config.ts";

const root = join(import.meta.dirname, "..", "..");
// The YAML reader that the Pulumi SDK brings.
const yaml = createRequire(createRequire(import.meta.url).resolve("@pulumi/pulumi"))("js-yaml") as {
  load(text: string): unknown;
};

const files = readdirSync(root).filter((name) => /^Pulumi\..+\.yaml$/.test(name));

describe("the stack files of the repository", () => {
  it("are the publisher's and the subscribers' examples, and the sandbox's", () => {
    expect(files.sort()).toEqual(
      ["dev", "fabrikam", "northwind", "prod", "sandbox"].map((name) => `Pulumi.${name}.yaml`),
    );
  });

  it.each(files)("%s is a good config", (file) => {
    const { config } = yaml.load(readFileSync(join(root, file), "utf8")) as { config: Record<string, unknown> };
    const values = Object.fromEntries(
      Object.entries(config).map(([key, value]) => [key.replace("dataverse-s2s:", ""), value]),
    );
    const checked = checkConfig(values, file.split(".")[1]!);
    expect("problems" in checked ? checked.problems : []).toEqual([]);
  });
});
