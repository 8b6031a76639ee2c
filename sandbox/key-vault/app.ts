import type { Hono, Context as HttpContext } from "hono";
import { repeatedOption, wholeNumber } from "../body-types.ts";
import type { Context } from "../context.ts";
import { newService } from "../server.ts";
import { type Action, authorize, secretActions, signedIn } from "./access.ts";
import { json } from "./body.ts";
import { certificateRoutes } from "./certificate-routes.ts";
import { KeyVaultError, keyVaultErrors } from "./errors.ts";
import {
  deleteSecret,
  getDeletedSecret,
  getSecret,
  listDeletedSecrets,
  listSecrets,
  listVersions,
  purgeDeletedSecret,
  recoverSecret,
  setSecret,
  type Target,
  updateSecret,
} from "./operations.ts";
import { vaultAt } from "./vaults.ts";

const apiVersions = ["7.2", "7.3", "7.4", "7.5", "7.6", "2025-07-01", "2026-04-01"];
const largestPage = 25;

type Handler = (target: Target, c: HttpContext) => unknown;

/** Makes a route's handler of one operation: who may do it, what it does, whether its answer is a list in pages, its query options. */
export type Serve = (
  action: Action,
  handle: Handler,
  options?: { pages?: boolean; query?: readonly string[] },
) => (c: HttpContext) => Promise<Response>;

/** The data plane of the vault that has `slot`, whichever that is at the time of a request. */
export function keyVault(context: Context, slot: number): Hono {
  const app = newService();
  const { get, set, list, update, delete: remove, getDeleted, recover, purge } = secretActions;

  const serve: Serve = (action, handle, options = {}) => {
    return async (c) => {
      const vault = vaultAt(context.store, slot);
      if (!vault) throw keyVaultErrors.noVault();
      const url = await context.vaultUrl(slot);
      const caller = await signedIn(context, vault, url, c.req.header("authorization"));
      for (const header of ["If-Match", "If-None-Match", "Prefer"])
        if (c.req.header(header)) throw keyVaultErrors.notServed(`the header ${header}`);
      checkQuery(c, options.pages ? ["maxresults", "$skiptoken"] : (options.query ?? []));
      authorize(context, vault, caller, action, c.req.param("name"));
      const body = await handle({ store: context.store, vault, url }, c);
      if (body === undefined) return c.body(null, 204);
      return c.json(options.pages ? page(c, url, body as unknown[]) : (body as object));
    };
  };
  const pages = { pages: true };
  const name = (c: HttpContext) => c.req.param("name")!;
  const version = (c: HttpContext) => c.req.param("version");

  // Clients end the path with a slash where they mean the latest version.
  for (const path of ["/secrets/:name", "/secrets/:name/"]) {
    app.get(
      path,
      serve(get, (target, c) => getSecret(target, name(c), undefined)),
    );
    app.patch(
      path,
      serve(update, async (target, c) => updateSecret(target, name(c), undefined, await json(c))),
    );
  }
  app.put(
    "/secrets/:name",
    serve(set, async (target, c) => setSecret(target, name(c), await json(c))),
  );
  app.delete(
    "/secrets/:name",
    serve(remove, (target, c) => deleteSecret(target, name(c))),
  );
  app.get("/secrets", serve(list, listSecrets, pages));
  app.get(
    "/secrets/:name/versions",
    serve(list, (target, c) => listVersions(target, name(c)), pages),
  );
  app.get(
    "/secrets/:name/:version",
    serve(get, (target, c) => getSecret(target, name(c), version(c))),
  );
  app.patch(
    "/secrets/:name/:version",
    serve(update, async (target, c) => updateSecret(target, name(c), version(c), await json(c))),
  );
  app.get("/deletedsecrets", serve(list, listDeletedSecrets, pages));
  app.get(
    "/deletedsecrets/:name",
    serve(getDeleted, (target, c) => getDeletedSecret(target, name(c))),
  );
  app.delete(
    "/deletedsecrets/:name",
    serve(purge, (target, c) => purgeDeletedSecret(target, name(c))),
  );
  app.post(
    "/deletedsecrets/:name/recover",
    serve(recover, (target, c) => recoverSecret(target, name(c))),
  );
  certificateRoutes(app, serve);

  app.onError((error, c) => {
    if (!(error instanceof KeyVaultError)) throw error;
    for (const [header, value] of Object.entries(error.headers)) c.header(header, value);
    return c.json(error.body, error.status as 400);
  });
  return app;
}

function checkQuery(c: HttpContext, allowed: readonly string[]): void {
  const query = new URL(c.req.url).searchParams;
  const version = query.get("api-version");
  if (!version) throw keyVaultErrors.badParameter("api-version must be specified");
  // Key Vault has had more: of those it would not say that it does not know them.
  if (!apiVersions.includes(version) && /^(7\.[01]|7\.\d-preview\.\d|20\d\d-\d\d-\d\d(-preview)?)$/.test(version))
    throw keyVaultErrors.notServed(`api-version ${version}`);
  if (!apiVersions.includes(version)) {
    throw keyVaultErrors.badParameter(
      `The specified version (${version}) is not recognized. Consider using the latest supported version (${apiVersions.at(-1)}).`,
    );
  }
  const odd =
    [...query.keys()].find((option) => option !== "api-version" && !allowed.includes(option)) ?? repeatedOption(query);
  if (odd) throw keyVaultErrors.notServed(`the query option '${odd}' of ${c.req.method} ${c.req.path}`);
}

function page(c: HttpContext, url: string, rows: readonly unknown[]) {
  const query = new URL(c.req.url).searchParams;
  const size = wholeNumber(query.get("maxresults"), largestPage);
  if (!(size >= 1 && size <= largestPage)) {
    throw keyVaultErrors.badParameter(`maxresults must be from 1 to ${largestPage}.`);
  }
  const start = wholeNumber(query.get("$skiptoken"), 0);
  if (Number.isNaN(start)) throw keyVaultErrors.badParameter("The value of $skiptoken is not valid.");
  const value = rows.slice(start, start + size);
  if (start + size >= rows.length) return { value, nextLink: null };
  query.set("$skiptoken", String(start + size));
  return { value, nextLink: `${url}${c.req.path}?${query}` };
}
