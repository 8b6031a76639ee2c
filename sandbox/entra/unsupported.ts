import { repeatedOption } from "../body-types.ts";
import { entraErrors } from "./errors.ts";

/** Grants that Entra has and the sandbox has not; any other is one that Entra refuses too. */
const unservedGrants = [
  "authorization_code",
  "password",
  "srv_challenge",
  "urn:ietf:params:oauth:grant-type:jwt-bearer",
  "urn:ietf:params:oauth:grant-type:saml1_1-bearer",
  "urn:ietf:params:oauth:grant-type:saml2-bearer",
];

/** Fields that ask for another kind of token than a plain one, or for somebody else. */
const unservedFields = [
  "assertion",
  "fmi_path",
  "req_cnf",
  "req_ds_cnf",
  "request",
  "requested_token_use",
  "user_federated_identity_credential",
];

/**
 * Refuses what would be answered wrongly if it were ignored: grants that are not served, tokens that are bound to a key, and
 * claims that the client insists on. Its capabilities (`xms_cc`) are no such claim: they only say what it can cope with.
 */
export function refuseUnsupported(form: URLSearchParams): void {
  const repeated = repeatedOption(form);
  if (repeated) throw entraErrors.duplicatedParameter(repeated);
  const grantType = form.get("grant_type") ?? "";
  if (unservedGrants.includes(grantType)) throw entraErrors.notServed(`the grant type '${grantType}'`);
  for (const field of unservedFields) {
    if (form.has(field)) throw entraErrors.notServed(`the field '${field}'`);
  }
  const tokenType = form.get("token_type") ?? "Bearer";
  if (tokenType.toLowerCase() !== "bearer") throw entraErrors.notServed(`the token type '${tokenType}'`);
  const claims = form.get("claims");
  if (claims && insists(claims)) throw entraErrors.notServed(`the claims '${claims}'`);
}

/** Whether a claims request has one that the client insists on; "voluntary" ones may be left out (OpenID Connect, 5.5.1). */
function insists(text: string): boolean {
  try {
    const sections: Record<string, Record<string, { essential?: boolean; value?: unknown } | null>> = JSON.parse(text);
    return Object.values(sections)
      .flatMap((claims) => Object.entries(claims))
      .some(([name, claim]) => name !== "xms_cc" && (claim?.essential || claim?.value !== undefined));
  } catch {
    return true;
  }
}
