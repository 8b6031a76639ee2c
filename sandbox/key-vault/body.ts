import type { Context } from "hono";
import { keyVaultErrors } from "./errors.ts";

/** The JSON body of a request; throws 400 where it is none. */
export async function json(c: Context) {
  try {
    return await c.req.json();
  } catch {
    throw keyVaultErrors.badParameter("The request body is not valid JSON.");
  }
}
