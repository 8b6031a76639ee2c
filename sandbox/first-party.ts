import { firstParty, type ServicePrincipal, type Tenant } from "./directory.ts";
import { guidOf } from "./store.ts";

/** Application permissions of Microsoft Graph that the administrators hold, with Microsoft's ids of them. */
const graphPermissions = {
  "Application.ReadWrite.All": "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",
  "Application.Read.All": "9a5d68dd-52b0-4cc2-bd40-abcf420ac3ad",
  "AppRoleAssignment.ReadWrite.All": "06b708a9-e830-4db3-a914-8e69da51d44f",
  "DelegatedPermissionGrant.ReadWrite.All": "8e8e4742-1d95-4f68-9d56-6ee75648c72a",
  "Directory.Read.All": "7ab1d382-f21e-4acd-a863-ba3e13f7da61",
  "Directory.ReadWrite.All": "19dbc75e-c2e2-444c-a770-ec69d8559fc7",
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

/** A service principal of a first-party application, before it has permissions to give. Its id follows from tenant and client id. */
export function firstPartyPrincipal(
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

/** Microsoft Graph in a tenant, with the permissions that the sandbox knows. */
export function graphPrincipal(tenant: Tenant): ServicePrincipal {
  const principal = firstPartyPrincipal(tenant, firstParty.graph, "Microsoft Graph", "https://graph.microsoft.com");
  principal.appRoles = Object.entries(graphPermissions).map(([value, id]) => ({ id, value, displayName: value }));
  principal.oauth2PermissionScopes = Object.entries(graphScopes).map(([value, id]) => ({
    id,
    value,
    adminConsentDisplayName: value,
  }));
  return principal;
}

/** The resources in a tenant that a person can be represented at, each with its one delegated permission. */
export function impersonationPrincipals(tenant: Tenant): ServicePrincipal[] {
  const principal = (
    appId: string,
    displayName: string,
    name: string,
    id: string,
    adminConsentDisplayName: string,
  ) => ({
    ...firstPartyPrincipal(tenant, appId, displayName, name),
    oauth2PermissionScopes: [{ id, value: "user_impersonation", adminConsentDisplayName }],
  });
  return [
    principal(
      firstParty.dataverse,
      "Dataverse",
      "https://admin.services.crm.dynamics.com/",
      "78ce3f0f-a1ce-49c2-8cde-64b5c0896db4",
      "Access Dynamics 365 as organization users",
    ),
    principal(
      firstParty.resourceManager,
      "Azure Resource Manager",
      "https://management.azure.com/",
      "41094075-9dad-400e-a0bd-54e686782033",
      "Access Azure Resource Manager as organization users",
    ),
    principal(
      firstParty.keyVault,
      "Azure Key Vault",
      "https://vault.azure.net",
      "f53da476-18e3-4152-8e01-aec403e6edc0",
      "Have full access to the Azure Key Vault service",
    ),
  ];
}

/** The Power Apps Service, for which the Power Platform admin API takes tokens. */
export function powerAppsPrincipal(tenant: Tenant): ServicePrincipal {
  const name = "https://service.powerapps.com/";
  return {
    ...firstPartyPrincipal(tenant, firstParty.powerApps, "PowerApps Service", name),
    oauth2PermissionScopes: [
      {
        id: "0eb56b90-a7b5-43b5-9402-8137a8083e90",
        value: "User",
        adminConsentDisplayName: "Access the PowerApps Service API",
      },
    ],
  };
}
