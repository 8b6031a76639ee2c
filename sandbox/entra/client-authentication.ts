import { timingSafeEqual } from "node:crypto";
import type { Context } from "../context.ts";
import type { Application, ServicePrincipal, Tenant } from "../directory.ts";
import { verifyAssertion } from "./client-assertion.ts";
import { entraErrors } from "./errors.ts";
import { entraSwitch } from "./switches.ts";

/** Fields of a token request that say which application asks and how it proves it. */
export interface ClientFields {
  readonly clientId: string;
  readonly clientSecret?: string | undefined;
  readonly clientAssertion?: string | undefined;
  readonly clientAssertionType?: string | undefined;
}

/** An application that proved who it is, and its presence in the tenant it signs in to. */
export interface Client {
  readonly application: Application;
  readonly principal: ServicePrincipal;
  /** Claim `appidacr`: "0" public client, "1" secret, "2" certificate or assertion. */
  readonly proof: "0" | "1" | "2";
}

/**
 * Client id and secret of a request: from the form, or from HTTP Basic, whose parts are form-urlencoded (RFC 6749, 2.3.1).
 * Throws AADSTS900144 without a client id.
 */
export function readClientFields(form: URLSearchParams, authorization: string | undefined): ClientFields {
  const basic = /^Basic (.+)$/i.exec(authorization ?? "")?.[1];
  const [id, ...secret] = basic ? Buffer.from(basic, "base64").toString("utf8").split(":") : [];
  const decode = (part: string) => decodeURIComponent(part.replaceAll("+", " "));
  const clientId = form.get("client_id") || (id && decode(id));
  if (!clientId) throw entraErrors.missingParameter("client_id");
  return {
    clientId,
    clientSecret: form.get("client_secret") || (basic ? decode(secret.join(":")) : undefined),
    clientAssertion: form.get("client_assertion") || undefined,
    clientAssertionType: form.get("client_assertion_type") || undefined,
  };
}

/**
 * The application with this client id as `tenant` sees it, and its service principal there. An application of another tenant
 * must be multi-tenant, or it is as unknown as any (AADSTS700016); without a service principal it is not consented (7000229).
 */
export function findClient(
  { directory, store }: Context,
  tenant: Tenant,
  clientId: string,
): Pick<Client, "application" | "principal"> {
  const application = directory.replica.application(clientId);
  const reachable =
    application && (application.tenantId === tenant.id || application.signInAudience !== "AzureADMyOrg");
  if (!reachable) throw entraErrors.applicationNotFound(clientId, tenant.displayName);
  const principal = directory.replica.servicePrincipal(tenant.id, application.appId);
  if (!principal) {
    throw entraSwitch(store, "notConsented") === "400 700016"
      ? entraErrors.applicationNotFound(application.appId, tenant.displayName)
      : entraErrors.noServicePrincipal(application.appId, tenant.id);
  }
  if (!principal.accountEnabled) throw entraErrors.applicationDisabled(application.appId, application.displayName);
  return { application, principal };
}

/** Checks the credential of a confidential client. `missing` is what to throw when the request has none. */
export async function authenticateClient(
  context: Context,
  tenant: Tenant,
  fields: ClientFields,
  missing: () => Error,
): Promise<Client> {
  const { application, principal } = findClient(context, tenant, fields.clientId);
  if (fields.clientAssertion) {
    if (!fields.clientAssertionType) throw entraErrors.missingParameter("client_assertion_type");
    if (fields.clientAssertionType !== "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
      throw entraErrors.malformedAssertion();
    await verifyAssertion(context, tenant, application, fields.clientAssertion);
    return { application, principal, proof: "2" };
  }
  if (!fields.clientSecret) throw missing();
  verifySecret(application, fields.clientSecret, context.store.now());
  return { application, principal, proof: "1" };
}

function verifySecret(application: Application, secret: string, now: Date): void {
  const credential = application.passwordCredentials.find((row) => equal(row.secretText, secret));
  if (!credential) throw entraErrors.wrongSecret(application.appId);
  if (new Date(credential.endDateTime) <= now) throw entraErrors.expiredSecret(application.appId);
  if (new Date(credential.startDateTime) > now) throw entraErrors.wrongSecret(application.appId);
}

function equal(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
