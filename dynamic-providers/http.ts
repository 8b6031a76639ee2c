import { Agent } from "node:https";
import type { INetworkModule, NetworkRequestOptions } from "@azure/msal-node";
import axios, { AxiosError, type AxiosRequestConfig, type AxiosResponse } from "axios";
import axiosRetry, { isNetworkError } from "axios-retry";
import { graceOver, Interrupted, interruption } from "./interruption.ts";
import { hold, untilLetIn } from "./throttling.ts";

/** A request to one of the vendor's services. */
export interface HttpRequest {
  readonly method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  readonly url: string;
  readonly headers?: Record<string, string>;
  /** A string is sent as it is, an object as JSON. */
  readonly body?: unknown;
  /** True for what changes nothing, so that it is repeated after a fault. Default: for GET. */
  readonly repeatable?: boolean;
  /** Most milliseconds for this one request. Default: what {@link timeoutSeconds} says. */
  readonly timeout?: number;
}

/** What came back, whatever its status but a redirect. `body` is parsed JSON where the service said so and it is, else text. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: unknown;
  /** For the sentence of an error: what was tried before this answer was let stand, as "tried 5 times in 8 s". */
  readonly tried?: string | undefined;
}

/**
 * No answer that is of use: the connection failed, timed out or was cut, the answer is too large, or it points elsewhere. A
 * write may or may not have taken effect.
 */
export class NoAnswer extends Error {
  constructor(request: HttpRequest, reason: string) {
    super(`${request.method} ${withoutQuery(request.url)} got no answer: ${reason}`);
    this.name = "NoAnswer";
  }
}

/**
 * Seconds in which a request has to be answered: environment variable DATAVERSE_S2S_TIMEOUT_SECONDS. Default 100: Dataverse
 * itself gives up after two minutes.
 */
const timeoutSeconds = Number(process.env.DATAVERSE_S2S_TIMEOUT_SECONDS || 100);
/** Most connections at a time to one host: Dataverse refuses more than 52 concurrent requests of one user. */
const connectionsPerHost = 16;
const retries = 4;
/** A fault that lasts this long does not pass by itself. */
const longestFaultSeconds = 60;
/** Service protection asks for waits of up to its window, five minutes (wire facts D10). */
const longestWaitSeconds = 300;
/** The user is told of longer waits. */
const silentWaitSeconds = 5;

const client = axios.create({
  httpsAgent: new Agent({ keepAlive: true, maxSockets: connectionsPerHost }),
  // A redirect could lead to another host, and the token must not go there.
  maxRedirects: 0,
  maxContentLength: 20 * 1024 * 1024,
  validateStatus: () => true,
  transformResponse: (text) => text,
  responseType: "text",
});

client.interceptors.request.use(async (config) => {
  // After a wait that Ctrl-C cut short: with its aborted signal it is not sent.
  if (config.signal?.aborted) return config;
  await untilLetIn(callerOf(config));
  // axios' own timeout begins anew with each byte, so an answer that trickles in would never end. One signal for each try.
  return Object.assign(config, { signal: AbortSignal.any([AbortSignal.timeout(config.timeout!), graceOver]) });
});

axiosRetry(client, {
  retries,
  shouldResetTimeout: true,
  validateResponse: ({ status }) => status !== 429 && !isFault(status),
  retryDelay: (count, { response }) => (askedSeconds(response) ?? 2 ** (count - 1) / 2) * 1000,
});

const isFault = (status: number) => [408, 500, 502, 503, 504].includes(status);

/** How long a service asks to wait, which it says in seconds or as a date (RFC 9110, 10.2.3). */
function askedSeconds(response: AxiosResponse | undefined): number | undefined {
  const asked = String(response?.headers["retry-after"] ?? "");
  if (/^\d+(\.\d+)?$/.test(asked)) return Number(asked);
  const date = Date.parse(asked);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - Date.now()) / 1000));
}

const isTooLong = (seconds: number | undefined) => seconds !== undefined && seconds > longestWaitSeconds;

/**
 * A refusal for being too many (429) had no effect; a fault of the service may have had one, so only what changes nothing is
 * repeated after it. Neither is a request that timed out: it has taken its time.
 */
function mayRepeat(error: AxiosError, repeatable: boolean, seconds: number): boolean {
  const { response } = error;
  if (interruption.aborted) return false;
  if (isTooLong(askedSeconds(response))) return false;
  if (response?.status === 429) return true;
  if (!repeatable || seconds > longestFaultSeconds) return false;
  // An answer that is too large or not compressed as it says would be so again.
  return response ? isFault(response.status) : isNetworkError(error) && error.code !== AxiosError.ERR_BAD_RESPONSE;
}

/** Who is counted by a service: somebody signed in, at one host. */
const callerOf = ({ url, headers }: AxiosRequestConfig) => `${new URL(url!).host} ${headers?.Authorization}`;

function holdBack(config: AxiosRequestConfig, response: AxiosResponse | undefined): void {
  const seconds = askedSeconds(response);
  const isSignedIn = config.headers?.Authorization !== undefined;
  if (isSignedIn && response?.status === 429 && seconds !== undefined) hold(callerOf(config), seconds);
}

/** Ends of the waits that hosts have asked for and the user was told of. */
const toldUntil = new Map<string, number>();
let tell: (line: string) => void = () => {};

/** Has long waits told: who asks for one, and how long it is. Requests of one host that wait together tell it once. */
export function tellWaits(listener: (line: string) => void): void {
  tell = listener;
}

function tellWait({ host }: URL, response: AxiosResponse | undefined): void {
  const seconds = askedSeconds(response);
  if (seconds === undefined || seconds <= silentWaitSeconds || (toldUntil.get(host) ?? 0) > Date.now()) return;
  toldUntil.set(host, Date.now() + seconds * 1000);
  tell(`waiting ${seconds} s, as ${host} asks (HTTP ${response?.status})`);
}

/**
 * Sends one request through the project's only connection pool. Reads are repeated after faults, anything after 429, five
 * times in all and after as long as the service asks; what else the same caller sends there meanwhile waits with it. Rejects
 * with {@link NoAnswer}, or {@link Interrupted} on Ctrl-C; never with an axios error, which carries the bearer token.
 */
export async function send(request: HttpRequest): Promise<HttpResponse> {
  if (!(timeoutSeconds > 0 && timeoutSeconds <= 600)) {
    const given = process.env.DATAVERSE_S2S_TIMEOUT_SECONDS;
    throw new Error(`DATAVERSE_S2S_TIMEOUT_SECONDS is '${given}', and must be a number of seconds, at most 600`);
  }
  const repeatable = request.repeatable ?? request.method === "GET";
  const began = Date.now();
  const elapsed = () => (Date.now() - began) / 1000;
  let tries = 1;
  const tried = () => (tries > 1 ? `tried ${tries} times in ${Math.round(elapsed())} s` : undefined);
  let response: AxiosResponse<string>;
  try {
    response = await client.request({
      method: request.method,
      url: request.url,
      timeout: Math.min(request.timeout ?? Infinity, timeoutSeconds * 1000),
      headers: { Accept: "application/json", ...request.headers },
      data: request.body,
      "axios-retry": {
        retryCondition: (error) => mayRepeat(error, repeatable, elapsed()),
        onRetry(count, error, config) {
          tries = count + 1;
          config.signal = interruption; // the last try's own would cut the wait short
          holdBack(config, error.response);
          tellWait(new URL(request.url), error.response);
        },
      },
    });
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    const { code, response: answered } = error as AxiosError<string>;
    if (interruption.aborted && code === AxiosError.ERR_CANCELED)
      throw new Interrupted(`waiting for ${new URL(request.url).host} to answer`);
    if (!answered) throw new NoAnswer(request, [reasonOf(error as AxiosError), tried()].filter(Boolean).join("; "));
    response = answered;
  }
  const { status } = response;
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
  if (status >= 300 && status < 400)
    throw new NoAnswer(request, `it points to ${placeOf(headers.location, request.url)} (HTTP ${status})`);
  const asked = askedSeconds(response);
  const refusedWait =
    isTooLong(asked) && `it asks for a wait of ${asked} s, and ${longestWaitSeconds} s is the longest`;
  return {
    status,
    headers,
    body: parse(response.data, headers["content-type"]),
    tried: [tried(), refusedWait].filter(Boolean).join("; ") || undefined,
  };
}

function reasonOf({ code, message }: AxiosError): string {
  if (code === AxiosError.ECONNABORTED || code === AxiosError.ERR_CANCELED) return "timed out";
  return message || code || "the connection failed";
}

function placeOf(location = "", base: string): string {
  return URL.canParse(location, base) ? withoutQuery(new URL(location, base).href) : "nowhere";
}

function parse(text: string, contentType = ""): unknown {
  if (!text || !contentType.includes("json")) return text ?? "";
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const withoutQuery = (url: string) => url.replace(/[?#].*/s, "");

/** msal-node's way out: the same pool, timeouts and retries as everything else. */
export const msalNetwork = {
  sendGetRequestAsync: <T>(url: string, options?: NetworkRequestOptions) => msalSend<T>("GET", url, options),
  sendPostRequestAsync: <T>(url: string, options?: NetworkRequestOptions) => msalSend<T>("POST", url, options),
} satisfies INetworkModule;

async function msalSend<T>(
  method: "GET" | "POST",
  url: string,
  options?: NetworkRequestOptions,
): Promise<HttpResponse & { body: T }> {
  const response = await send({
    method,
    url,
    headers: options?.headers,
    body: options?.body,
    repeatable: true, // asks for a token: at worst there are two
    timeout: 30_000,
  });
  return { ...response, body: response.body as T };
}
