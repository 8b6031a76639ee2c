import type { Context } from "../context.ts";
import type { Application, ServicePrincipal, Tenant } from "../directory.ts";
import { entraErrors } from "./errors.ts";
import { findResource } from "./resources.ts";

/** A permission on a resource that an application asks an administrator for. */
export interface RequestedPermission {
  readonly resource: ServicePrincipal;
  readonly type: "Scope" | "Role";
  readonly id: string;
  readonly value: string;
  readonly displayName: string;
}

/** All that the application's registration asks for (`requiredResourceAccess`). Throws AADSTS650052 and AADSTS650053. */
export function registeredPermissions(
  { directory }: Context,
  tenant: Tenant,
  application: Application,
): RequestedPermission[] {
  return application.requiredResourceAccess.flatMap(({ resourceAppId, resourceAccess }) => {
    const resource = directory.replica.servicePrincipal(tenant.id, resourceAppId);
    if (!resource) throw entraErrors.resourceNotInTenant(application.displayName, resourceAppId, tenant.displayName);
    return resourceAccess.map(({ id, type }) => permissionOf(application, resource, type, id));
  });
}

/** What a v2 consent URL asks for: `{resource}/.default` is what is registered for that resource, else single delegated ones. */
export function permissionsOfScope(
  context: Context,
  tenant: Tenant,
  application: Application,
  scope: string,
): RequestedPermission[] {
  return scope
    .split(" ")
    .filter((name) => name && !["openid", "profile", "email", "offline_access"].includes(name))
    .flatMap((name) => {
      const at = name.lastIndexOf("/");
      const resource = findResource(context, tenant, at < 0 ? "https://graph.microsoft.com" : name.slice(0, at));
      const value = name.slice(at + 1);
      if (value === ".default")
        return registeredPermissions(context, tenant, application).filter((row) => row.resource.id === resource.id);
      return [permissionOf(application, resource, "Scope", value)];
    });
}

/** Does what an administrator's consent does: the service principal, and the permissions for everybody in the tenant. */
export function grantConsent(
  { directory, store }: Context,
  tenant: Tenant,
  application: Application,
  permissions: readonly RequestedPermission[],
): void {
  const principal =
    directory.servicePrincipal(tenant.id, application.appId) ??
    directory.createServicePrincipal(application, tenant.id);
  for (const { resource, type, id, value } of permissions) {
    if (type === "Role") {
      const held = [...directory.appRoleAssignments.values()].some(
        (row) => row.principalId === principal.id && row.resourceId === resource.id && row.appRoleId === id,
      );
      if (held) continue;
      const assignment = { principalId: principal.id, resourceId: resource.id, appRoleId: id };
      const assignmentId = store.newId("appRoleAssignment", principal.id, resource.id, id);
      directory.appRoleAssignments.set(assignmentId, {
        ...assignment,
        id: assignmentId,
        tenantId: tenant.id,
      });
      continue;
    }
    const grant = directory.grantForAll(principal, resource);
    const scopes = new Set(grant.scope.split(" ").filter(Boolean)).add(value);
    grant.scope = [...scopes].join(" ");
  }
}

function permissionOf(
  application: Application,
  resource: ServicePrincipal,
  type: "Scope" | "Role",
  idOrValue: string,
): RequestedPermission {
  const isIt = (row: { id: string; value: string }) => row.id === idOrValue || row.value === idOrValue;
  const scope = resource.oauth2PermissionScopes.find(isIt);
  const role = resource.appRoles.find(isIt);
  if (type === "Scope" && scope)
    return { resource, type, id: scope.id, value: scope.value, displayName: scope.adminConsentDisplayName };
  if (type === "Role" && role) return { resource, type, id: role.id, value: role.value, displayName: role.displayName };
  throw entraErrors.permissionUnknown(application.displayName, idOrValue, resource.displayName);
}
