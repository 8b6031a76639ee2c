import type { Hono, Context as HttpContext } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Context } from "../context.ts";
import { newService } from "../server.ts";
import { allows, roleAssignments } from "./access.ts";
import { deletedVaultRoutes } from "./deleted-vaults.ts";
import { ArmError, armErrors } from "./errors.ts";
import { metadata } from "./metadata.ts";
import { operationRoutes } from "./operations.ts";
import { resourceGroupRoutes } from "./resource-groups.ts";
import { roleAssignmentRoutes } from "./role-assignments.ts";
import { roleDefinitionRoutes } from "./role-definition-routes.ts";
import { type ArmAnswer, checkQuery, router, scopeOf } from "./routing.ts";
import { seedResourceManager } from "./seed.ts";
import { signedIn } from "./sign-in.ts";
import { subscriptionRoutes } from "./subscriptions.ts";
import { vaultSecretRoutes } from "./vault-secrets.ts";
import { vaultRoutes } from "./vaults.ts";

const find = router([
  ...subscriptionRoutes,
  ...operationRoutes,
  ...resourceGroupRoutes,
  ...vaultRoutes,
  ...deletedVaultRoutes,
  ...vaultSecretRoutes,
  ...roleAssignmentRoutes,
  ...roleDefinitionRoutes,
]);

/**
 * Azure Resource Manager with the few resource types that the program declares. Paths compare without regard to case, each
 * request needs an api-version and, where its route names an action, a role that allows it at the resource or above.
 */
export function resourceManager(context: Context): Hono {
  seedResourceManager(context);
  const app = newService();
  app.get("/metadata/endpoints", (c) => {
    const version = c.req.query("api-version");
    if (!version) throw armErrors.apiVersionMissing();
    // Older ones answer with another document: a list of clouds, or the Azure CLI's endpoints.
    if (version !== "2022-09-01") throw armErrors.notServed(`api-version ${version} of /metadata/endpoints`);
    return c.json(metadata(context.endpoints));
  });
  app.all("*", async (c) => answer(c, await serve(context, c)));
  app.onError((error, c) => {
    if (!(error instanceof ArmError)) throw error;
    return answer(c, { status: error.status, body: error.body, headers: error.headers });
  });
  return app;
}

async function serve(context: Context, c: HttpContext): Promise<ArmAnswer> {
  const { pathname, searchParams: query } = new URL(c.req.url);
  const path = pathname.replace(/\/+$/, "");
  const { route, parameters } = find(c.req.method, path);
  const caller = await signedIn(context, c.req.header("authorization"), path);
  checkQuery(route, query);
  for (const name of ["If-Match", "If-None-Match", "Prefer"]) {
    if (c.req.header(name)) throw armErrors.notServed(`the header ${name}`);
  }
  if (route.action) {
    const scope = scopeOf(route, path);
    if (!allows(roleAssignments(context.store), caller.oid, scope, { management: route.action })) {
      throw armErrors.authorizationFailed(caller.appid, caller.oid, route.action, scope);
    }
  }
  const body = await parsedBody(c);
  return route.handle({ context, caller, parameters, query, path, body });
}

async function parsedBody(c: HttpContext): Promise<unknown> {
  const text = await c.req.text();
  if (!text) return undefined;
  const mediaType = c.req.header("Content-Type");
  if (!/^application\/json\b/i.test(mediaType ?? "")) throw armErrors.mediaType(mediaType ?? "<null>");
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the body, which may hold a secret.
    throw armErrors.contentInvalid("The body is not valid JSON.");
  }
}

function answer(c: HttpContext, { status, body, headers }: ArmAnswer): Response {
  const id = crypto.randomUUID();
  for (const [name, value] of Object.entries(headers ?? {})) c.header(name, value);
  c.header("x-ms-request-id", id);
  c.header("x-ms-correlation-request-id", id);
  if (body === undefined || c.req.method === "HEAD") return c.body(null, status as never);
  return c.json(body, status as ContentfulStatusCode);
}
