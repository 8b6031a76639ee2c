import { createLocalJWKSet, type JSONWebKeySet, type JWTPayload, jwtVerify } from "jose";
import type { Application } from "../directory.ts";
import type { Store } from "../store.ts";
import { type EntraError, entraErrors } from "./errors.ts";
import { entraSwitch } from "./switches.ts";

const timeoutMilliseconds = 10_000;

/**
 * Checks a token of an outside identity provider against the application's federated identity credentials: issuer, subject
 * and audience must be equal to the letter, and the signature must be by a key that the issuer's OIDC discovery gives.
 */
export async function verifyFederatedAssertion(
  store: Store,
  application: Application,
  assertion: string,
  claims: JWTPayload,
): Promise<void> {
  const { iss = "" } = claims;
  const mismatch = mismatchOf(application, claims);
  if (mismatch && entraSwitch(store, "federatedMismatch") === "400 70021") {
    throw entraErrors.federatedMismatch(iss, claims.sub ?? "", [claims.aud ?? []].flat().join(" "));
  }
  if (mismatch) throw mismatch;

  const keys = createLocalJWKSet(await fetchKeys(iss));
  try {
    await jwtVerify(assertion, keys, { clockTolerance: 300 });
  } catch (error) {
    const { code, claim } = error as { code?: string; claim?: string };
    if (code === "ERR_JWT_EXPIRED" || claim) throw entraErrors.assertionExpired();
    throw entraErrors.federatedSignature(
      code === "ERR_JWKS_NO_MATCHING_KEY"
        ? "The key was not found"
        : "The provided signature value did not match the expected signature value",
    );
  }
}

/** Why no credential of the application matches a token; undefined where one does. */
function mismatchOf(application: Application, { iss = "", sub = "", aud = [] }: JWTPayload): EntraError | undefined {
  const audiences = [aud].flat();
  const ofIssuer = application.federatedIdentityCredentials.filter((row) => row.issuer === iss);
  if (!ofIssuer.length) return entraErrors.federatedIssuer(iss);
  const ofSubject = ofIssuer.filter((row) => row.subject === sub);
  if (!ofSubject.length) {
    const alike = ofIssuer.some((row) => String(row.subject).toLowerCase() === sub.toLowerCase());
    return alike ? entraErrors.federatedSubjectCase(sub) : entraErrors.federatedSubject(sub);
  }
  const trusted = ofSubject.some((row) => (row.audiences as string[]).some((audience) => audiences.includes(audience)));
  return trusted ? undefined : entraErrors.federatedAudience(audiences.join(" "));
}

/** Keys of an issuer by its discovery document. Never from anywhere else: whoever serves the issuer's URL is the issuer. */
async function fetchKeys(issuer: string): Promise<JSONWebKeySet> {
  const get = async (url: string): Promise<Record<string, unknown>> => {
    if (new URL(url).protocol !== "https:") throw new Error(`${url} is not an https URL`);
    const answer = await fetch(url, { signal: AbortSignal.timeout(timeoutMilliseconds), redirect: "error" });
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
    return (await answer.json()) as Record<string, unknown>;
  };
  try {
    const discovery = await get(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
    if (discovery.issuer !== issuer) throw new Error(`its discovery document is of '${discovery.issuer}'`);
    return (await get(String(discovery.jwks_uri))) as unknown as JSONWebKeySet;
  } catch (error) {
    const { message, cause } = error as Error;
    throw entraErrors.issuerUnreachable(issuer, cause instanceof Error ? cause.message : message);
  }
}
