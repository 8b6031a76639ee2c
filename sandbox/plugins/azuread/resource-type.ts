import type { Properties } from "../support.ts";
import type { Graph } from "./graph.ts";
import type { InputRules } from "./inputs.ts";

/** An object as it is now: what the class declares as outputs, and the inputs that would make it. */
interface Present {
  readonly outputs: Properties;
  readonly inputs: Properties;
}

/** How one Pulumi resource type maps to requests. Inputs are plain: secrets laid open. */
export interface ResourceType extends InputRules {
  /** Inputs that cannot change in place; all of them where there is no `update`. */
  readonly replacedBy: readonly string[];
  /** Outputs that only the far side knows: unknown in the preview of a create. */
  readonly outputs: readonly string[];
  /** Inputs of the real plugin that the stand-in does not serve: using one is an error. */
  readonly unserved?: readonly string[];
  /** Makes it and gives its id; `outputs` are those that are told only once. */
  create(graph: Graph, inputs: Properties): Promise<{ id: string; outputs?: Properties }>;
  /** The object; undefined where it is gone. */
  read(graph: Graph, id: string): Promise<Present | undefined>;
  update?(graph: Graph, id: string, inputs: Properties): Promise<void>;
  delete(graph: Graph, id: string, outputs: Properties): Promise<void>;
}

/** Rules of a type whose inputs have no defaults and are all shown. */
export const plainInputs: InputRules = { defaults: {}, computed: [], writeOnly: [] };
