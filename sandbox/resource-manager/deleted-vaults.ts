import { purge, type Vault, vaultId, vaults } from "../key-vault/vaults.ts";
import { armErrors } from "./errors.ts";
import { normalLocation } from "./locations.ts";
import { accepted } from "./operations.ts";
import { page } from "./paging.ts";
import type { ArmRequest, Route } from "./routing.ts";

const provider = "/subscriptions/:subscriptionId/providers/Microsoft.KeyVault";
const path = `${provider}/locations/:location/deletedVaults/:vaultName`;

/** Soft-deleted vaults: they belong to the subscription and the location, no longer to a resource group. */
export const deletedVaultRoutes: readonly Route[] = [
  {
    method: "GET",
    path: `${provider}/deletedVaults`,
    action: "Microsoft.KeyVault/deletedVaults/read",
    query: ["$top", "$skiptoken"],
    handle(request) {
      const { context, parameters } = request;
      const rows = [...vaults(context.store).values()].filter(
        (vault) => vault.deletion && vault.subscriptionId === parameters.subscriptionId!.toLowerCase(),
      );
      return { status: 200, body: page(request, rows.map(shape)) };
    },
  },
  {
    method: "GET",
    path,
    action: "Microsoft.KeyVault/locations/deletedVaults/read",
    handle: (request) => ({ status: 200, body: shape(deletedVault(request)) }),
  },
  {
    method: "POST",
    path: `${path}/purge`,
    action: "Microsoft.KeyVault/locations/deletedVaults/purge/action",
    handle(request) {
      const { context, parameters, query } = request;
      const vault = deletedVault(request);
      if (vault.properties.enablePurgeProtection) throw armErrors.purgeNotAllowed();
      purge(context.store, vault);
      return accepted(context, parameters.subscriptionId!, query.get("api-version")!, request.path);
    },
  },
];

function deletedVault({ context, parameters }: ArmRequest): Vault {
  const { subscriptionId, location, vaultName } = parameters;
  const vault = vaults(context.store).get(vaultName!.toLowerCase());
  const isThere =
    vault?.deletion &&
    vault.subscriptionId === subscriptionId!.toLowerCase() &&
    vault.location === normalLocation(location!);
  if (!isThere) throw armErrors.deletedVaultNotFound(vaultName!);
  return vault;
}

function shape(vault: Vault) {
  return {
    id: `/subscriptions/${vault.subscriptionId}/providers/Microsoft.KeyVault/locations/${vault.location}/deletedVaults/${vault.name}`,
    name: vault.name,
    type: "Microsoft.KeyVault/deletedVaults",
    properties: {
      vaultId: vaultId(vault),
      location: vault.location,
      tags: vault.tags,
      deletionDate: vault.deletion!.deletedDate,
      scheduledPurgeDate: vault.deletion!.scheduledPurgeDate,
      purgeProtectionEnabled: vault.properties.enablePurgeProtection,
    },
  };
}
