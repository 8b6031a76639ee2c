import { randomUUID } from "node:crypto";
import type { Hono, Context as HttpContext } from "hono";
import type { Context, Organization } from "../context.ts";
import { newService } from "../server.ts";
import { InvalidToken } from "../tokens.ts";
import { authenticate, callerOfToken, challengeOf } from "./authentication.ts";
import { OrganizationData } from "./organization-data.ts";
import { parseQuery } from "./query-options.ts";
import { apiRoot } from "./references.ts";
import { DataverseError, notServed, refuse } from "./refusal.ts";
import { type Answer, type Preferences, pageLimit } from "./request.ts";
import { route } from "./routes.ts";
import { seedOrganization } from "./seed.ts";
import { decode, parsePath } from "./url.ts";

const versions = ["v9.0", "v9.1", "v9.2"];

/** The Dataverse Web API of one environment. An empty organization is seeded first. */
export function dataverse(context: Context, organization: Organization): Hono {
  const data = new OrganizationData(context, organization);
  seedOrganization(data);
  const app = newService();
  app.use(async (http, next) => {
    const { pathname } = new URL(http.req.url);
    if (!/^\/+api\/data(\/|$)/.test(pathname)) return next();
    try {
      return send(await answer(data, http, pathname));
    } catch (error) {
      if (error instanceof InvalidToken) {
        return new Response(null, { status: 401, headers: challengeOf(data, error) });
      }
      if (!(error instanceof DataverseError)) throw error;
      const { code, message, status } = error;
      return send({ status, body: { error: { code, message } } });
    }
  });
  return app;
}

async function answer(data: OrganizationData, http: HttpContext, pathname: string): Promise<Answer> {
  const claims = await authenticate(data, http.req.header("Authorization"));
  const version = apiRoot.exec(pathname)?.[1];
  if (!version) {
    const Message = "Requested API Version must be provided.  Please provide in the format /api/data/v<Major>.<Minor>/";
    return { status: 404, body: { Message } };
  }
  if (!versions.includes(version)) refuse("VersionNotServed", [version]);
  const path = decode(pathname.replace(apiRoot, ""));
  const segments = parsePath(path);
  const text = http.req.method === "GET" ? "" : await http.req.text();
  // No await from here on: a request sees and changes the organization as a whole.
  const caller = callerOfToken(data, claims, segments[0]?.name === "WhoAmI");
  refuseUnknownHeaders(http);
  const request = {
    data,
    caller,
    method: http.req.method,
    base: `${data.url}/api/data/${version}/`,
    path,
    query: parseQuery(new URL(http.req.url).search),
    preferences: preferencesOf(http.req.header("Prefer")),
    ifMatch: conditionOf(http.req.header("If-Match")),
    ifNoneMatch: conditionOf(http.req.header("If-None-Match")),
    body: parseBody(text),
  };
  return route(request, segments);
}

/** Headers that change what Dataverse does, and that this service does not know how to follow. */
function refuseUnknownHeaders(http: HttpContext): void {
  for (const name of ["CallerObjectId", "MSCRMCallerID", "MSCRM.SolutionUniqueName", "MSCRM.MergeLabels"]) {
    if (http.req.header(name)) notServed(`the header ${name}`);
  }
  if (http.req.header("MSCRM.SuppressDuplicateDetection")?.toLowerCase() === "false") {
    notServed("duplicate detection (the header MSCRM.SuppressDuplicateDetection: false)");
  }
}

/** Preferences that Dataverse does not know are dropped silently (wire facts D1); annotations it knows, and we do not. */
function preferencesOf(header = ""): Preferences {
  if (/odata\.include-annotations/i.test(header)) notServed("the preference odata.include-annotations");
  const size = /odata\.maxpagesize\s*=\s*"?(\d+)/i.exec(header)?.[1];
  return {
    representation: /return\s*=\s*representation/i.test(header),
    pageSize: size ? Math.min(Number(size), pageLimit) || undefined : undefined,
  };
}

/** The documents have clients send `If-None-Match: null`, which is no condition. */
function conditionOf(header: string | undefined): string | undefined {
  return header === "null" || header === "" ? undefined : header;
}

function parseBody(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return refuse("PayloadNotJson", [""]);
  }
}

function send({ status, body, headers }: Answer): Response {
  const all = new Headers({
    "OData-Version": "4.0",
    "x-ms-service-request-id": randomUUID(),
    REQ_ID: randomUUID(),
    "x-ms-ratelimit-burst-remaining-xrm-requests": "5999",
    "x-ms-ratelimit-time-remaining-xrm-requests": "1,200.00",
    "x-ms-dop-hint": "4",
    ...headers,
  });
  if (body === undefined) return new Response(null, { status, headers: all });
  const isText = typeof body === "string";
  all.set("Content-Type", isText ? "text/plain" : "application/json; odata.metadata=minimal");
  return new Response(isText ? body : JSON.stringify(body), { status, headers: all });
}
