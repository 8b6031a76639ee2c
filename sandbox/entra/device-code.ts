import { randomBytes, randomInt } from "node:crypto";
import type { Context } from "../context.ts";
import type { ServicePrincipal, Tenant, User } from "../directory.ts";
import { authenticateClient, findClient, readClientFields } from "./client-authentication.ts";
import { delegatedScopes } from "./delegated-scopes.ts";
import { entraErrors } from "./errors.ts";
import { findTenant, sharedTenants } from "./tenants.ts";
import { refuseUnsupported } from "./unsupported.ts";

/** A sign-in that waits for a person at the device page. */
export interface PendingSignIn {
  readonly userCode: string;
  readonly clientId: string;
  readonly clientName: string;
  /** Undefined where the request went to /common or /organizations. */
  readonly tenant: Tenant | undefined;
  readonly scope: string;
  readonly expires: number;
  outcome: "pending" | "declined" | User;
}

/** Microsoft's own public clients that are in every tenant: Azure CLI, and the client of Microsoft's Dataverse samples. */
const publicClients = new Map([
  ["04b07795-8ddb-461a-bbee-02f9e1bf7b46", "Microsoft Azure CLI"],
  ["51f81489-12ee-4a9e-aaae-a2591f45987d", "Dynamics 365 Example Client Application"],
]);

const lifetimeSeconds = 900;
const letters = "BCDFGHJKLMNPQRSTVWXZ";

/**
 * The device code flow: a client shows a code, a person enters it on the device page and signs in, the client's polling then
 * gets tokens of that person. Codes and refresh tokens last until the sandbox stops.
 */
export class DeviceCodes {
  private readonly context: Context;
  private readonly pending = new Map<string, PendingSignIn>();
  private readonly refreshTokens = new Map<string, { user: User; clientId: string }>();

  constructor(context: Context) {
    this.context = context;
  }

  /** Answers `POST /{tenant}/oauth2/v2.0/devicecode`. */
  start(named: string, form: URLSearchParams) {
    refuseUnsupported(form);
    const tenant = sharedTenants.includes(named) ? undefined : findTenant(this.context.directory, named);
    const clientId = form.get("client_id")?.toLowerCase();
    if (!clientId) throw entraErrors.missingParameter("client_id");
    const scope = form.get("scope");
    if (!scope) throw entraErrors.missingParameter("scope");
    const deviceCode = randomBytes(48).toString("base64url");
    const userCode = Array.from({ length: 9 }, () => letters[randomInt(letters.length)]).join("");
    this.pending.set(deviceCode, {
      userCode,
      clientId,
      clientName: this.clientName(clientId, tenant),
      tenant,
      scope,
      expires: this.now() + lifetimeSeconds,
      outcome: "pending",
    });
    const page = `${this.context.endpoints.login}/device`;
    return {
      user_code: userCode,
      device_code: deviceCode,
      verification_uri: page,
      expires_in: lifetimeSeconds,
      interval: 5,
      message: `To sign in, use a web browser to open the page ${page} and enter the code ${userCode} to authenticate.`,
    };
  }

  /** The sign-in that waits under a code as a person types it; undefined when there is none or its time is over. */
  find(userCode: string): PendingSignIn | undefined {
    const wanted = userCode.replaceAll(/[\s-]/g, "").toUpperCase();
    return [...this.pending.values()].find(
      (row) => row.userCode === wanted && row.outcome === "pending" && row.expires > this.now(),
    );
  }

  /** Answers a token request with grant type device_code or refresh_token. */
  async redeem(named: string, form: URLSearchParams, authorization: string | undefined) {
    const fields = readClientFields(form, authorization);
    const clientId = fields.clientId.toLowerCase();
    const { user, scope } =
      form.get("grant_type") === "refresh_token"
        ? this.redeemRefreshToken(clientId, form)
        : this.redeemDeviceCode(clientId, form);
    const tenant = findTenant(this.context.directory, sharedTenants.includes(named) ? user.tenantId : named);
    if (user.tenantId !== tenant.id) throw entraErrors.userNotInTenant(user.userPrincipalName, tenant.displayName);
    let principal: ServicePrincipal | undefined;
    if (!publicClients.has(clientId)) {
      const client = findClient(this.context, tenant, clientId);
      principal = client.principal;
      if (client.application.isFallbackPublicClient !== true)
        await authenticateClient(this.context, tenant, fields, entraErrors.credentialMissing);
    }
    return this.issue(tenant, user, clientId, principal, scope, form);
  }

  private redeemDeviceCode(clientId: string, form: URLSearchParams): { user: User; scope: string } {
    const deviceCode = form.get("device_code");
    if (!deviceCode) throw entraErrors.missingParameter("device_code");
    const row = this.pending.get(deviceCode);
    if (row?.clientId !== clientId) throw entraErrors.badVerificationCode();
    if (row.outcome === "declined") throw entraErrors.authorizationDeclined();
    if (row.outcome === "pending") {
      if (row.expires <= this.now()) throw entraErrors.deviceCodeExpired();
      throw entraErrors.authorizationPending();
    }
    this.pending.delete(deviceCode);
    return { user: row.outcome, scope: row.scope };
  }

  private redeemRefreshToken(clientId: string, form: URLSearchParams): { user: User; scope: string } {
    const token = form.get("refresh_token");
    if (!token) throw entraErrors.missingParameter("refresh_token");
    const scope = form.get("scope");
    if (!scope) throw entraErrors.missingParameter("scope");
    const known = this.refreshTokens.get(token);
    if (known?.clientId !== clientId) throw entraErrors.refreshTokenInvalid();
    return { user: known.user, scope };
  }

  private async issue(
    tenant: Tenant,
    user: User,
    clientId: string,
    principal: ServicePrincipal | undefined,
    scope: string,
    form: URLSearchParams,
  ) {
    const requested = scope.split(" ").filter(Boolean);
    const client = { clientId, name: this.clientName(clientId, tenant), principal };
    const { resource, names } = delegatedScopes(this.context, tenant, user, client, requested);
    const person = {
      oid: user.id,
      tid: tenant.id,
      name: user.displayName,
      upn: user.userPrincipalName,
      preferred_username: user.userPrincipalName,
    };
    const access = { ...person, aud: resource, appid: clientId, appidacr: "0", scp: names.join(" ") };
    const { accessToken, expiresIn } = await this.context.tokens.issue(access);
    const identity = { ...person, aud: clientId, appid: clientId };
    const refreshToken = randomBytes(48).toString("base64url");
    if (requested.includes("offline_access")) this.refreshTokens.set(refreshToken, { user, clientId });
    const clientInfo = { uid: user.id, utid: tenant.id };
    return {
      token_type: "Bearer",
      scope: names.map((name) => `${resource}/${name}`).join(" "),
      expires_in: expiresIn,
      ext_expires_in: expiresIn,
      access_token: accessToken,
      ...(requested.includes("offline_access") ? { refresh_token: refreshToken } : {}),
      ...(requested.includes("openid") ? { id_token: (await this.context.tokens.issue(identity)).accessToken } : {}),
      ...(form.get("client_info") === "1"
        ? { client_info: Buffer.from(JSON.stringify(clientInfo)).toString("base64url") }
        : {}),
    };
  }

  private clientName(clientId: string, tenant: Tenant | undefined): string {
    const known = publicClients.get(clientId);
    if (known) return known;
    if (tenant) return findClient(this.context, tenant, clientId).application.displayName;
    const application = this.context.directory.replica.application(clientId);
    if (!application) throw entraErrors.applicationNotFound(clientId, "Microsoft");
    return application.displayName;
  }

  private now(): number {
    return this.context.store.now().getTime() / 1000;
  }
}
