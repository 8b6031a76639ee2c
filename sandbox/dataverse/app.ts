import type { Hono } from "hono";
import type { Context, Organization } from "../context.ts";
import { newService } from "../server.ts";

export function dataverse(_context: Context, _organization: Organization): Hono {
  return newService();
}
