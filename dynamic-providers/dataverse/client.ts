import { VendorError } from "../errors.ts";
import { type HttpRequest, type HttpResponse, send } from "../http.ts";

/** A row as the Web API gives it. */
export type Row = Record<string, unknown>;

/** The Web API of one environment, as one signed-in identity. */
export interface Dataverse {
  /** Without a trailing slash. */
  readonly environmentUrl: string;
  /** A row or a function's answer; `path` comes after `/api/data/v9.2/`. */
  get(path: string): Promise<Row>;
  /** All rows of a collection, page by page. */
  list(path: string): Promise<Row[]>;
  post(path: string, body: Row, headers?: Record<string, string>): Promise<Row>;
  patch(path: string, body: Row): Promise<void>;
  delete(path: string): Promise<void>;
  /** The absolute address of a row, as relationships want it. */
  reference(path: string): string;
}

/** A string literal for a `$filter`. */
export const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** True for the answer "no such row". */
export const isMissing = (error: unknown) => error instanceof VendorError && error.status === 404;

/** True for "exists already", in each of the shapes the platform has for it (wire facts D6). */
export const isDuplicate = (error: unknown) =>
  error instanceof VendorError && ["0x80040237", "0x8004f511"].includes(error.code);

/** `token` is asked before each request and is expected to cache. */
export function dataverse(environmentUrl: string, token: () => Promise<string>): Dataverse {
  const base = `${environmentUrl}/api/data/v9.2/`;

  async function request(method: HttpRequest["method"], url: string, body?: Row, headers?: Record<string, string>) {
    const response = await send({
      method,
      url,
      body: body && JSON.stringify(body),
      headers: {
        "OData-MaxVersion": "4.0",
        "OData-Version": "4.0",
        ...(body && { "Content-Type": "application/json" }),
        ...headers,
        Authorization: `Bearer ${await token()}`,
      },
    });
    if (response.status >= 300) throw refusal(response);
    return response;
  }

  async function get(url: string): Promise<Row> {
    const { status, body } = await request("GET", url);
    if (!isRow(body))
      throw new VendorError(status, "unexpected_answer", "the environment's answer is not a JSON object");
    return body;
  }

  return {
    environmentUrl,
    get: (path) => get(base + path),
    async list(path) {
      const rows: Row[] = [];
      for (let url: string | undefined = base + path; url; ) {
        const page: Row = await get(url);
        if (!Array.isArray(page.value))
          throw new VendorError(200, "unexpected_answer", "the environment's answer has no rows");
        rows.push(...page.value.filter(isRow));
        const next: unknown = page["@odata.nextLink"];
        url = typeof next === "string" ? next : undefined;
        // The token goes with the request, so never to another host.
        if (url && !url.startsWith(`${environmentUrl}/`)) {
          throw new VendorError(200, "unexpected_answer", "the environment's next page is on another host");
        }
      }
      return rows;
    },
    async post(path, body, headers) {
      const response = await request("POST", base + path, body, headers);
      return isRow(response.body) ? response.body : {};
    },
    async patch(path, body) {
      // "If-Match: *": change what is there; without it a PATCH of a missing row creates one.
      await request("PATCH", base + path, body, { "If-Match": "*" });
    },
    async delete(path) {
      await request("DELETE", base + path);
    },
    reference: (path) => base + path,
  };
}

const isRow = (value: unknown): value is Row => typeof value === "object" && value !== null && !Array.isArray(value);

function refusal({ status, headers, body }: HttpResponse): VendorError {
  const error = isRow(body) && isRow(body.error) ? body.error : {};
  const message = typeof error.message === "string" && error.message ? error.message : headers["401_error_reason"];
  return new VendorError(
    status,
    normalCode(error.code) || `HTTP ${status}`,
    message ?? "the environment gave no reason",
  );
}

/** Codes come as "0x8004F510", and now and then as the signed decimal of the same number (wire facts D3). */
function normalCode(code: unknown): string {
  if (typeof code !== "string" && typeof code !== "number") return "";
  const text = String(code);
  return /^-\d+$/.test(text) ? `0x${(Number(text) >>> 0).toString(16)}` : text.toLowerCase();
}
