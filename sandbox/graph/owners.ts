import { Hono } from "hono";
import type { Context } from "../context.ts";
import { type Caller, demand, demandWrite, type Find, type GraphEnv, permissions, toWrite } from "./access.ts";
import { readBody, referencedIds, refuseMembers } from "./body.ts";
import { directoryObject } from "./directory-objects.ts";
import { graphErrors } from "./errors.ts";
import { list } from "./query.ts";

/** The owners of the objects of one collection: list, list of references, add, remove. */
export function owners(
  context: Context,
  collection: "applications" | "servicePrincipals",
  find: Find<{ owners: string[] }>,
): Hono<GraphEnv> {
  const { directory, endpoints } = context;
  const app = new Hono<GraphEnv>();
  const metadata = () => `${endpoints.graph}/v1.0/$metadata`;
  app.get(`/${collection}/:key/owners`, (c) => {
    const caller = c.get("caller");
    demand(caller, permissions.readApplications);
    const rows = find(directory.replica, caller, c.req.param("key"))
      .owners.map((id) => directoryObject(directory.replica, caller.tenantId, id))
      .filter((row) => row !== undefined);
    return c.json(list(c.req, "directoryObject", `${metadata()}#directoryObjects`, rows));
  });
  app.get(`/${collection}/:key/owners/$ref`, (c) => {
    const caller = c.get("caller");
    demand(caller, permissions.readApplications);
    const rows = find(directory.replica, caller, c.req.param("key")).owners.map((id) => ({
      "@odata.id": `${endpoints.graph}/v2/${caller.tenantId}/directoryObjects/${id}`,
    }));
    return c.json(list(c.req, "directoryObject", `${metadata()}#Collection($ref)`, rows));
  });
  app.post(`/${collection}/:key/owners/$ref`, async (c) => {
    const caller = c.get("caller");
    const row = toWrite(find, directory, caller, c.req.param("key"));
    demandWrite(caller, row);
    const { "@odata.id": reference, ...others } = await readBody(c);
    refuseMembers(others, []);
    const [id] = referencedIds(reference);
    if (!id) throw graphErrors.required("@odata.id", "ReferenceUpdate");
    if (!directoryObject(directory.replica, caller.tenantId, id)) throw graphErrors.notFound(id);
    if (row.owners.includes(id)) throw graphErrors.ownerExists();
    row.owners.push(id);
    return c.body(null, 204);
  });
  app.delete(`/${collection}/:key/owners/:owner/$ref`, (c) => {
    const caller = c.get("caller");
    const row = toWrite(find, directory, caller, c.req.param("key"));
    demandWrite(caller, row);
    const id = c.req.param("owner");
    if (!row.owners.includes(id)) throw graphErrors.notFound(id);
    row.owners = row.owners.filter((owner) => owner !== id);
    return c.body(null, 204);
  });
  return app;
}

/** Owners that a new object begins with: those it is bound to, and the caller where its permission is for its own only. */
export function initialOwners(context: Context, caller: Caller, references: unknown): string[] {
  const bound = referencedIds(references);
  for (const id of bound) {
    if (!directoryObject(context.directory.replica, caller.tenantId, id)) throw graphErrors.notFound(id);
  }
  const mayAll = permissions.writeApplications.some((name) => caller.permissions.has(name));
  return [...new Set(mayAll ? bound : [...bound, caller.objectId])];
}
