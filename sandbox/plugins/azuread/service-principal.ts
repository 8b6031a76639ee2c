import { randomUUID } from "node:crypto";
import { type Properties, RequestFailed } from "../support.ts";
import { type Graph, hasStatus, objectIdOf, waitUntil, whileBehind } from "./graph.ts";
import { firstOwners, ownersOf, settleOwners, updateOwners } from "./owners.ts";
import { appRolesOf, idsByValue, scopesOf } from "./permissions.ts";
import type { ResourceType } from "./resource-type.ts";
import { featureTagsOf, tagsOf } from "./tags.ts";

const pathOf = (id: string) => `/servicePrincipals/${objectIdOf("servicePrincipals", id)}`;

/** `azuread:index/servicePrincipal:ServicePrincipal`. */
export const servicePrincipal: ResourceType = {
  defaults: { accountEnabled: true },
  computed: ["tags", "featureTags", "features"],
  writeOnly: ["useExisting"],
  replacedBy: ["clientId"],
  unserved: ["features"],
  outputs: [
    "appRoleIds",
    "appRoles",
    "applicationTenantId",
    "displayName",
    "featureTags",
    "features",
    "homepageUrl",
    "logoutUrl",
    "oauth2PermissionScopeIds",
    "oauth2PermissionScopes",
    "objectId",
    "redirectUris",
    "samlMetadataUrl",
    "servicePrincipalNames",
    "signInAudience",
    "tags",
    "type",
  ],

  async create(graph, inputs) {
    const [existing] = await graph.list(`/servicePrincipals?$filter=appId+eq+'${inputs.clientId}'`);
    if (existing) {
      const id = `/servicePrincipals/${existing.id}`;
      if (!inputs.useExisting)
        throw new Error(
          `A resource with the ID "${id}" already exists - to be managed via Pulumi this resource needs to be imported into the state.`,
        );
      await updateServicePrincipal(graph, id, inputs);
      return { id };
    }
    const body = {
      ...bodyOf(inputs),
      ...(await firstOwners(graph, inputs.owners)),
      appId: inputs.clientId,
      description: `TERRAFORM_UPDATE_${randomUUID()}`,
    };
    const { id } = await whileBehind(() => graph.post("/servicePrincipals", body), isApplicationBehind);
    const path = `/servicePrincipals/${id}`;
    const description = inputs.description || null;
    await whileBehind(
      () => graph.patch(path, { "@odata.type": "#microsoft.graph.servicePrincipal", description }),
      (error) => hasStatus(error, 404, 409),
    );
    await settleOwners(graph, path, inputs.owners);
    return { id: path };
  },

  async read(graph, id) {
    const path = pathOf(id);
    const row = await graph.find(path);
    if (!row) return undefined;
    const { samlMetadataUrl } = await graph.get(`${path}?$select=samlMetadataUrl`, "beta");
    const inputs = { ...inputsOf(row), owners: await ownersOf(graph, path) };
    return { inputs, outputs: { ...inputs, ...outputsOf({ ...row, samlMetadataUrl }) } };
  },

  update: updateServicePrincipal,

  async delete(graph, id, outputs) {
    const path = pathOf(id);
    if (!(await graph.find(path))) return;
    if (outputs.useExisting) return graph.delete(path).catch(() => undefined);
    await graph.delete(path);
    await waitUntil(`deletion of ${path}`, async () => !(await graph.find(path)));
  },
};

/** Outputs that are no inputs. */
export function outputsOf(row: Properties): Properties {
  const [features] = featureTagsOf(row.tags);
  return {
    appRoleIds: idsByValue(row.appRoles),
    appRoles: appRolesOf(row.appRoles),
    applicationTenantId: row.appOwnerOrganizationId ?? "",
    displayName: row.displayName,
    featureTags: [features],
    features: [
      {
        customSingleSignOnApp: features!.customSingleSignOn,
        enterpriseApplication: features!.enterprise,
        galleryApplication: features!.gallery,
        visibleToUsers: !features!.hide,
      },
    ],
    homepageUrl: row.homepage ?? "",
    logoutUrl: row.logoutUrl ?? "",
    oauth2PermissionScopeIds: idsByValue(row.oauth2PermissionScopes),
    oauth2PermissionScopes: scopesOf(row.oauth2PermissionScopes),
    objectId: row.id,
    redirectUris: row.replyUrls ?? [],
    samlMetadataUrl: row.samlMetadataUrl ?? "",
    servicePrincipalNames: row.servicePrincipalNames.filter((name: string) => name !== row.appId),
    signInAudience: row.signInAudience ?? "",
    tags: row.tags,
    type: row.servicePrincipalType ?? "",
  };
}

/** Inputs that would make a service principal that Graph shows. */
export function inputsOf(row: Properties): Properties {
  return {
    accountEnabled: row.accountEnabled,
    alternativeNames: row.alternativeNames ?? [],
    appRoleAssignmentRequired: row.appRoleAssignmentRequired ?? false,
    clientId: row.appId,
    description: row.description ?? "",
    loginUrl: row.loginUrl ?? "",
    notes: row.notes ?? "",
    notificationEmailAddresses: row.notificationEmailAddresses ?? [],
    preferredSingleSignOnMode: row.preferredSingleSignOnMode ?? "",
    samlSingleSignOn: { relayState: row.samlSingleSignOnSettings?.relayState ?? "" },
    tags: row.tags,
  };
}

function bodyOf(inputs: Properties): Properties {
  const relayState = inputs.samlSingleSignOn?.relayState;
  return {
    "@odata.type": "#microsoft.graph.servicePrincipal",
    accountEnabled: inputs.accountEnabled ?? true,
    alternativeNames: inputs.alternativeNames ?? [],
    appRoleAssignmentRequired: inputs.appRoleAssignmentRequired ?? false,
    description: inputs.description || null,
    loginUrl: inputs.loginUrl || null,
    notes: inputs.notes || null,
    notificationEmailAddresses: inputs.notificationEmailAddresses ?? [],
    preferredSingleSignOnMode: inputs.preferredSingleSignOnMode || null,
    samlSingleSignOnSettings: relayState ? { relayState } : null,
    tags: tagsOf(inputs),
  };
}

async function updateServicePrincipal(graph: Graph, id: string, inputs: Properties): Promise<void> {
  const path = pathOf(id);
  await graph.patch(path, bodyOf(inputs));
  if (inputs.owners) await updateOwners(graph, path, inputs.owners);
}

/** A new application is not known everywhere at once; Graph then answers as if it did not exist. */
function isApplicationBehind(error: unknown): boolean {
  if (!(error instanceof RequestFailed)) return false;
  return (
    (error.status === 400 && error.message.includes("does not reference a valid application object")) ||
    (error.status === 403 && error.message.includes("backing application"))
  );
}
