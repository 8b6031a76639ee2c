import type { Claims, InvalidToken } from "../tokens.ts";
import type { OrganizationData, Row } from "./organization-data.ts";
import { refuse } from "./refusal.ts";
import { type Caller, callerOf } from "./security.ts";

/** Headers of the 401 that names the tenant and the resource to sign in for (wire facts D2); its body is empty. */
export function challengeOf(data: OrganizationData, reason: InvalidToken): Record<string, string> {
  const { endpoints } = data.context;
  const authorization = `${endpoints.login}/${data.organization.tenantId}/oauth2/authorize`;
  return {
    "WWW-Authenticate": `Bearer authorization_uri=${authorization}, resource_id=${data.url}/`,
    "401_error_reason": reason.message,
  };
}

/** Checks the bearer token: for this organization, of its tenant. Throws {@link InvalidToken}. */
export function authenticate(data: OrganizationData, authorization: string | undefined): Promise<Claims> {
  return data.context.tokens.verify(authorization, {
    audiences: [data.url],
    tenantId: data.organization.tenantId,
  });
}

/**
 * The application user that a token stands for: of this client id and this service principal. A service principal made
 * anew after a second consent has another object id, and is a stranger until the user is created again (wire facts A5).
 */
export function callerOfToken(data: OrganizationData, claims: Claims, asksWhoAmI: boolean): Caller {
  const user = [...data.rows("systemuser").values()].find(
    (row) =>
      row.applicationid === claims.appid &&
      (row.azureactivedirectoryobjectid ?? claims.oid) === claims.oid &&
      row.deletedstate === 0,
  );
  if (!user) refuse("UserNotMember");
  if (user.isdisabled) refuse("UserDisabled", [user.systemuserid, data.organization.name]);
  fillObjectId(data, user, claims);
  const caller = callerOf(data, user);
  const mayGoOn = asksWhoAmI && data.switch("whoAmIWithoutRoles") === "200";
  if (caller.roleCount === 0 && !mayGoOn) refuse("UserHasNoRoles", [caller.id]);
  return caller;
}

function fillObjectId(data: OrganizationData, user: Row, { oid }: Claims): void {
  if (!user.azureactivedirectoryobjectid) data.update(user, { azureactivedirectoryobjectid: oid });
}
