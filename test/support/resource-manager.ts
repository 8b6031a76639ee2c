import { expect } from "vitest";
import { subscriptionId } from "../../sandbox/seed.ts";
import type { TestSandbox } from "./sandbox.ts";

export interface ArmRequest {
  body?: unknown;
  query?: string;
  /** Bearer token; the owner's unless told, none at all for null. */
  token?: string | null;
}

export const subscription = `/subscriptions/${subscriptionId}`;

/** GUIDs of built-in roles. */
export const roles = {
  owner: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
  contributor: "b24988ac-6180-42a0-ab88-20f7382dd24c",
  reader: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
  secretsOfficer: "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
  certificatesOfficer: "a4417e6f-fecd-4de8-b567-7b0420556985",
  secretsUser: "4633458b-17de-408a-b874-0445c86b69e6",
};

/** Resource ids. */
export const group = (name: string) => `${subscription}/resourceGroups/${name}`;
export const vault = (groupName: string, name: string) =>
  `${group(groupName)}/providers/Microsoft.KeyVault/vaults/${name}`;
export const assignment = (scope: string, name: string) =>
  `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;

/** A plain client of a sandbox's Resource Manager, signed in as the subscription's owner. */
export function armClient(sandbox: TestSandbox) {
  const { tenantId, objectId } = sandbox.administrator;

  /** A token of any principal of the publisher's tenant, without signing in. */
  async function tokenOf(oid: string, claims: { aud?: string; tid?: string } = {}): Promise<string> {
    const { aud = "https://management.azure.com", tid = tenantId } = claims;
    return (await sandbox.context.tokens.issue({ aud, tid, appid: oid, oid })).accessToken;
  }

  async function arm(method: string, path: string, { body, query = "", token }: ArmRequest = {}) {
    const usual = path.includes("/Microsoft.Authorization/") ? "2022-04-01" : "2024-11-01";
    const version = query.includes("api-version") ? "" : `api-version=${usual}`;
    const options = [version, query].filter(Boolean).join("&");
    const bearer = token === undefined ? await tokenOf(objectId) : token;
    const answer = await sandbox.http.request({
      method,
      url: `${sandbox.endpoints.arm}${path}${options ? `?${options}` : ""}`,
      data: body,
      headers: bearer === null ? {} : { Authorization: `Bearer ${bearer}` },
    });
    return {
      status: answer.status,
      code: answer.data?.error?.code,
      data: answer.data,
      headers: answer.headers,
    };
  }

  /** Gives a role, and gives back the assignment's GUID. */
  async function grant(principalId: string, role: string, scope: string): Promise<string> {
    const name = crypto.randomUUID();
    const properties = {
      roleDefinitionId: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
      principalId,
      principalType: "ServicePrincipal",
    };
    expect(await arm("PUT", assignment(scope, name), { body: { properties } })).toMatchObject({
      status: 201,
    });
    return name;
  }

  async function newGroup(name: string): Promise<void> {
    expect(await arm("PUT", group(name), { body: { location: "westeurope" } })).toMatchObject({
      status: 201,
    });
  }

  const vaultBody = (properties: object = {}) => ({
    location: "westeurope",
    properties: {
      tenantId,
      sku: { family: "A", name: "standard" },
      enableRbacAuthorization: true,
      ...properties,
    },
  });

  /** A new vault, in a new group of its own. */
  async function newVault(groupName: string, name: string, properties: object = {}) {
    await newGroup(groupName);
    const made = await arm("PUT", vault(groupName, name), { body: vaultBody(properties) });
    expect(made.status).toBe(201);
    return made.data;
  }

  return { tokenOf, arm, grant, newGroup, newVault, vaultBody };
}
