import { z } from "zod";
import { type Connection, type Target, targetOf } from "../connection.ts";
import {
  consentUrl,
  grantConsent,
  isBehind,
  isMarked,
  isSingleTenant,
  principalBySignIn,
  withdrawConsent,
} from "../entra/consent.ts";
import { AccessError, explain } from "../errors.ts";
import type { ApplicationIdentity } from "../identities/application.ts";
import { untilSettled, untilSteady, waitFor } from "../waiting.ts";
import { applicationSignInDefaults, applicationSignInShape, signInOf } from "./application-sign-in.ts";
import { subscriberLifecycle, targetShape } from "./lifecycle.ts";
import { settlingSeconds, vaultSettlingSeconds } from "./settling.ts";
import { untilShown } from "./shown.ts";

export interface AdminConsentInputs extends Target, ApplicationIdentity {
  readonly mode: "require" | "wait" | "grant";
  readonly redirectUri?: string;
  readonly waitMinutes: number;
  /** By it a service principal that this resource made is known in the tenant. */
  readonly rowId: string;
}

export interface AdminConsentOutputs {
  readonly servicePrincipalId: string;
  readonly consentUrl: string;
  readonly granted: boolean;
}

/** Lifecycle of a tenant's consent; resources/admin-consent.ts has what programs declare. */
export const adminConsent = subscriberLifecycle<AdminConsentInputs, AdminConsentOutputs>({
  kind: "admin consent",
  schema: z.object({
    ...targetShape,
    ...applicationSignInShape,
    mode: z.enum(["require", "wait", "grant"], "must be require, wait or grant"),
    redirectUri: z.url("must be an address").optional(),
    waitMinutes: z.number("must be a number of minutes").positive("must be more than 0").optional(),
    rowId: z.guid("must be a GUID"),
  }),
  replaceOn: ["environmentUrl", "applicationId"],
  deleteBeforeReplace: true,
  // The state's credential must be one that works, for the next look; a changed mode may consent where the last one did not.
  updateOn: ["credential", "secretUri", "mode"],
  defaults: { ...applicationSignInDefaults, waitMinutes: 30 },

  async ensure(connection, inputs, previous) {
    const { cloud, tenantId } = connection;
    const signingIn = await signInOf(connection, inputs, vaultSettlingSeconds);
    const url = consentUrl(cloud.loginUrl, tenantId, inputs.applicationId, inputs.redirectUri);
    const { id, granted } = await consented(connection, inputs, signingIn, url);
    const kept = previous?.outputs.servicePrincipalId === id && previous.outputs.granted;
    return {
      id: `${tenantId}/${inputs.applicationId}`,
      outputs: { servicePrincipalId: id, consentUrl: url, granted: granted || kept },
    };
  },

  async observe(connection, _id, state) {
    try {
      const found = await principalBySignIn((await signInOf(connection, state, 0)).signIn);
      if ("refusal" in found) return undefined; // consent was withdrawn: the next `up` asks for it again
      const granted = state.granted && found.id === state.servicePrincipalId;
      return { servicePrincipalId: found.id, consentUrl: state.consentUrl, granted };
    } catch (error) {
      // Says nothing of the consent: a credential that is wrong, or a vault that is closed.
      connection.warn(explain(error, { doing: "Looking for admin consent", target: targetOf(state) }).message);
      return state;
    }
  },

  async remove({ graph, say, tenantId }, _id, { servicePrincipalId, granted, rowId }) {
    if (!granted) {
      say("leaving the tenant's consent in place: its administrator gave it");
      return;
    }
    await oneAtATime(tenantId, async () => {
      const deleted = await withdrawConsent(graph, servicePrincipalId, rowId);
      if (!deleted) say("leaving the tenant's consent in place: another environment of the tenant needs it");
      // Or the next run would take what is gone for what is there.
      await untilShown("that consent was withdrawn", say, async () =>
        (await isMarked(graph, servicePrincipalId, rowId)) === (deleted ? undefined : false) ? true : undefined,
      );
    });
  },
});

/** The last under way, by tenant. */
const turns = new Map<string, Promise<unknown>>();

/** The environments of a tenant share a service principal, whose tags are written all at once: one after the other. */
function oneAtATime<T>(tenantId: string, act: () => Promise<T>): Promise<T> {
  const turn = (turns.get(tenantId) ?? Promise.resolve()).then(act);
  turns.set(
    tenantId,
    turn.catch(() => undefined),
  );
  return turn;
}

async function consented(
  connection: Connection,
  inputs: AdminConsentInputs,
  { signIn, newCredential }: Awaited<ReturnType<typeof signInOf>>,
  url: string,
): Promise<{ id: string; granted: boolean }> {
  const { say, tenantId, home, publisherGraph } = connection;
  const look = (options?: { fresh: boolean }) =>
    untilSettled("Entra to accept the application's credential", settlingSeconds, newCredential, say, () =>
      principalBySignIn(signIn, options),
    );
  const freshId = async () => {
    const seen = await look({ fresh: true });
    return "id" in seen ? seen.id : undefined;
  };
  let found = await look();
  if (home && "refusal" in found) {
    const id = await untilSteady(
      "Entra to show the application's own service principal",
      settlingSeconds,
      say,
      freshId,
    );
    if (id) found = { id };
  }
  if ("id" in found && inputs.mode !== "grant") return { id: found.id, granted: false };

  if (
    "refusal" in found &&
    found.refusal.code === "AADSTS700016" &&
    (await isSingleTenant(publisherGraph, inputs.applicationId))
  ) {
    throw new AccessError(
      `Application ${inputs.applicationId} is registered for its own tenant only, so tenant ${tenantId} of '${inputs.subscriber}' cannot consent to it (AADSTS700016). ` +
        "Set its sign-in audience to accounts in any organizational directory (AzureADMultipleOrgs).",
    );
  }

  if (inputs.mode === "grant") {
    const principal = await oneAtATime(tenantId, () => grantedBy(connection, inputs, freshId));
    if (!principal) throw missing(inputs, tenantId, url, "Entra does not show it yet: run the command again");
    return { id: principal.id.toLowerCase(), granted: principal.granted };
  }

  if (inputs.mode === "require") throw missing(inputs, tenantId, url, "consent: require does not wait for it");
  say(`an administrator of tenant ${tenantId} has to consent: ${url}`);
  const id = await untilSteady(`consent at ${url}`, inputs.waitMinutes * 60, say, freshId);
  if (!id) throw missing(inputs, tenantId, url, `nobody did in ${inputs.waitMinutes} minutes`);
  return { id, granted: false };
}

/**
 * Consents with the administrator's rights, until the application signs in as the service principal that was found or made. While
 * the directory is behind, it does not take what depends on what it does not show, or shows one that was deleted a moment ago.
 */
async function grantedBy(
  { graph, say }: Connection,
  { applicationId, rowId }: AdminConsentInputs,
  signedInAs: () => Promise<string | undefined>,
) {
  const what = "Entra to show the new service principal everywhere";
  let behind: unknown;
  const done = await waitFor(what, settlingSeconds, say, async () => {
    behind = undefined;
    const principal = await grantConsent(graph, applicationId, rowId).catch((error) => {
      if (!isBehind(error)) throw error;
      behind = error;
    });
    if (!principal) return undefined;
    const isIt = async () => ((await signedInAs()) === principal.id.toLowerCase() ? principal : undefined);
    return untilSteady(what, 0, say, isIt);
  });
  if (behind) throw behind;
  if (done?.joined) {
    const isShown = async () => (await isMarked(graph, done.id, rowId)) || undefined;
    await untilShown("who needs the service principal", say, isShown);
  }
  return done;
}

function missing(
  { subscriber, applicationId }: AdminConsentInputs,
  tenantId: string,
  url: string,
  reason: string,
): AccessError {
  return new AccessError(
    `Tenant ${tenantId} of '${subscriber}' has not consented to application ${applicationId} (AADSTS7000229): ${reason}. ` +
      `Send this to an administrator there, and run the command again after: ${url}`,
  );
}
