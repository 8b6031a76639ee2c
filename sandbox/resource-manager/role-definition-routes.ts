import { armErrors } from "./errors.ts";
import { type RoleDefinition, roleDefinition, roleDefinitions } from "./role-definitions.ts";
import type { Route } from "./routing.ts";

const path = "*scope/providers/Microsoft.Authorization/roleDefinitions";
const action = "Microsoft.Authorization/roleDefinitions/read";

export const roleDefinitionRoutes: readonly Route[] = [
  {
    method: "GET",
    path: `${path}/:name`,
    action,
    handle({ parameters: { scope, name } }) {
      const role = roleDefinition(name!);
      if (!role) throw armErrors.roleDefinitionNotFound(name!);
      return { status: 200, body: shape(scope!, role) };
    },
  },
  {
    method: "GET",
    path,
    action,
    query: ["$filter"],
    handle({ parameters: { scope }, query }) {
      const filter = query.get("$filter");
      const name = /^roleName eq '([^']+)'$/i.exec(filter ?? "")?.[1];
      if (filter && !name) throw armErrors.notServed(`the filter '${filter}' of role definitions`);
      const rows = roleDefinitions.filter((role) => !name || role.roleName === name);
      return { status: 200, body: { value: rows.map((role) => shape(scope!, role)) } };
    },
  },
];

function shape(scope: string, role: RoleDefinition) {
  const subscription = /^\/subscriptions\/[^/]+/i.exec(scope)?.[0] ?? "";
  const { actions, notActions, dataActions } = role;
  return {
    id: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role.id}`,
    name: role.id,
    type: "Microsoft.Authorization/roleDefinitions",
    properties: {
      roleName: role.roleName,
      type: "BuiltInRole",
      description: role.description,
      assignableScopes: ["/"],
      permissions: [{ actions, notActions, dataActions, notDataActions: [] }],
    },
  };
}
