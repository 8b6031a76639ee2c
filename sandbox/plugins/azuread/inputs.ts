import { isSecret, type Properties, secret, unwrap } from "../support.ts";

/** What a resource type says about its inputs; names are paths with dots. */
export interface InputRules {
  /** Values that stand for an input that is left out. */
  readonly defaults: Properties;
  /** Inputs that the far side fills in where they are left out: whatever is there then is no drift. */
  readonly computed: readonly string[];
  /** Inputs that the far side never shows. */
  readonly writeOnly: readonly string[];
}

/** Names of the inputs that differ between two sets. Order in a list does not count, and left out is the default. */
export function changedInputs(before: Properties, after: Properties, rules: InputRules): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter(
    (name) =>
      !(after[name] === undefined && rules.computed.includes(name)) && !isSame(before[name], after[name], name, rules),
  );
}

/** The declared inputs with what the far side has in their place: equal where nothing drifted. */
export function seenInputs(declared: Properties, present: Properties, rules: InputRules): Properties {
  const names = new Set([...Object.keys(declared), ...Object.keys(present)]);
  const seen: Properties = {};
  for (const name of names) {
    const kept = rules.writeOnly.includes(name) || (!(name in declared) && rules.computed.includes(name));
    const same = kept || isSame(declared[name], present[name], name, rules);
    const value = same ? declared[name] : meaningful(present[name], name, rules);
    if (value !== undefined) seen[name] = !same && isSecret(declared[name]) ? secret(value) : value;
  }
  return seen;
}

/** A block without the members that are at their default; anything else as it is. */
function meaningful(value: unknown, path: string, rules: InputRules): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const members = Object.entries(value)
    .filter(([name, member]) => canonical(member, `${path}.${name}`, rules))
    .map(([name, member]) => [name, meaningful(member, `${path}.${name}`, rules)]);
  return Object.fromEntries(members);
}

function isSame(one: unknown, other: unknown, path: string, rules: InputRules): boolean {
  return canonical(unwrap(one), path, rules) === canonical(unwrap(other), path, rules);
}

/** Text that is equal for values that mean the same. */
function canonical(value: unknown, path: string, rules: InputRules): string {
  if (value === rules.defaults[path]) return "";
  if (value === undefined || value === null || value === "" || value === false) return "";
  if (Array.isArray(value)) {
    return value
      .map((item) => canonical(item, path, rules))
      .sort()
      .join(",");
  }
  if (typeof value !== "object") return JSON.stringify(value);
  return Object.entries(value)
    .map(([name, member]) => [name, canonical(member, `${path}.${name}`, rules)])
    .filter(([, text]) => text)
    .sort()
    .map(([name, text]) => `${name}:{${text}}`)
    .join(";");
}
