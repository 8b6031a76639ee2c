import { z } from "zod";
import { type Api, isMissing } from "../api.ts";
import { unexpected, VendorError } from "../errors.ts";
import { id, optional, readRow } from "../rows.ts";
import { accessToken, type SignIn } from "./tokens.ts";

/** Dataverse's client id in every tenant, and the name of its delegated permission. */
const dataverse = { clientId: "00000007-0000-0000-c000-000000000000", scope: "user_impersonation" };

/** Refusals that mean: the application has no service principal in that tenant. Entra has used both (wire facts A3). */
const notConsented = ["AADSTS7000229", "AADSTS700016"];

/**
 * The object id of the application's service principal in a tenant, found from outside by the application's own sign-in; or
 * the refusal when the tenant has not consented. Other refusals are thrown.
 */
export async function principalBySignIn(
  signIn: SignIn,
  options?: { fresh: boolean },
): Promise<{ id: string } | { refusal: VendorError }> {
  try {
    return { id: principalOf(await accessToken(signIn, options)) };
  } catch (error) {
    if (error instanceof VendorError && notConsented.includes(error.code)) return { refusal: error };
    throw error;
  }
}

function principalOf(token: string): string {
  const [, payload = ""] = token.split(".");
  try {
    return z.object({ oid: id }).parse(JSON.parse(Buffer.from(payload, "base64url").toString())).oid;
  } catch {
    // Nothing of what was read goes on: it is a token.
    throw unexpected(200, "Entra's token does not name the service principal");
  }
}

/** Where an administrator of the tenant consents to everything that the application asks for. */
export function consentUrl(
  loginUrl: string,
  tenantId: string,
  applicationId: string,
  redirectUri: string | undefined,
): string {
  const query = new URLSearchParams({ client_id: applicationId, ...(redirectUri && { redirect_uri: redirectUri }) });
  return `${loginUrl}/${tenantId}/adminconsent?${query}`;
}

/** True when the application is registered for its own tenant only, as far as the publisher's directory tells. */
export async function isSingleTenant(publisherGraph: Api, applicationId: string): Promise<boolean> {
  const row = await publisherGraph
    .get(`/v1.0/applications(appId='${applicationId}')?$select=signInAudience`)
    .catch(() => undefined);
  return row?.signInAudience === "AzureADMyOrg";
}

/** A tag on a service principal that a resource of ours made or uses: it goes with the last of them. */
const markPrefix = "dataverse-s2s ";
const markOf = (rowId: string) => `${markPrefix}${rowId}`;

/**
 * Consents as an administrator of the tenant: the application's service principal, then the delegated permission for all
 * users. A principal that is ours is marked with the resource's `rowId`: so one made by a run that was cut off is known again,
 * and one that several environments of the tenant share is left while one of them needs it. `granted` is false for somebody
 * else's principal, `joined` is true for one that another resource of ours had made.
 */
export async function grantConsent(
  graph: Api,
  applicationId: string,
  rowId: string,
): Promise<{ id: string; granted: boolean; joined: boolean }> {
  const mark = markOf(rowId);
  const principal = (await findPrincipal(graph, applicationId)) ?? (await createPrincipal(graph, applicationId, mark));
  const granted = principal.tags.some(isMark);
  const joined = granted && !principal.tags.includes(mark);
  if (joined) await setTags(graph, principal.id, [...principal.tags, mark]);
  const resource = await graph.get(`/v1.0/servicePrincipals(appId='${dataverse.clientId}')?$select=id`);
  const { id: resourceId } = readRow(z.object({ id }), resource, "Dataverse's service principal");
  const existing =
    (await findGrant(graph, principal.id, resourceId)) ?? (await createGrant(graph, principal.id, resourceId));
  const scopes = existing.scope?.split(" ").filter(Boolean) ?? [];
  if (!scopes.includes(dataverse.scope)) {
    await graph.patch(`/v1.0/oauth2PermissionGrants/${existing.id}`, { scope: [...scopes, dataverse.scope].join(" ") });
  }
  return { id: principal.id, granted, joined };
}

/**
 * Deletes a service principal, and with it the tenant's consent; one that is gone already is fine. One that another resource of
 * ours needs loses the mark alone. True when it was deleted.
 */
export async function withdrawConsent(graph: Api, servicePrincipalId: string, rowId: string): Promise<boolean> {
  const tags = await tagsOf(graph, servicePrincipalId);
  const left = tags?.filter((tag) => tag !== markOf(rowId)) ?? [];
  if (left.some(isMark)) {
    await setTags(graph, servicePrincipalId, left);
    return false;
  }
  await graph.delete(`/v1.0/servicePrincipals/${servicePrincipalId}`).catch((error) => {
    if (!isMissing(error)) throw error;
  });
  return true;
}

/** Whether a service principal has the resource's mark; undefined when the tenant's directory does not show it. */
export async function isMarked(graph: Api, servicePrincipalId: string, rowId: string): Promise<boolean | undefined> {
  return (await tagsOf(graph, servicePrincipalId))?.includes(markOf(rowId));
}

const isMark = (tag: string) => tag.startsWith(markPrefix);

async function tagsOf(graph: Api, servicePrincipalId: string): Promise<string[] | undefined> {
  try {
    const row = await graph.get(`/v1.0/servicePrincipals/${servicePrincipalId}?$select=id,tags`);
    return readRow(principalShape, row, "the application's service principal").tags;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

const setTags = (graph: Api, servicePrincipalId: string, tags: string[]) =>
  graph.patch(`/v1.0/servicePrincipals/${servicePrincipalId}`, { tags });

/**
 * True for what Graph says while it has not caught up: that there is no such application or service principal, or that there is
 * one already that it does not show (wire facts B2).
 */
export const isBehind = (error: unknown) =>
  error instanceof VendorError &&
  (error.status === 404 ||
    error.status === 409 ||
    (error.status === 400 && error.message.includes("does not reference a valid application object")));

/** Ids of grants are no GUIDs. */
const grantShape = z.object({ id: z.string().min(1), scope: optional(z.string()) });

type Grant = z.output<typeof grantShape>;

async function findGrant(graph: Api, clientId: string, resourceId: string): Promise<Grant | undefined> {
  const filter = `clientId eq '${clientId}' and consentType eq 'AllPrincipals' and resourceId eq '${resourceId}'`;
  const [found] = await graph.list(`/v1.0/oauth2PermissionGrants?$filter=${encodeURIComponent(filter)}`);
  return found && readRow(grantShape, found, "the permission grant");
}

async function createGrant(graph: Api, clientId: string, resourceId: string): Promise<Grant> {
  const grant = { clientId, consentType: "AllPrincipals", resourceId, scope: dataverse.scope };
  try {
    return readRow(grantShape, await graph.post("/v1.0/oauth2PermissionGrants", grant), "the new permission grant");
  } catch (error) {
    // Granted at the same moment for another environment of the tenant, or the answer was lost: what is there now decides.
    const found = await findGrant(graph, clientId, resourceId);
    if (!found) throw error;
    return found;
  }
}

const principalShape = z.object({
  id,
  tags: z
    .array(z.string())
    .nullish()
    .transform((tags) => tags ?? []),
});

type Principal = z.output<typeof principalShape>;

async function findPrincipal(graph: Api, applicationId: string): Promise<Principal | undefined> {
  try {
    const row = await graph.get(`/v1.0/servicePrincipals(appId='${applicationId}')?$select=id,tags`);
    return readRow(principalShape, row, "the application's service principal");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function createPrincipal(graph: Api, applicationId: string, mark: string): Promise<Principal> {
  // The first tag is what makes the admin centre list it among the enterprise applications.
  const tags = ["WindowsAzureActiveDirectoryIntegratedApp", mark];
  try {
    const row = await graph.post("/v1.0/servicePrincipals", { appId: applicationId, tags });
    return { ...readRow(principalShape, row, "the new service principal"), tags };
  } catch (error) {
    // Consented at the same moment, or the answer was lost: what is there now decides.
    const found = await findPrincipal(graph, applicationId);
    if (!found) throw error;
    return found;
  }
}
