import { Hono, type Context as Request } from "hono";
import type { Context } from "../context.ts";
import { type Application, type DirectoryView, mirrorApplication } from "../directory.ts";
import { type Caller, demand, demandWrite, type GraphEnv, permissions, toWrite } from "./access.ts";
import { checkApplication } from "./application-rules.ts";
import { checkKey, merge, readBody, refuseMembers, writableMembers } from "./body.ts";
import { addPassword, keyCredentials, removePassword } from "./credentials.ts";
import { graphErrors } from "./errors.ts";
import { federatedIdentityCredentials } from "./federated-identity-credentials.ts";
import { initialOwners, owners } from "./owners.ts";
import { count, list, selected, single } from "./query.ts";
import { applicationDefaults, applicationEntity } from "./representation.ts";
import { applicationType, passwordType } from "./types.ts";

/** Application registrations of the caller's tenant, addressed by object id or as `applications(appId='…')`. */
export function applications(context: Context): Hono<GraphEnv> {
  const { directory, store, endpoints } = context;
  const app = new Hono<GraphEnv>();
  const contextUrl = (c: Request<GraphEnv>) =>
    `${endpoints.graph}/${c.get("beta") ? "beta" : "v1.0"}/$metadata#applications`;

  const shown = (c: Request<GraphEnv>) => ofTenant(directory.replica, c.get("caller"));
  const findToWrite = (c: Request<GraphEnv>): Application => {
    const row = toWrite(findApplication, directory, c.get("caller"), c.req.param("key") ?? "");
    demandWrite(c.get("caller"), row);
    return row;
  };
  const entity = (c: Request<GraphEnv>, row: Application, withKeys: boolean) =>
    applicationEntity(row, directory.tenants.get(row.tenantId), { beta: c.get("beta"), withKeys });

  /** Writes a body to an application, or to nothing: all that is checked is checked on a copy. */
  const write = (row: Application, body: Record<string, unknown>): void => {
    if (Array.isArray(body.passwordCredentials) && body.passwordCredentials.length)
      throw graphErrors.passwordMustBeGenerated();
    const { passwordCredentials: _, ...rest } = body;
    const members = writableMembers(rest, applicationType, "Application");
    if (members.isDisabled) throw graphErrors.notServed("a deactivated application: the member 'isDisabled'");
    if (members.keyCredentials)
      members.keyCredentials = keyCredentials(
        store,
        row.keyCredentials,
        members.keyCredentials as Record<string, unknown>[],
      );
    const draft = structuredClone(row);
    merge(draft, members);
    checkApplication(context, draft, row);
    merge(row, members);
  };

  app.get("/applications", (c) => {
    demand(c.get("caller"), permissions.readApplications);
    const rows = shown(c).map((row) => entity(c, row, false));
    return c.json(list(c.req, "application", contextUrl(c), rows));
  });
  app.get("/applications/$count", (c) => {
    demand(c.get("caller"), permissions.readApplications);
    return c.text(
      count(
        c.req,
        "application",
        shown(c).map((row) => entity(c, row, false)),
      ),
    );
  });
  app.post("/applications", async (c) => {
    const caller = c.get("caller");
    demand(caller, [...permissions.writeApplications, "Application.ReadWrite.OwnedBy"]);
    const { "owners@odata.bind": owners, ...body } = await readBody(c);
    if (!body.displayName) throw graphErrors.required("displayName", "Application");
    const row = {
      ...structuredClone(applicationDefaults),
      id: store.newId("application", caller.tenantId, body.displayName),
      tenantId: caller.tenantId,
      appId: store.newId("client", caller.tenantId, body.displayName),
      createdDateTime: store.now().toISOString(),
      deletedDateTime: null,
      passwordCredentials: [],
      keyCredentials: [],
      federatedIdentityCredentials: [],
      owners: initialOwners(context, caller, owners),
    } as unknown as Application;
    // Graph's default audience has personal accounts, which need version 2 tokens: it sets both.
    if (body.signInAudience === undefined) row.api.requestedAccessTokenVersion = 2;
    write(row, body);
    directory.applications.set(row.id, row);
    return c.json(single(c.req, contextUrl(c), entity(c, row, false)), 201);
  });
  app.get("/applications/:key", (c) => {
    demand(c.get("caller"), permissions.readApplications);
    const row = findApplication(directory.replica, c.get("caller"), c.req.param("key"));
    const withKeys = selected(c.req)?.includes("keyCredentials") ?? false;
    return c.json(single(c.req, contextUrl(c), entity(c, row, withKeys)));
  });
  app.patch("/applications/:key", async (c) => {
    const row = findToWrite(c);
    write(row, await readBody(c));
    const home = directory.servicePrincipal(row.tenantId, row.appId);
    if (home) mirrorApplication(row, home);
    return c.body(null, 204);
  });
  app.delete("/applications/:key", (c) => {
    const row = findToWrite(c);
    const home = directory.servicePrincipal(row.tenantId, row.appId);
    row.deletedDateTime = store.now().toISOString();
    if (home) home.deletedDateTime = row.deletedDateTime;
    return c.body(null, 204);
  });
  app.post("/applications/:key/addPassword", async (c) => {
    const row = findToWrite(c);
    const { passwordCredential, ...others } = await readBody(c);
    refuseMembers(others, []);
    refuseMembers(passwordCredential, ["displayName", "startDateTime", "endDateTime"]);
    const asked = writableMembers({ ...(passwordCredential as object | null) }, passwordType, "PasswordCredential");
    const credential = addPassword(store, row, asked);
    const metadata = `${endpoints.graph}/v1.0/$metadata#microsoft.graph.passwordCredential`;
    return c.json({ "@odata.context": metadata, customKeyIdentifier: null, ...credential });
  });
  app.post("/applications/:key/removePassword", async (c) => {
    const row = findToWrite(c);
    const { keyId, ...others } = await readBody(c);
    refuseMembers(others, []);
    removePassword(row, keyId);
    return c.body(null, 204);
  });
  app.route("/", owners(context, "applications", findApplication));
  app.route("/", federatedIdentityCredentials(context, findApplication));
  return app;
}

const ofTenant = (directory: DirectoryView, caller: Caller) =>
  [...directory.applications.values()].filter((row) => row.tenantId === caller.tenantId && !row.deletedDateTime);

/** The application with this object id or `appId=…` in the caller's tenant. Throws 404. */
function findApplication(directory: DirectoryView, caller: Caller, key: string): Application {
  checkKey(key);
  const wanted = key.toLowerCase();
  const found = ofTenant(directory, caller).find((row) => row.id === wanted || `appid=${row.appId}` === wanted);
  if (!found) throw graphErrors.notFound(key.replace(/^appId=/, ""));
  return found;
}
