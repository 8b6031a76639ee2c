import { readFileSync } from "node:fs";
import tls from "node:tls";
import type { AxiosResponse } from "axios";
import { vi } from "vitest";
import { administratorOf, defaultSeed } from "../../sandbox/seed.ts";
import { EntraClient } from "./entra.ts";
import { armClient, roles, vault } from "./resource-manager.ts";
import { startTestSandbox, type TestSandbox } from "./sandbox.ts";

export type Row = Record<string, unknown>;
type Method = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";

/** A sandbox with a published application, its secret in a vault, and one subscriber; administrators look and act by hand. */
export interface World {
  readonly sandbox: TestSandbox;
  /** Stack config as a provider process gets it. */
  readonly config: Record<string, string>;
  readonly applicationId: string;
  readonly applicationObjectId: string;
  readonly vaultUri: string;
  /** The application's secret in the vault. */
  readonly secretUri: string;
  readonly target: { readonly subscriber: string; readonly environmentUrl: string };
  /** As the subscriber's administrator, or the publisher's. Each throws unless the answer is a success or 404 (undefined). */
  graph(method: Method, path: string, body?: Row, tenant?: "publisher" | "fabrikam"): Promise<Row | undefined>;
  dataverse(method: Method, path: string, body?: Row): Promise<Row | undefined>;
  /** All rows of a Dataverse query. */
  rows(path: string): Promise<Row[]>;
  vault(method: Method, path: string, body?: Row): Promise<Row | undefined>;
  close(): Promise<void>;
}

export async function openWorld(): Promise<World> {
  const seed = { tenants: defaultSeed.tenants.filter(({ name }) => ["publisher", "fabrikam"].includes(name)) };
  const sandbox = await startTestSandbox({ seed });
  const { endpoints, http, administrator } = sandbox;
  tls.setDefaultCACertificates([...tls.getCACertificates(), readFileSync(sandbox.authorityPath, "utf8")]);
  const fabrikam = administratorOf("fabrikam");
  const environment = {
    ARM_TENANT_ID: administrator.tenantId,
    ARM_CLIENT_ID: administrator.clientId,
    ARM_CLIENT_SECRET: administrator.clientSecret,
    DATAVERSE_S2S_ADMIN_FABRIKAM_CLIENT_ID: fabrikam.clientId,
    DATAVERSE_S2S_ADMIN_FABRIKAM_CLIENT_SECRET: fabrikam.clientSecret,
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);

  const outcome = ({ status, data, config: { method, url } }: AxiosResponse) => {
    if (status === 404) return undefined;
    if (status >= 300) throw new Error(`${method} ${url} answered ${status}: ${JSON.stringify(data)}`);
    return data as Row;
  };
  const entra = new EntraClient(sandbox);
  const arm = armClient(sandbox);
  const environmentUrl = endpoints.organizations.fabrikam!;

  const { id, appId } = await entra.newApplication();
  const { properties } = await arm.newVault("rg-orders", "kv-orders");
  const vaultUri = properties.vaultUri as string;
  const vaultToken = await sandbox.token("https://vault.azure.net");

  await arm.grant(administrator.objectId, roles.secretsOfficer, vault("rg-orders", "kv-orders"));

  const world: World = {
    sandbox,
    config: {
      "dataverse-s2s:endpoints": JSON.stringify({
        loginUrl: endpoints.login,
        graphUrl: endpoints.graph,
        keyVaultHost: "127.0.0.1",
      }),
    },
    applicationId: appId,
    applicationObjectId: id,
    vaultUri,
    secretUri: `${vaultUri}secrets/orders`,
    target: { subscriber: "fabrikam", environmentUrl },
    graph: async (method, path, body, tenant = "fabrikam") =>
      outcome(await entra.graph(method, path, { body, as: administratorOf(tenant) })),
    async dataverse(method, path, body) {
      const { clientId, objectId, tenantId } = fabrikam;
      const claims = { aud: environmentUrl, appid: clientId, oid: objectId, tid: tenantId };
      const { accessToken } = await sandbox.context.tokens.issue(claims);
      const headers = { Authorization: `Bearer ${accessToken}`, Prefer: "return=representation" };
      return outcome(
        await http.request({ method, url: `${environmentUrl}/api/data/v9.2/${path}`, data: body, headers }),
      );
    },
    rows: async (path) => (await world.dataverse("GET", path))!.value as Row[],
    async vault(method, path, body) {
      const url = new URL(`${path}?api-version=7.4`, vaultUri).href;
      const headers = { Authorization: `Bearer ${vaultToken}` };
      return outcome(await http.request({ method, url, data: body, headers }));
    },
    close: () => sandbox.close(),
  };
  const secret = await world.graph("POST", `/applications/${id}/addPassword`, {}, "publisher");
  await world.vault("PUT", "/secrets/orders", { value: secret!.secretText });
  return world;
}
