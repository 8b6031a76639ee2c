import { readFileSync } from "node:fs";
import { join } from "node:path";

const text = readFileSync(join(import.meta.dirname, "..", "fixtures", "serialized-provider.txt"), "utf8");

/** What a stack of the first release has as the provider of a dynamic resource: a change of it would be a change of every stack. */
export const expectedProvider = (type: string) => text.replace("TYPE", type);

/** The providers in a stack's state, by the dynamic resource's type. */
export function serializedProviders(state: string): Record<string, string> {
  const { resources } = JSON.parse(state).deployment as {
    resources: { type: string; inputs: { __provider: string } }[];
  };
  const dynamic = resources.filter(({ type }) => type.startsWith("pulumi-nodejs:dynamic"));
  return Object.fromEntries(dynamic.map(({ type, inputs }) => [type.split(":").at(-1)!, inputs.__provider]));
}
