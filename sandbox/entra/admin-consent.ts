import { randomUUID } from "node:crypto";
import { Hono, type Context as Request } from "hono";
import { html } from "hono/html";
import type { Context } from "../context.ts";
import type { Application, Tenant, User } from "../directory.ts";
import { grantConsent, permissionsOfScope, type RequestedPermission, registeredPermissions } from "./consent.ts";
import { EntraError, entraErrors } from "./errors.ts";
import { errorPage, page, signInFields } from "./pages.ts";
import { redirectUriOf } from "./redirect-uri.ts";
import { findTenant, sharedTenants } from "./tenants.ts";
import { signIn } from "./users.ts";

/**
 * The page that a subscriber's administrator opens to admit an application: sign in, see what it asks for, accept or cancel,
 * and go back to the application with the outcome in the query. `/{tenant}/adminconsent` asks for all that is registered,
 * `/{tenant}/v2.0/adminconsent` for what `scope` says.
 */
export function adminConsent(context: Context): Hono {
  const { directory } = context;
  const app = new Hono();
  /** Who signed in, by the id that the consent form carries; each is good for one decision. */
  const sessions = new Map<string, User>();

  const readRequest = (c: Request) => {
    const named = c.req.param("tenant") ?? "";
    const clientId = c.req.query("client_id");
    if (!clientId) throw entraErrors.missingParameter("client_id");
    const scope = c.req.path.endsWith("/v2.0/adminconsent") ? c.req.query("scope") : undefined;
    if (scope === undefined && c.req.path.endsWith("/v2.0/adminconsent")) throw entraErrors.missingParameter("scope");
    const tenant = sharedTenants.includes(named) ? undefined : findTenant(directory, named);
    const application = directory.replica.application(clientId);
    if (!application || (tenant && !isReachable(application, tenant)))
      throw entraErrors.applicationNotFound(clientId, tenant?.displayName ?? named);
    const redirectUri = redirectUriOf(application, c.req.query("redirect_uri"));
    const state = c.req.query("state");
    return { tenant, application, redirectUri, scope, state };
  };

  const permissionsFor = (tenant: Tenant, application: Application, scope: string | undefined) => {
    if (!isReachable(application, tenant)) throw entraErrors.applicationNotFound(application.appId, tenant.displayName);
    return scope === undefined
      ? registeredPermissions(context, tenant, application)
      : permissionsOfScope(context, tenant, application, scope);
  };

  for (const path of ["/:tenant/adminconsent", "/:tenant/v2.0/adminconsent"]) {
    app.get(path, (c) => {
      const { application } = readRequest(c);
      return c.html(signInPage(application, ""));
    });
    app.post(path, async (c) => {
      const { tenant, application, redirectUri, scope, state } = readRequest(c);
      const form = new URLSearchParams(await c.req.text());
      const session = form.get("session");
      if (session === null) {
        const userName = form.get("userName") ?? "";
        try {
          const user = signIn(directory, tenant, userName, form.get("password") ?? "");
          const own = findTenant(directory, user.tenantId);
          const permissions = permissionsFor(own, application, scope);
          const id = randomUUID();
          sessions.set(id, user);
          const publisher = findTenant(directory, application.tenantId);
          return c.html(consentPage({ application, publisher, user, permissions, session: id }));
        } catch (error) {
          if (!(error instanceof EntraError) || error.code !== 50126) throw error;
          return c.html(signInPage(application, userName, error.message), 400);
        }
      }
      const user = sessions.get(session);
      if (!user) return c.html(signInPage(application, "", "Your session is over. Sign in again."), 400);
      sessions.delete(session);
      const own = findTenant(directory, user.tenantId);
      const permissions = permissionsFor(own, application, scope);
      const accepted = form.get("decision") === "accept";
      if (accepted) grantConsent(context, own, application, permissions);
      const answer = accepted ? success(own, permissions, scope) : refusal(scope);
      for (const [name, value] of Object.entries(answer)) redirectUri.searchParams.set(name, value);
      if (state !== undefined) redirectUri.searchParams.set("state", state);
      return c.redirect(redirectUri.href, 302);
    });
  }
  app.onError((error, c) => errorPage(context, error, c));
  return app;
}

function isReachable(application: Application, tenant: Tenant): boolean {
  return application.tenantId === tenant.id || application.signInAudience !== "AzureADMyOrg";
}

function success(tenant: Tenant, permissions: RequestedPermission[], scope: string | undefined) {
  const outcome = { admin_consent: "True", tenant: tenant.id };
  if (scope === undefined) return outcome;
  const granted = permissions.map(({ resource, value }) => {
    const name = resource.servicePrincipalNames.find((known) => known.includes("://")) ?? resource.appId;
    return `${name.replace(/\/$/, "")}/${value}`;
  });
  return { ...outcome, scope: granted.join(" ") };
}

/** The v2 endpoint says `admin_consent=True` on refusal too: `error` is what tells them apart. */
function refusal(scope: string | undefined): Record<string, string> {
  if (scope === undefined) return { error: "permission_denied", error_description: "The admin canceled the request" };
  return {
    admin_consent: "True",
    error: "consent_required",
    error_description: "AADSTS65004: User declined to consent to access the app.",
  };
}

function signInPage(application: Application, userName: string, failure?: string) {
  return page(
    "Sign in to your account",
    html`<h1>Sign in</h1>
<p>to continue to ${application.displayName}</p>
<form method="post">
${signInFields(userName, failure)}
<button class="primary" type="submit">Sign in</button>
</form>`,
  );
}

function consentPage(asked: {
  application: Application;
  publisher: Tenant;
  user: User;
  permissions: RequestedPermission[];
  session: string;
}) {
  const { application, publisher, user, permissions, session } = asked;
  return page(
    "Permissions requested",
    html`<p class="account"><small>${user.userPrincipalName}</small></p>
<h1>Permissions requested</h1>
<p>Review for your organization</p>
<dl>
<dt>Application</dt><dd>${application.displayName}</dd>
<dt>Publisher</dt><dd>${publisher.displayName} (unverified)</dd>
</dl>
<p>This app would like to:</p>
<ul>
${permissions.map(({ displayName, resource }) => html`<li>${displayName}<br><small>${resource.displayName}</small></li>`)}
</ul>
<p>If you accept, this app will get access to the specified resources for all users in your organization.</p>
<form method="post">
<input type="hidden" name="session" value="${session}">
<button type="submit" name="decision" value="cancel">Cancel</button>
<button class="primary" type="submit" name="decision" value="accept">Accept</button>
</form>`,
  );
}
