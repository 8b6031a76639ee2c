import { type Api, jsonApi } from "./api.ts";
import { type Dataverse, dataverse } from "./dataverse/client.ts";
import { type Cloud, cloudOf, cloudOfVault, isVaultOf } from "./entra/clouds.ts";
import { tenantOf } from "./entra/tenant.ts";
import { AccessError, explain } from "./errors.ts";
import { type ApplicationIdentity, applicationIdentity } from "./identities/application.ts";
import { runnerTenant } from "./identities/runner.ts";
import { IdentityProblem } from "./identities/settings.ts";
import { administratorOf, endpointsOf, runnerOf, type Settings, tokenFor } from "./identities.ts";
import { keyVault, readSecret } from "./key-vault/secrets.ts";
import type { Say } from "./waiting.ts";

/** The inputs by which a resource says in which subscriber's environment it is. */
export interface Target {
  /** Name of the subscriber in stack config: by it the administrator's credential is found. */
  readonly subscriber: string;
  /** For example https://contoso.crm4.dynamics.com, without a trailing slash. */
  readonly environmentUrl: string;
  /** Tenant of the environment, verified against what the environment says. Default: what it says. */
  readonly tenantId?: string;
}

/** For sentences: whose environment. */
export const targetOf = ({ subscriber, environmentUrl }: Target) => `'${subscriber}' (${environmentUrl})`;

/** A subscriber's environment with its administrator signed in, and the publisher's vaults for who runs the stack. */
export interface Connection {
  readonly api: Dataverse;
  readonly cloud: Cloud;
  readonly tenantId: string;
  /** True in the publisher's own tenant, where the application needs nobody's consent. */
  readonly home: boolean;
  readonly say: Say;
  readonly warn: Say;
  /** Microsoft Graph in the subscriber's tenant, as its administrator. */
  readonly graph: Api;
  /** Microsoft Graph in the publisher's tenant, as who runs the stack. */
  readonly publisherGraph: Api;
  /**
   * The publisher's application itself, by its environment variables or stack config `clientSecret` (never by an input), else
   * by the Key Vault secret with this address, which who runs the stack must be allowed to read. `mayBeNew` says that not all
   * of Entra may know the credential yet.
   */
  application(how: ApplicationIdentity): ReturnType<typeof applicationIdentity>;
}

/** The publisher's directory and vault, for the identity that runs the stack. */
export interface PublisherConnection {
  readonly cloud: Cloud;
  readonly graph: Api;
  readonly vault: Api;
  /** The time for what is due: stack config `asOf`, else now. */
  readonly asOf: Date;
  readonly say: Say;
  readonly warn: Say;
}

/** Finds cloud, tenant and administrator of a subscriber. Nobody signs in before the first request needs a token. */
export async function connectSubscriber(settings: Settings, target: Target): Promise<Connection> {
  const { environmentUrl, subscriber } = target;
  const cloud = cloudOf(environmentUrl, endpointsOf(settings));
  if (!cloud) throw new AccessError(`${targetOf(target)} is in no cloud that is known by its address`);
  const tenantId = await verifiedTenant(target);
  const administrator = administratorOf(settings, subscriber, tenantId);
  const prefixed = (speak: Say) => (line: string) => speak(`${subscriber}: ${line}`);
  return {
    api: dataverse(environmentUrl, () => tokenFor(cloud, administrator, environmentUrl, targetOf(target))),
    cloud,
    tenantId,
    home: tenantId === runnerTenant(settings.environment, settings.config),
    say: prefixed(settings.say),
    warn: prefixed(settings.warn),
    graph: jsonApi(cloud.graphUrl, () => tokenFor(cloud, administrator, cloud.graphUrl, targetOf(target))),
    publisherGraph: jsonApi(cloud.graphUrl, () =>
      tokenFor(cloud, runnerOf(settings), cloud.graphUrl, `${targetOf(target)}, to read Microsoft Graph,`),
    ),
    application: (how) => applicationOf(settings, cloud, how, target),
  };
}

/** The cloud follows from the vault's address. */
export function connectPublisher(settings: Settings, vaultUri: string): PublisherConnection {
  const cloud = cloudOfVault(vaultUri, endpointsOf(settings));
  if (!cloud) throw new AccessError(`${vaultUri} is in no Key Vault of a cloud that is known by its address`);
  const token = () => tokenFor(cloud, runnerOf(settings), cloud.graphUrl, "Microsoft Graph");
  const { say, warn } = settings;
  const asOf = new Date(settings.config("dataverse-s2s:asOf") ?? Date.now());
  return { cloud, graph: jsonApi(cloud.graphUrl, token), vault: vaultAt(settings, cloud, vaultUri), asOf, say, warn };
}

async function applicationOf(settings: Settings, cloud: Cloud, how: ApplicationIdentity, target: Target) {
  const read = (secretUri: string) =>
    readSecret(vaultAt(settings, cloud, secretUri, `${targetOf(target)}, to read ${secretUri},`), secretUri);
  try {
    return await applicationIdentity(settings.environment, settings.config, how, read);
  } catch (error) {
    if (!(error instanceof IdentityProblem)) throw error;
    throw new AccessError(`Application ${how.applicationId} cannot sign in: ${error.message}.`);
  }
}

/** `what` says for a failed sign-in what it was for. */
function vaultAt(settings: Settings, cloud: Cloud, address: string, what = address): Api {
  if (!isVaultOf(cloud, address)) {
    throw new AccessError(`${address} is in no Key Vault of the ${cloud.name} cloud: no token is sent there`);
  }
  return keyVault(address, () => tokenFor(cloud, runnerOf(settings), cloud.keyVaultResource, what));
}

async function verifiedTenant(target: Target): Promise<string> {
  const { environmentUrl, subscriber, tenantId } = target;
  const actual = await tenantOf(environmentUrl).catch((error) => {
    throw explain(error, { doing: "Finding the tenant", target: targetOf(target) });
  });
  if (tenantId && tenantId.toLowerCase() !== actual) {
    throw new AccessError(
      `${environmentUrl} belongs to tenant ${actual}, but subscriber '${subscriber}' says tenant ${tenantId}. ` +
        "Correct environmentUrl or tenantId, or leave tenantId out.",
    );
  }
  return actual;
}
