import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { extname, join } from "node:path";
import { createInterface } from "node:readline";

/** Who provides the `azuread` resources: Pulumi's own plugin, or the sandbox's stand-in, which sends the same requests. */
export type AzureAd = "plugin" | "stand-in";

/** The plugins of a session: what the engine needs in its environment to find them, and folders for its PATH. */
export interface AzurePlugins {
  readonly env: Record<string, string>;
  readonly folders: readonly string[];
  close(): void;
}

const executable = process.platform === "win32" ? "pulumi-resource-azuread.exe" : "pulumi-resource-azuread";

/** What `--azuread` asks for. Throws when that is neither of the two. */
export function azureAdOf(asked: string | undefined): AzureAd | undefined {
  if (asked === undefined || asked === "plugin" || asked === "stand-in") return asked;
  throw new Error(`--azuread is "plugin" or "stand-in", not ${JSON.stringify(asked)}.`);
}

/**
 * The folder of the azuread plugin to use; undefined for the stand-in. Unless told, the plugin where it is installed: the
 * newest in `plugins` of PULUMI_HOME (default: `~/.pulumi`). Throws when it is asked for and is not there.
 */
export function azureAdFolder(asked: AzureAd | undefined, environment: NodeJS.ProcessEnv = process.env) {
  if (asked === "stand-in") return undefined;
  const plugins = join(environment.PULUMI_HOME || join(homedir(), ".pulumi"), "plugins");
  const installed = (existsSync(plugins) ? readdirSync(plugins) : [])
    .filter((name) => name.startsWith("resource-azuread-v") && existsSync(join(plugins, name, executable)))
    .sort(new Intl.Collator("en", { numeric: true }).compare);
  const newest = installed.at(-1);
  if (newest) return join(plugins, newest);
  if (asked === "plugin") {
    throw new Error(
      `The azuread plugin is not installed in ${plugins}. Install it with "pulumi plugin install resource azuread", ` +
        "or leave --azuread=plugin out to use the sandbox's stand-in.",
    );
  }
  return undefined;
}

/**
 * Starts the stand-ins for the plugins that are not used themselves: azure-native, and azuread where there is no `folder` of
 * its plugin. `env` is what they find the sandbox by.
 */
export async function startAzurePlugins(
  folder: string | undefined,
  env: Record<string, string>,
): Promise<AzurePlugins> {
  const names = folder ? ["azure-native"] : ["azuread", "azure-native"];
  const standIns = await Promise.all(names.map((name) => startStandIn(name, env)));
  return {
    env: {
      PULUMI_DEBUG_PROVIDERS: standIns.map(({ name, port }) => `${name}:${port}`).join(","),
      ...(folder ? { ARM_USE_CLI: "false" } : {}), // else the plugin asks an Azure CLI that may be signed in elsewhere
    },
    folders: folder ? [folder] : [],
    close() {
      for (const { child } of standIns) child.kill();
    },
  };
}

/** Runs a stand-in in a process of its own; it prints the port on which it serves the engine. */
async function startStandIn(
  name: string,
  env: Record<string, string>,
): Promise<{ name: string; port: number; child: ChildProcess }> {
  const script = join(import.meta.dirname, "..", "sandbox", "plugins", name + extname(import.meta.filename));
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
    detached: true, // Ctrl-C is for the engine, which has what is under way ended
  });
  const port = await new Promise<number>((resolve, reject) => {
    createInterface(child.stdout!).once("line", (line) => resolve(Number(line)));
    child.once("exit", (code) =>
      reject(new Error(`The stand-in for ${name} ended with code ${code} before it served.`)),
    );
  });
  return { name, port, child };
}
