import type { Directory, Tenant } from "../directory.ts";
import { entraErrors } from "./errors.ts";

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const dnsName = /^(?=.{1,255}$)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/i;

/** Names in the tenant's place of a URL that leave the tenant to the account that signs in. */
export const sharedTenants = ["common", "organizations", "consumers"];

/** The tenant that a URL names by id or verified domain. Throws AADSTS900023 (malformed) or AADSTS90002 (unknown). */
export function findTenant(directory: Directory, named: string): Tenant {
  const tenant = directory.tenant(named);
  if (tenant) return tenant;
  throw guid.test(named) || dnsName.test(named) ? entraErrors.unknownTenant(named) : entraErrors.malformedTenant(named);
}
