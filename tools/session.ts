import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { delimiter, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Endpoints } from "../sandbox/context.ts";
import { startSandbox } from "../sandbox/sandbox.ts";
import { administratorOf, administratorUserOf, defaultSeed, type Seed, subscriptionId } from "../sandbox/seed.ts";
import { type AzureAd, azureAdFolder, startAzurePlugins } from "./azure-plugins.ts";
import { engineAtHand, findEngine } from "./engine.ts";

/**
 * First of the ports that the sandbox of a checkout takes: 18440, or environment variable SANDBOX_PORT. The addresses in
 * Pulumi.sandbox.yaml have these ports.
 */
export const basePort = Number(process.env.SANDBOX_PORT ?? 18440);

/** A sandbox to work with, and what a command needs in its environment to use it. */
export interface Session {
  readonly endpoints: Endpoints;
  readonly env: Record<string, string>;
  /** True when another process runs the sandbox. */
  readonly shared: boolean;
  close(): Promise<void>;
}

export interface SessionOptions {
  /** Folder for the sandbox's state, certificates and the Pulumi state of its stacks. */
  readonly directory: string;
  /** 0 takes free ports. */
  readonly basePort: number;
  /** What an empty sandbox begins with, where it is not {@link defaultSeed}. */
  readonly seed?: Seed | undefined;
  /** Gets progress lines. */
  readonly say: (line: string) => void;
  /** Whether to download or build a Pulumi CLI where none is at hand. Default: true; with false a session may have none. */
  readonly getEngine?: boolean;
  /** Who provides the azuread resources. Default: the plugin where it is installed, else the stand-in. */
  readonly azuread?: AzureAd | undefined;
}

/** Uses the sandbox of `directory` if it runs, else starts it; no engine yet. */
export async function openSandbox({ directory, basePort, seed = defaultSeed }: SessionOptions): Promise<Session> {
  const authorityPath = join(directory, "ca.crt");
  const running = basePort
    ? await runningSandbox(basePort + 3, authorityPath, join(directory, "state.json"))
    : undefined;
  if (running)
    return {
      endpoints: running,
      env: environmentOf(running, authorityPath, directory, seed),
      shared: true,
      close: async () => {},
    };
  const sandbox = await startSandbox({ directory, basePort, seed });
  const env = environmentOf(sandbox.endpoints, sandbox.authorityPath, directory, seed);
  return { endpoints: sandbox.endpoints, env, shared: false, close: () => sandbox.close() };
}

/** As {@link openSandbox}, with the Pulumi CLI on PATH and stand-ins for the plugins that cannot be had. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { directory, say, getEngine = true } = options;
  const folder = azureAdFolder(options.azuread);
  const engine = getEngine ? await findEngine(say) : await engineAtHand();
  if (engine) say(`Pulumi ${engine.version}, ${engine.source}.`);
  const sandbox = await openSandbox(options);
  if (!engine) return sandbox;
  const plugins = await startAzurePlugins(folder, sandbox.env);
  mkdirSync(join(directory, "pulumi"), { recursive: true });
  const node = dirname(process.execPath); // the engine's language host takes the first node on PATH
  return {
    ...sandbox,
    env: {
      ...sandbox.env,
      ...plugins.env,
      PATH: [node, engine.directory, ...plugins.folders, process.env.PATH].join(delimiter),
    },
    async close() {
      plugins.close();
      await sandbox.close();
    },
  };
}

function environmentOf(
  endpoints: Endpoints,
  authorityPath: string,
  directory: string,
  seed: Seed,
): Record<string, string> {
  const administrator = administratorOf("publisher");
  const metadataHost = new URL(endpoints.arm).host;
  return {
    SANDBOX_LOGIN_URL: endpoints.login,
    SANDBOX_GRAPH_URL: endpoints.graph,
    SANDBOX_ARM_URL: endpoints.arm,
    SANDBOX_VAULT_URL: endpoints.vault,
    SANDBOX_POWER_PLATFORM_URL: endpoints.powerPlatform,
    SANDBOX_CONTROL_URL: endpoints.control,
    SANDBOX_ORG_URLS: JSON.stringify(endpoints.organizations),
    SANDBOX_METADATA_HOST: metadataHost,
    NODE_EXTRA_CA_CERTS: authorityPath,
    SSL_CERT_FILE: authorityPath,
    ARM_METADATA_HOSTNAME: metadataHost,
    ARM_TENANT_ID: administrator.tenantId,
    ARM_SUBSCRIPTION_ID: subscriptionId,
    ARM_CLIENT_ID: administrator.clientId,
    ARM_CLIENT_SECRET: administrator.clientSecret,
    ...subscriberAdministrators(seed),
    PULUMI_HOME: join(directory, "pulumi-home"),
    PULUMI_BACKEND_URL: pathToFileURL(join(directory, "pulumi")).href,
    PULUMI_CONFIG_PASSPHRASE: "sandbox",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_RUN_PROGRAM: "true", // refresh and destroy see the config of today
    PULUMI_CONTINUE_ON_ERROR: "true", // one subscriber's trouble does not stop the others
  };
}

/**
 * Who administers the subscribers' tenants: for the program the application of each environment, for the consent page the
 * person of each tenant. The publisher's tenant is administered by the identity that runs the stack.
 */
function subscriberAdministrators(seed: Seed): Record<string, string> {
  const subscribers = seed.tenants.filter(({ name }) => name !== "publisher");
  const users = Object.fromEntries(
    subscribers.map(({ name }) => [
      name,
      { tenantId: administratorOf(name).tenantId, ...administratorUserOf(name, seed) },
    ]),
  );
  const env: Record<string, string> = { SANDBOX_ADMIN_USERS: JSON.stringify(users) };
  for (const tenant of subscribers) {
    const { clientId, clientSecret } = administratorOf(tenant.name);
    for (const organization of tenant.organizations) {
      const prefix = `DATAVERSE_S2S_ADMIN_${organization.name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}`;
      env[`${prefix}_CLIENT_ID`] = clientId;
      env[`${prefix}_CLIENT_SECRET`] = clientSecret;
    }
  }
  return env;
}

/** The endpoints of the sandbox that listens there, if it is the one with this state. */
async function runningSandbox(port: number, authorityPath: string, state: string): Promise<Endpoints | undefined> {
  if (!existsSync(authorityPath)) return undefined;
  const agent = new Agent({ ca: readFileSync(authorityPath) });
  const answer = await new Promise<string>((resolve) => {
    const call = request({ host: "127.0.0.1", port, agent, timeout: 5_000 }, (response) => {
      let body = "";
      response.on("data", (data) => (body += data));
      response.on("end", () => resolve(body));
    });
    call.on("timeout", () => call.destroy());
    call.on("error", () => resolve("")); // nobody there, or somebody else
    call.end();
  });
  agent.destroy();
  if (!answer.startsWith("{")) return undefined;
  const told = JSON.parse(answer) as { state?: string; endpoints?: Endpoints };
  return told.state === state ? told.endpoints : undefined;
}
