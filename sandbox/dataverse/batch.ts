import { randomUUID } from "node:crypto";
import { STATUS_CODES } from "node:http";
import { contentOf, errorAnswer } from "./answers.ts";
import { execute, type Message, targetOf } from "./execute.ts";
import { boundaryOf, headedText, type Part, partsOf } from "./multipart.ts";
import type { OrganizationData } from "./organization-data.ts";
import { preferencesOf } from "./preferences.ts";
import { DataverseError, notServed, refuse } from "./refusal.ts";
import type { Answer } from "./request.ts";
import type { Caller } from "./security.ts";

/** Most operations of one batch (wire facts D9). */
const batchLimit = 1000;

/** An operation with the Content-ID by which later ones of its change set can refer to the row that it wrote. */
interface Operation {
  readonly contentId: string | undefined;
  readonly method: string;
  readonly address: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
}

/** The operations of a change set, or one that stands alone. */
interface Item {
  readonly changeSet: boolean;
  readonly operations: readonly Operation[];
}

interface Answered {
  readonly contentId: string | undefined;
  readonly answer: Answer;
}

/** POST of `$batch`: does its operations in order, each change set as a whole or not at all (wire facts D9). */
export function runBatch(data: OrganizationData, caller: Caller, message: Message): Answer {
  if (message.method !== "POST") refuse("MethodNotAllowed", [message.method]);
  const boundary = boundaryOf(message.header("Content-Type"));
  if (!boundary) notServed(`$batch with the content type '${message.header("Content-Type") ?? ""}'`);
  const items = partsOf(message.text, boundary).map(itemOf);
  if (items.flatMap(({ operations }) => operations).length > batchLimit) refuse("BatchTooLarge", [batchLimit]);
  const { continueOnError } = preferencesOf(message.header("Prefer"));
  const parts: string[] = [];
  let status = 200;
  for (const { changeSet, operations } of items) {
    const answered = changeSet
      ? runChangeSet(data, caller, message, operations)
      : operations.map((operation) => attempt(data, caller, message, operation, new Map()));
    parts.push(changeSet ? partOfChangeSet(answered) : partOfAnswer(answered[0]!));
    const failed = answered.find(({ answer }) => answer.status >= 400);
    if (!failed || continueOnError) continue;
    if (data.switch("batchErrorStatus") !== "200") status = failed.answer.status;
    break;
  }
  const responseBoundary = `batchresponse_${randomUUID()}`;
  return {
    status,
    contentType: `multipart/mixed; boundary=${responseBoundary}`,
    body: multipart(responseBoundary, parts),
    headers: continueOnError ? { "Preference-Applied": "odata.continue-on-error" } : {},
  };
}

function itemOf(part: Part): Item {
  const boundary = boundaryOf(part.headers.get("content-type"));
  if (!boundary) return { changeSet: false, operations: [operationOf(part)] };
  const operations = partsOf(part.content, boundary).map((inner) => {
    if (boundaryOf(inner.headers.get("content-type"))) refuse("BatchNested");
    const operation = operationOf(inner);
    if (operation.method === "GET") refuse("BatchMethod", [operation.method]);
    return operation;
  });
  return { changeSet: true, operations };
}

function operationOf({ headers: outer, content }: Part): Operation {
  const [, method, address, rest = ""] = /^\s*([A-Z]+) (\S+) HTTP\/1\.1[ \t]*(?:\r\n(.*))?$/s.exec(content) ?? [];
  if (!method || !address) refuse("BatchPart", [content.split("\r\n")[0]]);
  if (/\$batch(\?|$)/.test(address)) refuse("BatchNested");
  const { headers, content: text } = headedText(rest);
  return { contentId: outer.get("content-id") ?? headers.get("content-id"), method, address, headers, text };
}

/** All operations or none: the first that fails undoes those before it, and is the only one that is answered. */
function runChangeSet(
  data: OrganizationData,
  caller: Caller,
  batch: Message,
  operations: readonly Operation[],
): readonly Answered[] {
  const entities = new Map<string, string>();
  const done: Answered[] = [];
  try {
    return data.atomically(() => {
      for (const operation of operations) {
        const answered = attempt(data, caller, batch, operation, entities);
        if (answered.answer.status >= 400) throw new ChangeSetFailed(answered);
        done.push(answered);
        const { contentId, answer } = answered;
        if (contentId && answer.entity) entities.set(contentId, answer.entity);
      }
      return done;
    });
  } catch (error) {
    if (error instanceof ChangeSetFailed) return [error.answered];
    throw error;
  }
}

class ChangeSetFailed extends Error {
  readonly answered: Answered;

  constructor(answered: Answered) {
    super("An operation of the change set failed.");
    this.answered = answered;
  }
}

function attempt(
  data: OrganizationData,
  caller: Caller,
  batch: Message,
  operation: Operation,
  entities: ReadonlyMap<string, string>,
): Answered {
  const { contentId, method, headers } = operation;
  const { version } = targetOf(batch.url);
  const header = (name: string) =>
    headers.get(name.toLowerCase()) ?? (impersonation.has(name) ? batch.header(name) : undefined);
  try {
    const address = withEntities(operation.address, entities);
    const url = new URL(address, `${data.url}/api/data/${version}/`);
    if (url.origin !== data.url) notServed(`an operation on another host, '${url.origin}'`);
    const text = bodyWithEntities(operation.text, entities);
    const message = { method, url, header, headerNames: [...headers.keys()], text };
    return { contentId, answer: execute(data, caller, message) };
  } catch (error) {
    if (!(error instanceof DataverseError)) throw error;
    return { contentId, answer: errorAnswer(data, error, header("Prefer")) };
  }
}

/** Headers of the batch that hold for its operations too. */
const impersonation = new Set(["CallerObjectId", "MSCRMCallerID"]);

/** Puts the address of an earlier row of the change set in place of its reference, `$1` or `$1/name`. */
function withEntities(address: string, entities: ReadonlyMap<string, string>): string {
  const [, id, rest] = /^\/?\$([^/?$]+)(.*)$/s.exec(address) ?? [];
  if (id === undefined || id === "metadata") return address;
  return `${entities.get(id) ?? refuse("BatchReferenceUnknown", [`$${id}`])}${rest}`;
}

/** The same in a body, where a reference is the value of `@odata.id` or of an `@odata.bind`. */
function bodyWithEntities(text: string, entities: ReadonlyMap<string, string>): string {
  return text.replace(/("(?:[^"\\]*@odata\.bind|@odata\.id)"\s*:\s*)(\[[^\]]*\]|"\$[^"]*")/g, (_, name, value) => {
    return (
      name +
      value.replace(/"(\$[^"]*)"/g, (_all: string, reference: string) =>
        JSON.stringify(withEntities(reference, entities)),
      )
    );
  });
}

function partOfChangeSet(answered: readonly Answered[]): string {
  const boundary = `changesetresponse_${randomUUID()}`;
  return `Content-Type: multipart/mixed; boundary=${boundary}\r\n\r\n${multipart(boundary, answered.map(partOfAnswer))}`;
}

function partOfAnswer({ contentId, answer }: Answered): string {
  const content = contentOf(answer);
  const headers = {
    ...(answer.status >= 400 && { REQ_ID: randomUUID() }),
    ...(content && { "Content-Type": content.type }),
    "OData-Version": "4.0",
    ...answer.headers,
  };
  const lines = [
    "Content-Type: application/http",
    "Content-Transfer-Encoding: binary",
    ...(contentId ? [`Content-ID: ${contentId}`] : []),
    "",
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ""}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    "",
    content?.text ?? "",
  ];
  return lines.join("\r\n");
}

function multipart(boundary: string, parts: readonly string[]): string {
  return [...parts.map((part) => `--${boundary}\r\n${part}\r\n`), `--${boundary}--\r\n`].join("");
}
