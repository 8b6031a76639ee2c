import type { Application } from "../directory.ts";
import { entraErrors } from "./errors.ts";

/**
 * Where to send the browser after consent. The URI must be a registered one: more path segments behind it are tolerated, and
 * the port does not count on localhost. Without one in the request, the first registered is taken.
 * Throws AADSTS50011 (not registered) and AADSTS500113 (none there).
 */
export function redirectUriOf(application: Application, requested: string | undefined): URL {
  const registered = application.web.redirectUris;
  const [first] = registered;
  if (!requested) {
    if (!first) throw entraErrors.redirectUriMissing(application.appId);
    return new URL(first);
  }
  if (!URL.canParse(requested) || !registered.some((uri) => matches(new URL(uri), new URL(requested))))
    throw entraErrors.redirectUriMismatch(requested, application.appId);
  return new URL(requested);
}

function matches(registered: URL, requested: URL): boolean {
  const local = registered.hostname === "localhost";
  const sameHost = local ? registered.hostname === requested.hostname : registered.host === requested.host;
  const path = registered.pathname.replace(/\/$/, "");
  return (
    registered.protocol === requested.protocol &&
    sameHost &&
    registered.search === requested.search &&
    !requested.hash &&
    (requested.pathname === registered.pathname ||
      requested.pathname === path ||
      requested.pathname.startsWith(`${path}/`))
  );
}
