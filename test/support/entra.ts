import type { AxiosResponse } from "axios";
import { expect } from "vitest";
import { firstParty } from "../../sandbox/directory.ts";
import { administratorOf, administratorUserOf } from "../../sandbox/seed.ts";
import type { TestSandbox } from "./sandbox.ts";

export const publisher = administratorOf("publisher");
export const fabrikam = administratorOf("fabrikam");
export const graphUrl = "https://graph.microsoft.com";
/** The Azure CLI's application, with which a person can sign in anywhere. */
const azureCli = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/** Who can sign in by client secret. */
export interface Identity {
  tenantId: string;
  clientId: string;
  clientSecret: string;
}

/** Requests to the sandbox's Graph and Entra, by the publisher's administrator unless told. */
export class EntraClient {
  private readonly sandbox: TestSandbox;

  constructor(sandbox: TestSandbox) {
    this.sandbox = sandbox;
  }

  async graph(
    method: string,
    path: string,
    options: { body?: unknown; as?: Identity; headers?: Record<string, string>; version?: string } = {},
  ): Promise<AxiosResponse> {
    const { body: data, as = publisher, version = "v1.0" } = options;
    const authorization = `Bearer ${await this.sandbox.token(graphUrl, as)}`;
    const headers = { authorization, ...options.headers };
    return this.sandbox.http.request({
      method,
      url: `${this.sandbox.endpoints.graph}/${version}${path}`,
      data,
      headers,
    });
  }

  /** A multi-tenant application, with some members changed. */
  async newApplication(body: Record<string, unknown> = {}) {
    const defaults = { displayName: "Contoso Orders", signInAudience: "AzureADMultipleOrgs" };
    const answer = await this.graph("POST", "/applications", { body: { ...defaults, ...body } });
    expect(answer.status).toBe(201);
    return answer.data as { id: string; appId: string; displayName: string };
  }

  /** An application that can sign in, with its service principal and some of Graph's application permissions. */
  async newIdentity(...permissions: string[]): Promise<Identity & { id: string; objectId: string }> {
    const { id, appId } = await this.newApplication();
    const principal = (await this.graph("POST", "/servicePrincipals", { body: { appId } })).data;
    const secret = (await this.graph("POST", `/applications/${id}/addPassword`, { body: {} })).data;
    const resource = (await this.graph("GET", `/servicePrincipals(appId='${firstParty.graph}')`)).data;
    for (const permission of permissions) {
      const role = resource.appRoles.find(({ value }: { value: string }) => value === permission);
      const body = { principalId: principal.id, resourceId: resource.id, appRoleId: role.id };
      const given = await this.graph("POST", `/servicePrincipals/${resource.id}/appRoleAssignedTo`, { body });
      expect(given.status).toBe(201);
    }
    const { tenantId } = publisher;
    return { id, tenantId, clientId: appId, clientSecret: secret.secretText, objectId: principal.id };
  }

  /** A token of the person who administers a tenant, by device code. */
  async personToken(tenant: "publisher" | "fabrikam", scope: string): Promise<string> {
    const path = `/${administratorOf(tenant).tenantId}/oauth2/v2.0`;
    const { data } = await this.post(`${path}/devicecode`, { client_id: azureCli, scope });
    await this.post("/device", { code: data.user_code, ...administratorUserOf(tenant) });
    const grant_type = "urn:ietf:params:oauth:grant-type:device_code";
    const { device_code } = data;
    const answer = await this.post(`${path}/token`, { grant_type, client_id: azureCli, device_code });
    expect(answer.status).toBe(200);
    return answer.data.access_token;
  }

  /** Posts a form to the sign-in service. */
  post(path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<AxiosResponse> {
    const form = new URLSearchParams(fields);
    return this.sandbox.http.post(`${this.sandbox.endpoints.login}${path}`, form, { headers });
  }

  /** A client-credentials request of the publisher's administrator, with some fields changed; undefined leaves one out. */
  signIn(
    changes: Record<string, string | undefined> = {},
    tenant: string = publisher.tenantId,
  ): Promise<AxiosResponse> {
    const fields = {
      grant_type: "client_credentials",
      client_id: publisher.clientId,
      client_secret: publisher.clientSecret,
      scope: `${graphUrl}/.default`,
      ...changes,
    };
    const given = Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined);
    return this.post(`/${tenant}/oauth2/v2.0/token`, Object.fromEntries(given));
  }
}

/** Status, OAuth error and AADSTS codes of the sign-in service's answer. */
export function signInOutcome({ status, data }: AxiosResponse) {
  return [status, data.error, data.error_codes];
}

/** Status and error code of Graph's answer. */
export function graphOutcome({ status, data }: AxiosResponse) {
  return [status, data.error?.code];
}
