import { Hono } from "hono";
import type { Context } from "../context.ts";
import type { Application } from "../directory.ts";
import { demand, demandWrite, type Find, type GraphEnv, permissions, toWrite } from "./access.ts";
import { merge, readBody, refuseFunction, writableMembers } from "./body.ts";
import { graphErrors } from "./errors.ts";
import { list, single } from "./query.ts";
import { federatedIdentityCredentialType } from "./types.ts";

const resource = "FederatedIdentityCredential";

/** Federated identity credentials of an application: at most 20, by id or by name. */
export function federatedIdentityCredentials(
  { directory, store, endpoints }: Context,
  find: Find<Application>,
): Hono<GraphEnv> {
  const app = new Hono<GraphEnv>();
  const path = "/applications/:key/federatedIdentityCredentials";
  const contextUrl = (row: Application) =>
    `${endpoints.graph}/v1.0/$metadata#applications('${row.id}')/federatedIdentityCredentials`;
  const credentialOf = (row: Application, id: string) => {
    refuseFunction(id);
    const found = row.federatedIdentityCredentials.find((one) => one.id === id || one.name === id);
    if (!found) throw graphErrors.notFound(id);
    return found;
  };

  app.get(path, (c) => {
    demand(c.get("caller"), permissions.readApplications);
    const row = find(directory.replica, c.get("caller"), c.req.param("key"));
    return c.json(list(c.req, "federatedIdentityCredential", contextUrl(row), row.federatedIdentityCredentials));
  });
  app.post(path, async (c) => {
    const row = toWrite(find, directory, c.get("caller"), c.req.param("key"));
    demandWrite(c.get("caller"), row);
    const { id: _, ...body } = await readBody(c);
    const credential = {
      id: store.newId("federated", row.id, body.name),
      description: null,
      ...writableMembers(body, federatedIdentityCredentialType, resource),
    };
    check(row, credential);
    if (row.federatedIdentityCredentials.length >= 20) throw graphErrors.federatedLimit();
    row.federatedIdentityCredentials.push(credential);
    return c.json(single(c.req, contextUrl(row), credential), 201);
  });
  app.get(`${path}/:id`, (c) => {
    demand(c.get("caller"), permissions.readApplications);
    const row = find(directory.replica, c.get("caller"), c.req.param("key"));
    return c.json(single(c.req, contextUrl(row), credentialOf(row, c.req.param("id"))));
  });
  app.patch(`${path}/:id`, async (c) => {
    const row = toWrite(find, directory, c.get("caller"), c.req.param("key"));
    demandWrite(c.get("caller"), row);
    const credential = credentialOf(row, c.req.param("id"));
    const { id: _, ...body } = await readBody(c);
    const changes = writableMembers(body, federatedIdentityCredentialType, resource);
    if (changes.name !== undefined && changes.name !== credential.name) throw graphErrors.federatedValue("Name");
    check(row, { ...credential, ...changes });
    merge(credential, changes);
    return c.body(null, 204);
  });
  app.delete(`${path}/:id`, (c) => {
    const row = toWrite(find, directory, c.get("caller"), c.req.param("key"));
    demandWrite(c.get("caller"), row);
    const credential = credentialOf(row, c.req.param("id"));
    row.federatedIdentityCredentials = row.federatedIdentityCredentials.filter((one) => one !== credential);
    return c.body(null, 204);
  });
  return app;
}

/**
 * Name of at most 120 URL-safe characters, issuer and subject of at most 600, exactly one audience; name, and issuer with
 * subject, are unique on the application. https://learn.microsoft.com/graph/api/application-post-federatedidentitycredentials
 */
function check(application: Application, credential: Record<string, unknown>): void {
  const { id, name, issuer, subject, audiences } = credential;
  if (typeof name !== "string" || !/^[A-Za-z0-9][A-Za-z0-9_-]{0,119}$/.test(name))
    throw graphErrors.federatedValue("Name");
  if (typeof issuer !== "string" || !URL.canParse(issuer) || issuer.length > 600)
    throw graphErrors.federatedValue("Issuer");
  if (typeof subject !== "string" || !subject || subject.length > 600) throw graphErrors.federatedValue("Subject");
  if (!Array.isArray(audiences) || audiences.length !== 1 || String(audiences[0]).length > 600)
    throw graphErrors.federatedValue("Audiences");
  const others = application.federatedIdentityCredentials.filter((one) => one.id !== id);
  if (others.some((one) => one.name === name)) throw graphErrors.federatedNameTaken(name);
  if (others.some((one) => one.issuer === issuer && one.subject === subject))
    throw graphErrors.federatedSubjectTaken(issuer, subject);
}
