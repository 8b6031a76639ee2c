import type { Context } from "../context.ts";
import type { Application, Directory } from "../directory.ts";
import { graphErrors } from "./errors.ts";
import { graphSwitch } from "./switches.ts";

const audiences = [
  "AzureADMyOrg",
  "AzureADMultipleOrgs",
  "AzureADandPersonalMicrosoftAccount",
  "PersonalMicrosoftAccount",
];

/** What Graph checks when an application is created or changed. `before` are the URIs it had: only new ones are checked. */
export function checkApplication(
  { directory, store }: Pick<Context, "directory" | "store">,
  application: Application,
  before: { identifierUris: readonly string[] },
): void {
  if (typeof application.displayName !== "string" || !application.displayName || application.displayName.length > 256)
    throw graphErrors.invalidValue("displayName", "Application");
  if (!audiences.includes(application.signInAudience)) throw graphErrors.invalidValue("signInAudience", "Application");
  if (application.signInAudience.includes("Personal") && application.api.requestedAccessTokenVersion !== 2)
    throw graphErrors.accessTokenVersion();
  for (const uri of application.identifierUris) {
    if (before.identifierUris.includes(uri)) continue;
    checkIdentifierUri(directory, application, uri);
    if (graphSwitch(store, "identifierUriPolicy") === "nonDefaultUriAddition") checkDefaultUri(application, uri);
  }
  for (const platform of ["web", "spa", "publicClient"]) {
    const { redirectUris = [] } = (application[platform] ?? {}) as { redirectUris?: string[] };
    if (redirectUris.length > 256) throw graphErrors.redirectUri(redirectUris[256]!, "at most 256 are allowed");
    if (platform !== "publicClient") for (const uri of redirectUris) checkRedirectUri(uri);
  }
}

/**
 * Rules of Application ID URIs: an https one is on a verified domain of the tenant; an api one holds the application's or the
 * tenant's id, or a verified domain; no other object of the tenant has it, not even a soft-deleted one.
 * https://learn.microsoft.com/entra/identity-platform/identifier-uri-restrictions
 */
function checkIdentifierUri(directory: Directory, application: Application, uri: string): void {
  const { domains } = directory.tenants.get(application.tenantId)!;
  const onVerifiedDomain = (host: string) => domains.some((domain) => host === domain || host.endsWith(`.${domain}`));
  const [, scheme = "", host = "", path = ""] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]+)(.*)$/i.exec(uri) ?? [];
  if (scheme === "https" || scheme === "http") {
    if (!onVerifiedDomain(host.toLowerCase())) throw graphErrors.hostNotVerified(uri);
  } else if (scheme === "api") {
    const ids = [application.appId, application.tenantId];
    const parts = [host, ...path.split("/")].map((part) => part.toLowerCase());
    const unique = parts.some((part) => ids.includes(part)) || onVerifiedDomain(host.toLowerCase());
    // The tenant's policy is for version 1 tokens.
    if (!unique && application.api.requestedAccessTokenVersion !== 2) throw graphErrors.identifierUriPolicy(uri);
  } else {
    throw graphErrors.identifierUriPolicy(uri);
  }
  const taken = [...directory.applications.values()].some(
    (row) =>
      row.id !== application.id &&
      row.tenantId === application.tenantId &&
      row.identifierUris.some((other) => other.toLowerCase() === uri.toLowerCase()),
  );
  if (taken) throw graphErrors.identifierUriTaken();
}

/** The stricter policy that a tenant may have: the default URIs alone, where the application's tokens are of version 1. */
function checkDefaultUri({ appId, tenantId, api }: Application, uri: string): void {
  const allowed = [`api://${appId}`, `api://${tenantId}/${appId}`];
  if (api.requestedAccessTokenVersion !== 2 && !allowed.includes(uri.toLowerCase()))
    throw graphErrors.identifierUriPolicy(uri);
}

/**
 * Rules of redirect URIs of web applications: https, except http on this machine; no wildcard, fragment or IPv6 loopback; at
 * most 256 characters. https://learn.microsoft.com/entra/identity-platform/reply-url
 */
function checkRedirectUri(uri: string): void {
  if (!URL.canParse(uri)) throw graphErrors.redirectUri(uri, "not a valid URI");
  const { protocol, hostname } = new URL(uri);
  const local = hostname === "localhost" || hostname === "127.0.0.1";
  if (protocol !== "https:" && !(protocol === "http:" && local))
    throw graphErrors.redirectUri(uri, "must start with 'https' or 'http://localhost'");
  if (uri.length > 256) throw graphErrors.redirectUri(uri, "longer than 256 characters");
  if (/[!$'(),;*#]/.test(uri)) throw graphErrors.redirectUri(uri, "has a character that is not allowed");
  if (hostname === "[::1]") throw graphErrors.redirectUri(uri, "the IPv6 loopback address is not supported");
}
