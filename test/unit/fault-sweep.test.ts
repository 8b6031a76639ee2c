import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const filesOf = (folder: string) => {
  const path = join(import.meta.dirname, "..", "..", folder);
  return readdirSync(path).map((name) => ({ name, text: readFileSync(join(path, name), "utf8") }));
};

it("the fault sweep has a file for each dynamic resource, with scenarios of its type", () => {
  const types = filesOf("dynamic-providers/resources").flatMap(({ name, text }) => {
    const [, type] = /thinProvider\("(\w+)"\)/.exec(text) ?? [];
    return type ? [{ file: name.replace(/\.ts$/, ".test.ts"), type }] : [];
  });
  expect(types.length).toBeGreaterThan(0);
  const swept = filesOf("test/faults").flatMap(({ name, text }) => {
    const found = new Set([...text.matchAll(/type: "(\w+)"/g)].map(([, type]) => type));
    return [...found].map((type) => ({ file: name, type }));
  });
  expect(swept).toEqual(types);
});
