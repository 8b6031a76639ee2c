import { Hono, type Context as Request } from "hono";
import type { Context } from "../context.ts";
import { addApplicationUser } from "../dataverse/platform-administration.ts";
import { newService } from "../server.ts";
import type { Claims } from "../tokens.ts";
import { isPerson, managementApplications, signedIn } from "./access.ts";
import { environmentsOf, expandable, shape } from "./environments.ts";
import { AdminError, adminErrors } from "./errors.ts";

interface AdminEnv {
  Variables: { caller: Claims };
}

/**
 * The Power Platform admin API (api.bap.microsoft.com) as far as tools use it to get at an environment (wire facts E):
 * environments, `addAppUser`, and the management applications, without which an application may do nothing here.
 */
export function powerPlatform(context: Context): Hono {
  const service = newService();
  service.route("/providers/Microsoft.BusinessAppPlatform", routes(context));
  service.onError((error, c) => {
    if (!(error instanceof AdminError)) throw error;
    return c.json(error.body, error.status);
  });
  return service;
}

function routes(context: Context): Hono<AdminEnv> {
  const app = new Hono<AdminEnv>();
  app.use("/adminApplications/*", checked(context, "PUT"));
  app.use("/scopes/admin/environments/*", checked(context));

  app.get("/scopes/admin/environments", (c) => {
    const environments = environmentsOf(context, c.get("caller").tid);
    const expand = c.req.query("$expand")?.split(",");
    return c.json({ value: [...environments].map(([id, data]) => shape(id, data, expand)) });
  });
  app.get("/scopes/admin/environments/:id", (c) => {
    const id = c.req.param("id");
    return c.json(shape(id, environment(c, id), c.req.query("$expand")?.split(",")));
  });
  app.post("/scopes/admin/environments/:id/addAppUser", async (c) => {
    const data = environment(c, c.req.param("id"));
    const { servicePrincipalAppId } = await c.req.json().catch(() => ({}));
    // 200 always, "unless you aren't correctly authenticated": the answer is no proof that there is a user.
    if (typeof servicePrincipalAppId === "string") addApplicationUser(data, servicePrincipalAppId.toLowerCase());
    return c.body(null, 200);
  });

  const registered = (c: Request<AdminEnv>) => managementApplications(context, c.get("caller").tid);
  app.get("/adminApplications", (c) => c.json({ value: [...registered(c).values()] }));
  app.get("/adminApplications/:id", (c) => {
    const found = registered(c).get(c.req.param("id").toLowerCase());
    if (!found) throw adminErrors.applicationNotFound(c.req.param("id"));
    return c.json(found);
  });
  app.put("/adminApplications/:id", (c) => {
    const applicationId = c.req.param("id").toLowerCase();
    registered(c).set(applicationId, { applicationId });
    return c.json({ applicationId });
  });
  app.delete("/adminApplications/:id", (c) =>
    c.body(null, registered(c).delete(c.req.param("id").toLowerCase()) ? 200 : 204),
  );

  function environment(c: Request<AdminEnv>, id: string) {
    const found = environmentsOf(context, c.get("caller").tid).get(id.toLowerCase());
    if (!found) throw adminErrors.environmentNotFound(id);
    return found;
  }
  return app;
}

/** Checks the token and the query of a request. */
function checked(context: Context, forPersons?: string) {
  return async (c: Request<AdminEnv>, next: () => Promise<void>) => {
    const caller = await signedIn(context, c.req.header("authorization"));
    if (c.req.method === forPersons && !isPerson(caller)) throw adminErrors.personNeeded(caller.appid);
    const version = c.req.query("api-version");
    if (!version) throw adminErrors.apiVersionMissing();
    if (!/^\d{4}-\d{2}-\d{2}(-preview)?$/.test(version)) throw adminErrors.apiVersionInvalid(version);
    const isOfEnvironments = c.req.method === "GET" && c.req.path.includes("/scopes/admin/environments");
    for (const [option, value] of Object.entries(c.req.query())) {
      if (option === "api-version") continue;
      if (option !== "$expand" || !isOfEnvironments) throw adminErrors.notServed(`the query option '${option}'`);
      const other = value.split(",").find((part) => !expandable.has(part));
      if (other !== undefined) throw adminErrors.notServed(`$expand of '${other}'`);
    }
    c.set("caller", caller);
    await next();
  };
}
