import { z } from "zod";
import { guid } from "../body-types.ts";
import type { DirectoryView } from "../directory.ts";
import { contains, type RoleAssignment, roleAssignmentKey, roleAssignments } from "./access.ts";
import { armErrors } from "./errors.ts";
import { roleDefinition } from "./role-definitions.ts";
import { type ArmAnswer, type ArmRequest, checkEchoes, checkMembers, checkTypes, type Route } from "./routing.ts";

const path = "*scope/providers/Microsoft.Authorization/roleAssignments/:name";
const action = (verb: string) => `Microsoft.Authorization/roleAssignments/${verb}`;
/** What may be written; conditions would be ignored, so they are not among them. */
const properties = ["roleDefinitionId", "principalId", "principalType", "description", "scope"];
const bodyType = z.object({
  properties: z
    .object({
      description: z.string().nullable(),
      principalId: guid,
      principalType: z.enum(["User", "Group", "ServicePrincipal", "ForeignGroup", "Device"]).nullable(),
      roleDefinitionId: z.string(),
    })
    .partial()
    .nullish(),
});

export const roleAssignmentRoutes: readonly Route[] = [
  { method: "PUT", path, action: action("write"), handle: put },
  {
    method: "GET",
    path,
    action: action("read"),
    handle({ context, parameters: { scope, name } }) {
      const found = roleAssignments(context.store).get(roleAssignmentKey(scope!, name!));
      if (!found) throw armErrors.roleAssignmentNotFound(name!);
      return { status: 200, body: shape(found) };
    },
  },
  {
    method: "DELETE",
    path,
    action: action("delete"),
    handle({ context, parameters: { scope, name } }) {
      const key = roleAssignmentKey(scope!, name!);
      const found = roleAssignments(context.store).get(key);
      if (!found) return { status: 204 };
      roleAssignments(context.store).delete(key);
      return { status: 200, body: shape(found) };
    },
  },
  {
    method: "GET",
    path: "*scope/providers/Microsoft.Authorization/roleAssignments",
    action: action("read"),
    query: ["$filter"],
    handle({ context, parameters: { scope }, query }) {
      const accepts = filter(scope!, query.get("$filter"));
      const rows = [...roleAssignments(context.store).values()].filter(
        (row) => (contains(row.scope, scope!) || contains(scope!, row.scope)) && accepts(row),
      );
      return { status: 200, body: { value: rows.map(shape) } };
    },
  },
];

function put({ context, caller, parameters, body }: ArmRequest): ArmAnswer {
  const { store, directory } = context;
  const { scope, name } = parameters as { scope: string; name: string };
  const { roleDefinitionId, principalId, principalType, ...rest } = body?.properties ?? {};
  checkMembers(body, ["id", "name", "type", "properties"]);
  checkMembers(body?.properties, properties, "properties.");
  checkTypes(body, bodyType);
  checkEchoes(body, { name, type: "Microsoft.Authorization/roleAssignments" });
  checkEchoes(body?.properties, { scope });
  if (!guid.safeParse(name).success) throw armErrors.roleAssignmentNameInvalid(name);
  if (typeof roleDefinitionId !== "string" || typeof principalId !== "string") {
    throw armErrors.contentInvalid("The properties 'roleDefinitionId' and 'principalId' are required.");
  }
  const role = roleDefinition(roleDefinitionId);
  if (!role) throw armErrors.roleDefinitionNotFound(roleDefinitionId.split("/").at(-1)!);
  const knownType = typeOfPrincipal(directory.replica, caller.tid, principalId.toLowerCase());
  // With a type given Azure trusts the caller, for the time until a new principal is replicated.
  if (!knownType && !principalType) throw armErrors.principalNotFound(principalId, caller.tid);
  if (knownType && principalType && principalType !== knownType) {
    throw armErrors.principalTypeWrong(principalId, knownType, principalType);
  }
  const rows = roleAssignments(store);
  const isSame = (row: RoleAssignment) =>
    row.principalId === principalId.toLowerCase() &&
    roleDefinition(row.roleDefinitionId) === role &&
    row.scope.toLowerCase() === scope.toLowerCase();
  const key = roleAssignmentKey(scope, name);
  const present = rows.get(key);
  if (present && !isSame(present)) throw armErrors.roleAssignmentFixed();
  const twin = [...rows.values()].find((row) => isSame(row) && row !== present);
  if (twin) throw armErrors.roleAssignmentExists(twin.name);
  const now = store.now().toISOString();
  const subscription = /^\/subscriptions\/[^/]+/i.exec(scope)?.[0] ?? "";
  const assignment: RoleAssignment = {
    name,
    scope,
    roleDefinitionId: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role.id}`,
    principalId: principalId.toLowerCase(),
    principalType: knownType ?? principalType,
    createdOn: present?.createdOn ?? now,
    createdBy: present?.createdBy ?? caller.oid,
    description: rest.description ?? null,
    condition: null,
    conditionVersion: null,
    updatedOn: now,
    updatedBy: caller.oid,
  };
  rows.set(key, assignment);
  return { status: present ? 200 : 201, body: shape(assignment) };
}

function typeOfPrincipal(directory: DirectoryView, tenantId: string, id: string): string | undefined {
  const principal = directory.servicePrincipals.get(id);
  if (principal?.tenantId === tenantId && !principal.deletedDateTime) return "ServicePrincipal";
  return directory.users.get(id)?.tenantId === tenantId ? "User" : undefined;
}

/** The test that a `$filter` puts into words: `atScope()`, `principalId eq '…'`, `assignedTo('…')`, joined by `and`. */
function filter(scope: string, text: string | null): (row: RoleAssignment) => boolean {
  if (text === null) return () => true;
  const tests = text.split(/ and /i).map((term): ((row: RoleAssignment) => boolean) => {
    if (/^atScope\(\)$/i.test(term)) return (row) => contains(row.scope, scope);
    const principal = /^(?:principalId eq '([^']+)'|assignedTo\('([^']+)'\))$/i.exec(term);
    const wanted = (principal?.[1] ?? principal?.[2])?.toLowerCase();
    if (!wanted) throw armErrors.notServed(`the filter '${term}' of role assignments`);
    return (row) => row.principalId === wanted;
  });
  return (row) => tests.every((test) => test(row));
}

function shape(row: RoleAssignment) {
  const { name, ...properties } = row;
  return {
    id: `${row.scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
    name,
    type: "Microsoft.Authorization/roleAssignments",
    properties: { ...properties, delegatedManagedIdentityResourceId: null },
  };
}
