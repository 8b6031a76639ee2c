import type { Directory, Tenant, User } from "../directory.ts";
import { entraErrors } from "./errors.ts";

/**
 * The person with this name and password. With a tenant, one of that tenant only (AADSTS50020). Throws AADSTS50126 for a
 * wrong name or password, without telling which.
 */
export function signIn(directory: Directory, tenant: Tenant | undefined, userName: string, password: string): User {
  const wanted = userName.trim().toLowerCase();
  const user = [...directory.users.values()].find((row) => row.userPrincipalName.toLowerCase() === wanted);
  if (!user || user.password !== password) throw entraErrors.wrongPassword();
  if (tenant && user.tenantId !== tenant.id) throw entraErrors.userNotInTenant(userName, tenant.displayName);
  return user;
}
