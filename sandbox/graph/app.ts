import { randomUUID } from "node:crypto";
import { Hono, type HonoRequest } from "hono";
import type { Context } from "../context.ts";
import { newService } from "../server.ts";
import { authenticate, type GraphEnv } from "./access.ts";
import { appRoleAssignments } from "./app-role-assignments.ts";
import { applications } from "./applications.ts";
import { deletedItems, purgeExpired } from "./deleted-items.ts";
import { directoryObjects } from "./directory-objects.ts";
import { errorBody, GraphError, graphErrors } from "./errors.ts";
import { oauth2PermissionGrants } from "./permission-grants.ts";
import { servicePrincipals } from "./service-principals.ts";

/** Microsoft Graph, the part about applications and consent: v1.0, and beta where it adds a member. */
export function graph(context: Context): Hono {
  const unknown = newService();
  const app = new Hono<GraphEnv>({ getPath: routePath });
  app.use(async (c, next) => {
    const requestId = randomUUID();
    c.header("request-id", requestId);
    c.header("client-request-id", c.req.header("client-request-id") ?? requestId);
    c.header("OData-Version", "4.0");
    const version = new URL(c.req.url).pathname.split("/")[1] ?? "";
    if (version !== "v1.0" && version !== "beta") throw graphErrors.invalidVersion(version);
    checkRequest(c.req);
    c.set("beta", version === "beta");
    c.set("caller", await authenticate(context, c.req.header("authorization")));
    purgeExpired(context);
    await next();
  });
  for (const part of [applications, servicePrincipals, oauth2PermissionGrants, appRoleAssignments, deletedItems])
    app.route("/", part(context));
  app.route("/", directoryObjects(context));
  app.notFound((c) => unknown.fetch(c.req.raw));
  app.onError((error, c) => {
    if (!(error instanceof GraphError)) throw error;
    const body = errorBody(error, context.store.now(), c.req.header("client-request-id"));
    return c.json(body, error.status);
  });
  return app as unknown as Hono;
}

/** Headers that change what Graph does, with the values for which it does what the sandbox does. */
const servedHeaders: Readonly<Record<string, RegExp>> = {
  Accept: /^(?!.*odata\.metadata=(full|none))(.*\/json|.*\*\/\*)/i,
  ConsistencyLevel: /^eventual$/i,
  "If-Match": /^$/,
  "If-None-Match": /^$/,
  "OData-MaxVersion": /^4\./,
  "OData-Version": /^4\.0$/,
  Prefer: /^create-if-missing$/i,
};

/** Refuses headers that the sandbox would ignore, and query options where nothing is read. */
function checkRequest(request: HonoRequest): void {
  for (const [name, served] of Object.entries(servedHeaders)) {
    const given = request.header(name);
    if (given && !served.test(given)) throw graphErrors.notServed(`the header ${name}: ${given}`);
  }
  const { pathname, searchParams } = new URL(request.url);
  const upsert = request.method === "PATCH" && request.path.startsWith("/servicePrincipals/appId=");
  if (request.header("Prefer") && !upsert)
    throw graphErrors.notServed(`the header Prefer: ${request.header("Prefer")} of ${request.method} ${pathname}`);
  const [option] = request.method === "GET" ? [] : searchParams.keys();
  if (option) throw graphErrors.notServed(`the query option ${option} of ${request.method} ${pathname}`);
}

/** The path that routes are matched with: without the version, and `applications(appId='x')` as `applications/appId=x`. */
function routePath(request: Request): string {
  const { pathname } = new URL(request.url);
  return pathname
    .replace(/^\/+[^/]*/, "")
    .replace(/(?:\(|%28)appId(?:=|%3D)(?:'|%27)([^'%)]*)(?:'|%27)(?:\)|%29)/i, "/appId=$1");
}
