import type { Context } from "./context.ts";
import {
  type Application,
  type AppRoleAssignment,
  firstParty,
  type ServicePrincipal,
  type Tenant,
} from "./directory.ts";
import { guidOf } from "./store.ts";

/** What the sandbox holds at its first start. */
export interface Seed {
  tenants: {
    name: string;
    displayName: string;
    domains: string[];
    organizations: { name: string; friendlyName: string }[];
  }[];
}

/** An administrator of one tenant, as an application with a secret: may do everything there. */
export interface Administrator {
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly objectId: string;
}

/** The publisher's tenant and its own Dataverse environment. */
export const defaultSeed: Seed = {
  tenants: [
    {
      name: "publisher",
      displayName: "Contoso Software",
      domains: ["contososoftware.onmicrosoft.com", "contoso.example"],
      organizations: [{ name: "contoso-dev", friendlyName: "Contoso Orders (dev)" }],
    },
  ],
};

/** The subscription of the publisher's tenant. */
export const subscriptionId = guidOf("subscription publisher");

/** Application permissions of Microsoft Graph that the administrators hold. */
const graphPermissions = [
  "Application.ReadWrite.All",
  "Application.Read.All",
  "AppRoleAssignment.ReadWrite.All",
  "DelegatedPermissionGrant.ReadWrite.All",
  "Directory.Read.All",
  "Application.ReadWrite.OwnedBy",
];

/** The administrator of a seeded tenant; the same at every start, so that commands and tests can be given it. */
export function administratorOf(tenantName: string): Administrator {
  return {
    tenantId: guidOf(`tenant ${tenantName}`),
    clientId: guidOf(`administrator application ${tenantName}`),
    clientSecret: `sandbox~${guidOf(`administrator secret ${tenantName}`).replaceAll("-", "")}`,
    objectId: guidOf(`administrator principal ${tenantName}`),
  };
}

/** Fills an empty directory; does nothing where the tenant is known already. */
export function seedDirectory({ directory, organizations, store }: Context, seed: Seed): void {
  for (const { name, displayName, domains, organizations: environments } of seed.tenants) {
    const tenant: Tenant = { id: guidOf(`tenant ${name}`), displayName, domains };
    if (directory.tenants.has(tenant.id)) continue;
    directory.tenants.set(tenant.id, tenant);
    const graph = firstPartyPrincipal(
      tenant,
      firstParty.graph,
      "Microsoft Graph",
      "https://graph.microsoft.com",
    );
    graph.appRoles = graphPermissions.map((value) => ({
      id: guidOf(`graph permission ${value}`),
      value,
      displayName: value,
    }));
    const dataverse = firstPartyPrincipal(
      tenant,
      firstParty.dataverse,
      "Dataverse",
      "https://admin.services.crm.dynamics.com/",
    );
    dataverse.oauth2PermissionScopes = [
      {
        id: "78ce3f0f-a1ce-49c2-8cde-64b5c0896db4",
        value: "user_impersonation",
        adminConsentDisplayName: "Access Dynamics 365 as organization users",
      },
    ];
    const others = [
      firstPartyPrincipal(
        tenant,
        firstParty.resourceManager,
        "Azure Resource Manager",
        "https://management.azure.com/",
      ),
      firstPartyPrincipal(tenant, firstParty.keyVault, "Azure Key Vault", "https://vault.azure.net"),
    ];
    const administrator = administratorOf(name);
    const created = store.now().toISOString();
    const application: Application = {
      id: guidOf(`administrator application object ${name}`),
      tenantId: tenant.id,
      appId: administrator.clientId,
      createdDateTime: created,
      deletedDateTime: null,
      displayName: `${displayName} administrator`,
      description: null,
      notes: null,
      signInAudience: "AzureADMyOrg",
      identifierUris: [],
      tags: [],
      web: { homePageUrl: null, logoutUrl: null, redirectUris: [] },
      api: { requestedAccessTokenVersion: null },
      requiredResourceAccess: [],
      passwordCredentials: [
        {
          keyId: guidOf(`administrator key ${name}`),
          displayName: "sandbox",
          hint: administrator.clientSecret.slice(0, 3),
          secretText: administrator.clientSecret,
          startDateTime: "2020-01-01T00:00:00Z",
          endDateTime: "2099-12-31T00:00:00Z",
        },
      ],
      keyCredentials: [],
      federatedIdentityCredentials: [],
      owners: [],
    };
    directory.applications.set(application.id, application);
    const principal: ServicePrincipal = {
      ...firstPartyPrincipal(tenant, administrator.clientId, application.displayName, administrator.clientId),
      id: administrator.objectId,
      appOwnerOrganizationId: tenant.id,
    };
    for (const row of [graph, dataverse, ...others, principal]) directory.servicePrincipals.set(row.id, row);
    for (const role of graph.appRoles) {
      const assignment: AppRoleAssignment = {
        id: guidOf(`administrator ${name} ${role.value}`),
        tenantId: tenant.id,
        principalId: principal.id,
        resourceId: graph.id,
        appRoleId: role.id,
      };
      directory.appRoleAssignments.set(assignment.id, assignment);
    }
    for (const environment of environments) {
      const id = guidOf(`organization ${environment.name}`);
      organizations.set(environment.name, { ...environment, id, tenantId: tenant.id });
    }
  }
}

function firstPartyPrincipal(
  tenant: Tenant,
  appId: string,
  displayName: string,
  name: string,
): ServicePrincipal {
  return {
    id: guidOf(`principal ${tenant.id} ${appId}`),
    tenantId: tenant.id,
    appId,
    appOwnerOrganizationId: "f8cdef31-a31e-4b4a-93e4-5f571e91255a", // Microsoft's own tenant
    displayName,
    accountEnabled: true,
    appRoleAssignmentRequired: false,
    deletedDateTime: null,
    servicePrincipalNames: [appId, name],
    appRoles: [],
    oauth2PermissionScopes: [],
    owners: [],
  };
}
