import type { Hono, Context as HttpContext } from "hono";
import { certificateActions } from "./access.ts";
import type { Serve } from "./app.ts";
import { json } from "./body.ts";
import {
  createCertificate,
  deleteCertificate,
  getCertificate,
  getDeletedCertificate,
  getPending,
  listCertificateVersions,
  purgeCertificate,
  recoverCertificate,
  updateCertificate,
} from "./certificate-operations.ts";
import { keyVaultErrors } from "./errors.ts";

/** The data plane's certificates: made by policy, with the secret of the same name that holds the private key. */
export function certificateRoutes(app: Hono, serve: Serve): void {
  const { get, list, create, update, delete: remove, recover, purge } = certificateActions;
  const name = (c: HttpContext) => c.req.param("name")!;
  const path = "/certificates/:name";

  app.post(
    `${path}/create`,
    serve(create, async (target, c) => {
      const operation = await createCertificate(target, name(c), await json(c));
      const version = new URL(c.req.url).searchParams.get("api-version");
      c.header("Location", `${operation.id}?api-version=${version}&request_id=${operation.request_id}`);
      c.header("Retry-After", "10");
      c.status(202);
      return operation;
    }),
  );
  app.get(
    `${path}/pending`,
    serve(get, (target, c) => getPending(target, name(c)), { query: ["request_id"] }),
  );
  app.get(
    `${path}/versions`,
    serve(list, (target, c) => listCertificateVersions(target, name(c)), { pages: true }),
  );
  // Where the name or the version would be: other parts of Key Vault's certificates.
  for (const part of ["/certificates/issuers", "/certificates/contacts", `${path}/policy`, `${path}/pending`]) {
    app.all(part, (c) => {
      throw keyVaultErrors.notServed(`${c.req.method} ${c.req.path}`);
    });
  }
  // Clients end the path with a slash where they mean the latest version.
  for (const latest of [path, `${path}/`]) {
    app.get(
      latest,
      serve(get, (target, c) => getCertificate(target, name(c))),
    );
  }
  app.get(
    `${path}/:version`,
    serve(get, (target, c) => getCertificate(target, name(c), c.req.param("version"))),
  );
  app.patch(
    `${path}/:version`,
    serve(update, async (target, c) => updateCertificate(target, name(c), c.req.param("version")!, await json(c))),
  );
  app.delete(
    path,
    serve(remove, (target, c) => deleteCertificate(target, name(c))),
  );
  app.get(
    "/deletedcertificates/:name",
    serve(get, (target, c) => getDeletedCertificate(target, name(c))),
  );
  app.delete(
    "/deletedcertificates/:name",
    serve(purge, (target, c) => purgeCertificate(target, name(c))),
  );
  app.post(
    "/deletedcertificates/:name/recover",
    serve(recover, (target, c) => recoverCertificate(target, name(c))),
  );
}
