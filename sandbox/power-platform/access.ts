import type { Context } from "../context.ts";
import { type Claims, InvalidToken } from "../tokens.ts";
import { adminErrors } from "./errors.ts";

/** Resources for which the service accepts tokens, beside its own address. */
const audiences = ["https://service.powerapps.com", "https://api.bap.microsoft.com"];

/** The applications that are registered as management applications of a tenant: those that may administer it. */
export function managementApplications(context: Context, tenantId: string): Map<string, { applicationId: string }> {
  return context.store.collection(`powerPlatform ${tenantId} adminApplications`);
}

/** Who sends a request: a person, who administers the tenant, or an application that is registered there. Throws 401, 403. */
export async function signedIn(context: Context, authorization: string | undefined): Promise<Claims> {
  const { tokens, endpoints } = context;
  const claims = await tokens
    .verify(authorization, { audiences: [...audiences, endpoints.powerPlatform] })
    .catch((error) => {
      throw error instanceof InvalidToken ? adminErrors.unauthenticated(error.message) : error;
    });
  const { appid, tid } = claims;
  if (!isPerson(claims) && !managementApplications(context, tid).has(appid))
    throw adminErrors.notRegistered(appid, tid);
  return claims;
}

export function isPerson({ scp }: Claims): boolean {
  return scp !== undefined;
}
