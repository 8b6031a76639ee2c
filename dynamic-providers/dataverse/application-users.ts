import { isMissing, type Row } from "../api.ts";
import { VendorError } from "../errors.ts";
import { NoAnswer } from "../http.ts";
import { type Say, waitFor } from "../waiting.ts";
import { type Dataverse, isDuplicate } from "./client.ts";

/** An application user as the environment has it. */
export interface ApplicationUser {
  readonly userId: string;
  readonly applicationId: string;
  readonly fullName: string;
  readonly primaryEmail: string | undefined;
  readonly businessUnitId: string;
  readonly enabled: boolean;
  /** Filled in by the platform, never to be set: user name, Application ID URI, object id of the service principal. */
  readonly userName: string;
  readonly applicationIdUri: string | undefined;
  readonly objectId: string | undefined;
}

/** What an application user should be like. */
export interface DesiredApplicationUser {
  /** Id for the row if it has to be made: by it a lost answer can be told from somebody else's user. */
  readonly userId: string;
  readonly applicationId: string;
  readonly fullName?: string | undefined;
  readonly primaryEmail?: string | undefined;
  readonly businessUnitId: string;
}

const columns =
  "$select=systemuserid,applicationid,fullname,internalemailaddress,isdisabled,deletedstate,domainname,applicationiduri," +
  "azureactivedirectoryobjectid,_businessunitid_value";

/** Entra may not know a service principal everywhere for a while after it was made (wire facts D6, 0x8004F510). */
const directoryLagSeconds = 90;
const readableSeconds = 60;

function userOf(row: Row): ApplicationUser {
  const text = (value: unknown) => (typeof value === "string" ? value : undefined);
  return {
    userId: String(row.systemuserid).toLowerCase(),
    applicationId: String(row.applicationid).toLowerCase(),
    fullName: text(row.fullname) ?? "",
    primaryEmail: text(row.internalemailaddress),
    businessUnitId: String(row._businessunitid_value).toLowerCase(),
    enabled: row.isdisabled !== true,
    userName: text(row.domainname) ?? "",
    applicationIdUri: text(row.applicationiduri),
    objectId: text(row.azureactivedirectoryobjectid)?.toLowerCase(),
  };
}

async function rowsOf(api: Dataverse, applicationId: string): Promise<Row[]> {
  return api.list(`systemusers?${columns}&$filter=applicationid eq ${applicationId}`);
}

const isSoftDeleted = (row: Row) => row.deletedstate === 1;

/** The application's user in this environment; the platform allows one. A soft-deleted row does not count. */
export async function findApplicationUser(api: Dataverse, applicationId: string): Promise<ApplicationUser | undefined> {
  const row = (await rowsOf(api, applicationId)).find((candidate) => !isSoftDeleted(candidate));
  return row && userOf(row);
}

/**
 * The application's user, made if it is not there. `created` is false for one that somebody else made. A soft-deleted row
 * blocks a new one and can never come back, so it is deleted for good first.
 */
export async function ensureApplicationUser(
  api: Dataverse,
  desired: DesiredApplicationUser,
  say: Say,
): Promise<{ user: ApplicationUser; created: boolean }> {
  const rows = await rowsOf(api, desired.applicationId);
  const present = rows.find((row) => !isSoftDeleted(row));
  if (present) return { user: userOf(present), created: userOf(present).userId === desired.userId };
  for (const row of rows) {
    say(`deleting for good the soft-deleted application user ${row.systemuserid}, which blocks a new one`);
    await deleteRow(api, String(row.systemuserid));
  }
  let answered = false;
  let refused: VendorError | undefined;
  await waitFor(
    `Entra to show the service principal of ${desired.applicationId} to Dataverse`,
    directoryLagSeconds,
    say,
    async () => {
      try {
        await create(api, desired);
        answered = true;
        refused = undefined;
        return true;
      } catch (error) {
        // Exists already, or the answer was lost: what there is now decides, below.
        if (isDuplicate(error) || error instanceof NoAnswer) return true;
        if (!(error instanceof VendorError && error.code === "0x8004f510")) throw error;
        refused = error;
        return undefined;
      }
    },
  );
  if (refused) throw refused;
  const user = await waitFor("the new application user to show", readableSeconds, say, () =>
    findApplicationUser(api, desired.applicationId),
  );
  if (!user)
    throw new VendorError(undefined, "not_readable", "the new application user does not show; run the command again");
  return { user, created: answered || user.userId === desired.userId };
}

async function create(api: Dataverse, desired: DesiredApplicationUser): Promise<void> {
  await api.post("systemusers", {
    systemuserid: desired.userId,
    applicationid: desired.applicationId,
    accessmode: 4, // non-interactive
    isdisabled: false,
    "businessunitid@odata.bind": `/businessunits(${desired.businessUnitId})`,
    ...(desired.primaryEmail && { internalemailaddress: desired.primaryEmail }),
    ...names(desired.fullName),
  });
}

/** The platform makes the full name of these two; for an application user it may put the Entra application's name instead. */
function names(fullName: string | undefined): Row {
  if (!fullName) return {};
  const [first = "", ...rest] = fullName.trim().split(/\s+/);
  return rest.length > 0 ? { firstname: first, lastname: rest.join(" ") } : { lastname: first };
}

/**
 * Brings what can be changed on a user to what is desired, its business unit only when told to; sends nothing where nothing
 * differs. True if it changed anything.
 */
export async function syncApplicationUser(
  api: Dataverse,
  user: ApplicationUser,
  desired: DesiredApplicationUser,
  moveBusinessUnit: boolean,
): Promise<boolean> {
  const changes: Row = {};
  if (!user.enabled) changes.isdisabled = false;
  if (desired.primaryEmail && desired.primaryEmail !== user.primaryEmail)
    changes.internalemailaddress = desired.primaryEmail;
  if (moveBusinessUnit && desired.businessUnitId !== user.businessUnitId)
    changes["businessunitid@odata.bind"] = `/businessunits(${desired.businessUnitId})`;
  if (Object.keys(changes).length === 0) return false;
  // A change of isdisabled is only taken together with the application id (wire facts D6).
  await api.patch(`systemusers(${user.userId})`, { ...changes, applicationid: user.applicationId });
  return true;
}

/**
 * Deletes an application user for good: disable (only inactive ones can be deleted), delete (soft), delete (final). One that
 * is gone, or was soft-deleted by somebody, is fine.
 */
export async function removeApplicationUser(
  api: Dataverse,
  userId: string,
  applicationId: string,
  say: Say,
): Promise<void> {
  const row = (await rowsOf(api, applicationId)).find(
    (candidate) => String(candidate.systemuserid).toLowerCase() === userId,
  );
  if (!row) return;
  if (!isSoftDeleted(row)) {
    if (row.isdisabled !== true)
      await api.patch(`systemusers(${userId})`, { isdisabled: true, applicationid: applicationId });
    await deleteWhenSettled(api, userId, say);
  }
  await deleteRow(api, userId);
}

/** Right after a role change the platform may still hold rows of the user (0x80048610); it lets go after seconds. */
async function deleteWhenSettled(api: Dataverse, userId: string, say: Say): Promise<void> {
  let refused: unknown;
  const done = await waitFor("the environment to let go of the user's settings", 60, say, async () => {
    try {
      await deleteRow(api, userId);
      return true;
    } catch (error) {
      if (!(error instanceof VendorError && error.code === "0x80048610")) throw error;
      refused = error;
      return undefined;
    }
  });
  if (!done) throw refused;
}

async function deleteRow(api: Dataverse, userId: string): Promise<void> {
  await api.delete(`systemusers(${userId})`).catch((error) => {
    if (!isMissing(error)) throw error;
  });
}
