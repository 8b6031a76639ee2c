import type { Context } from "hono";
import type { z } from "zod";
import { wrongMember } from "../body-types.ts";
import { graphErrors } from "./errors.ts";
import { notServedMembers } from "./types.ts";

/** The JSON object in a request's body. Throws 400 for anything else. */
export async function readBody(c: Context): Promise<Record<string, unknown>> {
  let body: unknown;
  if (!/^application\/json\b/i.test(c.req.header("Content-Type") ?? "")) throw graphErrors.unreadableBody();
  try {
    body = await c.req.json();
  } catch {
    throw graphErrors.unreadableBody();
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw graphErrors.unreadableBody();
  return body as Record<string, unknown>;
}

/**
 * The members of a body that are written to an object of this type. Annotations (`@odata.type`) are left out, at any depth; a
 * member that the type does not have, or of another type, is an error, as in Graph.
 */
export function writableMembers(
  body: Record<string, unknown>,
  type: z.ZodType,
  resource: string,
): Record<string, unknown> {
  const members = withoutAnnotations(body) as Record<string, unknown>;
  const notServed = Object.keys(members).find((name) => notServedMembers[resource]?.includes(name));
  if (notServed) throw graphErrors.notServed(`the member '${notServed}'`);
  const wrong = wrongMember(type, members);
  if (wrong?.unknown) throw graphErrors.invalidProperty(wrong.name);
  if (wrong) throw graphErrors.invalidValue(wrong.name, resource);
  return members;
}

function withoutAnnotations(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutAnnotations);
  if (!isComplex(value)) return value;
  const bound = Object.keys(value).find((name) => name.endsWith("@odata.bind"));
  if (bound) throw graphErrors.notServed(`the member '${bound}'`);
  const members = Object.entries(value).filter(([name]) => !name.includes("@"));
  return Object.fromEntries(members.map(([name, member]) => [name, withoutAnnotations(member)]));
}

/** Refuses members of an action's body that the sandbox would ignore; those that are null ask for nothing. */
export function refuseMembers(body: unknown, served: readonly string[]): void {
  for (const [name, value] of Object.entries(body ?? {})) {
    if (value !== null && !name.includes("@") && !served.includes(name))
      throw graphErrors.notServed(`the member '${name}'`);
  }
}

/** Writes members to an object as a Graph PATCH does: complex members are merged, everything else is replaced. */
export function merge(target: Record<string, unknown>, members: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(members)) {
    const before = target[name];
    if (isComplex(value) && isComplex(before)) merge(before, value);
    else target[name] = value;
  }
}

function isComplex(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Object ids in `owners@odata.bind` or `@odata.id`: the last segment of each reference. */
export function referencedIds(references: unknown): string[] {
  return [references ?? []].flat().map((reference) => String(reference).split("/").at(-1)!);
}

/** Refuses a key that is a function of the collection, its count or a cast, where an object of any key may be meant. */
export function refuseFunction(key: string): void {
  if (/^(\$|delta\b|microsoft\.graph\.)/.test(key)) throw graphErrors.notServed(`'${key}'`);
}

/** Refuses a key that is neither an object id nor `appId=…`: a function of the collection, or another alternate key. */
export function checkKey(key: string): void {
  if (!/^(appId=.*|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i.test(key))
    throw graphErrors.notServed(`the key or function '${key}'`);
}
