import { createHash, X509Certificate } from "node:crypto";
import { decodeJwt, decodeProtectedHeader, type JWTPayload, type JWTVerifyOptions, jwtVerify } from "jose";
import type { Context } from "../context.ts";
import type { Application, Tenant } from "../directory.ts";
import { entraErrors } from "./errors.ts";
import { verifyFederatedAssertion } from "./federated-assertion.ts";

/**
 * Checks a `client_assertion`: one that the client issued itself is signed with its certificate, any other comes from an
 * identity provider that a federated identity credential of the application trusts.
 */
export async function verifyAssertion(
  context: Context,
  tenant: Tenant,
  application: Application,
  assertion: string,
): Promise<void> {
  let claims: JWTPayload;
  let header: ReturnType<typeof decodeProtectedHeader>;
  try {
    claims = decodeJwt(assertion);
    header = decodeProtectedHeader(assertion);
  } catch {
    throw entraErrors.malformedAssertion();
  }
  if (claims.iss?.toLowerCase() !== application.appId)
    return verifyFederatedAssertion(context.store, application, assertion, claims);

  const { login } = context.endpoints;
  const { thumbprint, certificate } = findCertificate(application, header);
  if (!certificate) throw entraErrors.certificateNotRegistered(thumbprint, application.appId);
  if (context.store.now() > new Date(certificate.validTo))
    throw entraErrors.certificateExpired(thumbprint, application.appId);
  const names = [tenant.id, ...tenant.domains];
  const options: JWTVerifyOptions = {
    algorithms: ["PS256", "RS256"],
    // By the machine's time, as the client has it who signs: only the cloud's clock is ever moved.
    clockTolerance: 300,
    subject: application.appId,
    audience: names.flatMap((name) => [
      `${login}/${name}/oauth2/v2.0/token`,
      `${login}/${name}/oauth2/token`,
      `${login}/${name}/v2.0`,
    ]),
  };
  try {
    await jwtVerify(assertion, certificate.publicKey, options);
  } catch (error) {
    const { code, claim } = error as { code?: string; claim?: string };
    if (code === "ERR_JWT_EXPIRED" || claim === "nbf" || claim === "exp") throw entraErrors.assertionExpired();
    if (claim === "aud") throw entraErrors.assertionAudience();
    if (claim) throw entraErrors.malformedAssertion();
    throw entraErrors.wrongAssertionSignature(thumbprint, application.appId);
  }
}

/** The registered certificate that the header names by `x5t#S256`, `x5t` or `kid`, which older clients set to the thumbprint. */
function findCertificate(
  application: Application,
  header: ReturnType<typeof decodeProtectedHeader>,
): { thumbprint: string; certificate?: X509Certificate } {
  const named = (header["x5t#S256"] ?? header.x5t ?? header.kid ?? "") as string;
  const wanted = Buffer.from(named, "base64url").toString("hex").toUpperCase();
  for (const { key } of application.keyCredentials) {
    const der = Buffer.from(String(key ?? ""), "base64");
    const thumbprints = ["sha256", "sha1"].map((hash) => createHash(hash).update(der).digest("hex").toUpperCase());
    if (thumbprints.includes(wanted) || thumbprints.includes(named.toUpperCase()))
      return { thumbprint: wanted, certificate: new X509Certificate(der) };
  }
  return { thumbprint: wanted };
}
