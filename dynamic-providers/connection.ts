import { z } from "zod";
import { type Dataverse, dataverse } from "./dataverse/client.ts";
import { type Cloud, cloudOf, type Endpoints } from "./entra/clouds.ts";
import { type Identity, identitySchema } from "./entra/identity.ts";
import { tenantOf } from "./entra/tenant.ts";
import { accessToken } from "./entra/tokens.ts";
import { AccessError, explain, type Place } from "./errors.ts";
import type { Say } from "./waiting.ts";

/** What the lifecycles get from outside: stack config as the engine hands it to a provider, the environment, and a way to speak. */
export interface Settings {
  /** A value of stack config by its full key; structured ones are JSON text. */
  readonly config: (key: string) => string | undefined;
  readonly environment: Record<string, string | undefined>;
  readonly say: Say;
  readonly warn: Say;
}

/** The inputs by which every dynamic resource says where it is. */
export interface Target {
  /** Name of the subscriber in stack config: by it the administrator's credential is found. */
  readonly subscriber: string;
  /** For example https://contoso.crm4.dynamics.com */
  readonly environmentUrl: string;
  /** Tenant of the environment, verified against what the environment says. Default: what it says. */
  readonly tenantId?: string;
}

/** A subscriber's environment with its administrator signed in. */
export interface Connection {
  readonly api: Dataverse;
  readonly cloud: Cloud;
  readonly tenantId: string;
  readonly say: Say;
  readonly warn: Say;
  /** A token of the identity that runs the stack (the publisher's), in its own tenant: for the publisher's Key Vault. */
  runnerToken(resource: string): Promise<string>;
}

const endpointsSchema = z.object({ loginUrl: z.string(), graphUrl: z.string(), keyVaultHost: z.string() });

/** Finds cloud, tenant and administrator of a subscriber. Nothing is asked of Entra before the first request needs a token. */
export async function connect(settings: Settings, target: Target): Promise<Connection> {
  const { environmentUrl, subscriber } = target;
  const endpoints = parsed<Endpoints>(settings, "dataverse-s2s:endpoints", endpointsSchema);
  const cloud = cloudOf(environmentUrl, endpoints);
  if (!cloud) throw new AccessError(`'${subscriber}': ${environmentUrl} is in no cloud that is known by its address`);
  const tenantId = await verifiedTenant(target);
  const signIn = async (who: string, identity: Identity, tenant: string, resource: string) => {
    try {
      return await accessToken({ identity, loginUrl: cloud.loginUrl, tenantId: tenant, resource });
    } catch (error) {
      const doing = `Signing in as ${who} ${identity.clientId}`;
      throw explain(error, {
        doing,
        subscriber,
        environmentUrl,
        tenantId: tenant,
        applicationId: identity.clientId,
      });
    }
  };
  const administrator = administratorOf(settings, subscriber);
  const prefixed = (speak: Say) => (line: string) => speak(`${subscriber}: ${line}`);
  return {
    api: dataverse(environmentUrl, () => signIn("the administrator", administrator, tenantId, environmentUrl)),
    cloud,
    tenantId,
    say: prefixed(settings.say),
    warn: prefixed(settings.warn),
    async runnerToken(resource) {
      const { identity, tenant } = runner(settings);
      return signIn("the identity that runs the stack,", identity, tenant, resource);
    },
  };
}

async function verifiedTenant({ environmentUrl, subscriber, tenantId }: Target): Promise<string> {
  const place: Place = { doing: "Finding the tenant", subscriber, environmentUrl };
  const actual = await tenantOf(environmentUrl).catch((error) => {
    throw explain(error, place);
  });
  if (tenantId && tenantId.toLowerCase() !== actual) {
    throw new AccessError(
      `${environmentUrl} belongs to tenant ${actual}, but subscriber '${subscriber}' says tenant ${tenantId}. ` +
        "Correct environmentUrl or tenantId, or leave tenantId out.",
    );
  }
  return actual;
}

/**
 * The administrator of a subscriber: from environment variables `DATAVERSE_S2S_ADMIN_<SUBSCRIBER>_CLIENT_ID` and
 * `…_CLIENT_SECRET`, else from stack config `subscribers.NAME.admin`, else the identity that runs the stack (ARM_CLIENT_ID
 * and ARM_CLIENT_SECRET, as the azuread and azure-native providers use it).
 */
function administratorOf({ config, environment }: Settings, subscriber: string): Identity {
  const prefix = `DATAVERSE_S2S_ADMIN_${subscriber.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}`;
  const subscribers = JSON.parse(config("dataverse-s2s:subscribers") ?? "{}") as Record<
    string,
    { admin?: object } | undefined
  >;
  const declared = subscribers[subscriber]?.admin as Partial<Identity> | undefined;
  const fromEnvironment = {
    clientId: environment[`${prefix}_CLIENT_ID`],
    clientSecret: environment[`${prefix}_CLIENT_SECRET`],
  };
  const identity = identitySchema.safeParse({
    kind: "clientSecret",
    ...(declared ?? runnerIdentity(environment)),
    ...Object.fromEntries(Object.entries(fromEnvironment).filter(([, value]) => value)),
  });
  if (identity.success) return identity.data;
  const missing = identity.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`).join(", ");
  throw new AccessError(
    `There is no administrator identity for subscriber '${subscriber}' (${missing}). Set dataverse-s2s:subscribers.${subscriber}.admin, ` +
      `or ${prefix}_CLIENT_ID and ${prefix}_CLIENT_SECRET, or ARM_CLIENT_ID and ARM_CLIENT_SECRET.`,
  );
}

const runnerIdentity = (environment: Settings["environment"]) => ({
  clientId: environment.ARM_CLIENT_ID,
  clientSecret: environment.ARM_CLIENT_SECRET,
});

/** The identity that runs the stack, and its tenant: the ARM_* settings of the azuread and azure-native providers. */
function runner({ environment }: Settings): { identity: Identity; tenant: string } {
  const identity = identitySchema.safeParse({ kind: "clientSecret", ...runnerIdentity(environment) });
  if (!identity.success || !environment.ARM_TENANT_ID) {
    throw new AccessError(
      "Reading the secret from Key Vault needs the identity that runs the stack: set ARM_TENANT_ID, ARM_CLIENT_ID and ARM_CLIENT_SECRET.",
    );
  }
  return { identity: identity.data, tenant: environment.ARM_TENANT_ID };
}

function parsed<T>({ config }: Settings, key: string, schema: z.ZodType<T>): T | undefined {
  const text = config(key);
  return text === undefined ? undefined : schema.parse(JSON.parse(text));
}
