import { z } from "zod";
import type { Target } from "../connection.ts";
import {
  type ApplicationUser,
  ensureApplicationUser,
  findApplicationUser,
  removeApplicationUser,
  syncApplicationUser,
} from "../dataverse/application-users.ts";
import { businessUnitId } from "../dataverse/business-units.ts";
import { AccessError, VendorError } from "../errors.ts";
import { subscriberLifecycle, targetShape } from "./lifecycle.ts";

export interface ApplicationUserInputs extends Target {
  readonly applicationId: string;
  /** Object id of the service principal that the user must be of. */
  readonly servicePrincipalId?: string;
  readonly fullName?: string;
  readonly primaryEmail?: string;
  /** Name or id. */
  readonly businessUnit?: string;
  /** Id for the row if it has to be made. */
  readonly rowId: string;
  /** Always true; false in a refreshed state is a user that somebody disabled. */
  readonly enabled: boolean;
}

export interface ApplicationUserOutputs {
  readonly userId: string;
  readonly userName: string;
  readonly displayName: string;
  readonly applicationIdUri: string | undefined;
  readonly objectId: string | undefined;
  readonly servicePrincipalId: string | undefined;
  readonly businessUnitId: string;
  readonly adopted: boolean;
  readonly primaryEmail: string | undefined;
  readonly businessUnit: string;
  readonly enabled: boolean;
}

/** What the user is like now. `wanted` is the business unit that the declared one resolves to. */
function outputsOf(
  user: ApplicationUser,
  adopted: boolean,
  { businessUnit: declared, servicePrincipalId }: ApplicationUserInputs,
  wanted: string,
): ApplicationUserOutputs {
  return {
    userId: user.userId,
    userName: user.userName,
    displayName: user.fullName,
    applicationIdUri: user.applicationIdUri,
    objectId: user.objectId,
    // The platform may fill its column in at the first sign-in only (wire facts H6): until then it is nobody else's.
    servicePrincipalId: user.objectId ?? servicePrincipalId,
    businessUnitId: user.businessUnitId,
    adopted,
    primaryEmail: user.primaryEmail,
    businessUnit: declared !== undefined && user.businessUnitId === wanted ? declared : user.businessUnitId,
    enabled: user.enabled,
  };
}

/**
 * Dataverse ties a user to the service principal that there was when it was made, for good: after consent was withdrawn and
 * given again the old user lets nobody in (wire facts A5).
 */
const isStale = ({ objectId }: ApplicationUser, { servicePrincipalId }: ApplicationUserInputs) =>
  servicePrincipalId !== undefined && objectId !== undefined && objectId !== servicePrincipalId.toLowerCase();

const staleError = ({ userId, objectId }: ApplicationUser, inputs: ApplicationUserInputs) =>
  new AccessError(
    `${inputs.environmentUrl} has an application user ${userId} of application ${inputs.applicationId} that belongs to service principal ` +
      `${objectId}, but the tenant's is ${inputs.servicePrincipalId}: consent was withdrawn and given again. This stack did not make ` +
      "the user, so it does not delete it. Delete it in the Power Platform admin center (twice: the second time for good), and run the command again.",
  );

/** Lifecycle of an application user; resources/application-user.ts has what programs declare. */
export const applicationUser = subscriberLifecycle<ApplicationUserInputs, ApplicationUserOutputs>({
  kind: "application user",
  schema: z.object({
    ...targetShape,
    applicationId: z.guid("must be the client id of the application, a GUID"),
    servicePrincipalId: z.guid("must be a GUID").optional(),
    fullName: z.string().min(1, "must not be empty").max(200, "must have at most 200 characters").optional(),
    primaryEmail: z.email("must be an email address").max(100, "must have at most 100 characters").optional(),
    businessUnit: z.string().min(1, "must be the name or id of a business unit").optional(),
    rowId: z.guid("must be a GUID"),
  }),
  replaceOn: ["environmentUrl", "applicationId", "servicePrincipalId"],
  deleteBeforeReplace: true,
  updateOn: ["fullName", "primaryEmail", "businessUnit", "enabled"],
  defaults: { enabled: true },

  async ensure({ api, say, warn }, inputs, previous) {
    const desired = {
      userId: inputs.rowId,
      applicationId: inputs.applicationId.toLowerCase(),
      fullName: inputs.fullName,
      primaryEmail: inputs.primaryEmail,
      businessUnitId: await businessUnitId(api, inputs.businessUnit),
    };
    let { user, created } = await ensureApplicationUser(api, desired, say);
    if (isStale(user, inputs)) {
      if (user.userId !== desired.userId) throw staleError(user, inputs);
      say("making the application user anew: the tenant has a new service principal");
      await removeApplicationUser(api, user.userId, user.applicationId, say);
      ({ user, created } = await ensureApplicationUser(api, desired, say));
    }
    if (previous && inputs.fullName && previous.outputs.fullName !== inputs.fullName) {
      // 0x80041D48: names of an application user follow the application in Entra.
      warn(
        `the platform keeps the full name '${user.fullName}' of an application user: rename the application instead`,
      );
    }
    const changed = await syncApplicationUser(api, user, desired, inputs.businessUnit !== undefined);
    const now = changed ? await findApplicationUser(api, desired.applicationId) : user;
    if (!now) throw new VendorError(404, "not_found", "the application user was deleted by somebody at the same time");
    const adopted = previous?.id === now.userId ? previous.outputs.adopted : !created;
    return { id: now.userId, outputs: outputsOf(now, adopted, inputs, desired.businessUnitId) };
  },

  async observe({ api }, id, state) {
    const user = await findApplicationUser(api, state.applicationId.toLowerCase());
    if (user?.userId !== id) return undefined;
    const wanted =
      state.businessUnit === undefined ? user.businessUnitId : await businessUnitId(api, state.businessUnit);
    return outputsOf(user, state.adopted, state, wanted);
  },

  async remove({ api, say }, id, state) {
    if (state.adopted) say(`leaving application user ${id} in place: it was there before this stack`);
    else await removeApplicationUser(api, id, state.applicationId.toLowerCase(), say);
  },
});
