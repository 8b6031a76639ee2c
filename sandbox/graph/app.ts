import type { Hono } from "hono";
import type { Context } from "../context.ts";
import { newService } from "../server.ts";

export function graph(_context: Context): Hono {
  return newService();
}
