import { existsSync, readFileSync } from "node:fs";
import { type Identity, identitySchema } from "../entra/identity.ts";

/** A setting that is there. Problems are told by its name, and never show its value. */
export interface Setting {
  readonly name: string;
  readonly value: unknown;
}

/** Why no identity could be made of the settings: names of settings with what is wrong, never a value. */
export class IdentityProblem extends Error {
  constructor(...problems: string[]) {
    super(problems.join(", "));
    this.name = "IdentityProblem";
  }
}

/** The first of some environment variables that is set. A CI sets an empty one for a secret that it does not have. */
export function firstSet(environment: Record<string, string | undefined>, ...names: string[]): Setting | undefined {
  const name = names.find((each) => environment[each]);
  return name === undefined ? undefined : { name, value: environment[name] };
}

/** Checks an identity whose fields come from different settings; `nameOf` is what a field that is not there is called. */
export function identityFrom(fields: Record<string, Setting | undefined>, nameOf: (field: string) => string): Identity {
  const given = Object.entries(fields).filter((entry): entry is [string, Setting] => entry[1] !== undefined);
  const checked = identitySchema.safeParse(Object.fromEntries(given.map(([field, { value }]) => [field, value])));
  if (checked.success) return checked.data;
  const problems = checked.error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => `${fields[key]?.name} is not a setting of this kind`);
    }
    const field = String(issue.path[0]);
    const name = fields[field]?.name ?? nameOf(field);
    // Our own checks say why a field is missed; zod's speak of its type.
    return [`${name} ${fields[field] || issue.code === "custom" ? issue.message : "is missing"}`];
  });
  throw new IdentityProblem(...problems);
}

/**
 * The PEM text of the file that a setting names. The Terraform-based plugins take PKCS#12 in the same variable: beside such
 * a file a PEM file of the same name is looked for.
 */
export function pemOf({ name, value }: Setting): Setting {
  const path = String(value);
  const beside = path.replace(/\.(pfx|p12)$/i, ".pem");
  const file = existsSync(beside) ? beside : path;
  let text: string;
  try {
    text = readFileSync(file, "latin1");
  } catch (error) {
    throw new IdentityProblem(`${name} names a file that cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  if (text.includes("-----BEGIN ")) return { name, value: text };
  throw new IdentityProblem(
    `${name} must name a PEM file (a PKCS#12 file becomes one by: openssl pkcs12 -in ${path} -out ${beside === path ? `${path}.pem` : beside})`,
  );
}
