import { AuthError, type AuthenticationResult, type Configuration } from "@azure/msal-node";
import { z } from "zod";
import { AccessError, hiding, reasonOf, unexpected, VendorError } from "../../errors.ts";
import { type HttpResponse, msalNetwork, NoAnswer } from "../../http.ts";
import { optional } from "../../rows.ts";

/** Where an identity signs in. */
export interface Authority {
  /** Entra's address: {@link Cloud.loginUrl}. */
  readonly loginUrl: string;
  readonly tenantId: string;
}

/** A token for `resource`, from memory while it is good; `fresh` asks Entra anyway. */
export type TokenSource = (resource: string, fresh: boolean) => Promise<string>;

/** Configuration of msal-node for one client in one tenant. */
export function msalConfiguration({ loginUrl, tenantId }: Authority, auth: Configuration["auth"]): Configuration {
  const authority = `${loginUrl}/${tenantId}`;
  return {
    auth: {
      ...auth,
      authority,
      knownAuthorities: [new URL(loginUrl).host], // host with port, or msal-node asks Microsoft's cloud about it
      // Entra's endpoints are the same in every tenant. msal-node would ask for them, and keep to itself why it got none.
      authorityMetadata: JSON.stringify({
        token_endpoint: `${authority}/oauth2/v2.0/token`,
        authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
        issuer: `${authority}/v2.0`,
        jwks_uri: `${authority}/discovery/v2.0/keys`,
      }),
    },
    system: {
      networkClient: {
        sendGetRequestAsync: msalNetwork.sendGetRequestAsync,
        async sendPostRequestAsync<T>(...request: Parameters<typeof msalNetwork.sendPostRequestAsync>) {
          try {
            const answer = await msalNetwork.sendPostRequestAsync<T>(...request);
            refuse(answer, loginUrl, hiding(secretsIn(request[1]?.body)));
            return answer;
          } catch (error) {
            throw new Carrier(error);
          }
        },
      },
    },
  };
}

/** Takes an error through msal-node, which passes on its own kind alone and calls all else "network_error". */
class Carrier extends AuthError {
  readonly carried: unknown;

  constructor(carried: unknown) {
    super("carrier", "", "");
    Object.setPrototypeOf(this, Carrier.prototype); // AuthError sets its own
    this.carried = carried;
  }
}

const refusalShape = z.object({
  error: z.string().min(1),
  error_description: optional(z.string()),
  error_codes: optional(z.array(z.number())),
});

const text = z.string().min(1);
const seconds = (most: number) => z.number().min(1).max(most);

/** A token, or the code for a device: of that msal-node takes the times as they come, and would ask without a pause or an end. */
const answerShape = z.union([
  z.object({
    access_token: text,
    expires_in: z.union([seconds(48 * 3600), z.string().regex(/^\d{1,6}$/)]),
    id_token: optional(z.string()),
    client_info: optional(z.string()),
    scope: optional(z.string()),
  }),
  z.object({
    device_code: text,
    user_code: text,
    verification_uri: text,
    expires_in: seconds(3600),
    interval: seconds(60),
  }),
]);

/**
 * Throws Entra's refusal, with its own words. msal-node would reword it, forget it in the device code flow, and after a
 * fault of the service refuse the next requests itself; http.ts has waited already.
 */
function refuse({ status, body, tried }: HttpResponse, loginUrl: string, hide: (text: string) => string): void {
  const refused = refusalShape.safeParse(body).data;
  if (refused?.error === "authorization_pending") return;
  if (status < 400 && !refused) {
    if (answerShape.safeParse(body).success) return;
    throw unexpected(status, `${loginUrl} answered with something that is no token`);
  }
  if (!refused) throw new VendorError(status, `HTTP ${status}`, reasonOf(`${loginUrl} gave no reason`, tried));
  const { error_codes } = refused;
  const error = hide(refused.error);
  // "AADSTS7000215: text. Trace ID: … Correlation ID: … Timestamp: …", the trailer on lines of its own in older answers
  const [, code, told] =
    /^(?:(AADSTS\d+): )?(.*?)(?:\s+Trace ID: .*)?$/s.exec(hide(refused.error_description ?? "")) ?? [];
  const known = code ?? (error_codes?.[0] ? `AADSTS${error_codes[0]}` : reasonOf(error, undefined));
  throw new VendorError(status, known, reasonOf(told || error, tried));
}

/** What a request for a token has of secrets. */
const secretsIn = (form = "") =>
  ["client_secret", "client_assertion", "device_code", "refresh_token"].flatMap(
    (field) => new URLSearchParams(form).get(field) ?? [],
  );

/** Runs a call of msal-node. Gives its access token, or throws a VendorError or NoAnswer. */
export async function tokenBy<T extends AuthenticationResult>(call: () => Promise<T | null>): Promise<T> {
  let result: T | null;
  try {
    result = await call();
  } catch (error) {
    if (error instanceof Carrier) throw error.carried;
    if (error instanceof AuthError) throw new VendorError(undefined, error.errorCode, error.errorMessage);
    if (error instanceof VendorError || error instanceof NoAnswer || error instanceof AccessError) throw error;
    // msal-node fell over what it was given. The error may quote it, so it is not told.
    throw unexpected(undefined, "Entra's answer cannot be read");
  }
  // msal-node gives an empty token, and no error, for an answer that has none.
  if (result?.accessToken) return result;
  throw new VendorError(200, "no_token", "Entra answered without an access token");
}
