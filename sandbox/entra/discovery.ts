import { Hono } from "hono";
import type { Context } from "../context.ts";
import { entraErrors } from "./errors.ts";
import { findTenant, sharedTenants } from "./tenants.ts";

/** What clients read before they sign in: OIDC metadata of a tenant (v1 and v2), signing keys, instance discovery. */
export function discovery({ directory, endpoints, tokens }: Context): Hono {
  const app = new Hono();

  const metadata = (named: string, version: "" | "/v2.0") => {
    const shared = sharedTenants.includes(named);
    const tenantId = shared ? "{tenantid}" : findTenant(directory, named).id;
    const base = `${endpoints.login}/${shared ? named : tenantId}`;
    return {
      token_endpoint: `${base}/oauth2${version}/token`,
      token_endpoint_auth_methods_supported: ["client_secret_post", "private_key_jwt", "client_secret_basic"],
      jwks_uri: `${base}/discovery${version}/keys`,
      response_modes_supported: ["query", "fragment", "form_post"],
      subject_types_supported: ["pairwise"],
      id_token_signing_alg_values_supported: ["RS256"],
      response_types_supported: ["code", "id_token", "code id_token", "id_token token"],
      scopes_supported: ["openid", "profile", "email", "offline_access"],
      issuer: version ? `${endpoints.login}/${tenantId}/v2.0` : `https://sts.windows.net/${tenantId}/`,
      request_uri_parameter_supported: false,
      userinfo_endpoint: `${endpoints.graph}/oidc/userinfo`,
      authorization_endpoint: `${base}/oauth2${version}/authorize`,
      device_authorization_endpoint: `${base}/oauth2${version}/devicecode`,
      http_logout_supported: true,
      frontchannel_logout_supported: true,
      end_session_endpoint: `${base}/oauth2${version}/logout`,
      claims_supported: ["sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "nonce", "tid", "ver"],
      tenant_region_scope: "EU",
      cloud_instance_name: new URL(endpoints.login).host,
      cloud_graph_host_name: new URL(endpoints.graph).host,
      msgraph_host: new URL(endpoints.graph).host,
    };
  };

  // Of an application with keys of its own, `appid` changes the answer.
  app.use("*", async (c, next) => {
    if (c.req.query("appid") !== undefined && /\/(keys|openid-configuration)$/.test(c.req.path))
      throw entraErrors.notServed(`the query option 'appid' of ${c.req.path}`);
    await next();
  });
  app.get("/common/discovery/instance", (c) => {
    const version = c.req.query("api-version");
    if (version && !["1.0", "1.1"].includes(version))
      throw entraErrors.notServed(`api-version ${version} of ${c.req.path}`);
    const host = new URL(endpoints.login).host;
    const authorize = c.req.query("authorization_endpoint") ?? "";
    if (!URL.canParse(authorize) || new URL(authorize).host !== host) throw entraErrors.unknownInstance();
    const tenant = new URL(authorize).pathname.split("/")[1] || "common";
    return c.json({
      tenant_discovery_endpoint: `${endpoints.login}/${tenant}/v2.0/.well-known/openid-configuration`,
      "api-version": version ?? "1.1",
      metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
    });
  });
  app.get("/:tenant/v2.0/.well-known/openid-configuration", (c) => c.json(metadata(c.req.param("tenant"), "/v2.0")));
  app.get("/:tenant/.well-known/openid-configuration", (c) => c.json(metadata(c.req.param("tenant"), "")));
  for (const path of ["/:tenant/discovery/v2.0/keys", "/:tenant/discovery/keys"]) {
    app.get(path, (c) => c.json({ keys: [tokens.publicJwk] }));
  }
  return app;
}
