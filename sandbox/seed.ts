import type { Context } from "./context.ts";
import {
  type Application,
  type AppRoleAssignment,
  firstParty,
  type ServicePrincipal,
  type Tenant,
  type User,
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

/** Application permissions of Microsoft Graph that the administrators hold, with Microsoft's ids of them. */
const graphPermissions = {
  "Application.ReadWrite.All": "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",
  "Application.Read.All": "9a5d68dd-52b0-4cc2-bd40-abcf420ac3ad",
  "AppRoleAssignment.ReadWrite.All": "06b708a9-e830-4db3-a914-8e69da51d44f",
  "DelegatedPermissionGrant.ReadWrite.All": "8e8e4742-1d95-4f68-9d56-6ee75648c72a",
  "Directory.Read.All": "7ab1d382-f21e-4acd-a863-ba3e13f7da61",
  "Application.ReadWrite.OwnedBy": "18a4783c-866b-4cc7-a460-3d5e5662c884",
};

/** Delegated permissions of Microsoft Graph, with Microsoft's ids of them. */
const graphScopes = {
  "User.Read": "e1fe6dd8-ba31-4d61-89e7-88639da4683d",
  "Application.Read.All": "c79f8feb-a9db-4090-85f9-90d820caa0eb",
  "Application.ReadWrite.All": "bdfbf15f-ee85-4955-8675-146e8e5296b5",
  "DelegatedPermissionGrant.ReadWrite.All": "41ce6ca6-6826-4807-84f1-1c82854f7ee5",
  "Directory.Read.All": "06da0dbc-49e2-44d2-8312-53f166ab848a",
};

/** The administrator of a seeded tenant; the same at every start, so that commands and tests can be given it. */
export function administratorOf(tenantName: string): Administrator {
  return {
    tenantId: guidOf(`tenant ${tenantName}`),
    clientId: guidOf(`administrator application ${tenantName}`),
    clientSecret: `sandbox~${guidOf(`administrator secret ${tenantName}`).replaceAll("-", "")}`,
    objectId: guidOf(`administrator principal ${tenantName}`),
  };
}

/** The person who administers a tenant of `seed`: signs in on the consent and device pages. The same at every start. */
export function administratorUserOf(
  tenantName: string,
  seed: Seed = defaultSeed,
): { userName: string; password: string } {
  const tenant = seed.tenants.find(({ name }) => name === tenantName);
  if (!tenant) throw new Error(`The seed has no tenant '${tenantName}'.`);
  return {
    userName: `administrator@${tenant.domains[0]}`,
    password: `sandbox!${guidOf(`administrator password ${tenantName}`).replaceAll("-", "")}`,
  };
}

/** Fills an empty directory; does nothing where the tenant is known already. */
export function seedDirectory({ directory, organizations, store }: Context, seed: Seed): void {
  for (const { name, displayName, domains, organizations: environments } of seed.tenants) {
    const tenant: Tenant = { id: guidOf(`tenant ${name}`), displayName, domains };
    if (directory.tenants.has(tenant.id)) continue;
    directory.tenants.set(tenant.id, tenant);
    const graph = firstPartyPrincipal(tenant, firstParty.graph, "Microsoft Graph", "https://graph.microsoft.com");
    graph.appRoles = Object.entries(graphPermissions).map(([value, id]) => ({
      id,
      value,
      displayName: value,
    }));
    graph.oauth2PermissionScopes = Object.entries(graphScopes).map(([value, id]) => ({
      id,
      value,
      adminConsentDisplayName: value,
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
    const resourceManager = firstPartyPrincipal(
      tenant,
      firstParty.resourceManager,
      "Azure Resource Manager",
      "https://management.azure.com/",
    );
    resourceManager.oauth2PermissionScopes = [
      {
        id: "41094075-9dad-400e-a0bd-54e686782033",
        value: "user_impersonation",
        adminConsentDisplayName: "Access Azure Resource Manager as organization users",
      },
    ];
    const keyVault = firstPartyPrincipal(tenant, firstParty.keyVault, "Azure Key Vault", "https://vault.azure.net");
    keyVault.oauth2PermissionScopes = [
      {
        id: "f53da476-18e3-4152-8e01-aec403e6edc0",
        value: "user_impersonation",
        adminConsentDisplayName: "Have full access to the Azure Key Vault service",
      },
    ];
    const { userName, password } = administratorUserOf(name, seed);
    const user: User = {
      id: guidOf(`administrator user ${name}`),
      tenantId: tenant.id,
      userPrincipalName: userName,
      displayName: `${displayName} administrator`,
      password,
    };
    directory.users.set(user.id, user);
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
    for (const row of [graph, dataverse, resourceManager, keyVault, principal])
      directory.servicePrincipals.set(row.id, row);
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

function firstPartyPrincipal(tenant: Tenant, appId: string, displayName: string, name: string): ServicePrincipal {
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
