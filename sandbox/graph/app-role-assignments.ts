import { Hono } from "hono";
import type { Context } from "../context.ts";
import type { AppRoleAssignment } from "../directory.ts";
import { type Caller, demand, type GraphEnv, permissions } from "./access.ts";
import { readBody, writableMembers } from "./body.ts";
import { graphErrors } from "./errors.ts";
import type { Entity } from "./filter.ts";
import { list, single } from "./query.ts";
import { findServicePrincipal } from "./service-principals.ts";
import { appRoleAssignmentType } from "./types.ts";

/** What Graph takes where a resource has no roles: an assignment without any. */
const defaultRole = "00000000-0000-0000-0000-000000000000";

/**
 * Application permissions, seen from both ends: `appRoleAssignments` are what a service principal holds, `appRoleAssignedTo`
 * is who holds permissions of it.
 */
export function appRoleAssignments(context: Context): Hono<GraphEnv> {
  const { directory, store, endpoints } = context;
  const app = new Hono<GraphEnv>();
  const contextUrl = () => `${endpoints.graph}/v1.0/$metadata#appRoleAssignments`;
  const ends = [
    ["appRoleAssignments", "principalId"],
    ["appRoleAssignedTo", "resourceId"],
  ] as const;
  const isActive = (id: string) => !directory.servicePrincipals.get(id)?.deletedDateTime;

  const ofPrincipal = (caller: Caller, key: string, end: "principalId" | "resourceId") => {
    const { id } = findServicePrincipal(context, caller, key);
    return [...directory.appRoleAssignments.values()].filter(
      (row) => row[end] === id && isActive(row.principalId) && isActive(row.resourceId),
    );
  };
  const entity = ({ tenantId: _, ...members }: AppRoleAssignment): Entity => ({
    deletedDateTime: null,
    principalDisplayName: directory.servicePrincipals.get(members.principalId)?.displayName ?? null,
    principalType: "ServicePrincipal",
    resourceDisplayName: directory.servicePrincipals.get(members.resourceId)?.displayName ?? null,
    ...members,
  });

  for (const [name, end] of ends) {
    const path = `/servicePrincipals/:key/${name}` as const;
    app.get(path, (c) => {
      demand(c.get("caller"), permissions.readApplications);
      const rows = ofPrincipal(c.get("caller"), c.req.param("key"), end).map(entity);
      return c.json(list(c.req, "appRoleAssignment", contextUrl(), rows));
    });
    app.post(path, async (c) => {
      const caller = c.get("caller");
      demand(caller, permissions.writeAppRoles);
      const body = writableMembers(await readBody(c), appRoleAssignmentType, "AppRoleAssignment");
      for (const member of ["principalId", "resourceId", "appRoleId"]) {
        if (body[member] === undefined) throw graphErrors.required(member, "AppRoleAssignment");
      }
      const asked = body as unknown as Pick<AppRoleAssignment, "principalId" | "resourceId" | "appRoleId">;
      const addressed = findServicePrincipal(context, caller, c.req.param("key"));
      if (asked[end] !== addressed.id) throw graphErrors.invalidValue(end, "AppRoleAssignment");
      const principal = findServicePrincipal(context, caller, asked.principalId);
      const resource = findServicePrincipal(context, caller, asked.resourceId);
      if (asked.appRoleId === defaultRole) throw graphErrors.notServed("the default app role");
      if (!resource.appRoles.some((role) => role.id === asked.appRoleId)) throw graphErrors.appRoleUnknown();
      const held = ofPrincipal(caller, principal.id, "principalId").some(
        (row) => row.resourceId === resource.id && row.appRoleId === asked.appRoleId,
      );
      if (held) throw graphErrors.appRoleAssignmentExists();
      const row: AppRoleAssignment = {
        id: store.newId("appRoleAssignment", principal.id, resource.id, asked.appRoleId),
        tenantId: caller.tenantId,
        principalId: principal.id,
        resourceId: resource.id,
        appRoleId: asked.appRoleId,
      };
      directory.appRoleAssignments.set(row.id, row);
      return c.json(single(c.req, contextUrl(), entity(row)), 201);
    });
    app.get(`${path}/:id` as const, (c) => {
      demand(c.get("caller"), permissions.readApplications);
      const id = c.req.param("id");
      const row = ofPrincipal(c.get("caller"), c.req.param("key"), end).find((one) => one.id === id);
      if (!row) throw graphErrors.notFound(id);
      return c.json(single(c.req, contextUrl(), entity(row)));
    });
    app.delete(`${path}/:id` as const, (c) => {
      demand(c.get("caller"), permissions.writeAppRoles);
      const id = c.req.param("id");
      const row = ofPrincipal(c.get("caller"), c.req.param("key"), end).find((one) => one.id === id);
      if (!row) throw graphErrors.notFound(id);
      directory.appRoleAssignments.delete(id);
      return c.body(null, 204);
    });
  }
  return app;
}
