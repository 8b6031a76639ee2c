import { Hono } from "hono";
import type { Context } from "../context.ts";
import type { AppRoleAssignment, DirectoryView } from "../directory.ts";
import { type Caller, demand, type Find, type GraphEnv, permissions, toWrite } from "./access.ts";
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

  const { replica } = directory;
  const entity = ({ tenantId: _, ...members }: AppRoleAssignment): Entity => ({
    deletedDateTime: null,
    principalDisplayName: replica.servicePrincipals.get(members.principalId)?.displayName ?? null,
    principalType: "ServicePrincipal",
    resourceDisplayName: replica.servicePrincipals.get(members.resourceId)?.displayName ?? null,
    ...members,
  });

  for (const [name, end] of ends) {
    const path = `/servicePrincipals/:key/${name}` as const;
    app.get(path, (c) => {
      demand(c.get("caller"), permissions.readApplications);
      const rows = ofPrincipal(replica, c.get("caller"), c.req.param("key"), end).map(entity);
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
      const addressed = toWrite(findServicePrincipal, directory, caller, c.req.param("key"));
      if (asked[end] !== addressed.id) throw graphErrors.invalidValue(end, "AppRoleAssignment");
      const principal = toWrite(findServicePrincipal, directory, caller, asked.principalId);
      const resource = toWrite(findServicePrincipal, directory, caller, asked.resourceId);
      if (asked.appRoleId === defaultRole) throw graphErrors.notServed("the default app role");
      if (!resource.appRoles.some((role) => role.id === asked.appRoleId)) throw graphErrors.appRoleUnknown();
      const held = ofPrincipal(directory, caller, principal.id, "principalId").some(
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
      const find = assignmentOf(end, c.req.param("key"));
      const row = find(replica, c.get("caller"), c.req.param("id"));
      return c.json(single(c.req, contextUrl(), entity(row)));
    });
    app.delete(`${path}/:id` as const, (c) => {
      demand(c.get("caller"), permissions.writeAppRoles);
      const find = assignmentOf(end, c.req.param("key"));
      directory.appRoleAssignments.delete(toWrite(find, directory, c.get("caller"), c.req.param("id")).id);
      return c.body(null, 204);
    });
  }
  return app;
}

type End = "principalId" | "resourceId";

function ofPrincipal(directory: DirectoryView, caller: Caller, key: string, end: End): AppRoleAssignment[] {
  const { id } = findServicePrincipal(directory, caller, key);
  const isActive = (principal: string) => !directory.servicePrincipals.get(principal)?.deletedDateTime;
  return [...directory.appRoleAssignments.values()].filter(
    (row) => row[end] === id && isActive(row.principalId) && isActive(row.resourceId),
  );
}

const assignmentOf =
  (end: End, key: string): Find<AppRoleAssignment> =>
  (directory, caller, id) => {
    const found = ofPrincipal(directory, caller, key, end).find((row) => row.id === id);
    if (!found) throw graphErrors.notFound(id);
    return found;
  };
