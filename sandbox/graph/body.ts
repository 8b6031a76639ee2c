import type { Context } from "hono";
import { graphErrors } from "./errors.ts";

/** The JSON object in a request's body. Throws 400 for anything else. */
export async function readBody(c: Context): Promise<Record<string, unknown>> {
  let body: unknown;
  try {
    body = await c.req.json();
  } catch {
    throw graphErrors.unreadableBody();
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw graphErrors.unreadableBody();
  return body as Record<string, unknown>;
}

/**
 * The members of a body that are written to an object. Annotations (`@odata.type`) are left out; a member that the type does
 * not have is an error, as in Graph.
 */
export function writableMembers(body: Record<string, unknown>, known: readonly string[]): Record<string, unknown> {
  const members = Object.entries(body).filter(([name]) => !name.includes("@"));
  for (const [name] of members) if (!known.includes(name)) throw graphErrors.invalidProperty(name);
  return Object.fromEntries(members);
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
    target[name] = isComplex(value) && isComplex(before) ? { ...before, ...value } : value;
  }
}

function isComplex(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Object ids in `owners@odata.bind` or `@odata.id`: the last segment of each reference. */
export function referencedIds(references: unknown): string[] {
  return [references ?? []].flat().map((reference) => String(reference).split("/").at(-1)!);
}

/** Refuses a key that is neither an object id nor `appId=…`: a function of the collection, or another alternate key. */
export function checkKey(key: string): void {
  if (!/^(appId=.*|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i.test(key))
    throw graphErrors.notServed(`the key or function '${key}'`);
}
