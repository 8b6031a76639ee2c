/** How Pulumi's wire format marks a secret inside plain JSON. */
const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** What stands in a preview for a value that is not known yet. */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

// biome-ignore lint/suspicious/noExplicitAny: property bags of any resource type
export type Properties = Record<string, any>;

/** Wraps a value so that the engine stores it encrypted and never shows it. */
export function secret(value: unknown) {
  return { [signatureKey]: secretSignature, value };
}

/** Whether a value is wrapped by {@link secret}. */
export function isSecret(value: unknown): value is { value: unknown } {
  return typeof value === "object" && value !== null && (value as Properties)[signatureKey] === secretSignature;
}

/** The same value with every secret in it laid open, for use on the wire only: never log it, never put it into an error. */
// biome-ignore lint/suspicious/noExplicitAny: gives back whatever shape was wrapped
export function unwrap(value: unknown): any {
  if (Array.isArray(value)) return value.map(unwrap);
  if (value === null || typeof value !== "object") return value;
  if (isSecret(value)) return unwrap(value.value);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, unwrap(member)]));
}

/** Type and name of the resource that a URN is for. */
export function partsOf(urn: string): { type: string; name: string } {
  const [, , types = "", name = ""] = urn.split("::");
  return { type: types.slice(types.lastIndexOf("$") + 1), name };
}

/** The credentials and the cloud that a plugin is given by ARM_* variables. */
export interface Settings {
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Host (with port) that serves `/metadata/endpoints`. */
  readonly metadataHost: string;
}

export function settings(environment: NodeJS.ProcessEnv = process.env): Settings {
  const required = (name: string) => {
    const value = environment[name];
    if (!value) throw new Error(`The environment variable ${name} is not set.`);
    return value;
  };
  return {
    tenantId: required("ARM_TENANT_ID"),
    clientId: required("ARM_CLIENT_ID"),
    clientSecret: required("ARM_CLIENT_SECRET"),
    metadataHost: required("ARM_METADATA_HOSTNAME"),
  };
}

/** Members of a cloud's metadata that the plugins use. */
export interface Metadata {
  readonly resourceManager: string;
  readonly microsoftGraphResourceId: string;
  readonly authentication: { readonly loginEndpoint: string; readonly audiences: readonly string[] };
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: bodies of any service
  readonly body: any;
}

/** An answer that is not success: says which request, the status, the vendor's code and message; never a body or a header. */
export class RequestFailed extends Error {
  readonly status: number;
  readonly code: string;

  constructor(method: string, url: string, reply: Reply) {
    const { error, error_description } = reply.body ?? {};
    const isOAuth = typeof error === "string";
    const { code = "", message = "" } = isOAuth ? { code: error, message: error_description } : (error ?? {});
    super(`${method} ${new URL(url).pathname}: status ${reply.status}, Code="${code}" Message="${message}"`);
    this.status = reply.status;
    this.code = code;
  }
}

const retried = [408, 429, 500, 502, 503, 504];
const retries = 3;
const timeoutMilliseconds = 60_000;

/** Requests to one cloud with one identity, which signs in by client secret when it is first needed for a resource. */
export class CloudClient {
  private readonly settings: Settings;
  private readonly alsoRetried: readonly number[];
  private readonly tokens = new Map<string, { text: string; expires: number }>();
  private found: Promise<Metadata> | undefined;

  /** `alsoRetried`: statuses after which `send` repeats a request, beside 408, 429 and those of a server in trouble. */
  constructor(settings: Settings, alsoRetried: readonly number[] = []) {
    this.settings = settings;
    this.alsoRetried = alsoRetried;
  }

  metadata(): Promise<Metadata> {
    const url = `https://${this.settings.metadataHost}/metadata/endpoints?api-version=2022-09-01`;
    this.found ??= exchange("GET", url, {})
      .then((reply) => reply.body as Metadata)
      .catch((error) => {
        this.found = undefined;
        throw error;
      });
    return this.found;
  }

  /** An access token for a resource given without a trailing slash. */
  async token(resource: string): Promise<string> {
    const known = this.tokens.get(resource);
    if (known && known.expires > Date.now()) return known.text;
    const { tenantId, clientId, clientSecret } = this.settings;
    const { authentication } = await this.metadata();
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: clientSecret,
      scope: `${resource}/.default`,
    });
    const url = `${authentication.loginEndpoint}/${tenantId}/oauth2/v2.0/token`;
    const { body } = await exchange("POST", url, { body: form, repeatable: true });
    const expires = Date.now() + (Number(body.expires_in) - 300) * 1000;
    this.tokens.set(resource, { text: body.access_token, expires });
    return body.access_token;
  }

  /** Sends a request with a token for `resource`. Throws {@link RequestFailed} unless the status is 2xx. */
  async send(
    resource: string,
    method: string,
    url: string,
    options: { body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Reply> {
    const attempt = async () => {
      const headers = { ...options.headers, Authorization: `Bearer ${await this.token(resource)}` };
      return exchange(method, url, { ...options, headers, alsoRetried: this.alsoRetried });
    };
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof RequestFailed && error.status === 401)) throw error;
      // A stand-in outlives many runs, in which the sandbox's clock may have been moved past the end of a token.
      this.tokens.delete(resource);
      return attempt();
    }
  }
}

interface Sending {
  body?: unknown;
  headers?: Record<string, string>;
  /** Whether it may be sent again when no answer came; of itself everything but a POST, which might take effect twice. */
  repeatable?: boolean;
  alsoRetried?: readonly number[];
}

async function exchange(method: string, url: string, sending: Sending): Promise<Reply> {
  const { body, headers, repeatable = method !== "POST", alsoRetried = [] } = sending;
  for (let attempt = 0; ; attempt++) {
    const outcome = await once(method, url, body, headers).catch((error: Error) => error);
    const again = outcome instanceof Error ? repeatable : [...retried, ...alsoRetried].includes(outcome.status);
    if (!again || attempt === retries) {
      if (outcome instanceof Error) {
        throw new Error(`${method} ${new URL(url).pathname}: no answer (${reasonOf(outcome)})`);
      }
      if (outcome.status >= 200 && outcome.status < 300) return outcome;
      throw new RequestFailed(method, url, outcome);
    }
    const asked = outcome instanceof Error ? null : outcome.headers.get("Retry-After");
    await pause(asked ? Math.min(Number(asked), 60) * 1000 : 200 * 2 ** attempt);
  }
}

/** Waits; plugins poll and back off with it. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function once(
  method: string,
  url: string,
  body: unknown,
  headers: Record<string, string> | undefined,
): Promise<Reply> {
  const isForm = body instanceof URLSearchParams;
  const type: Record<string, string> = body && !isForm ? { "Content-Type": "application/json" } : {};
  const response = await fetch(url, {
    method,
    headers: { Accept: "application/json", ...type, ...headers },
    body: isForm ? body : body ? JSON.stringify(body) : undefined,
    signal: AbortSignal.timeout(timeoutMilliseconds),
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json");
  return {
    status: response.status,
    headers: response.headers,
    body: isJson && text ? JSON.parse(text) : undefined,
  };
}

function reasonOf(error: Error): string {
  const cause = error.cause as { code?: string; message?: string } | undefined;
  return cause?.code ?? cause?.message ?? error.message;
}
