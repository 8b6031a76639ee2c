import { randomUUID } from "node:crypto";
import type { Hono, Context as HttpContext } from "hono";
import type { Context, Organization } from "../context.ts";
import { newService } from "../server.ts";
import { type Claims, InvalidToken } from "../tokens.ts";
import { contentOf, errorAnswer } from "./answers.ts";
import { authenticate, callerOfToken, challengeOf } from "./authentication.ts";
import { runBatch } from "./batch.ts";
import { execute, targetOf } from "./execute.ts";
import { OrganizationData } from "./organization-data.ts";
import { apiRoot } from "./references.ts";
import { DataverseError } from "./refusal.ts";
import type { Answer } from "./request.ts";
import { seedOrganization } from "./seed.ts";
import { ServiceProtection } from "./service-protection.ts";

/** The Dataverse Web API of one environment. An empty organization is seeded first. */
export function dataverse(context: Context, organization: Organization): Hono {
  const data = new OrganizationData(context, organization);
  seedOrganization(data);
  const protection = new ServiceProtection(() => context.store.now());
  context.serviceProtection.set(organization.name, protection);
  const app = newService();
  app.use(async (http, next) => {
    const url = new URL(http.req.url);
    if (!/^\/+api\/data(\/|$)/.test(url.pathname)) return next();
    try {
      const claims = await authenticate(data, http.req.header("Authorization"));
      const answered = await protection
        .admit(claims.oid, () => answer(data, claims, http, url))
        .catch((error) => {
          if (error instanceof DataverseError) return errorAnswer(data, error, http.req.header("Prefer"));
          throw error;
        });
      return send(data, { ...answered, headers: { ...protection.remaining(claims.oid), ...answered.headers } });
    } catch (error) {
      if (!(error instanceof InvalidToken)) throw error;
      return new Response(null, { status: 401, headers: challengeOf(data, error) });
    }
  });
  return app;
}

async function answer(data: OrganizationData, claims: Claims, http: HttpContext, url: URL): Promise<Answer> {
  if (!apiRoot.test(url.pathname)) {
    const Message = "Requested API Version must be provided.  Please provide in the format /api/data/v<Major>.<Minor>/";
    return { status: 404, body: { Message } };
  }
  const { path } = targetOf(url);
  const { method } = http.req;
  const header = (name: string) => http.req.header(name);
  const text = method === "GET" ? "" : await http.req.text();
  // No await from here on: a request sees and changes the organization as a whole.
  const caller = callerOfToken(data, claims, /^WhoAmI\b/.test(path));
  const message = { method, url, header, headerNames: Object.keys(http.req.header()), text };
  return path === "$batch" ? runBatch(data, caller, message) : execute(data, caller, message);
}

function send(data: OrganizationData, answer: Answer): Response {
  const { status, headers } = answer;
  const all = new Headers({
    "OData-Version": "4.0",
    ...(data.switch("requestIdHeaders") === "sent" && {
      "x-ms-service-request-id": randomUUID(),
      REQ_ID: randomUUID(),
    }),
    "x-ms-dop-hint": "4",
    ...headers,
  });
  const content = contentOf(answer);
  if (!content) return new Response(null, { status, headers: all });
  all.set("Content-Type", content.type);
  return new Response(content.text, { status, headers: all });
}
