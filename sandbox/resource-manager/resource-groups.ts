import { z } from "zod";
import { tags } from "../body-types.ts";
import { softDelete, vaultId, vaults } from "../key-vault/vaults.ts";
import type { Store } from "../store.ts";
import { forgetScope } from "./access.ts";
import { armErrors } from "./errors.ts";
import { locations, normalLocation } from "./locations.ts";
import { accepted } from "./operations.ts";
import { page } from "./paging.ts";
import { checkEchoes, checkMembers, checkTypes, type Route } from "./routing.ts";

export interface ResourceGroup {
  readonly name: string;
  readonly subscriptionId: string;
  readonly location: string;
  managedBy: string | null;
  tags: Record<string, string>;
}

const path = "/subscriptions/:subscriptionId/resourceGroups/:resourceGroupName";
/** What a body may have: what is written, and what a client sends back of an answer. */
const members = ["id", "name", "type", "location", "tags", "managedBy", "properties"];
const bodyType = z.object({
  location: z.string().nullish(),
  managedBy: z.string().nullish(),
  properties: z.strictObject({ provisioningState: z.unknown() }).partial().nullish(),
  tags: tags.nullish(),
});
const action = (verb: string) => `Microsoft.Resources/subscriptions/resourceGroups/${verb}`;

/** The group with this name; 404 where there is none. */
export function resourceGroup(store: Store, subscriptionId: string, name: string): ResourceGroup {
  const group = groups(store).get(key(subscriptionId, name));
  if (!group) throw armErrors.groupNotFound(name);
  return group;
}

export const resourceGroupRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/subscriptions/:subscriptionId/resourceGroups",
    action: action("read"),
    query: ["$top", "$skiptoken"],
    handle(request) {
      const { subscriptionId } = request.parameters;
      const rows = [...groups(request.context.store).values()];
      const own = rows.filter((group) => group.subscriptionId === subscriptionId!.toLowerCase());
      return { status: 200, body: page(request, own.map(shape)) };
    },
  },
  {
    method: "PUT",
    path,
    action: action("write"),
    handle({ context: { store }, parameters, body }) {
      const { subscriptionId, resourceGroupName } = names(parameters);
      if (!/^[-\w.()]{1,90}$/.test(resourceGroupName) || resourceGroupName.endsWith(".")) {
        throw armErrors.groupNameInvalid(resourceGroupName);
      }
      checkMembers(body, members);
      checkTypes(body, bodyType);
      checkEchoes(body, { name: resourceGroupName, type: "Microsoft.Resources/resourceGroups" });
      if (typeof body?.location !== "string") throw armErrors.locationRequired();
      const location = normalLocation(body.location);
      if (!locations.includes(location)) throw armErrors.groupLocationUnavailable(body.location, locations);
      const present = groups(store).get(key(subscriptionId, resourceGroupName));
      if (present && present.location !== location) {
        throw armErrors.groupLocationFixed(location, present.location);
      }
      const group: ResourceGroup = present ?? {
        name: resourceGroupName,
        subscriptionId: subscriptionId.toLowerCase(),
        location,
        managedBy: null,
        tags: {},
      };
      group.managedBy = body.managedBy ?? null;
      group.tags = body.tags ?? {};
      groups(store).set(key(subscriptionId, resourceGroupName), group);
      return { status: present ? 200 : 201, body: shape(group) };
    },
  },
  {
    method: "GET",
    path,
    action: action("read"),
    handle({ context, parameters }) {
      const { subscriptionId, resourceGroupName } = names(parameters);
      return { status: 200, body: shape(resourceGroup(context.store, subscriptionId, resourceGroupName)) };
    },
  },
  {
    method: "HEAD",
    path,
    action: action("read"),
    handle({ context: { store }, parameters }) {
      const { subscriptionId, resourceGroupName } = names(parameters);
      return { status: groups(store).has(key(subscriptionId, resourceGroupName)) ? 204 : 404 };
    },
  },
  {
    method: "PATCH",
    path,
    action: action("write"),
    handle({ context, parameters, body }) {
      const { subscriptionId, resourceGroupName } = names(parameters);
      const group = resourceGroup(context.store, subscriptionId, resourceGroupName);
      checkMembers(body, members);
      checkTypes(body, bodyType);
      checkEchoes(body, { name: group.name, type: "Microsoft.Resources/resourceGroups", location: group.location });
      if (body?.tags !== undefined) group.tags = body.tags ?? {};
      if (body?.managedBy !== undefined) group.managedBy = body.managedBy;
      return { status: 200, body: shape(group) };
    },
  },
  {
    method: "DELETE",
    path,
    action: action("delete"),
    handle({ context, parameters, query, path }) {
      const { store } = context;
      const { subscriptionId, resourceGroupName } = names(parameters);
      const group = resourceGroup(store, subscriptionId, resourceGroupName);
      for (const vault of vaults(store).values()) {
        if (
          !vault.deletion &&
          vaultId(vault)
            .toLowerCase()
            .startsWith(`${id(group).toLowerCase()}/`)
        ) {
          softDelete(store, vault);
        }
      }
      forgetScope(store, id(group));
      groups(store).delete(key(subscriptionId, resourceGroupName));
      return accepted(context, subscriptionId, query.get("api-version")!, path);
    },
  },
];

function groups(store: Store): Map<string, ResourceGroup> {
  return store.collection("armResourceGroups");
}

function names(parameters: Record<string, string>) {
  return parameters as { subscriptionId: string; resourceGroupName: string };
}

function key(subscriptionId: string, name: string): string {
  return `${subscriptionId}/${name}`.toLowerCase();
}

function id(group: ResourceGroup): string {
  return `/subscriptions/${group.subscriptionId}/resourceGroups/${group.name}`;
}

function shape(group: ResourceGroup) {
  return {
    id: id(group),
    name: group.name,
    type: "Microsoft.Resources/resourceGroups",
    location: group.location,
    managedBy: group.managedBy ?? undefined,
    tags: group.tags,
    properties: { provisioningState: "Succeeded" },
  };
}
