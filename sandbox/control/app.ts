import type { Hono, Context as Request } from "hono";
import type { ZodError } from "zod";
import type { Context } from "../context.ts";
import { limitsSchema } from "../dataverse/service-protection.ts";
import { type Switch, switches, switchesOf } from "../dataverse/switches.ts";
import { entraSwitches, entraSwitchesOf } from "../entra/switches.ts";
import { faultSchema } from "../faults.ts";
import { graphSwitches, graphSwitchesOf } from "../graph/switches.ts";
import { keyVaultSwitches, keyVaultSwitchesOf } from "../key-vault/switches.ts";
import { lagSchema } from "../replication.ts";
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
 * - `GET /lag` how long writes stay out of sight; `PUT /lag` sets some of it, `{"directorySeconds": 5, "flapping": true}`, see
 *   `sandbox/replication.ts`
 * - `GET /switches` what is answered where Microsoft's documents leave it open: `{entra, graph, vault or an organization: {name: value}}`
 * - `PUT /switches/{entra, graph, vault or an organization}` sets some of them, `{"roleNotAssigned": "404"}`, and answers all of that
 *   set; names, values and defaults are in `switches.ts` of each service
 * - `GET /limits` the service protection limits: `{organization: {name: value}}`; `PUT /limits/{organization}` sets some of
 *   them, `{"requests": 20, "windowSeconds": 2}`, until the process ends; `{"enforced": false}` switches them off; see
 *   `sandbox/dataverse/service-protection.ts`
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
    return refuse(c, 400, problemsOf(rule.error, "the rule"));
  });
  app.delete("/faults", (c) => {
    context.faults.clear();
    return c.body(null, 204);
  });

  app.get("/lag", (c) => c.json(context.replication.lag));
  app.put("/lag", async (c) => {
    const changes = lagSchema.partial().safeParse(await c.req.json().catch(() => undefined));
    if (!changes.success) return refuse(c, 400, problemsOf(changes.error, "the lag"));
    context.replication.setLag(changes.data);
    return c.json(context.replication.lag);
  });

  /** What can be switched: Entra, Graph and the vaults as a whole, and each Dataverse organization. */
  const sets = (): Record<string, SwitchSet> => ({
    entra: { known: entraSwitches, set: entraSwitchesOf(store) },
    graph: { known: graphSwitches, set: graphSwitchesOf(store) },
    vault: { known: keyVaultSwitches, set: keyVaultSwitchesOf(store) },
    ...Object.fromEntries(
      [...organizations.keys()].map((name) => [name, { known: switches, set: switchesOf(store, name) }]),
    ),
  });
  app.get("/switches", (c) =>
    c.json(Object.fromEntries(Object.entries(sets()).map(([name, row]) => [name, inForce(row)]))),
  );
  app.put("/switches/:set", async (c) => {
    const name = c.req.param("set");
    const row = Object.hasOwn(sets(), name) ? sets()[name] : undefined;
    if (!row) return refuse(c, 404, noOrganization(name, Object.keys(sets())));
    const values = Object.entries(await bodyOf(c));
    const problems = values.flatMap(([switchName, value]) => problemOf(row.known, switchName, value) ?? []);
    if (values.length === 0) problems.push(`Nothing to set. The switches are ${listOf(Object.keys(row.known))}.`);
    if (problems.length > 0) return refuse(c, 400, problems.join(" "));
    for (const [switchName, value] of values) row.set.set(switchName, value as string);
    return c.json(inForce(row));
  });

  const { serviceProtection } = context;
  app.get("/limits", (c) =>
    c.json(Object.fromEntries([...serviceProtection].map(([name, { limits }]) => [name, limits]))),
  );
  app.put("/limits/:organization", async (c) => {
    const name = c.req.param("organization");
    const protection = serviceProtection.get(name);
    if (!protection) return refuse(c, 404, noOrganization(name, [...serviceProtection.keys()]));
    const limits = limitsSchema.safeParse(await c.req.json().catch(() => undefined));
    if (!limits.success) return refuse(c, 400, problemsOf(limits.error, "the limits"));
    protection.limits = { ...protection.limits, ...limits.data };
    return c.json(protection.limits);
  });
  return app;
}

/** The switches of one service or organization: what there is, and what is set. */
interface SwitchSet {
  readonly known: Readonly<Record<string, Switch>>;
  readonly set: Map<string, string>;
}

function inForce({ known, set }: SwitchSet): Record<string, string> {
  return Object.fromEntries(Object.entries(known).map(([name, row]) => [name, set.get(name) ?? row.default]));
}

/** The members of a body; none where it is not a JSON object. */
async function bodyOf(c: Request): Promise<Record<string, unknown>> {
  const body: unknown = await c.req.json().catch(() => undefined);
  return typeof body === "object" && body !== null && !Array.isArray(body) ? { ...body } : {};
}

/** What is wrong with setting a switch to a value; undefined when nothing is. */
function problemOf(known: SwitchSet["known"], name: string, value: unknown): string | undefined {
  const found = Object.hasOwn(known, name) ? known[name] : undefined;
  if (!found) return `There is no switch '${name}', but ${listOf(Object.keys(known))}.`;
  const values: readonly unknown[] = found.values;
  return values.includes(value) ? undefined : `${name} can be ${listOf(values)}, not ${JSON.stringify(value)}.`;
}

/** All that is wrong with a body; `whole` stands for the body itself. */
const problemsOf = ({ issues }: ZodError, whole: string) =>
  issues.map(({ path, message }) => `${path.join(".") || whole}: ${message}.`).join(" ");

const noOrganization = (name: string, known: string[]) => `There is no organization '${name}', but ${listOf(known)}.`;

const listOf = (names: readonly unknown[]) => names.map((name) => `'${name}'`).join(", ");

function refuse(c: Request, status: 400 | 404, message: string): Response {
  return c.json({ error: { code: status === 400 ? "BadRequest" : "NotFound", message } }, status);
}
