import type { Hono } from "hono";
import type { Context } from "../context.ts";
import { newService } from "../server.ts";

/**
 * The port by which tests and people look behind the scenes: `GET /` the endpoints, `GET|DELETE /journal` the requests
 * that the services answered, `GET|PUT /clock` the sandbox's time (`{"now": "2027-01-01T00:00:00Z"}`).
 */
export function control(context: Context): Hono {
  const app = newService();
  app.get("/", (c) => c.json({ state: context.store.path ?? null, endpoints: context.endpoints }));
  app.get("/journal", (c) => c.json(context.journal));
  app.delete("/journal", (c) => {
    context.journal.length = 0;
    return c.body(null, 204);
  });
  app.get("/clock", (c) => c.json({ now: context.store.now().toISOString() }));
  app.put("/clock", async (c) => {
    const { now } = await c.req.json<{ now?: string }>();
    const time = new Date(now ?? "");
    if (Number.isNaN(time.getTime()))
      return c.json({ error: { code: "BadRequest", message: "now: an ISO 8601 time is needed." } }, 400);
    context.store.setClock(time);
    return c.json({ now: time.toISOString() });
  });
  return app;
}
