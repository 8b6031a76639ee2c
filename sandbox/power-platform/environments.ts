import type { Context, Organization } from "../context.ts";
import { OrganizationData } from "../dataverse/organization-data.ts";
import { environmentIdOf } from "../seed.ts";

/** The environments of a tenant by id, each with its Dataverse. */
export function environmentsOf(context: Context, tenantId: string): Map<string, OrganizationData> {
  const ofTenant = ({ tenantId: own }: Organization) => own === tenantId;
  return new Map(
    [...context.organizations.values()]
      .filter(ofTenant)
      .map((organization) => [environmentIdOf(organization.name), new OrganizationData(context, organization)]),
  );
}

/** What tools have expanded when they ask for an environment (Microsoft's own provider: always). */
export const expandable = new Set(["permissions", "properties.capacity", "properties/billingPolicy"]);

/** How the service shows an environment: the members that tools read to get at its Dataverse, with Microsoft's names. */
export function shape(id: string, data: OrganizationData, expand: readonly string[] = []) {
  const { name, friendlyName, tenantId, id: organizationId } = data.organization;
  const { name: uniqueName, languagecode, createdon } = data.get("organization", organizationId);
  return {
    id: `/providers/Microsoft.BusinessAppPlatform/scopes/admin/environments/${id}`,
    type: "Microsoft.BusinessAppPlatform/scopes/environments",
    location: "europe",
    name: id,
    properties: {
      tenantId,
      displayName: friendlyName,
      createdTime: createdon,
      provisioningState: "Succeeded",
      environmentSku: "Sandbox",
      isDefault: false,
      // No storage is counted; permissions and the billing policy show only where there are any.
      ...(expand.includes("properties.capacity") && { capacity: [] }),
      linkedEnvironmentMetadata: {
        resourceId: organizationId,
        friendlyName,
        uniqueName,
        domainName: name,
        instanceUrl: `${data.url}/`,
        instanceApiUrl: data.url,
        baseLanguage: languagecode,
        instanceState: "Ready",
        createdTime: createdon,
      },
    },
  };
}
