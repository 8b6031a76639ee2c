import { z } from "zod";
import type { Cloud, Endpoints } from "./entra/clouds.ts";
import type { Identity } from "./entra/identity.ts";
import { accessToken } from "./entra/tokens.ts";
import { AccessError, explain } from "./errors.ts";
import { runnerIdentity, runnerTenant } from "./identities/runner.ts";
import { IdentityProblem } from "./identities/settings.ts";
import { subscriberIdentity } from "./identities/subscriber.ts";
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
  /** Empty for the Azure CLI's current tenant. */
  readonly tenantId: string;
  /** Shows the code of a device code sign-in. */
  readonly say?: Say;
}

const endpointsSchema = z.object({ loginUrl: z.string(), graphUrl: z.string(), keyVaultHost: z.string() });

/** Stack config `endpoints`, where there is one. */
export function endpointsOf({ config }: Settings): Endpoints | undefined {
  const text = config("dataverse-s2s:endpoints");
  return text === undefined ? undefined : endpointsSchema.parse(JSON.parse(text));
}

/**
 * The administrator of a subscriber: from environment variables `DATAVERSE_S2S_ADMIN_<SUBSCRIBER>_…`, over stack config
 * `subscribers.NAME.admin`, else the identity that runs the stack. docs/admin-identities.md has all settings.
 */
export function administratorOf(settings: Settings, subscriber: string, tenantId: string): Account {
  const prefix = `DATAVERSE_S2S_ADMIN_${subscriber.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}_`;
  const path = `dataverse-s2s:subscribers.${subscriber}.admin`;
  const account = { who: "the administrator", tenantId, say: (line: string) => settings.say(`${subscriber}: ${line}`) };
  try {
    const own = subscriberIdentity(settings.environment, prefix, adminOf(settings, subscriber), path);
    return { ...account, identity: own ?? runnerIdentity(settings.environment, settings.config) };
  } catch (error) {
    if (!(error instanceof IdentityProblem)) throw error;
    throw new AccessError(
      `There is no administrator identity for subscriber '${subscriber}': ${error.message}. ` +
        `Correct that, or set ${path}, or variables that begin with ${prefix} (docs/admin-identities.md lists them).`,
    );
  }
}

const map = z.record(z.string(), z.unknown());

/** Config is looked at anew here: `refresh` and `destroy` come without the program, which checks it. */
function adminOf({ config }: Settings, subscriber: string): Record<string, unknown> | undefined {
  const key = "dataverse-s2s:subscribers";
  let subscribers: unknown;
  try {
    subscribers = JSON.parse(config(key) ?? "{}");
  } catch {
    throw new IdentityProblem(`${key} is not a map`); // the parser's own message quotes the text
  }
  const entry = map.safeParse(map.safeParse(subscribers).data?.[subscriber]).data;
  if (entry?.admin === undefined) return undefined;
  const admin = map.safeParse(entry.admin);
  if (!admin.success) throw new IdentityProblem(`${key}.${subscriber}.admin is not a map`);
  return admin.data;
}

/** The identity that runs the stack (the publisher's), by the settings of the azuread provider. */
export function runnerOf({ environment, config }: Settings): Account {
  try {
    const identity = runnerIdentity(environment, config);
    const tenantId = runnerTenant(environment, config) ?? "";
    if (!tenantId && identity.kind !== "azureCli") throw new IdentityProblem("ARM_TENANT_ID is missing");
    return { who: "the identity that runs the stack,", identity, tenantId };
  } catch (error) {
    if (!(error instanceof IdentityProblem)) throw error;
    throw new AccessError(
      `The identity that runs the stack cannot sign in: ${error.message} (docs/admin-identities.md lists its settings).`,
    );
  }
}

/** Signs in for one resource; `target` says for what, in the sentence of a failure. */
export async function tokenFor(cloud: Cloud, account: Account, resource: string, target: string): Promise<string> {
  const { who, identity, tenantId, say } = account;
  try {
    return await accessToken({ identity, loginUrl: cloud.loginUrl, tenantId, resource, ...(say && { say }) });
  } catch (error) {
    const applicationId = "clientId" in identity ? identity.clientId : undefined;
    const doing = `Signing in as ${who} ${ways[identity.kind] ?? applicationId}`;
    throw explain(error, { doing, target, tenantId, applicationId });
  }
}

/** For sentences: how somebody signs in who is no application. */
const ways: Partial<Record<Identity["kind"], string>> = { azureCli: "by the Azure CLI", deviceCode: "by device code" };
