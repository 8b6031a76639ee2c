import type { Context } from "../context.ts";
import { type Claims, InvalidToken } from "../tokens.ts";
import { armErrors } from "./errors.ts";
import { audiences } from "./metadata.ts";
import { homeTenantId, subscription } from "./subscriptions.ts";

/** Who sent a request: a token for Resource Manager, of the tenant that the path's subscription trusts. */
export async function signedIn(
  { tokens, endpoints }: Context,
  authorization: string | undefined,
  path: string,
): Promise<Claims> {
  const subscriptionId = /^\/subscriptions\/([^/]+)/i.exec(path)?.[1];
  const tenantId = subscriptionId ? subscription(subscriptionId).tenantId : undefined;
  const accepted = [...audiences, endpoints.arm];
  const authority = [endpoints.login, tenantId ?? homeTenantId] as const;
  try {
    return await tokens.verify(authorization, { audiences: accepted, tenantId });
  } catch (error) {
    if (!(error instanceof InvalidToken)) throw error;
    switch (error.reason) {
      case "missing":
        throw armErrors.authenticationMissing(...authority);
      case "malformed":
        throw armErrors.tokenInvalid(...authority);
      case "expired":
        throw armErrors.tokenExpired(...authority);
      case "audience":
        throw armErrors.tokenAudience(error.message, accepted);
      case "issuer":
        throw armErrors.tokenTenant(/'(.+)'/.exec(error.message)?.[1] ?? "", tenantId!);
    }
  }
}
