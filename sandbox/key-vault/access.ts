import { BlockList } from "node:net";
import type { Context } from "../context.ts";
import { allows, type RoleAssignment } from "../resource-manager/access.ts";
import { type Claims, InvalidToken } from "../tokens.ts";
import { keyVaultErrors } from "./errors.ts";
import { type Vault, type VaultProperties, vaultId } from "./vaults.ts";

/** What a request does with an object: the role-based data action and the permission of access policies for the same. */
export interface Action {
  readonly kind: "secrets" | "certificates";
  readonly data: string;
  readonly permission: string;
}

const actionOn =
  (kind: Action["kind"]) =>
  (name: string, permission: string): Action => ({
    kind,
    data: `Microsoft.KeyVault/vaults/${kind}/${name}`,
    permission,
  });
const secretAction = actionOn("secrets");
const certificateAction = actionOn("certificates");

export const secretActions = {
  get: secretAction("getSecret/action", "get"),
  set: secretAction("setSecret/action", "set"),
  list: secretAction("readMetadata/action", "list"),
  update: secretAction("update/action", "set"),
  delete: secretAction("delete", "delete"),
  getDeleted: secretAction("readMetadata/action", "get"),
  recover: secretAction("recover/action", "recover"),
  purge: secretAction("purge/action", "purge"),
} as const;

/** Names by Microsoft's list of resource provider operations; permissions by the reference of access policies. */
export const certificateActions = {
  get: certificateAction("read", "get"),
  list: certificateAction("read", "list"),
  create: certificateAction("create/action", "create"),
  update: certificateAction("update/action", "update"),
  delete: certificateAction("delete", "delete"),
  recover: certificateAction("recover/action", "recover"),
  purge: certificateAction("purge/action", "purge"),
} as const;

/** Who sent a request, by a token of the vault's tenant; else 401 with the challenge from which clients learn the tenant. */
export async function signedIn(
  { tokens, endpoints }: Context,
  vault: Vault,
  ownUrl: string,
  authorization: string | undefined,
): Promise<Claims> {
  const { tenantId } = vault.properties;
  const challenge = `Bearer authorization="${endpoints.login}/${tenantId}", resource="https://vault.azure.net"`;
  try {
    const audiences = ["https://vault.azure.net", endpoints.vault, ownUrl];
    return await tokens.verify(authorization, { audiences, tenantId });
  } catch (error) {
    if (!(error instanceof InvalidToken)) throw error;
    const found = /'(.+)'/.exec(error.message)?.[1] ?? "";
    switch (error.reason) {
      case "missing":
        throw keyVaultErrors.tokenMissing(challenge);
      case "malformed":
        throw keyVaultErrors.tokenInvalid(challenge);
      case "expired":
        throw keyVaultErrors.tokenExpired(challenge);
      case "audience":
        throw keyVaultErrors.tokenAudience(challenge, found);
      case "issuer":
        throw keyVaultErrors.tokenIssuer(challenge, tenantId, found);
    }
  }
}

/** Throws 403 unless the vault's network rules let loopback in and the caller may do `action`. */
export function authorize(
  { replication }: Context,
  vault: Vault,
  caller: Claims,
  action: Action,
  name: string | undefined,
): void {
  const { properties } = vault;
  const who = `appid=${caller.appid};oid=${caller.oid};iss=https://sts.windows.net/${caller.tid}/`;
  const where = `${vault.name};location=${vault.location}`;
  if (/^disabled$/i.test(properties.publicNetworkAccess)) throw keyVaultErrors.byConnection(who, where);
  if (!firewallLetsIn(properties)) throw keyVaultErrors.byFirewall(who, where);
  if (properties.enableRbacAuthorization) {
    const resource = name ? `${vaultId(vault)}/${action.kind}/${name}` : vaultId(vault);
    const assignments = replication.rows<RoleAssignment>("armRoleAssignments");
    if (!allows(assignments, caller.oid, resource, { data: action.data })) {
      throw keyVaultErrors.byRoles(who, action.data, resource.toLowerCase(), where);
    }
  } else if (!policyAllows(vault, caller, action)) {
    throw keyVaultErrors.byPolicy(who, action.kind, action.permission, where);
  }
}

/** Every caller of the sandbox comes from the loopback address, and from no subnet. */
function firewallLetsIn({ networkAcls }: VaultProperties): boolean {
  if (!/^deny$/i.test(networkAcls?.defaultAction ?? "")) return true;
  const allowed = new BlockList();
  for (const { value } of networkAcls?.ipRules ?? []) {
    const [address, length = "32"] = value.split("/");
    allowed.addSubnet(address!, Number(length));
  }
  return allowed.check("127.0.0.1");
}

function policyAllows(vault: Vault, caller: Claims, { kind, permission }: Action): boolean {
  return vault.properties.accessPolicies
    .filter((policy) => policy.objectId.toLowerCase() === caller.oid)
    .flatMap((policy) => policy.permissions[kind] ?? [])
    .some((granted) => [permission, "all"].includes(granted.toLowerCase()));
}
