import { actingCaller } from "./impersonation.ts";
import type { OrganizationData } from "./organization-data.ts";
import { preferencesOf } from "./preferences.ts";
import { parseQuery } from "./query-options.ts";
import { apiRoot } from "./references.ts";
import { notServed, refuse } from "./refusal.ts";
import type { Answer, DataverseRequest } from "./request.ts";
import { route } from "./routes.ts";
import type { Caller } from "./security.ts";
import { decode, parsePath } from "./url.ts";

/** A request of the Web API as it came: over HTTP, or as a part of a batch. */
export interface Message {
  readonly method: string;
  readonly url: URL;
  header(name: string): string | undefined;
  readonly headerNames: readonly string[];
  readonly text: string;
}

const versions = ["v9.0", "v9.1", "v9.2"];

/** Version and path of an address under the API's root, decoded; 501 0x8006088a for a version that Dataverse does not have. */
export function targetOf({ pathname }: URL): { version: string; path: string } {
  const version = apiRoot.exec(pathname)?.[1] ?? notServed(`the address '${pathname}'`);
  if (!versions.includes(version)) refuse("VersionNotServed", [version]);
  return { version, path: decode(pathname.replace(apiRoot, "")) };
}

/** Answers one request. It changes the organization as a whole or, by throwing a DataverseError, not at all. */
export function execute(data: OrganizationData, caller: Caller, message: Message): Answer {
  const { version, path } = targetOf(message.url);
  refuseUnknownHeaders(message);
  const preferences = preferencesOf(message.header("Prefer"));
  const request: DataverseRequest = {
    data,
    caller: actingCaller(data, caller, message.header),
    method: message.method,
    base: `${data.url}/api/data/${version}/`,
    path,
    query: parseQuery(message.url.search),
    preferences,
    ifMatch: conditionOf(message.header("If-Match")),
    ifNoneMatch: conditionOf(message.header("If-None-Match")),
    body: parseBody(message.text),
  };
  refuseUnknownConditions(request);
  const answer = route(request, parsePath(path));
  const annotations = preferences.annotations && typeof answer.body === "object";
  const applied = [
    ...(answer.applied ?? []),
    ...(annotations ? [`odata.include-annotations="${preferences.annotations}"`] : []),
  ];
  if (applied.length === 0) return answer;
  return { ...answer, headers: { ...answer.headers, "Preference-Applied": applied.join(",") } };
}

/** Refuses headers that change what Dataverse does and that this service does not know how to follow. */
function refuseUnknownHeaders({ url, header, headerNames, text }: Message): void {
  for (const name of headerNames) {
    if (/^mscrm\./i.test(name) && !/^mscrm\.suppressduplicatedetection$/i.test(name)) notServed(`the header ${name}`);
  }
  const format = /odata\.metadata=(?:full|none)|IEEE754Compatible=true/i.exec(header("Accept") ?? "")?.[0];
  if (format) notServed(`the format ${format}`);
  for (const name of ["OData-Version", "OData-MaxVersion"]) {
    const version = header(name) ?? "4.0";
    if (!/^4\.0[1]?$/.test(version)) notServed(`${name}: ${version}`);
  }
  const accepted = header("Accept") ?? "*/*";
  if (!/json|\*|text\/plain|multipart/i.test(accepted) && !url.pathname.endsWith("/$metadata")) {
    notServed(`the format '${accepted}'`);
  }
  const type = header("Content-Type") ?? "application/json";
  if (text && !/^application\/json\b/i.test(type)) notServed(`the content type '${type}'`);
  if (header("MSCRM.SuppressDuplicateDetection")?.toLowerCase() === "false") {
    notServed("duplicate detection (the header MSCRM.SuppressDuplicateDetection: false)");
  }
}

/** Reading knows the version a client has, writing the version it expects, or any. What else the headers can say is 501. */
function refuseUnknownConditions({ method, ifMatch, ifNoneMatch }: DataverseRequest): void {
  const etag = /^W\/"\d+"$/;
  const [read, written] = method === "GET" ? [ifNoneMatch, ifMatch] : [ifMatch, ifNoneMatch];
  const isPlain = read === undefined || etag.test(read) || (method !== "GET" && read === "*");
  if (method === "POST" && (ifMatch || ifNoneMatch)) notServed("POST with If-Match or If-None-Match");
  const isForbidding = written === undefined || (method === "PATCH" && written === "*");
  if (!isPlain || !isForbidding)
    notServed(`${method} with If-Match '${ifMatch ?? ""}' and If-None-Match '${ifNoneMatch ?? ""}'`);
}

/** The documents have clients send `If-None-Match: null`, which is no condition. */
function conditionOf(header: string | undefined): string | undefined {
  return header === "null" || header === "" ? undefined : header;
}

function parseBody(text: string): unknown {
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return refuse("PayloadNotJson", [""]);
  }
}
