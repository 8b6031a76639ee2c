import { readFileSync } from "node:fs";
import tls from "node:tls";
import type { AxiosResponse } from "axios";
import axiosRetry from "axios-retry";
import { vi } from "vitest";
import { type Administrator, administratorOf, defaultSeed } from "../../sandbox/seed.ts";
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
  /** Whether Entra lets the application in with this secret. */
  signsIn(clientSecret: string): Promise<boolean>;
  /** Keeps what is in the sandbox now; the function puts it back, whatever has happened. */
  save(): () => void;
  close(): Promise<void>;
}

export async function openWorld(): Promise<World> {
  const seed = { tenants: defaultSeed.tenants.filter(({ name }) => ["publisher", "fabrikam"].includes(name)) };
  const sandbox = await startTestSandbox({ seed, persistent: false });
  const { endpoints, http, administrator } = sandbox;
  // On a busy machine an idle connection is closed just when it is used again.
  axiosRetry(http, { retries: 2, retryCondition: ({ code }) => code === "ECONNRESET" });
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
  for (const role of [roles.secretsOfficer, roles.certificatesOfficer])
    await arm.grant(administrator.objectId, role, vault("rg-orders", "kv-orders"));
  await entra.graph("POST", "/servicePrincipals", { body: { appId } });

  const tokens = new Map<string, Promise<string>>();
  const request = async (as: Administrator, resource: string, method: Method, url: string, data?: Row) => {
    const key = `${as.clientId} ${resource}`;
    const token = tokens.get(key) ?? sandbox.token(resource, as);
    tokens.set(key, token);
    const prefer = resource === environmentUrl ? { Prefer: "return=representation" } : {};
    const headers = { Authorization: `Bearer ${await token}`, ...prefer };
    return outcome(await http.request({ method, url, data, headers }));
  };

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
    graph: (method, path, body, tenant = "fabrikam") =>
      request(administratorOf(tenant), "https://graph.microsoft.com", method, `${endpoints.graph}/v1.0${path}`, body),
    dataverse: (method, path, body) =>
      request(fabrikam, environmentUrl, method, `${environmentUrl}/api/data/v9.2/${path}`, body),
    rows: async (path) => (await world.dataverse("GET", path))!.value as Row[],
    vault: (method, path, body) => {
      const { href } = new URL(`${path}?api-version=7.4`, vaultUri);
      return request(administrator, "https://vault.azure.net", method, href, body);
    },
    signsIn: async (clientSecret) =>
      (await entra.signIn({ client_id: appId, client_secret: clientSecret })).status === 200,
    save() {
      const saved = sandbox.context.store.save();
      return () => sandbox.context.store.load(saved);
    },
    close: () => sandbox.close(),
  };
  const secret = await world.graph("POST", `/applications/${id}/addPassword`, {}, "publisher");
  await world.vault("PUT", "/secrets/orders", { value: secret!.secretText });
  return world;
}
