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

/** 403 of a user that is disabled, by which code a switch decides. */
export function refuseDisabled(data: OrganizationData, user: Row): never {
  const name = data.switch("disabledUserCode") === "0x80040225" ? "UserDisabled" : "SystemUserDisabled";
  return refuse(name, [user.systemuserid, data.organization.name]);
}

/** The user that a token stands for; 403 where there is none, or where it may not do anything. */
export function callerOfToken(data: OrganizationData, claims: Claims, asksWhoAmI: boolean): Caller {
  const standsFor = claims.scp === undefined ? isApplicationUser : isPerson;
  const user = [...data.rows("systemuser").values()].find((row) => row.deletedstate === 0 && standsFor(row, claims));
  if (!user) refuse("UserNotMember");
  if (user.isdisabled) refuseDisabled(data, user);
  fillObjectId(data, user, claims);
  const caller = callerOf(data, user);
  const mayGoOn = asksWhoAmI && data.switch("whoAmIWithoutRoles") === "200";
  if (caller.roleCount === 0 && !mayGoOn) refuse("UserHasNoRoles", [caller.id]);
  return caller;
}

/**
 * The application user of this client id and this service principal. A service principal made anew after a second consent
 * has another object id, and is a stranger until the user is created again (wire facts A5).
 */
function isApplicationUser(row: Row, { appid, oid }: Claims): boolean {
  return row.applicationid === appid && (row.azureactivedirectoryobjectid ?? oid) === oid;
}

/** The person who signed in and lets the client act as them: whichever client that is, it gets no rights of its own. */
function isPerson(row: Row, { oid, scp }: Claims): boolean {
  return (
    !row.applicationid &&
    row.azureactivedirectoryobjectid === oid &&
    (scp ?? "").split(" ").includes("user_impersonation")
  );
}

function fillObjectId(data: OrganizationData, user: Row, { oid }: Claims): void {
  if (user.azureactivedirectoryobjectid || data.switch("objectIdFilled") === "never") return;
  data.update(user, { azureactivedirectoryobjectid: oid });
}
