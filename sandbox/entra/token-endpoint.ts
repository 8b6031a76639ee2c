import { Hono } from "hono";
import type { Context } from "../context.ts";
import { firstParty, type Tenant } from "../directory.ts";
import { authenticateClient, type Client, readClientFields } from "./client-authentication.ts";
import type { DeviceCodes } from "./device-code.ts";
import { entraErrors } from "./errors.ts";
import { findResource } from "./resources.ts";
import { entraSwitch } from "./switches.ts";
import { findTenant, sharedTenants } from "./tenants.ts";
import { refuseUnsupported } from "./unsupported.ts";

/** "device_code" is the grant's name of before RFC 8628, which msal-node still sends and Entra takes. */
const userGrants = ["urn:ietf:params:oauth:grant-type:device_code", "device_code", "refresh_token"];

/**
 * `POST /{tenant}/oauth2/v2.0/token` and its v1 counterpart, which names the resource in `resource` and answers numbers as
 * text. Fields that are not known here are ignored, as telemetry of Microsoft's libraries comes in them.
 */
export function tokenEndpoint(context: Context, deviceCodes: DeviceCodes): Hono {
  const app = new Hono();
  app.post("/:tenant/oauth2/v2.0/token", async (c) => {
    const form = new URLSearchParams(await c.req.text());
    refuseUnsupported(form);
    if (form.has("resource")) throw entraErrors.resourceParameter();
    const grantType = form.get("grant_type");
    const named = c.req.param("tenant");
    if (grantType && userGrants.includes(grantType))
      return c.json(await deviceCodes.redeem(named, form, c.req.header("authorization")));
    const tenant = clientCredentialsTenant(context, named, form);
    const fields = readClientFields(form, c.req.header("authorization"));
    const resource = resourceOfScope(form.get("scope"));
    const missing = entraErrors.credentialMissingForClientCredentials;
    const client = await authenticateClient(context, tenant, fields, missing);
    const { accessToken, expiresIn } = await issueAppToken(context, tenant, client, resource);
    return c.json({
      token_type: "Bearer",
      expires_in: expiresIn,
      ext_expires_in: expiresIn,
      access_token: accessToken,
    });
  });
  app.post("/:tenant/oauth2/token", async (c) => {
    const form = new URLSearchParams(await c.req.text());
    refuseUnsupported(form);
    if (userGrants.includes(form.get("grant_type") ?? ""))
      throw entraErrors.notServed(`the grant type '${form.get("grant_type")}' at ${c.req.path}`);
    const tenant = clientCredentialsTenant(context, c.req.param("tenant"), form);
    const fields = readClientFields(form, c.req.header("authorization"));
    const resource = form.get("resource");
    if (!resource) throw entraErrors.missingParameter("resource");
    const client = await authenticateClient(context, tenant, fields, entraErrors.credentialMissing);
    const { accessToken, expiresIn } = await issueAppToken(context, tenant, client, resource);
    const now = Math.floor(context.store.now().getTime() / 1000);
    return c.json({
      token_type: "Bearer",
      expires_in: String(expiresIn),
      ext_expires_in: String(expiresIn),
      expires_on: String(now + expiresIn),
      not_before: String(now),
      resource,
      access_token: accessToken,
    });
  });
  return app;
}

function clientCredentialsTenant({ directory }: Context, named: string, form: URLSearchParams): Tenant {
  const tenant = sharedTenants.includes(named) ? undefined : findTenant(directory, named);
  const grantType = form.get("grant_type");
  if (!grantType) throw entraErrors.missingParameter("grant_type");
  if (grantType !== "client_credentials") throw entraErrors.unsupportedGrantType(grantType);
  if (!tenant) throw entraErrors.tenantNeeded();
  return tenant;
}

/** The resource of `{resource}/.default`. It keeps a slash of its own: `https://management.azure.com//.default`. */
function resourceOfScope(scope: string | null): string {
  if (!scope) throw entraErrors.missingParameter("scope");
  const scopes = scope.split(" ").filter((name) => name && !["openid", "profile", "offline_access"].includes(name));
  const [only] = scopes;
  if (!only || scopes.length > 1) throw entraErrors.invalidScope(scope);
  if (!only.endsWith("/.default")) throw entraErrors.scopeWithoutDefault(only);
  return only.slice(0, -"/.default".length);
}

/**
 * Consent is no condition of an app-only token: both service principals must be there, and a role is needed only where the
 * resource asks for assignment.
 */
async function issueAppToken(
  context: Context,
  tenant: Tenant,
  { application, principal, proof }: Client,
  resource: string,
): Promise<{ accessToken: string; expiresIn: number }> {
  const target = findResource(context, tenant, resource);
  const roles = context.directory.replica.appRolesOf(principal, target.appId);
  if (target.appRoleAssignmentRequired && !roles.length)
    throw entraErrors.notAssigned(application.appId, application.displayName, target.appId, target.displayName);
  const form = target.appId === firstParty.dataverse ? entraSwitch(context.store, "dataverseToken") : "1.0";
  const claims = {
    aud: resource,
    appid: application.appId,
    appidacr: proof,
    oid: principal.id,
    tid: tenant.id,
    ...(roles.length ? { roles } : {}),
  };
  return context.tokens.issue(claims, {
    idtyp: form !== "1.0 without idtyp",
    ...(form === "2.0" && { issuer: `${context.endpoints.login}/${tenant.id}/v2.0` }),
  });
}
