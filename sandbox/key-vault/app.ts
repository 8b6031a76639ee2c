import type { Hono } from "hono";
import type { Context } from "../context.ts";
import { newService } from "../server.ts";

/** The data plane of the vault that has `slot`, whichever that is at the time of a request. */
export function keyVault(_context: Context, _slot: number): Hono {
  return newService();
}
