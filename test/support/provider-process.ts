import { log } from "@pulumi/pulumi";
import type { ResourceProvider } from "@pulumi/pulumi/dynamic/index.js";
import type { ResourceType } from "dataverse-s2s/thin-provider";
import { vi } from "vitest";

/** The lifecycles in a provider process of one run of the engine. */
export type ProviderProcess = (type: ResourceType) => Required<ResourceProvider>;

/** Modules are loaded for one process at a time. */
let loading: Promise<unknown> = Promise.resolve();

/**
 * Loads the lifecycles as a new provider process does, with modules of their own: no token, tenant or business unit is
 * remembered from an earlier one. `config` is stack config; a request may take `timeoutSeconds`.
 */
export function startProviderProcess(config: Record<string, string>, timeoutSeconds: number): Promise<ProviderProcess> {
  const loaded = loading.then(async (): Promise<ProviderProcess> => {
    vi.resetModules();
    for (const told of ["info", "warn"] as const) vi.spyOn(log, told).mockResolvedValue();
    vi.stubEnv("DATAVERSE_S2S_TIMEOUT_SECONDS", String(timeoutSeconds));
    const { bind } = await import("../../dynamic-providers/bind.ts");
    const get = (key: string) => config[key];
    return (type) => {
      const provider = {};
      bind(provider, type, { config: { get, require: (key) => config[key] ?? "" } });
      return provider as Required<ResourceProvider>;
    };
  });
  loading = loaded.catch(() => undefined);
  return loaded;
}
