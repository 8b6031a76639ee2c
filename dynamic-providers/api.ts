import { VendorError } from "./errors.ts";
import { type HttpRequest, type HttpResponse, send } from "./http.ts";

/** A JSON object as a service gives or takes it. */
export type Row = Record<string, unknown>;

/** One of Microsoft's JSON APIs as one signed-in identity; each call rejects with a {@link VendorError} or NoAnswer. */
export interface Api {
  get(path: string): Promise<Row>;
  /** All rows of a collection, page by page. */
  list(path: string): Promise<Row[]>;
  post(path: string, body: Row, headers?: Record<string, string>): Promise<Row>;
  put(path: string, body: Row): Promise<Row>;
  patch(path: string, body: Row, headers?: Record<string, string>): Promise<void>;
  delete(path: string): Promise<void>;
}

/** `base` comes before each path; `token` is asked before each request and is expected to cache. */
export function jsonApi(base: string, token: () => Promise<string>, headers: Record<string, string> = {}): Api {
  const { origin } = new URL(base);

  async function request(method: HttpRequest["method"], url: string, body?: Row, extra?: Record<string, string>) {
    const response = await send({
      method,
      url,
      body: body && JSON.stringify(body),
      headers: {
        ...headers,
        ...(body && { "Content-Type": "application/json" }),
        ...extra,
        Authorization: `Bearer ${await token()}`,
      },
    });
    if (response.status >= 300) throw refusal(response);
    return response;
  }

  async function get(url: string): Promise<Row> {
    const { status, body } = await request("GET", url);
    if (!isRow(body)) throw new VendorError(status, "unexpected_answer", `${origin} did not answer with a JSON object`);
    return body;
  }

  const rowOf = ({ body }: HttpResponse) => (isRow(body) ? body : {});

  return {
    get: (path) => get(base + path),
    async list(path) {
      const rows: Row[] = [];
      for (let url: string | undefined = base + path; url; ) {
        const page: Row = await get(url);
        if (!Array.isArray(page.value))
          throw new VendorError(200, "unexpected_answer", `${origin} answered without rows`);
        rows.push(...page.value.filter(isRow));
        const next: unknown = page["@odata.nextLink"] ?? page.nextLink; // the latter in Key Vault
        url = typeof next === "string" ? next : undefined;
        // The token goes with the request, so never to another host.
        if (url && new URL(url).origin !== origin) {
          throw new VendorError(200, "unexpected_answer", `the next page of ${origin} is on another host`);
        }
      }
      return rows;
    },
    post: async (path, body, extra) => rowOf(await request("POST", base + path, body, extra)),
    put: async (path, body) => rowOf(await request("PUT", base + path, body)),
    async patch(path, body, extra) {
      await request("PATCH", base + path, body, extra);
    },
    async delete(path) {
      await request("DELETE", base + path);
    },
  };
}

/** True for the answer "no such object". */
export const isMissing = (error: unknown) => error instanceof VendorError && error.status === 404;

const isRow = (value: unknown): value is Row => typeof value === "object" && value !== null && !Array.isArray(value);

/** All have `error.code` and `error.message`; Key Vault has the telling code one level down, Dataverse a header instead at times. */
function refusal({ status, headers, body }: HttpResponse): VendorError {
  const error = isRow(body) && isRow(body.error) ? body.error : {};
  const inner = isRow(error.innererror) ? error.innererror.code : undefined;
  const text = typeof error.message === "string" && error.message ? error.message : headers["401_error_reason"];
  const code = normalCode(inner) || normalCode(error.code) || `HTTP ${status}`;
  return new VendorError(status, code, text?.split(/\r?\n/)[0] ?? "the service gave no reason");
}

/** Dataverse's codes come as "0x8004F510", and now and then as the signed decimal of the same number (wire facts D3). */
function normalCode(code: unknown): string {
  if (typeof code !== "string" && typeof code !== "number") return "";
  const text = String(code);
  if (/^-\d+$/.test(text)) return `0x${(Number(text) >>> 0).toString(16)}`;
  return /^0x/i.test(text) ? text.toLowerCase() : text;
}
