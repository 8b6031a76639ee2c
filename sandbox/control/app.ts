import type { Hono, Context as Request } from "hono";
import type { Context } from "../context.ts";
import { type SwitchName, switches, switchesOf } from "../dataverse/switches.ts";
import { faultSchema } from "../faults.ts";
import { newService } from "../server.ts";

/**
 * The port by which tests and people look behind the scenes:
 *
 * - `GET /` the endpoints
 * - `GET|DELETE /journal` the requests that came to the services
 * - `GET|PUT /clock` the sandbox's time: `{"now": "2027-01-01T00:00:00Z"}`
 * - `GET /faults` the faults in force, with how many requests matched each and how many of them it met; `POST /faults` adds
 *   one, `{"service": "dataverse fabrikam", "method": "POST", "nth": 2, "drop": "after"}`, see `sandbox/faults.ts`;
 *   `DELETE /faults` ends all of them
 * - `GET /switches` what Dataverse answers where Microsoft's documents leave it open: `{organization: {name: value}}`
 * - `PUT /switches/{organization}` sets some of them, `{"roleNotAssigned": "404"}`, and answers all of that organization;
 *   names, values and defaults are in `sandbox/dataverse/switches.ts`
 */
export function control(context: Context): Hono {
  const { store, organizations } = context;
  const app = newService();
  app.get("/", (c) => c.json({ state: store.path ?? null, endpoints: context.endpoints }));
  app.get("/journal", (c) => c.json(context.journal));
  app.delete("/journal", (c) => {
    context.journal.length = 0;
    return c.body(null, 204);
  });
  app.get("/clock", (c) => c.json({ now: store.now().toISOString() }));
  app.put("/clock", async (c) => {
    const { now } = await bodyOf(c);
    const time = new Date(typeof now === "string" ? now : "");
    if (Number.isNaN(time.getTime())) return refuse(c, 400, "now: an ISO 8601 time is needed.");
    store.setClock(time);
    return c.json({ now: time.toISOString() });
  });

  app.get("/faults", (c) => c.json(context.faults.rules));
  app.post("/faults", async (c) => {
    const rule = faultSchema.safeParse(await c.req.json().catch(() => undefined));
    if (rule.success) return c.json(context.faults.add(rule.data), 201);
    const problems = rule.error.issues.map(({ path, message }) => `${path.join(".") || "the rule"}: ${message}.`);
    return refuse(c, 400, problems.join(" "));
  });
  app.delete("/faults", (c) => {
    context.faults.clear();
    return c.body(null, 204);
  });

  const inForce = (organization: string) => {
    const set = switchesOf(store, organization);
    return Object.fromEntries(Object.entries(switches).map(([name, row]) => [name, set.get(name) ?? row.default]));
  };
  app.get("/switches", (c) =>
    c.json(Object.fromEntries([...organizations.keys()].map((name) => [name, inForce(name)]))),
  );
  app.put("/switches/:organization", async (c) => {
    const organization = c.req.param("organization");
    if (!organizations.has(organization)) {
      return refuse(c, 404, `There is no organization '${organization}', but ${listOf([...organizations.keys()])}.`);
    }
    const values = Object.entries(await bodyOf(c));
    const problems = values.flatMap(([name, value]) => problemOf(name, value) ?? []);
    if (values.length === 0) problems.push(`Nothing to set. The switches are ${listOf(Object.keys(switches))}.`);
    if (problems.length > 0) return refuse(c, 400, problems.join(" "));
    for (const [name, value] of values) switchesOf(store, organization).set(name, value as string);
    return c.json(inForce(organization));
  });
  return app;
}

/** The members of a body; none where it is not a JSON object. */
async function bodyOf(c: Request): Promise<Record<string, unknown>> {
  const body: unknown = await c.req.json().catch(() => undefined);
  return typeof body === "object" && body !== null && !Array.isArray(body) ? { ...body } : {};
}

/** What is wrong with setting a switch to a value; undefined when nothing is. */
function problemOf(name: string, value: unknown): string | undefined {
  if (!Object.hasOwn(switches, name)) {
    return `There is no switch '${name}', but ${listOf(Object.keys(switches))}.`;
  }
  const values: readonly unknown[] = switches[name as SwitchName].values;
  return values.includes(value) ? undefined : `${name} can be ${listOf(values)}, not ${JSON.stringify(value)}.`;
}

const listOf = (names: readonly unknown[]) => names.map((name) => `'${name}'`).join(", ");

function refuse(c: Request, status: 400 | 404, message: string): Response {
  return c.json({ error: { code: status === 400 ? "BadRequest" : "NotFound", message } }, status);
}
