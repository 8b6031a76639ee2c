import { z } from "zod";
import type { Cloud, Endpoints } from "./entra/clouds.ts";
import { type Identity, identitySchema } from "./entra/identity.ts";
import { accessToken } from "./entra/tokens.ts";
import { AccessError, explain } from "./errors.ts";
import type { Say } from "./waiting.ts";

/** What the lifecycles get from outside: stack config as the engine hands it to a provider, the environment, and a way to speak. */
export interface Settings {
  /** A value of stack config by its full key; structured ones are JSON text. */
  readonly config: (key: string) => string | undefined;
  readonly environment: Record<string, string | undefined>;
  readonly say: Say;
  readonly warn: Say;
}

/** An identity and the tenant in which it signs in. */
export interface Account {
  /** For sentences: "the administrator". */
  readonly who: string;
  readonly identity: Identity;
  readonly tenantId: string;
}

const endpointsSchema = z.object({ loginUrl: z.string(), graphUrl: z.string(), keyVaultHost: z.string() });

/** Stack config `endpoints`, where there is one. */
export function endpointsOf({ config }: Settings): Endpoints | undefined {
  const text = config("dataverse-s2s:endpoints");
  return text === undefined ? undefined : endpointsSchema.parse(JSON.parse(text));
}

/**
 * The administrator of a subscriber: from environment variables `DATAVERSE_S2S_ADMIN_<SUBSCRIBER>_CLIENT_ID` and
 * `…_CLIENT_SECRET`, else from stack config `subscribers.NAME.admin`, else the identity that runs the stack.
 */
export function administratorOf({ config, environment }: Settings, subscriber: string, tenantId: string): Account {
  const prefix = `DATAVERSE_S2S_ADMIN_${subscriber.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}`;
  const subscribers = JSON.parse(config("dataverse-s2s:subscribers") ?? "{}") as Record<
    string,
    { admin?: object } | undefined
  >;
  const fromEnvironment = {
    clientId: environment[`${prefix}_CLIENT_ID`],
    clientSecret: environment[`${prefix}_CLIENT_SECRET`],
  };
  const identity = identitySchema.safeParse({
    kind: "clientSecret",
    ...(subscribers[subscriber]?.admin ?? runnerIdentity(environment)),
    ...Object.fromEntries(Object.entries(fromEnvironment).filter(([, value]) => value)),
  });
  if (identity.success) return { who: "the administrator", identity: identity.data, tenantId };
  const missing = identity.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`).join(", ");
  throw new AccessError(
    `There is no administrator identity for subscriber '${subscriber}' (${missing}). Set dataverse-s2s:subscribers.${subscriber}.admin, ` +
      `or ${prefix}_CLIENT_ID and ${prefix}_CLIENT_SECRET, or ARM_CLIENT_ID and ARM_CLIENT_SECRET.`,
  );
}

/** The identity that runs the stack (the publisher's), by the ARM_* settings of the azuread and azure-native providers. */
export function runnerOf({ environment }: Settings): Account {
  const identity = identitySchema.safeParse({ kind: "clientSecret", ...runnerIdentity(environment) });
  if (!identity.success || !environment.ARM_TENANT_ID) {
    throw new AccessError(
      "The client secret and its Key Vault need the identity that runs the stack: set ARM_TENANT_ID, ARM_CLIENT_ID and ARM_CLIENT_SECRET.",
    );
  }
  return { who: "the identity that runs the stack,", identity: identity.data, tenantId: environment.ARM_TENANT_ID };
}

const runnerIdentity = (environment: Settings["environment"]) => ({
  clientId: environment.ARM_CLIENT_ID,
  clientSecret: environment.ARM_CLIENT_SECRET,
});

/** Signs in for one resource; `target` says for what, in the sentence of a failure. */
export async function tokenFor(cloud: Cloud, account: Account, resource: string, target: string): Promise<string> {
  const { who, identity, tenantId } = account;
  try {
    return await accessToken({ identity, loginUrl: cloud.loginUrl, tenantId, resource });
  } catch (error) {
    const doing = `Signing in as ${who} ${identity.clientId}`;
    throw explain(error, { doing, target, tenantId, applicationId: identity.clientId });
  }
}
