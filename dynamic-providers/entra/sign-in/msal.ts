import { AuthError, type AuthenticationResult, type Configuration, type NetworkResponse } from "@azure/msal-node";
import { VendorError } from "../../errors.ts";
import { msalNetwork } from "../../http.ts";

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
            refuse(answer, loginUrl);
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

/**
 * Throws Entra's refusal, with its own words. msal-node would reword it, forget it in the device code flow, and after a
 * fault of the service refuse the next requests itself; http.ts has waited already.
 */
function refuse({ status, body }: NetworkResponse<unknown>, loginUrl: string): void {
  const { error, error_codes, error_description } = (typeof body === "object" && body ? body : {}) as {
    error?: string;
    error_codes?: number[];
    error_description?: string;
  };
  if (status < 400 || error === "authorization_pending") return;
  if (!error) throw new VendorError(status, "unexpected_answer", `${loginUrl} gave no reason`);
  // "AADSTS7000215: text. Trace ID: … Correlation ID: … Timestamp: …", the trailer on lines of its own in older answers
  const [, code, reason] = /^(?:(AADSTS\d+): )?(.*?)(?:\s+Trace ID: .*)?$/s.exec(error_description ?? "") ?? [];
  throw new VendorError(status, code ?? (error_codes?.[0] ? `AADSTS${error_codes[0]}` : error), reason || error);
}

/** Runs a call of msal-node. Gives its access token, or throws a VendorError or NoAnswer. */
export async function tokenBy<T extends AuthenticationResult>(call: () => Promise<T | null>): Promise<T> {
  let result: T | null;
  try {
    result = await call();
  } catch (error) {
    if (error instanceof Carrier) throw error.carried;
    if (error instanceof AuthError) throw new VendorError(undefined, error.errorCode, error.errorMessage);
    throw error;
  }
  // msal-node gives an empty token, and no error, for an answer that has none.
  if (result?.accessToken) return result;
  throw new VendorError(200, "no_token", "Entra answered without an access token");
}
