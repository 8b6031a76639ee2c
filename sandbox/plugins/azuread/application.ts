import { randomUUID } from "node:crypto";
import type { Properties } from "../support.ts";
import { type Graph, hasStatus, objectIdOf, waitUntil, whileBehind } from "./graph.ts";
import { firstOwners, ownersOf, settleOwners, updateOwners } from "./owners.ts";
import { appRolesOf, idsByValue, permissionsToSend, scopesOf } from "./permissions.ts";
import type { ResourceType } from "./resource-type.ts";
import { featureTagsOf, tagsOf } from "./tags.ts";

const pathOf = (id: string) => `/applications/${objectIdOf("applications", id)}`;

/** `azuread:index/application:Application`. */
export const application: ResourceType = {
  defaults: {
    signInAudience: "AzureADMyOrg",
    "api.requestedAccessTokenVersion": 1,
    "api.oauth2PermissionScopes.enabled": true,
    "api.oauth2PermissionScopes.type": "User",
    "appRoles.enabled": true,
  },
  computed: ["tags", "featureTags"],
  writeOnly: ["preventDuplicateNames"],
  replacedBy: ["templateId"],
  unserved: ["logoImage", "password", "templateId"],
  outputs: [
    "appRoleIds",
    "clientId",
    "disabledByMicrosoft",
    "featureTags",
    "logoUrl",
    "oauth2PermissionScopeIds",
    "objectId",
    "publisherDomain",
    "tags",
    "templateId",
  ],

  async create(graph, inputs) {
    if (inputs.preventDuplicateNames) await refuseDuplicate(graph, inputs.displayName);
    const body = { ...bodyOf(inputs), ...(await firstOwners(graph, inputs.owners)) };
    const { id } = await graph.post("/applications", body);
    const path = `/applications/${id}`;
    // Two changes of the name show that the new object has reached the replica that answers.
    for (const displayName of [`TERRAFORM_UPDATE_${randomUUID()}`, inputs.displayName])
      await whileBehind(
        () => graph.patch(path, { "@odata.type": "#microsoft.graph.application", displayName }),
        (error) => hasStatus(error, 404, 409),
      );
    await settleOwners(graph, path, inputs.owners);
    return { id: path };
  },

  async read(graph, id) {
    const path = pathOf(id);
    const row = await graph.find(path);
    if (!row) return undefined;
    const { oauth2RequirePostResponse } = await graph.get(`${path}?$select=oauth2RequirePostResponse`, "beta");
    const inputs = {
      ...inputsOf({ ...row, oauth2RequirePostResponse }),
      owners: await ownersOf(graph, path),
    };
    return { inputs, outputs: { ...inputs, ...outputsOf(row) } };
  },

  async update(graph, id, inputs) {
    const path = pathOf(id);
    await graph.patch(path, bodyOf(inputs));
    await updateOwners(graph, path, inputs.owners);
  },

  async delete(graph, id) {
    const path = pathOf(id);
    await graph.delete(path);
    await waitUntil(`deletion of ${path}`, async () => !(await graph.find(path)));
  },
};

/** Outputs that are no inputs. */
export function outputsOf(row: Properties): Properties {
  return {
    appRoleIds: idsByValue(row.appRoles),
    clientId: row.appId,
    disabledByMicrosoft: String(row.disabledByMicrosoftStatus ?? "<nil>"),
    featureTags: featureTagsOf(row.tags),
    logoUrl: row.info?.logoUrl ?? "",
    oauth2PermissionScopeIds: idsByValue(row.api?.oauth2PermissionScopes),
    objectId: row.id,
    publisherDomain: row.publisherDomain ?? "",
    tags: row.tags,
    templateId: row.applicationTemplateId ?? "",
  };
}

/** Inputs that would make an application that Graph shows. */
export function inputsOf(row: Properties): Properties {
  return {
    api: {
      knownClientApplications: row.api.knownClientApplications ?? [],
      mappedClaimsEnabled: row.api.acceptMappedClaims ?? false,
      oauth2PermissionScopes: scopesOf(row.api.oauth2PermissionScopes),
      requestedAccessTokenVersion: row.api.requestedAccessTokenVersion ?? 1,
    },
    appRoles: appRolesOf(row.appRoles),
    description: row.description ?? "",
    deviceOnlyAuthEnabled: row.isDeviceOnlyAuthSupported ?? false,
    displayName: row.displayName,
    fallbackPublicClientEnabled: row.isFallbackPublicClient ?? false,
    groupMembershipClaims: row.groupMembershipClaims?.split(",") ?? [],
    identifierUris: row.identifierUris,
    marketingUrl: row.info?.marketingUrl ?? "",
    notes: row.notes ?? "",
    oauth2PostResponseRequired: row.oauth2RequirePostResponse ?? false,
    optionalClaims: {
      accessTokens: row.optionalClaims?.accessToken ?? [],
      idTokens: row.optionalClaims?.idToken ?? [],
      saml2Tokens: row.optionalClaims?.saml2Token ?? [],
    },
    privacyStatementUrl: row.info?.privacyStatementUrl ?? "",
    publicClient: { redirectUris: row.publicClient?.redirectUris ?? [] },
    requiredResourceAccesses: row.requiredResourceAccess.map((one: Properties) => ({
      resourceAppId: one.resourceAppId,
      resourceAccesses: one.resourceAccess.map(({ id, type }: Properties) => ({ id, type })),
    })),
    serviceManagementReference: row.serviceManagementReference ?? "",
    signInAudience: row.signInAudience,
    singlePageApplication: { redirectUris: row.spa?.redirectUris ?? [] },
    supportUrl: row.info?.supportUrl ?? "",
    tags: row.tags,
    termsOfServiceUrl: row.info?.termsOfServiceUrl ?? "",
    web: {
      homepageUrl: row.web.homePageUrl ?? "",
      implicitGrant: {
        accessTokenIssuanceEnabled: row.web.implicitGrantSettings?.enableAccessTokenIssuance ?? false,
        idTokenIssuanceEnabled: row.web.implicitGrantSettings?.enableIdTokenIssuance ?? false,
      },
      logoutUrl: row.web.logoutUrl ?? "",
      redirectUris: row.web.redirectUris,
    },
  };
}

/** The whole set of members, as the plugin sends it at every create and update. */
function bodyOf(inputs: Properties): Properties {
  const { api = {}, web = {}, optionalClaims = {} } = inputs;
  return {
    "@odata.type": "#microsoft.graph.application",
    api: {
      acceptMappedClaims: api.mappedClaimsEnabled ?? null,
      knownClientApplications: api.knownClientApplications ?? [],
      oauth2PermissionScopes: permissionsToSend(api.oauth2PermissionScopes),
      requestedAccessTokenVersion: api.requestedAccessTokenVersion ?? 1,
    },
    appRoles: permissionsToSend(inputs.appRoles),
    description: inputs.description || null,
    displayName: inputs.displayName,
    groupMembershipClaims: inputs.groupMembershipClaims?.join(",") || null,
    identifierUris: inputs.identifierUris ?? [],
    info: {
      marketingUrl: inputs.marketingUrl || null,
      privacyStatementUrl: inputs.privacyStatementUrl || null,
      supportUrl: inputs.supportUrl || null,
      termsOfServiceUrl: inputs.termsOfServiceUrl || null,
    },
    isDeviceOnlyAuthSupported: inputs.deviceOnlyAuthEnabled ?? false,
    isFallbackPublicClient: inputs.fallbackPublicClientEnabled ?? false,
    notes: inputs.notes || null,
    oauth2RequirePostResponse: inputs.oauth2PostResponseRequired ?? false,
    optionalClaims: {
      accessToken: optionalClaims.accessTokens ?? [],
      idToken: optionalClaims.idTokens ?? [],
      saml2Token: optionalClaims.saml2Tokens ?? [],
    },
    publicClient: { redirectUris: inputs.publicClient?.redirectUris ?? [] },
    requiredResourceAccess: (inputs.requiredResourceAccesses ?? []).map((one: Properties) => ({
      resourceAppId: one.resourceAppId,
      resourceAccess: one.resourceAccesses,
    })),
    serviceManagementReference: inputs.serviceManagementReference || null,
    signInAudience: inputs.signInAudience ?? "AzureADMyOrg",
    spa: { redirectUris: inputs.singlePageApplication?.redirectUris ?? [] },
    tags: tagsOf(inputs),
    web: {
      homePageUrl: web.homepageUrl || null,
      implicitGrantSettings: {
        enableAccessTokenIssuance: web.implicitGrant?.accessTokenIssuanceEnabled ?? false,
        enableIdTokenIssuance: web.implicitGrant?.idTokenIssuanceEnabled ?? false,
      },
      logoutUrl: web.logoutUrl || null,
      redirectUris: web.redirectUris ?? [],
    },
  };
}

async function refuseDuplicate(graph: Graph, displayName: string): Promise<void> {
  const [found] = await graph.list(
    `/applications?$filter=displayName+eq+'${encodeURIComponent(displayName.replaceAll("'", "''"))}'`,
  );
  if (found)
    throw new Error(
      `An existing "azuread_application" with name "${displayName}" (ID: "/applications/${found.id}") was found and \`prevent_duplicate_names\` was specified`,
    );
}
