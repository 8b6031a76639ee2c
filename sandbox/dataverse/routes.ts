import { readCsdl } from "./csdl.ts";
import { findByAlternateKey, primaryIdOf, rowOfKey } from "./keys.ts";
import { readDefinitions } from "./metadata.ts";
import { tableNamed, tableOfSet, tables } from "./model.ts";
import { isBoundOperation, isUnboundOperation, runBound, runUnbound } from "./operations.ts";
import type { Row } from "./organization-data.ts";
import { columnValue, readPayload } from "./payload.ts";
import { allowOnly } from "./query-options.ts";
import { countSet, readProperty, readReferences, readRow, readSet, rowBody } from "./reading.ts";
import { rowOfAbsoluteUrl } from "./references.ts";
import { DataverseError, notServed, refuse } from "./refusal.ts";
import { link, unlink } from "./relationships.ts";
import { etagOf, urlOf } from "./representation.ts";
import type { Answer, DataverseRequest } from "./request.ts";
import { columnOfProperty, lookupOfNavigation, type Table } from "./table.ts";
import { type Key, parseKey, type Segment } from "./url.ts";
import { createRow, deleteRow, updateRow } from "./writing.ts";

const done: Answer = { status: 204 };

/** Answers a request by the resource path it names. */
export function route(request: DataverseRequest, segments: readonly Segment[]): Answer {
  const [first, second, third, ...more] = segments;
  if (!first) return serviceDocument(request);
  if (first.name === "EntityDefinitions") return readDefinitions(request, segments);
  if (more.length > 0) notServed(`the path '${request.path}'`);
  if (first.name === "$metadata" && !second) return readCsdl(request);
  if (isUnboundOperation(first.name) && !second) return runUnbound(request, first.name, first.arguments);
  const table = tableOfSet(first.name) ?? notServed(`'${first.name}'`);
  if (first.arguments === undefined) {
    if (!second) return ofSet(request, table);
    if (second.name === "$count" && request.method === "GET") return countSet(request, table);
    return notServed(`the path '${request.path}'`);
  }
  const key = parseKey(first.arguments, request.query.aliases);
  if (!second) return ofRow(request, table, key);
  const row = rowOfKey(request.data, table, key);
  if (isBoundOperation(second.name)) return runBound(request, table, row, second.name, second.arguments);
  if (third?.name === "$ref") return ofReference(request, table, row, second);
  if (third) notServed(`the path '${request.path}'`);
  return ofProperty(request, table, row, second);
}

function serviceDocument(request: DataverseRequest): Answer {
  if (request.method !== "GET") refuse("MethodNotAllowed", [request.method]);
  allowOnly(request.query);
  const value = tables.map(({ entitySet }) => ({ name: entitySet, kind: "EntitySet", url: entitySet }));
  return { status: 200, body: { "@odata.context": `${request.base}$metadata`, value } };
}

function ofSet(request: DataverseRequest, table: Table): Answer {
  if (request.method === "GET") return readSet(request, table);
  if (request.method !== "POST") refuse("MethodNotAllowed", [request.method]);
  return create(request, table, undefined);
}

function ofRow(request: DataverseRequest, table: Table, key: Key): Answer {
  const { data, caller, method } = request;
  if (method === "PATCH") return upsert(request, table, key);
  if (method !== "GET" && method !== "DELETE") refuse("MethodNotAllowed", [method]);
  const row = rowOfKey(data, table, key);
  if (method === "GET") return readRow(request, table, row);
  checkVersion(request, row);
  deleteRow(data, caller, table, row);
  return done;
}

function create(request: DataverseRequest, table: Table, id: string | undefined): Answer {
  allowOnly(request.query, "$select", "$expand");
  const payload = readPayload(request.data, table, request.body);
  return writeAndShow(request, table, 201, () => createRow(request.data, request.caller, table, payload, id));
}

/** PATCH: updates, or creates with the key as the new row's id; If-Match and If-None-Match forbid one of the two. */
function upsert(request: DataverseRequest, table: Table, key: Key): Answer {
  const id = primaryIdOf(table, key);
  const found =
    id === undefined ? findByAlternateKey(request.data, table, key) : request.data.find(table.logicalName, id);
  if (!found && !request.ifMatch) {
    if (id === undefined) notServed("creating a row by an alternate key");
    return create(request, table, id);
  }
  const row = rowOfKey(request.data, table, key);
  if (request.ifNoneMatch === "*") refuse("DuplicateRecord");
  allowOnly(request.query, "$select", "$expand");
  checkVersion(request, row);
  const payload = readPayload(request.data, table, request.body);
  return writeAndShow(request, table, 200, () => {
    updateRow(request.data, request.caller, table, row, payload);
    return row;
  });
}

/** Writes a row and answers with it where that was asked for: if it cannot be shown as asked, nothing is written. */
function writeAndShow(request: DataverseRequest, table: Table, statusWithBody: number, write: () => Row): Answer {
  const work = () => written(request, table, write(), statusWithBody);
  return request.preferences.representation ? request.data.atomically(work) : work();
}

function written(request: DataverseRequest, table: Table, row: Row, statusWithBody: number): Answer {
  const entity = urlOf(request.base, table, row[table.primaryId] as string);
  if (request.preferences.representation) {
    const body = rowBody(request, table, row);
    const sent = request.data.switch("entityIdWithRepresentation") === "sent";
    const headers = sent && { headers: { "OData-EntityId": entity } };
    return { status: statusWithBody, body, ...headers, entity, applied: ["return=representation"] };
  }
  const headers: Record<string, string> = { "OData-EntityId": entity };
  if (statusWithBody === 201) headers.Location = entity;
  return { status: 204, headers, entity };
}

function ofProperty(request: DataverseRequest, table: Table, row: Row, segment: Segment): Answer {
  const { data, caller, method, body } = request;
  if (segment.arguments !== undefined || segment.name.startsWith("$")) notServed(`the path '${request.path}'`);
  if (method === "GET") return readProperty(request, table, row, segment.name);
  if (table.collections[segment.name] || lookupOfNavigation(table, segment.name)) {
    notServed(`${method} of ${segment.name}, rows of another table`);
  }
  allowOnly(request.query);
  const found = columnOfProperty(table, segment.name) ?? refuse("SegmentNotFound", [segment.name]);
  if (found.column.kind === "lookup") refuse("LookupNotBound", [segment.name]);
  if (method !== "PUT" && method !== "DELETE") refuse("MethodNotAllowed", [method]);
  if (method === "PUT" && !(typeof body === "object" && body !== null && "value" in body)) {
    refuse("PropertyUndeclared", [table.entitySet, "value", table.logicalName]);
  }
  checkVersion(request, row);
  const value = method === "PUT" ? (body as { value: unknown }).value : null;
  const column = columnValue(table, found.name, found.column, value);
  const columns = found.column.readOnly ? {} : { [found.name]: column };
  updateRow(data, caller, table, row, { columns, links: [] });
  return done;
}

/** `set(key)/navigation/$ref` and `set(key)/navigation(key)/$ref`. */
function ofReference(request: DataverseRequest, table: Table, row: Row, segment: Segment): Answer {
  const { data, caller, method, query } = request;
  const { name } = segment;
  if (method === "GET") return readReferences(request, table, row, name);
  if (request.ifMatch) notServed("If-Match for a relationship");
  const collection = table.collections[name];
  if (!collection) return ofSingleReference(request, table, row, name);
  const target = tableNamed(collection.target);
  const url = (request.body as Record<string, unknown> | undefined)?.["@odata.id"];
  if (method === "POST") {
    allowOnly(query);
    const other = referenced(request, name, () => rowOfAbsoluteUrl(data, table.entitySet, target, url));
    link(data, caller, table, row, name, other);
    return done;
  }
  if (method !== "DELETE") refuse("MethodNotAllowed", [method]);
  allowOnly(query, "$id");
  const other = referenced(request, name, () =>
    segment.arguments === undefined
      ? rowOfAbsoluteUrl(data, table.entitySet, target, query.id)
      : rowOfKey(data, target, parseKey(segment.arguments, query.aliases)),
  );
  unlink(data, caller, table, row, name, other);
  return done;
}

/** The row at the other end; by which code it is missing, a switch decides. */
function referenced({ data }: DataverseRequest, navigation: string, find: () => Row): Row {
  try {
    return find();
  } catch (error) {
    const isMissing = error instanceof DataverseError && error.code === "0x80040217";
    if (isMissing && data.switch("missingReferenceCode") === "0x80060888") refuse("SegmentNotFound", [navigation]);
    throw error;
  }
}

function ofSingleReference(request: DataverseRequest, table: Table, row: Row, navigation: string): Answer {
  const { data, caller, method, body } = request;
  if (!lookupOfNavigation(table, navigation)) refuse("SegmentNotFound", [navigation]);
  if (method !== "PUT" && method !== "DELETE") refuse("MethodNotAllowed", [method]);
  allowOnly(request.query);
  const url = method === "PUT" ? (body as Record<string, unknown> | undefined)?.["@odata.id"] : null;
  if (url === undefined) refuse("ReferenceNotAbsolute", [table.entitySet, "", navigation]);
  updateRow(data, caller, table, row, readPayload(data, table, { [`${navigation}@odata.bind`]: url }));
  return done;
}

function checkVersion(request: DataverseRequest, row: Row): void {
  const { ifMatch } = request;
  if (ifMatch && ifMatch !== "*" && ifMatch !== etagOf(row)) refuse("VersionMismatch");
}
