import { z } from "zod";
import { isMissing, isUncertain, type Row } from "../api.ts";
import { VendorError } from "../errors.ts";
import { id, optional, readRow } from "../rows.ts";
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

const shape = z.object({
  systemuserid: id,
  applicationid: id,
  fullname: optional(z.string()),
  internalemailaddress: optional(z.string()),
  _businessunitid_value: id,
  isdisabled: optional(z.boolean()),
  deletedstate: optional(z.number()),
  domainname: optional(z.string()),
  applicationiduri: optional(z.string()),
  azureactivedirectoryobjectid: optional(id),
});

type Candidate = ApplicationUser & { readonly softDeleted: boolean };

function userOf(row: Row): Candidate {
  const user = readRow(shape, row, "an application user");
  return {
    userId: user.systemuserid,
    applicationId: user.applicationid,
    fullName: user.fullname ?? "",
    primaryEmail: user.internalemailaddress,
    businessUnitId: user._businessunitid_value,
    enabled: user.isdisabled !== true,
    softDeleted: user.deletedstate === 1,
    userName: user.domainname ?? "",
    applicationIdUri: user.applicationiduri,
    objectId: user.azureactivedirectoryobjectid,
  };
}

/** Every row of the application, soft-deleted ones too. */
async function candidatesOf(api: Dataverse, applicationId: string): Promise<Candidate[]> {
  return (await api.list(`systemusers?${columns}&$filter=applicationid eq ${applicationId}`)).map(userOf);
}

/** The application's user in this environment; the platform allows one. A soft-deleted row does not count. */
export async function findApplicationUser(api: Dataverse, applicationId: string): Promise<ApplicationUser | undefined> {
  return (await candidatesOf(api, applicationId)).find(({ softDeleted }) => !softDeleted);
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
  const candidates = await candidatesOf(api, desired.applicationId);
  const present = candidates.find(({ softDeleted }) => !softDeleted);
  if (present) return { user: present, created: present.userId === desired.userId };
  for (const { userId } of candidates) {
    say(`deleting for good the soft-deleted application user ${userId}, which blocks a new one`);
    await deleteRow(api, userId);
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
        if (isDuplicate(error)) return true;
        if (isUncertain(error) && (await findApplicationUser(api, desired.applicationId))) return true;
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
  const user = (await candidatesOf(api, applicationId)).find((candidate) => candidate.userId === userId);
  if (!user) return;
  if (!user.softDeleted) {
    if (user.enabled) await api.patch(`systemusers(${userId})`, { isdisabled: true, applicationid: applicationId });
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
