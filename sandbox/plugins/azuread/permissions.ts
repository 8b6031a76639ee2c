import type { Properties } from "../support.ts";

/** App roles in the plugin's terms, from Graph's. */
export function appRolesOf(rows: readonly Properties[] = []): Properties[] {
  return rows.map((row) => ({
    allowedMemberTypes: row.allowedMemberTypes ?? ["Application"],
    description: row.description ?? "",
    displayName: row.displayName ?? "",
    enabled: row.isEnabled ?? true,
    id: row.id,
    value: row.value ?? "",
  }));
}

/** Delegated permissions in the plugin's terms, from Graph's. */
export function scopesOf(rows: readonly Properties[] = []): Properties[] {
  return rows.map((row) => ({
    adminConsentDescription: row.adminConsentDescription ?? "",
    adminConsentDisplayName: row.adminConsentDisplayName ?? "",
    enabled: row.isEnabled ?? true,
    id: row.id,
    type: row.type ?? "User",
    userConsentDescription: row.userConsentDescription ?? "",
    userConsentDisplayName: row.userConsentDisplayName ?? "",
    value: row.value ?? "",
  }));
}

/** App roles or delegated permissions in Graph's terms, from the plugin's: only `enabled` has another name. */
export function permissionsToSend(rows: readonly Properties[] = []): Properties[] {
  return rows.map(({ enabled = true, ...members }) => ({ ...members, isEnabled: enabled }));
}

/** Ids by value, as the outputs `appRoleIds` and `oauth2PermissionScopeIds` are. */
export function idsByValue(rows: readonly Properties[] = []): Record<string, string> {
  return Object.fromEntries(rows.filter(({ value }) => value).map(({ value, id }) => [value, id]));
}
