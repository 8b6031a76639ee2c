import { Hono } from "hono";
import type { Context } from "../context.ts";
import type { Application, Directory, DirectoryView, ServicePrincipal } from "../directory.ts";
import { type Caller, demand, demandWrite, type GraphEnv, permissions, toWrite } from "./access.ts";
import { refuseFunction } from "./body.ts";
import { graphErrors } from "./errors.ts";
import { list, single } from "./query.ts";
import { applicationEntity, servicePrincipalEntity } from "./representation.ts";

/** Soft-deleted applications and service principals: list, look at, restore, delete for good. */
export function deletedItems({ directory, endpoints }: Context): Hono<GraphEnv> {
  const app = new Hono<GraphEnv>();
  const contextUrl = () => `${endpoints.graph}/v1.0/$metadata#directoryObjects`;
  const { replica } = directory;
  const applicationOf = (row: Application) => ({
    "@odata.type": "#microsoft.graph.application",
    ...applicationEntity(row, directory.tenants.get(row.tenantId), { beta: false, withKeys: false }),
  });
  const principalOf = (row: ServicePrincipal) => ({
    "@odata.type": "#microsoft.graph.servicePrincipal",
    ...servicePrincipalEntity(row, { beta: false }),
  });

  app.get("/directory/deletedItems/microsoft.graph.application", (c) => {
    demand(c.get("caller"), permissions.readApplications);
    const rows = deleted(c.get("caller"), replica.applications).map(applicationOf);
    return c.json(list(c.req, "application", contextUrl(), rows));
  });
  app.get("/directory/deletedItems/microsoft.graph.servicePrincipal", (c) => {
    demand(c.get("caller"), permissions.readApplications);
    const rows = deleted(c.get("caller"), replica.servicePrincipals).map(principalOf);
    return c.json(list(c.req, "servicePrincipal", contextUrl(), rows));
  });
  app.get("/directory/deletedItems/:id", (c) => {
    demand(c.get("caller"), permissions.readApplications);
    const { application, principal } = find(replica, c.get("caller"), c.req.param("id"));
    return c.json(single(c.req, contextUrl(), application ? applicationOf(application) : principalOf(principal!)));
  });
  app.post("/directory/deletedItems/:id/restore", (c) => {
    const { application, principal } = toWrite(find, directory, c.get("caller"), c.req.param("id"));
    demandWrite(c.get("caller"), (application ?? principal)!);
    const row = (application ?? principal)!;
    const together = [...directory.servicePrincipals.values()].filter(
      ({ tenantId, appId, deletedDateTime }) =>
        tenantId === row.tenantId && appId === row.appId && deletedDateTime === row.deletedDateTime,
    );
    const principals = application ? together : [principal!];
    if (principals.length && directory.servicePrincipal(row.tenantId, row.appId))
      throw graphErrors.servicePrincipalExists(row.appId);
    for (const restored of [row, ...principals]) restored.deletedDateTime = null;
    return c.json(single(c.req, contextUrl(), application ? applicationOf(application) : principalOf(principal!)));
  });
  app.delete("/directory/deletedItems/:id", (c) => {
    const { application, principal } = toWrite(find, directory, c.get("caller"), c.req.param("id"));
    demandWrite(c.get("caller"), (application ?? principal)!);
    if (application) directory.applications.delete(application.id);
    else purgePrincipal(directory, principal!.id);
    return c.body(null, 204);
  });
  return app;
}

/** Ends for good what was deleted 30 days ago or more. */
export function purgeExpired({ directory, store }: Context): void {
  const before = store.now().getTime() - 30 * 24 * 3600_000;
  const isOver = ({ deletedDateTime }: Application | ServicePrincipal) =>
    deletedDateTime !== null && new Date(deletedDateTime).getTime() <= before;
  for (const { id } of [...directory.applications.values()].filter(isOver)) directory.applications.delete(id);
  for (const { id } of [...directory.servicePrincipals.values()].filter(isOver)) purgePrincipal(directory, id);
}

function purgePrincipal(directory: Directory, id: string): void {
  directory.servicePrincipals.delete(id);
  for (const row of [...directory.oauth2PermissionGrants.values()])
    if (row.clientId === id || row.resourceId === id) directory.oauth2PermissionGrants.delete(row.id);
  for (const row of [...directory.appRoleAssignments.values()])
    if (row.principalId === id || row.resourceId === id) directory.appRoleAssignments.delete(row.id);
}

const deleted = <Row extends Application | ServicePrincipal>(caller: Caller, rows: ReadonlyMap<string, Row>) =>
  [...rows.values()].filter((row) => row.tenantId === caller.tenantId && row.deletedDateTime);

function find(directory: DirectoryView, caller: Caller, id: string) {
  refuseFunction(id);
  const application = deleted(caller, directory.applications).find((row) => row.id === id);
  const principal = deleted(caller, directory.servicePrincipals).find((row) => row.id === id);
  if (!application && !principal) throw graphErrors.notFound(id);
  return { application, principal };
}
