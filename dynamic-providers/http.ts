import { Agent } from "node:https";
import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from "@azure/msal-node";
import axios, { type AxiosError, type AxiosResponse } from "axios";
import axiosRetry, { isNetworkError } from "axios-retry";

/** A request to one of the vendor's services. */
export interface HttpRequest {
  readonly method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  readonly url: string;
  readonly headers?: Record<string, string>;
  /** A string is sent as it is, an object as JSON. */
  readonly body?: unknown;
  /** Most milliseconds for this one request. Default: what {@link timeoutSeconds} says. */
  readonly timeout?: number;
}

/** What came back, whatever its status. `body` is parsed JSON where the service said so and it is, else text. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: unknown;
}

/** No answer: the connection failed, timed out, or was cut. A write may or may not have taken effect. */
export class NoAnswer extends Error {
  constructor(request: HttpRequest, error: unknown) {
    const { code, message } = error as AxiosError;
    super(
      `${request.method} ${withoutQuery(request.url)} got no answer: ${code === "ECONNABORTED" ? "timed out" : message}`,
    );
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
/** Service protection asks for waits of up to its window, five minutes (wire facts D10). */
const longestWaitSeconds = 300;

const client = axios.create({
  httpsAgent: new Agent({ keepAlive: true, maxSockets: connectionsPerHost }),
  // A redirect could lead to another host, and the token must not go there.
  maxRedirects: 0,
  maxContentLength: 20 * 1024 * 1024,
  validateStatus: () => true,
  transformResponse: (text) => text,
  responseType: "text",
});

axiosRetry(client, {
  retries,
  shouldResetTimeout: true,
  validateResponse: (response) => !mayRepeat(response.config.method ?? "", response.status),
  // A lost answer to a write is for the caller to look into: the write may have taken effect.
  retryCondition: (error) =>
    error.response
      ? mayRepeat(error.config?.method ?? "", error.response.status)
      : isNetworkError(error) && isRead(error.config?.method ?? ""),
  retryDelay: (count, error) => waitMilliseconds(error.response, count),
});

const isRead = (method: string) => method.toUpperCase() === "GET";

/** A refusal for being too many (429) had no effect; a fault of the service may have had one, so only reads repeat it. */
function mayRepeat(method: string, status: number): boolean {
  return status === 429 || (isRead(method) && [408, 500, 502, 503, 504].includes(status));
}

function waitMilliseconds(response: AxiosResponse | undefined, count: number): number {
  const asked = Number(response?.headers["retry-after"]);
  const seconds = Number.isFinite(asked) ? asked : 2 ** (count - 1) / 2;
  return Math.min(seconds, longestWaitSeconds) * 1000;
}

/**
 * Sends one request through the project's only connection pool. Reads are repeated after faults, anything after 429 for
 * as long as the service asks. Rejects with {@link NoAnswer}; never with an axios error, which carries the bearer token.
 */
export async function send(request: HttpRequest): Promise<HttpResponse> {
  if (!(timeoutSeconds > 0 && timeoutSeconds <= 600)) {
    const given = process.env.DATAVERSE_S2S_TIMEOUT_SECONDS;
    throw new Error(`DATAVERSE_S2S_TIMEOUT_SECONDS is '${given}', and must be a number of seconds, at most 600`);
  }
  let response: AxiosResponse<string>;
  try {
    response = await client.request({
      method: request.method,
      url: request.url,
      timeout: Math.min(request.timeout ?? Infinity, timeoutSeconds * 1000),
      headers: { Accept: "application/json", ...request.headers },
      data: request.body,
    });
  } catch (error) {
    const answered = (error as AxiosError<string>).response;
    if (!answered) throw new NoAnswer(request, error);
    response = answered;
  }
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
  return { status: response.status, headers, body: parse(response.data, headers["content-type"]) };
}

function parse(text: string, contentType = ""): unknown {
  if (!text || !contentType.includes("json")) return text ?? "";
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const withoutQuery = (url: string) => url.replace(/\?.*/s, "");

/** msal-node's way out: the same pool, timeouts and retries as everything else. */
export const msalNetwork: INetworkModule = {
  sendGetRequestAsync: <T>(url: string, options?: NetworkRequestOptions) => msalSend<T>("GET", url, options),
  sendPostRequestAsync: <T>(url: string, options?: NetworkRequestOptions) => msalSend<T>("POST", url, options),
};

async function msalSend<T>(
  method: "GET" | "POST",
  url: string,
  options?: NetworkRequestOptions,
): Promise<NetworkResponse<T>> {
  const { status, headers, body } = await send({
    method,
    url,
    headers: options?.headers,
    body: options?.body,
    timeout: 30_000,
  });
  return { status, headers, body: body as T };
}
