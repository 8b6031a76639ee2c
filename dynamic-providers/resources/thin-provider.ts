import type { ConfigureRequest, ResourceProvider } from "@pulumi/pulumi/dynamic/index.js";
import type { ResourceType } from "../bind.ts";

const providers = new Map<ResourceType, ResourceProvider>();

/**
 * The provider of a dynamic resource: it loads the real one from the installed package when the engine configures it. The
 * engine stores its text with every resource, so the text is short and stays the same when code changes.
 */
export function thinProvider(type: ResourceType): ResourceProvider {
  let provider = providers.get(type);
  if (!provider) {
    provider = {
      configure(request: ConfigureRequest) {
        return require("node:module")
          .createRequire(`${process.cwd()}/`)("dataverse-s2s/provider")
          .bind(this, type, request);
      },
    } as unknown as ResourceProvider;
    providers.set(type, provider);
  }
  return provider;
}
