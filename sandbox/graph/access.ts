import type { Context } from "../context.ts";
import { type Directory, type DirectoryView, firstParty } from "../directory.ts";
import { InvalidToken } from "../tokens.ts";
import { graphErrors } from "./errors.ts";

/** Who sends a request, by the token's claims. */
export interface Caller {
  readonly tenantId: string;
  /** The service principal, or the person, that signed in. */
  readonly objectId: string;
  /** Application permissions, or delegated ones where a person signed in. */
  readonly permissions: ReadonlySet<string>;
}

/** What each route's context carries. */
export interface GraphEnv {
  Variables: {
    caller: Caller;
    /** False under /v1.0. */
    beta: boolean;
  };
}

/** Permissions that allow an operation; any one of the list is enough. From Graph's "Permissions" tables. */
export const permissions = {
  readApplications: [
    "Application.Read.All",
    "Application.ReadWrite.All",
    "Application.ReadWrite.OwnedBy",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
  ],
  writeApplications: ["Application.ReadWrite.All", "Directory.ReadWrite.All"],
  readGrants: [
    "DelegatedPermissionGrant.Read.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
  ],
  writeGrants: ["DelegatedPermissionGrant.ReadWrite.All", "Directory.ReadWrite.All"],
  writeAppRoles: ["AppRoleAssignment.ReadWrite.All", "Directory.ReadWrite.All"],
  readDirectory: ["Directory.Read.All", "Directory.ReadWrite.All"],
} satisfies Record<string, string[]>;

/** Checks the token of a request. The tenant that is served is the token's. Throws 401. */
export async function authenticate(context: Context, authorization: string | undefined): Promise<Caller> {
  const audiences = [context.endpoints.graph, "https://graph.microsoft.com", firstParty.graph];
  try {
    const claims = await context.tokens.verify(authorization, { audiences });
    if (!context.directory.tenants.has(claims.tid)) throw graphErrors.unknownTenant();
    return {
      tenantId: claims.tid,
      objectId: claims.oid,
      permissions: new Set(claims.scp?.split(" ") ?? claims.roles),
    };
  } catch (error) {
    if (!(error instanceof InvalidToken)) throw error;
    throw {
      missing: graphErrors.noToken,
      malformed: graphErrors.malformedToken,
      expired: graphErrors.expiredToken,
      audience: graphErrors.wrongAudience,
      issuer: graphErrors.unknownTenant,
    }[error.reason]();
  }
}

/** Throws 403 unless the caller holds one of the permissions. */
export function demand(caller: Caller, anyOf: readonly string[]): void {
  if (!anyOf.some((name) => caller.permissions.has(name))) throw graphErrors.accessDenied();
}

/** Throws 403 unless the caller may change the object: all of them, or with `Application.ReadWrite.OwnedBy` its own. */
export function demandWrite(caller: Caller, row: { owners: readonly string[] }): void {
  const owned = caller.permissions.has("Application.ReadWrite.OwnedBy") && row.owners.includes(caller.objectId);
  if (!owned) demand(caller, permissions.writeApplications);
}

/** How an object of the caller's tenant is found; throws 404. */
export type Find<Row> = (directory: DirectoryView, caller: Caller, key: string) => Row;

/**
 * The object to change: the primary's. The replica that answers must have it too; else 404, as right after it was made (wire
 * facts C7).
 */
export function toWrite<Row>(find: Find<Row>, directory: Directory, caller: Caller, key: string): Row {
  find(directory.replica, caller, key);
  return find(directory, caller, key);
}
