import { type Administrator, administratorOf } from "../../sandbox/seed.ts";
import type { Engine } from "./engine.ts";

export type Row = Record<string, unknown>;
export type Method = "get" | "post" | "patch" | "put" | "delete";

/** What administrators see and do by hand, past the engine. `clientId` gives the application's, once it is there. */
export function farSide(engine: Engine, clientId: () => string) {
  /** A request as an administrator, which has to succeed. */
  async function send(resource: string, as: Administrator, method: Method, url: string, data?: object): Promise<Row> {
    const headers = {
      Authorization: `Bearer ${await engine.token(resource, as)}`,
      ...(url.includes("/api/data/") && { Prefer: "return=representation" }),
    };
    const answer = await engine.http.request({ method, url, data, headers });
    if (answer.status >= 300)
      throw new Error(`${method} ${url} answered ${answer.status}: ${JSON.stringify(answer.data)}`);
    return answer.data;
  }

  const graph = (method: Method, path: string, data?: object, tenant = "publisher") =>
    send("https://graph.microsoft.com", administratorOf(tenant), method, `${engine.endpoints.graph}/v1.0${path}`, data);

  /** What an environment's administrator sees and does there by hand. */
  function environmentOf(name: string, tenant = name === "contoso-dev" ? "publisher" : name) {
    const base = engine.endpoints.organizations[name]!;
    const api = (method: Method, path: string, data?: object) =>
      send(base, administratorOf(tenant), method, `${base}/api/data/v9.2/${path}`, data);
    const list = async (path: string) => (await api("get", path)).value as Row[];
    const roleNamed = async (role: string, unit: string) => {
      const [row] = await list(`roles?$filter=name eq '${role}' and _businessunitid_value eq ${unit}`);
      return row?.roleid as string;
    };
    const privilegeId = async (privilege: string) =>
      (await list(`privileges?$filter=name eq '${privilege}'`))[0]!.privilegeid as string;

    return {
      api,
      list,
      roleNamed,
      create: async (entitySet: string, row: object) => {
        const created = await api("post", entitySet, row);
        return created[`${entitySet.slice(0, -1)}id`] as string;
      },
      rootUnit: async () =>
        (await list("businessunits?$filter=parentbusinessunitid eq null"))[0]!.businessunitid as string,
      /** Every row of the application's user, soft-deleted ones too. */
      users: () => list(`systemusers?$filter=applicationid eq ${clientId()}`),
      rolesOf: async (userId: string) =>
        (await list(`systemusers(${userId})/systemuserroles_association`)).map((role) => role.name as string).sort(),
      assign: (userId: string, roleId: string) =>
        api("post", `systemusers(${userId})/systemuserroles_association/$ref`, {
          "@odata.id": `${base}/api/data/v9.2/roles(${roleId})`,
        }),
      unassign: (userId: string, roleId: string) =>
        api("delete", `systemusers(${userId})/systemuserroles_association(${roleId})/$ref`),
      disable: (userId: string) =>
        api("patch", `systemusers(${userId})`, { isdisabled: true, applicationid: clientId() }),
      addPrivileges: async (roleId: string, depths: Record<string, string>) => {
        const Privileges = await Promise.all(
          Object.entries(depths).map(async ([privilege, Depth]) => ({
            PrivilegeId: await privilegeId(privilege),
            Depth,
          })),
        );
        await api("post", `roles(${roleId})/Microsoft.Dynamics.CRM.AddPrivilegesRole`, { Privileges });
      },
      removePrivilege: async (roleId: string, privilege: string) =>
        api("post", `roles(${roleId})/Microsoft.Dynamics.CRM.RemovePrivilegeRole`, {
          PrivilegeId: await privilegeId(privilege),
        }),
      /** What a role allows on accounts and contacts. */
      depthsOf: async (roleId: string) => {
        const { RolePrivileges } = (await api("get", `RetrieveRolePrivilegesRole(RoleId=${roleId})`)) as {
          RolePrivileges: { PrivilegeName: string; Depth: string }[];
        };
        return Object.fromEntries(
          RolePrivileges.filter(({ PrivilegeName }) => /Account$|Contact$/.test(PrivilegeName)).map(
            ({ PrivilegeName, Depth }) => [PrivilegeName, Depth],
          ),
        );
      },
    };
  }

  return { send, graph, environmentOf };
}
