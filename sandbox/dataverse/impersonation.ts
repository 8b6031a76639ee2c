import { refuseDisabled } from "./authentication.ts";
import type { OrganizationData, Row } from "./organization-data.ts";
import { type Depth, depths, privilegeNamed } from "./privileges.ts";
import { refuse } from "./refusal.ts";
import { type Caller, callerOf } from "./security.ts";

/**
 * The user that a request acts as: whoever `CallerObjectId` (object id in the directory) or `MSCRMCallerID` (systemuserid)
 * names, with only those rights that the real caller has as well (wire facts D6). It takes prvActOnBehalfOfAnotherUser.
 */
export function actingCaller(
  data: OrganizationData,
  caller: Caller,
  header: (name: string) => string | undefined,
): Caller {
  const [objectId, userId] = [header("CallerObjectId"), header("MSCRMCallerID")];
  if (!objectId && !userId) return caller;
  const user = objectId
    ? userWhere(data, "azureactivedirectoryobjectid", objectId)
    : userWhere(data, "systemuserid", userId!);
  if (user.systemuserid === caller.id) return caller;
  if (!caller.privileges.has(privilegeNamed("prvActOnBehalfOfAnotherUser").privilegeid)) refuse("CannotActOnBehalf");
  if (user.isdisabled) refuseDisabled(data, user);
  const acting = callerOf(data, user);
  const privileges = new Map(
    [...acting.privileges].flatMap(([id, depth]) => {
      const own = caller.privileges.get(id);
      return own ? [[id, lesser(own, depth)] as const] : [];
    }),
  );
  return { ...acting, privileges, delegateId: caller.id };
}

/** What Dataverse says of a user that is not there has no source; the code is that of any missing row. */
function userWhere(data: OrganizationData, column: string, id: string): Row {
  const wanted = id.trim().toLowerCase();
  const user = [...data.rows("systemuser").values()].find((row) => row[column] === wanted && row.deletedstate === 0);
  return user ?? refuse("NotFound", ["systemuser", id]);
}

function lesser(one: Depth, other: Depth): Depth {
  return depths.indexOf(one) <= depths.indexOf(other) ? one : other;
}
