import { plainInputs, type ResourceType } from "./resource-type.ts";

const pathOf = (id: string) => `/oauth2PermissionGrants/${id.split("/").at(-1)}`;

/** `azuread:index/servicePrincipalDelegatedPermissionGrant:ServicePrincipalDelegatedPermissionGrant`. */
export const delegatedPermissionGrant: ResourceType = {
  ...plainInputs,
  replacedBy: ["resourceServicePrincipalObjectId", "servicePrincipalObjectId", "userObjectId"],
  outputs: [],

  async create(graph, inputs) {
    const { servicePrincipalObjectId: clientId, resourceServicePrincipalObjectId: resourceId } = inputs;
    await graph.get(`/servicePrincipals/${clientId}`);
    await graph.get(`/servicePrincipals/${resourceId}`);
    const { id } = await graph.post("/oauth2PermissionGrants", {
      "@odata.type": "#microsoft.graph.oAuth2PermissionGrant",
      clientId,
      consentType: inputs.userObjectId ? "Principal" : "AllPrincipals",
      ...(inputs.userObjectId ? { principalId: inputs.userObjectId } : {}),
      resourceId,
      scope: inputs.claimValues.join(" "),
    });
    return { id: `/oauth2PermissionGrants/${id}` };
  },

  async read(graph, id) {
    const row = await graph.find(pathOf(id));
    if (!row) return undefined;
    const inputs = {
      claimValues: row.scope.split(" ").filter(Boolean),
      resourceServicePrincipalObjectId: row.resourceId,
      servicePrincipalObjectId: row.clientId,
      userObjectId: row.principalId ?? "",
    };
    return { inputs, outputs: inputs };
  },

  async update(graph, id, { claimValues }) {
    const scope = claimValues.join(" ");
    await graph.patch(pathOf(id), { "@odata.type": "#microsoft.graph.oAuth2PermissionGrant", scope });
  },

  async delete(graph, id) {
    await graph.delete(pathOf(id));
  },
};
