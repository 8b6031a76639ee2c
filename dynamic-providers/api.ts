import { hiding, reasonOf, unexpected, VendorError } from "./errors.ts";
import { type HttpRequest, type HttpResponse, NoAnswer, send } from "./http.ts";

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

/** Far more pages than any collection has that is read here. */
const mostPages = 1000;

/** `base` comes before each path; `token` is asked before each request and is expected to cache. */
export function jsonApi(base: string, token: () => Promise<string>, headers: Record<string, string> = {}): Api {
  const { origin } = new URL(base);

  async function request(
    method: HttpRequest["method"],
    url: string,
    body?: Row,
    extra?: Record<string, string>,
  ): Promise<Row | undefined> {
    const bearer = await token();
    const response = await send({
      method,
      url,
      body: body && JSON.stringify(body),
      headers: {
        ...headers,
        ...(body && { "Content-Type": "application/json" }),
        ...extra,
        Authorization: `Bearer ${bearer}`,
      },
    });
    const { status, body: answer } = response;
    if (status >= 300) throw refusal(response, hiding([bearer]));
    if (isRow(answer)) return answer;
    if (answer === "") return undefined;
    throw unexpected(status, `${origin} answered with ${shapeOf(response)} in place of a JSON object`);
  }

  async function get(url: string): Promise<Row> {
    const row = await request("GET", url);
    if (!row) throw unexpected(200, `${origin} answered with nothing in place of a JSON object`);
    return row;
  }

  /** The token goes with the request for the next page, so it is never on another host. */
  function nextPage(link: unknown, page: string): string | undefined {
    if (link === undefined || link === null) return undefined;
    if (typeof link !== "string" || !URL.canParse(link, page))
      throw unexpected(200, `${origin} answered with a next page that has no address`);
    const { origin: host, href } = new URL(link, page);
    if (host !== origin) throw unexpected(200, `the next page of ${origin} is on another host, ${host}`);
    return href;
  }

  return {
    get: (path) => get(base + path),
    async list(path) {
      const rows: Row[] = [];
      const seen = new Set<string>();
      for (let url: string | undefined = base + path; url; ) {
        if (seen.has(url) || seen.size === mostPages)
          throw unexpected(200, `the pages of ${origin} do not come to an end`);
        seen.add(url);
        const page: Row = await get(url);
        if (!Array.isArray(page.value) || !page.value.every(isRow))
          throw unexpected(200, `${origin} answered without rows`);
        rows.push(...page.value);
        url = nextPage(page["@odata.nextLink"] ?? page.nextLink /* in Key Vault */, url);
      }
      return rows;
    },
    post: async (path, body, extra) => (await request("POST", base + path, body, extra)) ?? {},
    put: async (path, body) => (await request("PUT", base + path, body)) ?? {},
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

/** True where a write may have taken effect all the same: what there is now decides. */
export const isUncertain = (error: unknown) =>
  error instanceof NoAnswer || (error instanceof VendorError && (error.status ?? 0) >= 500);

const isRow = (value: unknown): value is Row => typeof value === "object" && value !== null && !Array.isArray(value);

/** What came instead, without a word of it. */
function shapeOf({ headers, body }: HttpResponse): string {
  if (typeof body !== "string") return "other JSON";
  const [type] = /^[\w.+-]+\/[\w.+-]+/.exec(headers["content-type"] ?? "") ?? ["text of no type"];
  return type.includes("json") ? "broken JSON" : type;
}

/**
 * The service's own words and code. All have `error.code` and `error.message`; Key Vault has the telling code one level down,
 * Dataverse a header instead at times.
 */
function refusal({ status, headers, body, tried }: HttpResponse, hide: (text: string) => string): VendorError {
  const error = isRow(body) && isRow(body.error) ? body.error : {};
  const inner = isRow(error.innererror) ? error.innererror.code : undefined;
  const text = [error.message, headers["401_error_reason"]].find((told) => typeof told === "string" && told.trim());
  const reason = reasonOf(hide(String(text ?? "the service gave no reason")), tried);
  const code = hide(normalCode(inner) || normalCode(error.code));
  return new VendorError(status, code || `HTTP ${status}`, reason);
}

/** Dataverse's codes come as "0x8004F510", and now and then as the signed decimal of the same number (wire facts D3). */
function normalCode(code: unknown): string {
  if (typeof code !== "string" && typeof code !== "number") return "";
  const text = String(code);
  if (/^-\d+$/.test(text)) return `0x${(Number(text) >>> 0).toString(16)}`;
  if (/^0x[0-9a-f]+$/i.test(text)) return text.toLowerCase();
  return /^[\w.-]{1,80}$/.test(text) ? text : "";
}
