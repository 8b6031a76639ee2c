import type { Identity } from "../entra/identity.ts";
import { firstSet, IdentityProblem, identityFrom, pemOf, type Setting } from "./settings.ts";

/** Environment variable of each field, after the subscriber's prefix. */
const variables: Record<string, string> = {
  kind: "KIND",
  clientId: "CLIENT_ID",
  clientSecret: "CLIENT_SECRET",
  certificate: "CERTIFICATE",
  passphrase: "CERTIFICATE_PASSWORD",
  tokenFile: "FEDERATED_TOKEN_FILE",
};

/** The kinds that are applications signing in as themselves, each with the field that is its credential. */
const credentials = { clientSecret: "clientSecret", certificate: "certificate", federated: "tokenFile" } as const;

/** The fields that each kind has a variable for. */
const fieldsOf: Record<string, readonly string[]> = {
  clientSecret: ["clientId", "clientSecret"],
  certificate: ["clientId", "certificate", "passphrase"],
  federated: ["clientId", "tokenFile"],
  azureCli: [],
  deviceCode: ["clientId"],
};

/**
 * The administrator of a subscriber: environment variables that begin with `prefix`, over its `admin` in stack config at
 * `path`, field by field. Undefined where there is neither. Throws {@link IdentityProblem}.
 */
export function subscriberIdentity(
  environment: Record<string, string | undefined>,
  prefix: string,
  admin: Record<string, unknown> | undefined,
  path: string,
): Identity | undefined {
  const set: Record<string, Setting | undefined> = {};
  for (const [field, variable] of Object.entries(variables)) set[field] = firstSet(environment, prefix + variable);
  const certificatePath = firstSet(environment, `${prefix}CERTIFICATE_PATH`);

  const config: Record<string, Setting | undefined> = {};
  for (const [field, value] of Object.entries(admin ?? {})) config[field] = { name: `${path}.${field}`, value };

  const kind = set.kind ?? kindByCredential({ ...set, certificate: set.certificate ?? certificatePath }) ?? config.kind;
  if (!kind && !set.clientId && !admin) return undefined;
  if (kind?.value === "certificate" && certificatePath) set.certificate ??= pemOf(certificatePath);

  const sameKind = kind?.value === config.kind?.value;
  const isApplication = (setting: Setting | undefined) => String(setting?.value) in credentials;
  const carried = sameKind
    ? config
    : isApplication(kind) && isApplication(config.kind)
      ? { clientId: config.clientId }
      : {};
  const fields: Record<string, Setting | undefined> = { ...carried, kind };
  for (const field of fieldsOf[String(kind?.value)] ?? []) fields[field] = set[field] ?? fields[field];
  return identityFrom(fields, (field) => `${path}.${field} (or ${prefix}${variables[field]})`);
}

/** A credential says by itself which kind is meant, unless there are two. */
function kindByCredential(set: Record<string, Setting | undefined>): Setting | undefined {
  const found = Object.entries(credentials).flatMap(([kind, field]) => {
    const setting = set[field];
    return setting ? [{ name: setting.name, value: kind }] : [];
  });
  if (found.length > 1) {
    throw new IdentityProblem(`${found.map(({ name }) => name).join(" and ")} are set: choose with …_KIND`);
  }
  return found[0];
}
