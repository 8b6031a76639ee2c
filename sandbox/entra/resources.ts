import type { Context } from "../context.ts";
import { firstParty, type ServicePrincipal, type Tenant } from "../directory.ts";
import { entraErrors } from "./errors.ts";

const bare = (url: string) => url.replace(/\/+$/, "").toLowerCase();

/**
 * The service principal, in `tenant`, of the resource that a token is asked for: by URL, Application ID URI or client id.
 * A Dataverse environment is known in its own tenant only. Throws AADSTS500011.
 */
export function findResource(context: Context, tenant: Tenant, resource: string): ServicePrincipal {
  const { endpoints, organizations } = context;
  const { replica } = context.directory;
  const appIds = new Map<string, string>([
    ["https://graph.microsoft.com", firstParty.graph],
    [endpoints.graph, firstParty.graph],
    ["https://management.azure.com", firstParty.resourceManager],
    ["https://management.core.windows.net", firstParty.resourceManager],
    [endpoints.arm, firstParty.resourceManager],
    ["https://vault.azure.net", firstParty.keyVault],
    [endpoints.vault, firstParty.keyVault],
    ["https://service.powerapps.com", firstParty.powerApps],
    ["https://api.bap.microsoft.com", firstParty.powerApps],
    [endpoints.powerPlatform, firstParty.powerApps],
  ]);
  for (const organization of organizations.values()) {
    const url = endpoints.organizations[organization.name];
    if (url && organization.tenantId === tenant.id) appIds.set(url, firstParty.dataverse);
  }
  const wanted = bare(resource);
  const principal =
    replica.servicePrincipal(tenant.id, appIds.get(wanted) ?? wanted) ??
    [...replica.servicePrincipals.values()].find(
      (row) =>
        row.tenantId === tenant.id &&
        !row.deletedDateTime &&
        row.servicePrincipalNames.some((name) => bare(name) === wanted),
    );
  if (!principal) throw entraErrors.resourceNotFound(resource, tenant.displayName);
  return principal;
}
