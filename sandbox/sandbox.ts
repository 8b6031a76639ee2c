import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hono } from "hono";
import { loopbackCertificate } from "./certificates.ts";
import type { Context, Endpoints } from "./context.ts";
import { control } from "./control/app.ts";
import { dataverse } from "./dataverse/app.ts";
import { Directory } from "./directory.ts";
import { entra } from "./entra/app.ts";
import { Faults } from "./faults.ts";
import { graph } from "./graph/app.ts";
import { keyVault } from "./key-vault/app.ts";
import { powerPlatform } from "./power-platform/app.ts";
import { Replication } from "./replication.ts";
import { resourceManager } from "./resource-manager/app.ts";
import { defaultSeed, type Seed, seedDirectory } from "./seed.ts";
import { type Listener, listen } from "./server.ts";
import { Store } from "./store.ts";
import { Tokens } from "./tokens.ts";

export interface SandboxOptions {
  /** Folder for state and certificates. Default: a new temporary one. */
  readonly directory?: string;
  /** First of the loopback ports to take; 0 (default) takes free ones. Either way a restart on the same folder gets the same ports. */
  readonly basePort?: number;
  /** Whether its state is kept in the folder, and so survives a restart. Default: true. */
  readonly persistent?: boolean;
  /** What an empty sandbox begins with. Default: the publisher's tenant and three subscribers', each with an environment. */
  readonly seed?: Seed;
}

/** A running sandbox. */
export interface Sandbox {
  readonly endpoints: Endpoints;
  /** File of the certificate authority that clients must trust, as in NODE_EXTRA_CA_CERTS. */
  readonly authorityPath: string;
  readonly context: Context;
  close(): Promise<void>;
}

/** Ports from the base: the services, the control port among them, then Dataverse environments from +20 and vaults from +200. */
const portOffsets: Record<string, number> = { login: 0, graph: 1, arm: 2, control: 3, powerPlatform: 4 };

/** Starts all services, each on a port of its own. Rejects with the name of the service whose port is taken. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), "dataverse-s2s-sandbox-"));
  const certificate = await loopbackCertificate(directory);
  const store = new Store(options.persistent === false ? undefined : join(directory, "state.json"));
  const replication = new Replication(store);
  const ports = store.collection<number>("ports");
  const listeners = new Map<string, Promise<Listener>>();

  const open = (name: string, app: () => Hono, offset: number): Promise<Listener> => {
    const known = listeners.get(name);
    if (known) return known;
    const port = ports.get(name) ?? (options.basePort ? options.basePort + offset : 0);
    const { journal, faults, replication } = context;
    const listener = listen(name, app(), { port, certificate, store, replication, journal, faults }).catch((error) => {
      const taken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
      const reason = taken
        ? "the port is taken. Does a sandbox run in another folder? End it, or set SANDBOX_PORT (and the ports in Pulumi.sandbox.yaml) to other ports"
        : error.message;
      throw new Error(`The sandbox's ${name} service cannot listen on 127.0.0.1:${port}: ${reason}.`, { cause: error });
    });
    listeners.set(name, listener);
    return listener.then((opened) => {
      ports.set(name, opened.port);
      return opened;
    });
  };

  const context: Context = {
    store,
    tokens: await Tokens.open(store),
    directory: new Directory(store, replication),
    replication,
    organizations: store.collection("organizations"),
    endpoints: { login: "", graph: "", arm: "", vault: "", powerPlatform: "", control: "", organizations: {} },
    journal: [],
    faults: new Faults(),
    serviceProtection: new Map(),
    vaultUrl: async (slot) => (await open(`vault ${slot}`, () => keyVault(context, slot), 200 + slot)).url,
  };
  seedDirectory(context, options.seed ?? defaultSeed);

  const close = async () => {
    await Promise.allSettled([...listeners.values()].map(async (listener) => (await listener).close()));
    await store.commit();
  };
  try {
    await openAll(context, open, [...ports.keys()]);
  } catch (error) {
    await close();
    throw error;
  }
  await store.commit();
  return { endpoints: context.endpoints, authorityPath: certificate.authorityPath, context, close };
}

type Open = (name: string, app: () => Hono, offset: number) => Promise<Listener>;

/** Opens a port for each service, each environment, and each vault that had one before. */
async function openAll(context: Context, open: Open, known: string[]): Promise<void> {
  const services = { login: entra, graph, arm: resourceManager, control, powerPlatform };
  for (const [name, service] of Object.entries(services)) {
    const { url } = await open(name, () => service(context), portOffsets[name]!);
    context.endpoints[name as keyof typeof services] = url;
  }
  context.endpoints.vault = await context.vaultUrl(0);
  for (const name of known) {
    if (name.startsWith("vault ")) await context.vaultUrl(Number(name.slice("vault ".length)));
  }
  let offset = 20;
  for (const organization of context.organizations.values()) {
    const { url } = await open(`dataverse ${organization.name}`, () => dataverse(context, organization), offset++);
    context.endpoints.organizations[organization.name] = url;
  }
}
