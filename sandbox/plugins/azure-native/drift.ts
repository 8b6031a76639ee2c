import { isDeepStrictEqual } from "node:util";
import { isSecret, type Properties, secret, unwrap } from "../support.ts";

/**
 * The declared inputs with what the far side shows in their place: equal where nothing drifted. What was never declared
 * stays out (except tags, of which each one counts), and what is never shown stays as declared. What was declared as a secret
 * is given back as one.
 */
export function seenInputs(declared: Properties, remote: Properties, writeOnly: readonly string[]): Properties {
  const seen = compare(declared, remote, "", writeOnly) as Properties;
  const tags = remote.tags as Properties | undefined;
  if (!declared.tags && tags && Object.keys(tags).length > 0) seen.tags = tags;
  return seen;
}

/** Names of the inputs that differ between two sets, with dots into `properties`. */
export function changedPaths(before: Properties, after: Properties): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name) => {
    if (isDeepStrictEqual(before[name], after[name])) return [];
    if (name !== "properties") return [name];
    return changedPaths(before[name] ?? {}, after[name] ?? {}).map((inner) => `${name}.${inner}`);
  });
}

function compare(declared: unknown, remote: unknown, path: string, writeOnly: readonly string[]): unknown {
  if (writeOnly.includes(path)) return declared;
  if (isSecret(declared)) return secret(compare(unwrap(declared), remote, path, writeOnly));
  if (isRecord(declared) && isRecord(remote) && path !== "tags") {
    const members = Object.entries(declared).map(([name, value]) => [
      name,
      compare(value, remote[name], path ? `${path}.${name}` : name, writeOnly),
    ]);
    return Object.fromEntries(members.filter(([, value]) => value !== undefined));
  }
  return isSame(declared, remote) ? declared : remote;
}

/** Azure gives names, ids and regions back in other cases, regions without spaces, and ids with the subscription in front. */
function isSame(declared: unknown, remote: unknown): boolean {
  if (typeof declared !== "string" || typeof remote !== "string") return isDeepStrictEqual(declared, remote);
  const plain = (text: string) => text.toLowerCase().replaceAll(" ", "");
  return plain(declared) === plain(remote) || (declared.startsWith("/") && plain(remote).endsWith(plain(declared)));
}

function isRecord(value: unknown): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
