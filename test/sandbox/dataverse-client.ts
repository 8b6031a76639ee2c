import type { AxiosResponse } from "axios";
import type { Application } from "../../sandbox/directory.ts";
import type { Administrator } from "../../sandbox/seed.ts";
import { guidOf } from "../../sandbox/store.ts";
import type { TestSandbox } from "../support/sandbox.ts";

/** Who a request comes from: client id, service principal and tenant of the token. */
export interface Principal {
  readonly clientId: string;
  readonly objectId: string;
  readonly tenantId: string;
}

/** Plain requests against one organization of a sandbox, with tokens made for it directly. */
export interface DataverseClient {
  readonly url: string;
  /** Root of version 9.2, with a trailing slash. */
  readonly base: string;
  send(
    method: string,
    path: string,
    body?: unknown,
    options?: { headers?: Record<string, string>; as?: Principal },
  ): Promise<AxiosResponse>;
  /** GET whose answer must be 200; its body. */
  // biome-ignore lint/suspicious/noExplicitAny: rows of all tables
  get(path: string, as?: Principal): Promise<any>;
  /** POST whose answer must be 204; id of the new row. */
  create(set: string, body: unknown, as?: Principal): Promise<string>;
  rootBusinessUnit(): Promise<string>;
  /** Id of the privilege of this name. */
  privilege(name: string): Promise<string>;
  /** Registers an application in the tenant, with a service principal there unless `installed` is false. */
  application(name: string, options?: { installed?: boolean }): Principal;
  /** An application user in the root business unit with a role that holds these privileges; who it is, and its row's id. */
  user(name: string, privileges: Record<string, string>): Promise<Principal & { userId: string; roleId: string }>;
}

export function dataverseClient(sandbox: TestSandbox, organization = "contoso-dev"): DataverseClient {
  const url = sandbox.endpoints.organizations[organization]!;
  const base = `${url}/api/data/v9.2/`;
  const administrator: Administrator = sandbox.administrator;
  const client: DataverseClient = {
    url,
    base,
    async send(method, path, body, { headers = {}, as = administrator } = {}) {
      const { accessToken } = await sandbox.context.tokens.issue({
        aud: url,
        appid: as.clientId,
        oid: as.objectId,
        tid: as.tenantId,
      });
      return sandbox.http.request({
        method,
        url: path.startsWith("https:") ? path : base + path,
        data: body,
        headers: { Authorization: `Bearer ${accessToken}`, ...headers },
      });
    },
    async get(path, as) {
      const answer = await client.send("GET", path, undefined, { as });
      if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${JSON.stringify(answer.data)}`);
      return answer.data;
    },
    async create(set, body, as) {
      const answer = await client.send("POST", set, body, { as });
      if (answer.status !== 204) throw new Error(`POST ${set}: ${answer.status} ${JSON.stringify(answer.data)}`);
      return /\(([^)]+)\)$/.exec(answer.headers["odata-entityid"])![1]!;
    },
    async rootBusinessUnit() {
      const { value } = await client.get("businessunits?$filter=parentbusinessunitid/businessunitid eq null");
      return value[0].businessunitid;
    },
    async privilege(name) {
      const { value } = await client.get(`privileges?$select=name&$filter=name eq '${name}'`);
      return value[0].privilegeid;
    },
    application(name, { installed = true } = {}) {
      const { directory, store } = sandbox.context;
      const template = [...directory.applications.values()][0]!;
      const application: Application = {
        ...structuredClone(template),
        id: store.newId(),
        appId: guidOf(`application ${name}`),
        displayName: name,
        identifierUris: [`https://contoso.example/${encodeURIComponent(name)}`],
      };
      directory.applications.set(application.id, application);
      const { tenantId } = administrator;
      const objectId = installed ? directory.createServicePrincipal(application, tenantId).id : "";
      return { clientId: application.appId, objectId, tenantId };
    },
    async user(name, privileges) {
      const principal = client.application(name);
      const unit = `/businessunits(${await client.rootBusinessUnit()})`;
      const roleId = await client.create("roles", { name: `${name} role`, "businessunitid@odata.bind": unit });
      const list = [];
      for (const [privilege, Depth] of Object.entries(privileges)) {
        list.push({ Depth, PrivilegeId: await client.privilege(privilege) });
      }
      await client.send("POST", `roles(${roleId})/Microsoft.Dynamics.CRM.AddPrivilegesRole`, { Privileges: list });
      const userId = await client.create("systemusers", {
        applicationid: principal.clientId,
        "businessunitid@odata.bind": unit,
      });
      await client.send("POST", `systemusers(${userId})/systemuserroles_association/$ref`, {
        "@odata.id": `${base}roles(${roleId})`,
      });
      return { ...principal, userId, roleId };
    },
  };
  return client;
}
