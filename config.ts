import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { certificateSchema, checkCredentials, federatedCredentialsSchema, secretSchema } from "./config/credentials.ts";
import {
  type ConfigProblem,
  flag,
  guid,
  httpsUrl,
  isLoopback,
  isMap,
  redirectUri,
  text,
  wholeNumber,
} from "./config/fields.ts";
import { keyVaultSchema, vaultProblems } from "./config/key-vault.ts";
import { cloudOf } from "./dynamic-providers/entra/clouds.ts";
import { adminSchema } from "./dynamic-providers/entra/identity.ts";
import { roleShape } from "./dynamic-providers/lifecycles/security-role.ts";

const namespace = "dataverse-s2s";

const declaredApplication = z.strictObject({
  displayName: text(120),
  contactEmail: z.email("must be an email address"),
  signOnUrl: httpsUrl,
  redirectUris: z.array(redirectUri, "must be a list of addresses").min(1, "must have at least one address"),
  identifierUri: z
    .string()
    .regex(/^(api|https):\/\/\S+$/, "must begin with api:// or https://")
    .optional(),
  secret: secretSchema.optional(),
  certificate: certificateSchema.optional(),
  federatedCredentials: federatedCredentialsSchema.optional(),
  keyVault: keyVaultSchema.optional(),
});

/** A client secret is the credential where no other is declared. */
const applicationSchema = declaredApplication.transform(({ secret, ...others }) => ({
  ...others,
  secret: others.certificate || others.federatedCredentials ? secret : (secret ?? secretSchema.parse({})),
}));

const subscriberSchema = z.strictObject({
  environmentUrl: httpsUrl.transform((url) => new URL(url).origin),
  tenantId: guid.optional(),
  businessUnit: text(160).optional(),
  consent: z.enum(["require", "wait", "grant"], "must be require, wait or grant").default("require"),
  consentWaitMinutes: wholeNumber(1, 1440).default(30),
  exclusive: flag.default(false),
  admin: adminSchema.optional(),
});

export const roleSchema = z.strictObject(roleShape);

const schema = z.strictObject({
  application: applicationSchema.optional(),
  publisherStack: z
    .string()
    .regex(/^[^/\s]+\/[^/\s]+\/[^/\s]+$/, "must be a stack's full name: organization/project/stack")
    .optional(),
  role: roleSchema.optional(),
  /** Read by the lifecycles, by name: no resource's input. */
  clientSecret: text(200).optional(),
  subscribers: z
    .record(
      z
        .string()
        .regex(/^[a-z][a-z0-9-]{0,49}$/, "must begin with a letter and have only small letters, digits and hyphens"),
      subscriberSchema,
      "must be a map of subscribers by name",
    )
    .default({}),
  endpoints: z.strictObject({ loginUrl: httpsUrl, graphUrl: httpsUrl, keyVaultHost: text(253) }).optional(),
  protect: flag.default(false),
  production: flag.optional(),
  /** The time for what is due: a test, or a look at what a later day will bring. Default: now. */
  asOf: z.iso.datetime({ offset: true, error: "must be a time such as 2027-06-01T00:00:00Z" }).optional(),
});

/** The stack config, checked whole and with its defaults filled in: with one of `application` and `publisherStack`. */
export type StackConfig = z.output<typeof schema>;

/** Checks values by key, as stack config has them. Gives the config or everything that is wrong with it, never a part of it. */
export function checkConfig(
  values: Record<string, unknown>,
  stack: string,
): { config: StackConfig } | { problems: ConfigProblem[] } {
  const result = schema.safeParse(values, { error: reasonFor });
  const problems = (result.error?.issues ?? []).flatMap((issue) => problemsOf(issue, values));
  const production = typeof values.production === "boolean" ? values.production : /^prod(-|$)/.test(stack);
  problems.push(...crossProblems(values, production));
  return result.success && problems.length === 0 ? { config: result.data } : { problems };
}

/** The stack config of the running program; throws one error that lists all problems, each with its path and mend. */
export function loadConfig(): StackConfig {
  const config = new pulumi.Config(namespace);
  const keys = Object.keys(pulumi.runtime.allConfig())
    .filter((key) => key.startsWith(`${namespace}:`))
    .map((key) => key.slice(namespace.length + 1));
  const values = Object.fromEntries(keys.map((key) => [key, readValue(config, key)]));
  const checked = checkConfig(values, pulumi.getStack());
  if ("config" in checked) return checked.config;
  const lines = checked.problems.map(({ path, reason }) => `  ${namespace}:${path} ${reason}`);
  const count = lines.length === 1 ? "1 problem" : `${lines.length} problems`;
  throw new pulumi.RunError(
    `The config of stack '${pulumi.getStack()}' has ${count}; nothing was touched:\n${lines.join("\n")}\n` +
      `Mend each in Pulumi.${pulumi.getStack()}.yaml, or with: pulumi config set --path '${namespace}:${checked.problems[0]!.path}' VALUE`,
  );
}

function readValue(config: pulumi.Config, key: string): unknown {
  const raw = config.get(key);
  try {
    return config.getObject(key);
  } catch {
    return raw; // a plain text
  }
}

const reasonFor: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === "invalid_type") return `must be ${article(issue.expected)}`;
  return undefined;
};

const article = (type: string) =>
  ({ object: "a map", record: "a map", array: "a list", string: "a text", int: "a whole number" })[type] ?? `a ${type}`;

function problemsOf(issue: z.core.$ZodIssue, values: unknown): ConfigProblem[] {
  const path = pathOf(issue.path);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: [path, key].filter(Boolean).join("."),
      reason: "is not a known setting: check its spelling, or remove it",
    }));
  }
  if (issue.code === "invalid_key") return [{ path, reason: issue.issues.map(({ message }) => message).join(", ") }];
  return [{ path, reason: isMissing(values, issue.path) ? "is missing" : issue.message }];
}

/** As `pulumi config set --path` takes it: "application.redirectUris[0]". */
const pathOf = (keys: PropertyKey[]) =>
  keys
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("")
    .replace(/^\./, "");

/** Whatever a check says of a value that is not there: the user wants to hear that it is missing. */
function isMissing(values: unknown, path: PropertyKey[]): boolean {
  const value = path.reduce((place, key) => (place as Record<PropertyKey, unknown> | null | undefined)?.[key], values);
  return value === undefined || value === null;
}

/** What no single field can tell, looked at in the raw values so that it is told together with everything else. */
function crossProblems(values: Record<string, unknown>, production: boolean): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const application = mapOf(values.application);
  const publishers = ["application", "publisherStack"].filter(
    (key) => values[key] !== undefined && values[key] !== null,
  );
  if (publishers.length === 0) {
    problems.push({
      path: "application",
      reason: "is missing: declare it, or name the stack that does in publisherStack",
    });
  }
  if (publishers.length === 2) {
    problems.push({
      path: "publisherStack",
      reason: "cannot be together with application: a stack declares its publisher or refers to one",
    });
  }
  if (application === values.application) problems.push(...checkCredentials(application));
  if (!values.publisherStack && !values.role) problems.push({ path: "role", reason: "is missing" });
  problems.push(...vaultProblems(application.keyVault));
  if (production) {
    const addresses = {
      signOnUrl: application.signOnUrl,
      ...indexed("redirectUris", application.redirectUris),
    };
    for (const [name, address] of Object.entries(addresses)) {
      if (typeof address === "string" && isLoopback(address)) {
        problems.push({
          path: `application.${name}`,
          reason: "must not be localhost in a production stack: use the application's public address",
        });
      }
    }
  }
  for (const [name, subscriber] of Object.entries(mapOf(values.subscribers))) {
    const { environmentUrl } = mapOf(subscriber);
    if (typeof environmentUrl !== "string" || !URL.canParse(environmentUrl) || !environmentUrl.startsWith("https://"))
      continue;
    const path = `subscribers.${name}.environmentUrl`;
    if (!values.endpoints && !cloudOf(environmentUrl)) {
      problems.push({
        path,
        reason: "is not an address of Dataverse in any cloud: such as https://contoso.crm4.dynamics.com",
      });
    } else if (new URL(environmentUrl).pathname !== "/") {
      problems.push({ path, reason: "must be the environment's address alone, without a path" });
    }
  }
  return problems;
}

const mapOf = (value: unknown) => (isMap(value) ? value : {});

const indexed = (name: string, list: unknown): Record<string, unknown> =>
  Array.isArray(list) ? Object.fromEntries([...list].map((item, index) => [`${name}[${index}]`, item])) : {};
