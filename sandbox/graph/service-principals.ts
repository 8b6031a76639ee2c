import { Hono, type Context as Request } from "hono";
import type { Context } from "../context.ts";
import type { DirectoryView, ServicePrincipal } from "../directory.ts";
import { type Caller, demand, demandWrite, type GraphEnv, permissions, toWrite } from "./access.ts";
import { checkKey, merge, readBody, writableMembers } from "./body.ts";
import { graphErrors } from "./errors.ts";
import { initialOwners, owners } from "./owners.ts";
import { count, list, single } from "./query.ts";
import { servicePrincipalEntity } from "./representation.ts";
import { servicePrincipalType } from "./types.ts";

/** Service principals of the caller's tenant, addressed by object id or as `servicePrincipals(appId='…')`. */
export function servicePrincipals(context: Context): Hono<GraphEnv> {
  const { directory, store, endpoints } = context;
  const app = new Hono<GraphEnv>();
  const contextUrl = (c: Request<GraphEnv>) =>
    `${endpoints.graph}/${c.get("beta") ? "beta" : "v1.0"}/$metadata#servicePrincipals`;
  const entity = (c: Request<GraphEnv>, row: ServicePrincipal) => servicePrincipalEntity(row, { beta: c.get("beta") });

  const create = (caller: Caller, appId: string, body: Record<string, unknown>): ServicePrincipal => {
    demand(caller, [...permissions.writeApplications, "Application.ReadWrite.OwnedBy"]);
    const { appId: _, "owners@odata.bind": references, ...rest } = body;
    const members = writableMembers(rest, servicePrincipalType, "ServicePrincipal");
    const initial = initialOwners(context, caller, references);
    if (directory.servicePrincipal(caller.tenantId, appId)) throw graphErrors.servicePrincipalExists(appId);
    const isSeen = directory.replica.application(appId) !== undefined;
    const application = isSeen ? directory.application(appId) : undefined;
    const home = application?.tenantId === caller.tenantId;
    const reachable = application && (home || application.signInAudience !== "AzureADMyOrg");
    const mayAll = permissions.writeApplications.some((name) => caller.permissions.has(name));
    if (!reachable) {
      const own = createFromMicrosoft(context, caller, appId);
      if (!own) {
        // An application that is not seen yet is no local one, for all the replica knows (wire facts B2, C7).
        const isBehind = !isSeen && directory.application(appId) !== undefined;
        throw isBehind && !mayAll ? graphErrors.foreignApplication() : graphErrors.noSuchApplication(appId);
      }
      merge(own, { ...members, owners: initial });
      return own;
    }
    if (!mayAll && !home) throw graphErrors.foreignApplication();
    const row = directory.createServicePrincipal(application, caller.tenantId);
    merge(row, { ...members, owners: initial });
    return row;
  };

  const shown = ({ tenantId }: Caller) =>
    [...directory.replica.servicePrincipals.values()].filter(
      (row) => row.tenantId === tenantId && !row.deletedDateTime,
    );
  app.get("/servicePrincipals/$count", (c) => {
    demand(c.get("caller"), permissions.readApplications);
    const rows = shown(c.get("caller")).map((row) => entity(c, row));
    return c.text(count(c.req, "servicePrincipal", rows));
  });
  app.get("/servicePrincipals", (c) => {
    demand(c.get("caller"), permissions.readApplications);
    const rows = shown(c.get("caller")).map((row) => entity(c, row));
    return c.json(list(c.req, "servicePrincipal", contextUrl(c), rows));
  });
  app.post("/servicePrincipals", async (c) => {
    const body = await readBody(c);
    if (typeof body.appId !== "string") throw graphErrors.required("appId", "ServicePrincipal");
    const row = create(c.get("caller"), body.appId.toLowerCase(), body);
    return c.json(single(c.req, contextUrl(c), entity(c, row)), 201);
  });
  app.get("/servicePrincipals/:key", (c) => {
    demand(c.get("caller"), permissions.readApplications);
    const row = findServicePrincipal(directory.replica, c.get("caller"), c.req.param("key"));
    return c.json(single(c.req, contextUrl(c), entity(c, row)));
  });
  app.patch("/servicePrincipals/:key", async (c) => {
    const caller = c.get("caller");
    const key = c.req.param("key");
    const appId = /^appId=(.+)$/.exec(key)?.[1]?.toLowerCase();
    const body = await readBody(c);
    const upsert = c.req.header("Prefer")?.includes("create-if-missing");
    if (upsert && appId && !directory.servicePrincipal(caller.tenantId, appId)) {
      const made = create(caller, appId, body);
      return c.json(single(c.req, contextUrl(c), entity(c, made)), 201);
    }
    const row = toWrite(findServicePrincipal, directory, caller, key);
    demandWrite(caller, row);
    const { appId: named = row.appId, ...rest } = body;
    if (named !== row.appId) throw graphErrors.invalidValue("appId", "ServicePrincipal");
    merge(row, writableMembers(rest, servicePrincipalType, "ServicePrincipal"));
    return c.body(null, 204);
  });
  app.delete("/servicePrincipals/:key", (c) => {
    const row = toWrite(findServicePrincipal, directory, c.get("caller"), c.req.param("key"));
    demandWrite(c.get("caller"), row);
    row.deletedDateTime = store.now().toISOString();
    return c.body(null, 204);
  });
  app.route("/", owners(context, "servicePrincipals", findServicePrincipal));
  return app;
}

/** The service principal with this object id or `appId=…` in the caller's tenant. Throws 404. */
export function findServicePrincipal(directory: DirectoryView, caller: Caller, key: string): ServicePrincipal {
  checkKey(key);
  const appId = /^appId=(.+)$/i.exec(key)?.[1];
  const found = appId
    ? directory.servicePrincipal(caller.tenantId, appId)
    : directory.servicePrincipals.get(key.toLowerCase());
  if (found?.tenantId !== caller.tenantId || found.deletedDateTime) throw graphErrors.notFound(appId ?? key);
  return found;
}

/** Microsoft's applications are registered in no tenant here: a missing principal of one is made like another tenant's. */
function createFromMicrosoft(
  { directory, store }: Context,
  caller: Caller,
  appId: string,
): ServicePrincipal | undefined {
  const pattern = [...directory.servicePrincipals.values()].find(
    (row) => row.appId === appId && !directory.tenants.has(row.appOwnerOrganizationId),
  );
  if (!pattern) return undefined;
  const row = {
    ...structuredClone(pattern),
    id: store.newId("servicePrincipal", caller.tenantId, appId),
    tenantId: caller.tenantId,
    accountEnabled: true,
    deletedDateTime: null,
  };
  directory.servicePrincipals.set(row.id, row);
  return row;
}
