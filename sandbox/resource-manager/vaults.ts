import type { Context } from "../context.ts";
import { freeSlot, softDelete, type Vault, vaultId, vaults, vaultUri } from "../key-vault/vaults.ts";
import { forgetScope } from "./access.ts";
import { armErrors } from "./errors.ts";
import { locations, normalLocation } from "./locations.ts";
import { page } from "./paging.ts";
import { resourceGroup } from "./resource-groups.ts";
import { type ArmAnswer, type ArmRequest, checkEchoes, checkMembers, type Route } from "./routing.ts";
import { checkVaultBody, vaultProperties } from "./vault-properties.ts";

const group = "/subscriptions/:subscriptionId/resourceGroups/:resourceGroupName";
const path = `${group}/providers/Microsoft.KeyVault/vaults/:vaultName`;
const action = (verb: string) => `Microsoft.KeyVault/vaults/${verb}`;
const type = "Microsoft.KeyVault/vaults";

/** The live vault that a path names; 404 where there is none in that group. */
export function liveVault({ context: { store }, parameters }: ArmRequest): Vault {
  const { subscriptionId, resourceGroupName, vaultName } = parameters;
  resourceGroup(store, subscriptionId!, resourceGroupName!);
  const vault = vaults(store).get(vaultName!.toLowerCase());
  if (!vault || vault.deletion || !isAt(vault, parameters)) {
    throw armErrors.resourceNotFound(type, vaultName!, resourceGroupName!);
  }
  return vault;
}

/** Whether a name can be a vault's. */
function validVaultName(name: string): boolean {
  return /^[a-z][a-z0-9-]{1,22}[a-z0-9]$/i.test(name) && !name.includes("--");
}

export const vaultRoutes: readonly Route[] = [
  { method: "PUT", path, action: action("write"), handle: put },
  {
    method: "PATCH",
    path,
    action: action("write"),
    async handle(request) {
      const { context, body, query } = request;
      const vault = liveVault(request);
      checkVaultBody(body, vault.name);
      checkEchoes(body, { location: vault.location });
      const merged = { ...vault.properties, ...body?.properties };
      vault.properties = vaultProperties(merged, vault.properties, query.get("api-version")!);
      if (body?.tags !== undefined) vault.tags = body.tags ?? {};
      touch(request, vault);
      return { status: 200, body: await shape(context, vault) };
    },
  },
  {
    method: "GET",
    path,
    action: action("read"),
    handle: async (request) => ({ status: 200, body: await shape(request.context, liveVault(request)) }),
  },
  {
    method: "DELETE",
    path,
    action: action("delete"),
    handle({ context: { store }, parameters }) {
      const { subscriptionId, resourceGroupName, vaultName } = parameters;
      resourceGroup(store, subscriptionId!, resourceGroupName!);
      const vault = vaults(store).get(vaultName!.toLowerCase());
      if (!vault || vault.deletion || !isAt(vault, parameters)) return { status: 204 };
      softDelete(store, vault);
      forgetScope(store, vaultId(vault));
      return { status: 200 };
    },
  },
  {
    method: "GET",
    path: `${group}/providers/Microsoft.KeyVault/vaults`,
    action: action("read"),
    query: ["$top", "$skiptoken"],
    handle(request) {
      const { context, parameters } = request;
      resourceGroup(context.store, parameters.subscriptionId!, parameters.resourceGroupName!);
      return list(request, (vault) => isAt(vault, parameters));
    },
  },
  {
    method: "GET",
    path: "/subscriptions/:subscriptionId/providers/Microsoft.KeyVault/vaults",
    action: action("read"),
    query: ["$top", "$skiptoken"],
    handle: (request) =>
      list(request, (vault) => vault.subscriptionId === request.parameters.subscriptionId!.toLowerCase()),
  },
  {
    method: "POST",
    path: "/subscriptions/:subscriptionId/providers/Microsoft.KeyVault/checkNameAvailability",
    action: "Microsoft.KeyVault/checkNameAvailability/read",
    handle({ context, body }) {
      checkMembers(body, ["name", "type"]);
      const name = body?.name;
      if (typeof name !== "string" || body.type !== type) {
        throw armErrors.contentInvalid(`A name and the type ${type} are required.`);
      }
      if (!validVaultName(name)) {
        const { message } = armErrors.vaultNameInvalid(name);
        return { status: 200, body: { nameAvailable: false, reason: "AccountNameInvalid", message } };
      }
      if (vaults(context.store).has(name.toLowerCase())) {
        const { message } = armErrors.vaultTaken(name);
        return { status: 200, body: { nameAvailable: false, reason: "AlreadyExists", message } };
      }
      return { status: 200, body: { nameAvailable: true } };
    },
  },
];

async function put(request: ArmRequest): Promise<ArmAnswer> {
  const { context, caller, parameters, query, body } = request;
  const { store } = context;
  const { subscriptionId, resourceGroupName, vaultName } = parameters as Record<string, string>;
  const { name: groupName } = resourceGroup(store, subscriptionId!, resourceGroupName!);
  if (!validVaultName(vaultName!)) throw armErrors.vaultNameInvalid(vaultName!);
  checkVaultBody(body, vaultName!);
  if (typeof body?.location !== "string") throw armErrors.locationRequired();
  const location = normalLocation(body.location);
  if (!locations.includes(location)) throw armErrors.vaultLocationUnavailable(body.location, locations);
  const requested = body.properties ?? {};
  const present = vaults(store).get(vaultName!.toLowerCase());
  const recover = requested.createMode === "recover";
  if (present?.deletion && !recover) throw armErrors.vaultDeleted();
  if (present && !isAt(present, parameters)) {
    throw recover ? armErrors.vaultNotDeleted() : armErrors.vaultTaken(vaultName!);
  }
  if (recover && !present) throw armErrors.vaultNotDeleted();
  if (present && present.location !== location) {
    throw armErrors.resourceLocationFixed(present.name, groupName, location, present.location);
  }
  if (present?.deletion) {
    // A recovery brings the vault back as it was: the properties of the request do not count.
    present.deletion = null;
    present.slot = freeSlot(store);
    touch(request, present);
    return { status: 201, body: await shape(context, present) };
  }
  const properties = vaultProperties(requested, present?.properties, query.get("api-version")!);
  const now = store.now().toISOString();
  const vault: Vault = present ?? {
    name: vaultName!,
    subscriptionId: subscriptionId!.toLowerCase(),
    resourceGroup: groupName,
    location,
    tags: {},
    properties,
    slot: freeSlot(store),
    deletion: null,
    createdAt: now,
    createdBy: caller.oid,
    modifiedAt: now,
    modifiedBy: caller.oid,
  };
  vault.properties = properties;
  vault.tags = body.tags ?? {};
  touch(request, vault);
  vaults(store).set(vaultName!.toLowerCase(), vault);
  if (present) return { status: 200, body: await shape(context, vault) };
  // A new vault's host name takes a while: clients ask for the vault until it has succeeded, which here is at once.
  return { status: 201, body: await shape(context, vault, "RegisteringDns") };
}

async function list(request: ArmRequest, belongs: (vault: Vault) => boolean): Promise<ArmAnswer> {
  const { context } = request;
  const rows = [...vaults(context.store).values()].filter((vault) => !vault.deletion && belongs(vault));
  return { status: 200, body: page(request, await Promise.all(rows.map((vault) => shape(context, vault)))) };
}

function isAt(vault: Vault, { subscriptionId, resourceGroupName }: Record<string, string>): boolean {
  return (
    vault.subscriptionId === subscriptionId!.toLowerCase() &&
    vault.resourceGroup.toLowerCase() === resourceGroupName!.toLowerCase()
  );
}

function touch({ context, caller }: ArmRequest, vault: Vault): void {
  vault.modifiedAt = context.store.now().toISOString();
  vault.modifiedBy = caller.oid;
}

async function shape(context: Context, vault: Vault, provisioningState = "Succeeded") {
  return {
    id: vaultId(vault),
    name: vault.name,
    type,
    location: vault.location,
    tags: vault.tags,
    systemData: {
      createdBy: vault.createdBy,
      createdByType: "Application",
      createdAt: vault.createdAt,
      lastModifiedBy: vault.modifiedBy,
      lastModifiedByType: "Application",
      lastModifiedAt: vault.modifiedAt,
    },
    properties: {
      ...vault.properties,
      vaultUri: await vaultUri(context, vault),
      provisioningState,
    },
  };
}
