import { reasonOf, VendorError } from "../errors.ts";
import { send } from "../http.ts";

const discovered = new Map<string, Promise<string>>();

/**
 * The tenant that a Dataverse environment belongs to, as the environment itself says without any credential: its 401
 * challenge names it (wire facts D2). Asked once an environment and run.
 */
export function tenantOf(environmentUrl: string): Promise<string> {
  let tenant = discovered.get(environmentUrl);
  if (!tenant) {
    tenant = askForChallenge(environmentUrl);
    tenant.catch(() => discovered.delete(environmentUrl));
    discovered.set(environmentUrl, tenant);
  }
  return tenant;
}

async function askForChallenge(environmentUrl: string): Promise<string> {
  const { status, headers, tried } = await send({ method: "GET", url: `${environmentUrl}/api/data/v9.2/WhoAmI` });
  const challenge = headers["www-authenticate"] ?? "";
  const tenantId = /authorization_uri=[^\s,]*\/([0-9a-f]{8}-[0-9a-f-]{27})\/oauth2\/authorize/i.exec(challenge)?.[1];
  if (status !== 401 || !tenantId) {
    throw new VendorError(
      status,
      "no_challenge",
      reasonOf("the address does not answer as a Dataverse environment does (a 401 that names its tenant)", tried),
    );
  }
  return tenantId.toLowerCase();
}
