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

/** The tenant that a Key Vault belongs to: its challenge names it too (wire facts F3). */
export const tenantOfVault = (vaultUri: string) =>
  challengedBy(
    new URL("/secrets?api-version=7.4", vaultUri).href,
    "a Key Vault",
    /authorization="[^"]*\/([0-9a-f-]{36})"/i,
  );

const askForChallenge = (environmentUrl: string) =>
  challengedBy(
    `${environmentUrl}/api/data/v9.2/WhoAmI`,
    "a Dataverse environment",
    /authorization_uri=[^\s,]*\/([0-9a-f]{8}-[0-9a-f-]{27})\/oauth2\/authorize/i,
  );

async function challengedBy(url: string, kind: string, tenant: RegExp): Promise<string> {
  const { status, headers, tried } = await send({ method: "GET", url });
  const tenantId = tenant.exec(headers["www-authenticate"] ?? "")?.[1];
  if (status !== 401 || !tenantId) {
    throw new VendorError(
      status,
      "no_challenge",
      reasonOf(`the address does not answer as ${kind} does (a 401 that names its tenant)`, tried),
    );
  }
  return tenantId.toLowerCase();
}
