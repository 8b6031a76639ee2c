import { Hono } from "hono";
import type { Context } from "../context.ts";
import type { DirectoryView } from "../directory.ts";
import { demand, type GraphEnv, permissions } from "./access.ts";
import { graphErrors } from "./errors.ts";
import type { Entity } from "./filter.ts";
import { list, single } from "./query.ts";
import { applicationEntity, servicePrincipalEntity } from "./representation.ts";

/** The object with this id in a tenant, whichever its type, with the type said; undefined when there is none. */
export function directoryObject(directory: DirectoryView, tenantId: string, id: string): Entity | undefined {
  const application = directory.applications.get(id);
  if (application?.tenantId === tenantId && !application.deletedDateTime) {
    const entity = applicationEntity(application, directory.tenants.get(tenantId), {
      beta: false,
      withKeys: false,
    });
    return { "@odata.type": "#microsoft.graph.application", ...entity };
  }
  const principal = directory.servicePrincipals.get(id);
  if (principal?.tenantId === tenantId && !principal.deletedDateTime)
    return {
      "@odata.type": "#microsoft.graph.servicePrincipal",
      ...servicePrincipalEntity(principal, { beta: false }),
    };
  const user = directory.users.get(id);
  if (user?.tenantId === tenantId) {
    const { displayName, userPrincipalName } = user;
    return { "@odata.type": "#microsoft.graph.user", id, displayName, userPrincipalName };
  }
  return undefined;
}

/** Any object by id, the tenant's own record, and its domains. */
export function directoryObjects({ directory, endpoints }: Context): Hono<GraphEnv> {
  const app = new Hono<GraphEnv>();
  const metadata = () => `${endpoints.graph}/v1.0/$metadata`;
  app.get("/directoryObjects/:id", (c) => {
    demand(c.get("caller"), permissions.readApplications);
    const { tenantId } = c.get("caller");
    const id = c.req.param("id");
    const found = directoryObject(directory.replica, tenantId, id);
    if (!found) throw graphErrors.notFound(id);
    return c.json(single(c.req, `${metadata()}#directoryObjects`, found));
  });
  app.get("/organization", (c) => {
    demand(c.get("caller"), permissions.readDirectory);
    const tenant = directory.tenants.get(c.get("caller").tenantId)!;
    const verifiedDomains = tenant.domains.map((name, index) => ({
      name,
      isDefault: index === 0,
      isInitial: index === 0,
      type: "Managed",
      capabilities: "Email, OfficeCommunicationsOnline",
    }));
    const row = { id: tenant.id, displayName: tenant.displayName, tenantType: "AAD", verifiedDomains };
    return c.json(list(c.req, "organization", `${metadata()}#organization`, [row]));
  });
  app.get("/domains", (c) => {
    demand(c.get("caller"), permissions.readDirectory);
    const tenant = directory.tenants.get(c.get("caller").tenantId)!;
    const rows = tenant.domains.map((id, index) => ({
      id,
      authenticationType: "Managed",
      isAdminManaged: true,
      isDefault: index === 0,
      isInitial: index === 0,
      isRoot: true,
      isVerified: true,
      supportedServices: [],
    }));
    return c.json(list(c.req, "domain", `${metadata()}#domains`, rows));
  });
  return app;
}
