import type { Identity } from "../entra/identity.ts";
import { firstSet, IdentityProblem, identityFrom, pemOf, type Setting } from "./settings.ts";

/** Settings of the azuread provider: the environment variable, then the key in stack config. */
const settings = {
  tenantId: ["ARM_TENANT_ID", "azuread:tenantId"],
  clientId: ["ARM_CLIENT_ID", "azuread:clientId"],
  clientSecret: ["ARM_CLIENT_SECRET", "azuread:clientSecret"],
  certificatePath: ["ARM_CLIENT_CERTIFICATE_PATH", "azuread:clientCertificatePath"],
  certificatePassword: ["ARM_CLIENT_CERTIFICATE_PASSWORD", "azuread:clientCertificatePassword"],
  useOidc: ["ARM_USE_OIDC", "azuread:useOidc"],
  useCli: ["ARM_USE_CLI", "azuread:useCli"],
} as const;

type Config = (key: string) => string | undefined;
type Environment = Record<string, string | undefined>;

/**
 * The identity that runs the stack, by the settings of the azuread provider and in its order: certificate, client secret,
 * federated token, Azure CLI. Throws {@link IdentityProblem}.
 */
export function runnerIdentity(environment: Environment, config: Config): Identity {
  const setting = (name: keyof typeof settings) => find(environment, config, name);
  const isSet = (name: keyof typeof settings, value: string) => setting(name)?.value === value;
  const clientId = setting("clientId");
  const application = (kind: string, fields: Record<string, Setting | undefined>) =>
    identityFrom({ kind: { name: "kind", value: kind }, clientId, ...fields }, (field) =>
      field === "passphrase" ? settings.certificatePassword[0] : settings.clientId[0],
    );

  const path = setting("certificatePath");
  if (path) {
    return application("certificate", { certificate: pemOf(path), passphrase: setting("certificatePassword") });
  }
  const clientSecret = setting("clientSecret");
  if (clientSecret) return application("clientSecret", { clientSecret });
  if (isSet("useOidc", "true")) return application("federated", {});
  if (isSet("useCli", "true") || (!clientId && !isSet("useCli", "false"))) return { kind: "azureCli" };
  throw new IdentityProblem(
    `${clientId ? `${clientId.name} has no credential` : "ARM_USE_CLI is false"}: ` +
      "set ARM_CLIENT_SECRET, ARM_CLIENT_CERTIFICATE_PATH or ARM_USE_OIDC=true beside ARM_CLIENT_ID, or ARM_USE_CLI=true",
  );
}

/** The tenant of the identity that runs the stack; undefined where it is left to the Azure CLI. */
export function runnerTenant(environment: Environment, config: Config): string | undefined {
  const tenantId = find(environment, config, "tenantId")?.value;
  return typeof tenantId === "string" ? tenantId.toLowerCase() : undefined;
}

function find(environment: Environment, config: Config, name: keyof typeof settings): Setting | undefined {
  const [variable, key] = settings[name];
  return firstSet({ [variable]: environment[variable], [key]: config(key) }, variable, key);
}
