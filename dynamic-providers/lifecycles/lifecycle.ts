import { isDeepStrictEqual } from "node:util";
import type { CheckFailure, CheckResult, DiffResult, ResourceProvider } from "@pulumi/pulumi/dynamic/index.js";
import { z } from "zod";
import { type Connection, connectSubscriber, type Target, targetOf } from "../connection.ts";
import { AccessError, explain } from "../errors.ts";
import type { Settings } from "../identities.ts";

/** What a resource's lifecycle needs to know and do; {@link lifecycle} makes the provider of it. */
export interface Definition<Inputs extends object, Outputs extends object, Connected> {
  /** For sentences: "application user". */
  readonly kind: string;
  /** Signs in where the object is. */
  connect(settings: Settings, inputs: Inputs): Promise<Connected> | Connected;
  /** For sentences: what the object is for. */
  target(inputs: Inputs): string;
  /** The inputs' shape. Values that a preview does not know yet are passed over. */
  readonly schema: z.ZodObject;
  /** Inputs that are the identity of the object: a change makes a new one, after the old one is gone. */
  readonly replaceOn: readonly (keyof Inputs & string)[];
  /** True where the platform has room for one: a replacement made first would find, adopt and then delete the old one. */
  readonly deleteBeforeReplace: boolean;
  /**
   * Inputs that are changed in place; compared with the outputs of the same name, so drift shows there. One that the
   * program leaves out is the platform's business: it has no output of its name and makes no difference.
   */
  readonly updateOn: readonly (keyof Inputs & string)[];
  /** True when something is to be done though no input has changed, such as what was put off to a day that has come. */
  isDue?(state: Inputs & Outputs, inputs: Inputs): boolean;
  /** Looked at with every `diff`: what the user is to be told, undefined for nothing. */
  warning?(state: Inputs & Outputs, inputs: Inputs): string | undefined;
  /** Fills in what the program left out. */
  readonly defaults?: Partial<Inputs>;
  /** Makes the object, or brings what there is to the declared shape. Creating and updating are the same. */
  ensure(
    connection: Connected,
    inputs: Inputs,
    previous?: { id: string; outputs: Inputs & Outputs },
  ): Promise<{ id: string; outputs: Outputs }>;
  /** The outputs as the far side has them now; undefined when it is gone. */
  observe(connection: Connected, id: string, state: Inputs & Outputs): Promise<Outputs | undefined>;
  /** Takes away what the stack made; what is gone is fine. */
  remove(connection: Connected, id: string, state: Inputs & Outputs): Promise<void>;
}

/** Stands for a value that a preview does not know yet (Pulumi's `rpc.unknownValue`). */
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** The inputs that every dynamic resource has. */
export const targetShape = {
  subscriber: z.string().min(1, "must name the subscriber"),
  environmentUrl: z
    .url({ protocol: /^https$/, error: "must be an https:// address, such as https://contoso.crm4.dynamics.com" })
    .refine((url) => new URL(url).origin === url, "must be the address alone: no path, no slash at the end"),
  tenantId: z.guid("must be a GUID").optional(),
};

/** A provider for Pulumi's dynamic resources in a subscriber's environment. */
export const subscriberLifecycle = <Inputs extends Target, Outputs extends object>(
  definition: Omit<Definition<Inputs, Outputs, Connection>, "connect" | "target">,
) => lifecycle<Inputs, Outputs, Connection>({ connect: connectSubscriber, target: targetOf, ...definition });

/** A provider for Pulumi's dynamic resources from a definition. */
export function lifecycle<Inputs extends object, Outputs extends object, Connected>(
  definition: Definition<Inputs, Outputs, Connected>,
): (settings: Settings) => ResourceProvider<Inputs, Inputs & Outputs> {
  type State = Inputs & Outputs;
  const { kind, replaceOn, updateOn } = definition;
  const declared = [...replaceOn, ...updateOn];
  const inputNames = Object.keys({ ...definition.schema.shape, ...definition.defaults });

  function merged(inputs: object, outputs: object): State {
    const given = Object.fromEntries(Object.entries(inputs).filter(([name]) => name !== "__provider")); // Pulumi adds it itself
    const told = Object.entries(outputs).filter(([name]) => name in given || !declared.some((input) => input === name));
    const all = Object.entries({ ...given, ...Object.fromEntries(told) });
    // The engine takes no undefined, only what is not there.
    return Object.fromEntries(all.filter(([, value]) => value !== undefined)) as State;
  }

  return (settings) => {
    async function at<T>(doing: string, inputs: Inputs, act: (connection: Connected) => Promise<T>): Promise<T> {
      const { tenantId, applicationId } = inputs as { tenantId?: string; applicationId?: string };
      try {
        return await act(await definition.connect(settings, inputs));
      } catch (error) {
        throw explain(error, { doing: `${doing} ${kind}`, target: definition.target(inputs), tenantId, applicationId });
      }
    }

    return {
      async check(_olds: Inputs, news: Inputs): Promise<CheckResult<Inputs>> {
        return { inputs: { ...definition.defaults, ...news }, failures: failuresOf(definition.schema, news) };
      },

      async diff(_id: string, olds: State, news: Inputs): Promise<DiffResult> {
        // A state of before an input was there has what was done then: its default.
        const before = (name: keyof Inputs) => olds[name] ?? definition.defaults?.[name];
        const changed = declared.filter(
          (name) => news[name] !== undefined && !isDeepStrictEqual(before(name), news[name]),
        );
        // A value that a preview does not know yet will most likely turn out to be the same.
        const replaces = changed.filter((name) => replaceOn.includes(name) && news[name] !== unknown);
        const deleteBeforeReplace = replaces.length > 0 && definition.deleteBeforeReplace;
        const warning = definition.warning?.(olds, news);
        if (warning) settings.warn(warning);
        const due = definition.isDue?.(olds, news) ?? false;
        return { changes: changed.length > 0 || due, replaces, deleteBeforeReplace };
      },

      async create(inputs: Inputs) {
        refuseIncomplete(definition.schema, inputs);
        const { id, outputs } = await at("Creating", inputs, (connection) => definition.ensure(connection, inputs));
        return { id, outs: merged(inputs, outputs) };
      },

      async read(id: string, state?: State) {
        if (!state) throw new Error(`A ${kind} cannot be imported: declare it, and what exists is adopted.`);
        const observed = await at("Reading", state, (connection) => definition.observe(connection, id, state));
        if (!observed) return { id: "" }; // gone
        const props = merged(state, observed);
        const inputs = Object.fromEntries(Object.entries(props).filter(([name]) => inputNames.includes(name)));
        return { id, props, inputs: inputs as State };
      },

      async update(id: string, olds: State, news: Inputs) {
        const { outputs } = await at("Updating", news, (connection) =>
          definition.ensure(connection, news, { id, outputs: olds }),
        );
        return { outs: merged(news, outputs) };
      },

      async delete(id: string, state: State) {
        await at("Deleting", state, (connection) => definition.remove(connection, id, state));
      },
    };
  };
}

/** Everything that is wrong with the inputs; values that are not known yet are passed over. */
function failuresOf(schema: z.ZodType, inputs: object): CheckFailure[] {
  const issues = schema.safeParse(inputs).error?.issues ?? [];
  return issues
    .filter(({ path }) => !isUnknown(inputs, path))
    .map(({ path, message }) => ({ property: path.join("."), reason: `${path.join(".")} ${message}` }));
}

/**
 * A preview passes a mark for what is not known yet. An update passes nothing at all where the resource that would tell has
 * failed, and then goes no further than the check; so what is missing is looked at once the engine really creates.
 */
function isUnknown(inputs: object, path: PropertyKey[]): boolean {
  let value: unknown = inputs;
  for (const key of path) {
    if (value === unknown) return true;
    value = (value as Record<PropertyKey, unknown> | undefined)?.[key];
  }
  return value === unknown || value === undefined;
}

function refuseIncomplete(schema: z.ZodType, inputs: object): void {
  const missing = schema.safeParse(inputs).error?.issues.map(({ path, message }) => `${path.join(".")} ${message}`);
  if (missing) throw new AccessError(missing.join("; "));
}
