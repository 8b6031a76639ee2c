import type { Context, Organization } from "./context.ts";
import type { Application, AppRoleAssignment, ServicePrincipal, Tenant, User } from "./directory.ts";
import { firstPartyPrincipal, graphPrincipal, impersonationPrincipals, powerAppsPrincipal } from "./first-party.ts";
import { guidOf } from "./store.ts";

/** What the sandbox holds at its first start. */
export interface Seed {
  tenants: {
    name: string;
    displayName: string;
    domains: string[];
    organizations: Pick<Organization, "name" | "friendlyName" | "businessUnits">[];
  }[];
}

/** An administrator of one tenant, as an application with a secret: may do everything there. */
export interface Administrator {
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly objectId: string;
}

/**
 * The publisher's tenant with its own Dataverse environment, and the tenants of three subscribers with one each. The order
 * of the environments is that of their ports.
 */
export const defaultSeed: Seed = {
  tenants: [
    {
      name: "publisher",
      displayName: "Contoso Software",
      domains: ["contososoftware.onmicrosoft.com", "contoso.example"],
      organizations: [{ name: "contoso-dev", friendlyName: "Contoso Orders (dev)" }],
    },
    {
      name: "fabrikam",
      displayName: "Fabrikam, Inc.",
      domains: ["fabrikam.onmicrosoft.com", "fabrikam.example"],
      organizations: [
        {
          name: "fabrikam",
          friendlyName: "Fabrikam",
          businessUnits: [{ name: "Sales" }, { name: "Sales Europe", parent: "Sales" }],
        },
      ],
    },
    {
      name: "northwind",
      displayName: "Northwind Traders",
      domains: ["northwindtraders.onmicrosoft.com", "northwind.example"],
      organizations: [
        { name: "northwind", friendlyName: "Northwind Traders", businessUnits: [{ name: "Operations" }] },
      ],
    },
    {
      name: "tailspin",
      displayName: "Tailspin Toys",
      domains: ["tailspintoys.onmicrosoft.com", "tailspin.example"],
      organizations: [{ name: "tailspin", friendlyName: "Tailspin Toys" }],
    },
  ],
};

/** The subscription of the publisher's tenant. */
export const subscriptionId = guidOf("subscription publisher");

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

/** The id by which the Power Platform admin API knows the environment of this name. */
export function environmentIdOf(name: string): string {
  return guidOf(`environment ${name}`);
}

/** Fills an empty directory; does nothing where the tenant is known already. */
export function seedDirectory({ directory, organizations, store }: Context, seed: Seed): void {
  for (const { name, displayName, domains, organizations: environments } of seed.tenants) {
    const tenant: Tenant = { id: guidOf(`tenant ${name}`), displayName, domains };
    if (directory.tenants.has(tenant.id)) continue;
    directory.tenants.set(tenant.id, tenant);
    const graph = graphPrincipal(tenant);
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
    for (const row of [graph, ...impersonationPrincipals(tenant), powerAppsPrincipal(tenant), principal])
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
      const administratorId = principal.id;
      organizations.set(environment.name, { ...environment, id, tenantId: tenant.id, administratorId });
    }
  }
}
