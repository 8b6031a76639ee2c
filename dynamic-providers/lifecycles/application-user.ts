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
import { VendorError } from "../errors.ts";
import { subscriberLifecycle, targetShape } from "./lifecycle.ts";

export interface ApplicationUserInputs extends Target {
  readonly applicationId: string;
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
  declared: string | undefined,
  wanted: string,
): ApplicationUserOutputs {
  return {
    userId: user.userId,
    userName: user.userName,
    displayName: user.fullName,
    applicationIdUri: user.applicationIdUri,
    objectId: user.objectId,
    businessUnitId: user.businessUnitId,
    adopted,
    primaryEmail: user.primaryEmail,
    businessUnit: declared !== undefined && user.businessUnitId === wanted ? declared : user.businessUnitId,
    enabled: user.enabled,
  };
}

/** Lifecycle of an application user; resources/application-user.ts has what programs declare. */
export const applicationUser = subscriberLifecycle<ApplicationUserInputs, ApplicationUserOutputs>({
  kind: "application user",
  schema: z.object({
    ...targetShape,
    applicationId: z.guid("must be the client id of the application, a GUID"),
    fullName: z.string().min(1, "must not be empty").max(200, "must have at most 200 characters").optional(),
    primaryEmail: z.email("must be an email address").max(100, "must have at most 100 characters").optional(),
    businessUnit: z.string().min(1, "must be the name or id of a business unit").optional(),
    rowId: z.guid("must be a GUID"),
  }),
  replaceOn: ["environmentUrl", "applicationId"],
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
    const { user, created } = await ensureApplicationUser(api, desired, say);
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
    return { id: now.userId, outputs: outputsOf(now, adopted, inputs.businessUnit, desired.businessUnitId) };
  },

  async observe({ api }, id, state) {
    const user = await findApplicationUser(api, state.applicationId.toLowerCase());
    if (user?.userId !== id) return undefined;
    const wanted =
      state.businessUnit === undefined ? user.businessUnitId : await businessUnitId(api, state.businessUnit);
    return outputsOf(user, state.adopted, state.businessUnit, wanted);
  },

  async remove({ api, say }, id, state) {
    if (state.adopted) say(`leaving application user ${id} in place: it was there before this stack`);
    else await removeApplicationUser(api, id, state.applicationId.toLowerCase(), say);
  },
});
