import type { Context } from "../context.ts";
import type { ServicePrincipal, Tenant, User } from "../directory.ts";
import { entraErrors } from "./errors.ts";
import { findResource } from "./resources.ts";

const oidcScopes = ["openid", "profile", "email", "offline_access"];

/** The client that a person signed in to: Microsoft's own ones have no service principal, and need no consent. */
export interface DelegatedClient {
  readonly clientId: string;
  readonly name: string;
  readonly principal: ServicePrincipal | undefined;
}

/**
 * What a token of a person is for: one resource, and the permissions there. `{resource}/.default` stands for all that was
 * consented to; for Microsoft's own clients that is all of the resource's. Throws AADSTS70011 (several resources), 650053
 * (no such permission) and 65001 (no consent).
 */
export function delegatedScopes(
  context: Context,
  tenant: Tenant,
  user: User,
  client: DelegatedClient,
  requested: readonly string[],
): { resource: string; names: string[] } {
  const split = requested
    .filter((name) => !oidcScopes.includes(name))
    .map((name) => {
      const at = name.lastIndexOf("/");
      return at < 0
        ? { resource: "https://graph.microsoft.com", name }
        : { resource: name.slice(0, at), name: name.slice(at + 1) };
    });
  const resource = split[0]?.resource ?? "https://graph.microsoft.com";
  if (split.some((row) => row.resource !== resource)) throw entraErrors.invalidScope(requested.join(" "));
  const target = findResource(context, tenant, resource);
  const known = target.oauth2PermissionScopes.map(({ value }) => value);
  const granted = client.principal ? grantedScopes(context, client.principal, target, user) : known;
  const names = split.map(({ name }) => name);
  const asked = names.includes(".default") ? granted : names;
  const unknown = asked.find((name) => !known.includes(name));
  if (unknown) throw entraErrors.permissionUnknown(client.name, unknown, target.displayName);
  const isGranted = asked.every((name) => granted.includes(name));
  if (split.length > 0 && (asked.length === 0 || !isGranted)) throw entraErrors.noConsent(client.clientId, client.name);
  return { resource, names: asked };
}

/** Permissions of a client on a resource: for everybody in the tenant, and for this person. */
function grantedScopes(
  { directory }: Context,
  client: ServicePrincipal,
  resource: ServicePrincipal,
  user: User,
): string[] {
  return [...directory.replica.oauth2PermissionGrants.values()]
    .filter((row) => row.clientId === client.id && row.resourceId === resource.id)
    .filter((row) => row.consentType === "AllPrincipals" || row.principalId === user.id)
    .flatMap((row) => row.scope.split(" ").filter(Boolean));
}
