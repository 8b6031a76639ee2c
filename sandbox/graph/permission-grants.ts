import { Hono } from "hono";
import type { Context } from "../context.ts";
import { type DirectoryView, grantId, type OAuth2PermissionGrant } from "../directory.ts";
import { type Caller, demand, type GraphEnv, permissions, toWrite } from "./access.ts";
import { readBody, refuseFunction, writableMembers } from "./body.ts";
import { graphErrors } from "./errors.ts";
import type { Entity } from "./filter.ts";
import { list, single } from "./query.ts";
import { findServicePrincipal } from "./service-principals.ts";
import { permissionGrantType } from "./types.ts";

/** Delegated permissions that were consented to. Those of a soft-deleted service principal are out of sight until it is back. */
export function oauth2PermissionGrants(context: Context): Hono<GraphEnv> {
  const { directory, endpoints } = context;
  const app = new Hono<GraphEnv>();
  const contextUrl = () => `${endpoints.graph}/v1.0/$metadata#oauth2PermissionGrants`;
  const entity = ({ tenantId: _, ...members }: OAuth2PermissionGrant): Entity => members;

  app.get("/oauth2PermissionGrants", (c) => {
    demand(c.get("caller"), permissions.readGrants);
    const rows = ofTenant(directory.replica, c.get("caller")).map(entity);
    return c.json(list(c.req, "oAuth2PermissionGrant", contextUrl(), rows));
  });
  app.get("/servicePrincipals/:key/oauth2PermissionGrants", (c) => {
    const caller = c.get("caller");
    demand(caller, permissions.readGrants);
    const { id } = findServicePrincipal(directory.replica, caller, c.req.param("key"));
    const rows = ofTenant(directory.replica, caller).filter(({ clientId }) => clientId === id);
    return c.json(list(c.req, "oAuth2PermissionGrant", contextUrl(), rows.map(entity)));
  });
  app.post("/oauth2PermissionGrants", async (c) => {
    const caller = c.get("caller");
    demand(caller, permissions.writeGrants);
    const body = writableMembers(await readBody(c), permissionGrantType, "OAuth2PermissionGrant");
    const { clientId, consentType, resourceId, scope } = body as Partial<OAuth2PermissionGrant>;
    const principalId = (body.principalId as string | null | undefined) || null;
    if (!clientId) throw graphErrors.required("clientId", "OAuth2PermissionGrant");
    if (!resourceId) throw graphErrors.required("resourceId", "OAuth2PermissionGrant");
    if (consentType !== "AllPrincipals" && consentType !== "Principal")
      throw graphErrors.invalidValue("consentType", "OAuth2PermissionGrant");
    if ((consentType === "Principal") !== (principalId !== null))
      throw graphErrors.invalidValue("principalId", "OAuth2PermissionGrant");
    const client = toWrite(findServicePrincipal, directory, caller, clientId);
    const resource = toWrite(findServicePrincipal, directory, caller, resourceId);
    const id = grantId(client.id, resource.id, ...(principalId ? [principalId] : []));
    if (directory.oauth2PermissionGrants.has(id)) throw graphErrors.grantExists();
    const row: OAuth2PermissionGrant = {
      id,
      tenantId: caller.tenantId,
      clientId: client.id,
      consentType,
      principalId,
      resourceId: resource.id,
      scope: scope ?? "",
    };
    directory.oauth2PermissionGrants.set(id, row);
    return c.json(single(c.req, contextUrl(), entity(row)), 201);
  });
  app.get("/oauth2PermissionGrants/:id", (c) => {
    demand(c.get("caller"), permissions.readGrants);
    return c.json(single(c.req, contextUrl(), entity(find(directory.replica, c.get("caller"), c.req.param("id")))));
  });
  app.patch("/oauth2PermissionGrants/:id", async (c) => {
    demand(c.get("caller"), permissions.writeGrants);
    const row = toWrite(find, directory, c.get("caller"), c.req.param("id"));
    const { id: _, ...body } = await readBody(c);
    const { scope = row.scope } = writableMembers(
      body,
      permissionGrantType.pick({ scope: true }),
      "OAuth2PermissionGrant",
    );
    row.scope = String(scope ?? "");
    return c.body(null, 204);
  });
  app.delete("/oauth2PermissionGrants/:id", (c) => {
    demand(c.get("caller"), permissions.writeGrants);
    directory.oauth2PermissionGrants.delete(toWrite(find, directory, c.get("caller"), c.req.param("id")).id);
    return c.body(null, 204);
  });
  return app;
}

const ofTenant = (directory: DirectoryView, caller: Caller) =>
  [...directory.oauth2PermissionGrants.values()].filter(
    (row) =>
      row.tenantId === caller.tenantId &&
      [row.clientId, row.resourceId].every((id) => !directory.servicePrincipals.get(id)?.deletedDateTime),
  );

function find(directory: DirectoryView, caller: Caller, id: string): OAuth2PermissionGrant {
  refuseFunction(id);
  const found = ofTenant(directory, caller).find((row) => row.id === id);
  if (!found) throw graphErrors.notFound(id);
  return found;
}
