import type { provider } from "@pulumi/pulumi";
import { isPreview, previewedCreate, splitIgnored } from "../engine-requests.ts";
import { type CloudClient, type Properties, partsOf, unknown, unwrap } from "../support.ts";
import { Arm } from "./arm.ts";
import { changedPaths, seenInputs } from "./drift.ts";
import { type ResourceType, resourceTypes } from "./resource-types.ts";

/** Where the real plugin keeps the inputs too, among the outputs: `diff` and `read` are given outputs only. */
const inputsKey = "__inputs";

/**
 * The stand-in for the azure-native plugin: each operation of the engine becomes the requests to Resource Manager that the real
 * one sends. It decides nothing about Azure: what is allowed and what happens is the far side's answer.
 */
export function azureNative(
  cloud: CloudClient,
  identity: { tenantId: string; clientId: string; subscriptionId: string },
): provider.Provider {
  const arm = new Arm(cloud);
  const { subscriptionId } = identity;

  return {
    version: "3.28.0",

    async check(urn, olds: Properties, news: Properties) {
      const { type, name } = resource(urn);
      const inputs = { ...news };
      inputs[type.nameInput] ??= olds?.[type.nameInput] ?? type.autoname(name);
      return { inputs };
    },

    async diff(_id, urn, olds: Properties, news: Properties) {
      const { type } = resource(urn);
      const { inputs, ignored } = splitIgnored(news);
      const changed = changedPaths(unwrap(olds[inputsKey]) ?? {}, unwrap(inputs)).filter(
        (name) => !ignored.includes(name),
      );
      const replaces = changed.filter((path) => type.replacedBy.includes(path));
      return { changes: changed.length > 0, replaces, deleteBeforeReplace: replaces.length > 0 };
    },

    async create(urn, inputs: Properties) {
      const { type } = resource(urn);
      if (isPreview(inputs)) return { id: "", outs: previewedCreate(inputs) };
      const plain = unwrap(inputs);
      const id = type.id(plain, subscriptionId);
      if (await arm.get(id, type.apiVersion)) {
        throw new Error(`cannot create already existing resource '${id}'`);
      }
      const body = await type.body(plain, arm, subscriptionId);
      const remote = await arm.put(id, type.apiVersion, body);
      return { id: remote.id, outs: state(type, inputs, remote) };
    },

    async read(id, urn, props: Properties = {}) {
      const { type } = resource(urn);
      const remote = await arm.get(id, type.apiVersion);
      if (!remote) return { id: "", props: {} };
      const declared = props[inputsKey];
      const present = sent(type.inputs(id, remote));
      const inputs = declared ? seenInputs(declared, present, type.writeOnly ?? []) : present;
      return { id, props: state(type, inputs, remote), inputs };
    },

    async update(id, urn, olds: Properties, news: Properties) {
      const { type } = resource(urn);
      if (isPreview(news)) {
        const renewed = (type.renewedOutputs ?? []).map((name) => [name, unknown]);
        return { outs: { ...olds, properties: { ...olds.properties, ...Object.fromEntries(renewed) } } };
      }
      const body = await type.body(unwrap(news), arm, subscriptionId);
      return { outs: state(type, news, await arm.put(id, type.apiVersion, body)) };
    },

    async delete(id, urn) {
      const { type } = resource(urn);
      await (type.delete ? type.delete(id, arm) : arm.delete(id, type.apiVersion));
    },

    async invoke(token, args: Properties) {
      if (token === "azure-native:authorization:getClientConfig") {
        const { tenantId, clientId } = identity;
        return { outputs: { tenantId, clientId, subscriptionId, objectId: await arm.objectId() } };
      }
      const type = resourceTypes[token.replace(/:get(\w+)$/, ":$1")];
      if (!type || !/:get\w+$/.test(token)) throw new Error(`The stand-in does not serve the function ${token}.`);
      const id = type.id(unwrap(args), subscriptionId);
      const remote = await arm.get(id, type.apiVersion);
      if (!remote) throw new Error(`${token}: '${id}' was not found.`);
      return { outputs: { id: remote.id, ...outputs(type, remote) } };
    },
  };
}

function resource(urn: string): { type: ResourceType; name: string } {
  const { type: token, name } = partsOf(urn);
  const type = resourceTypes[token];
  if (!type) throw new Error(`The stand-in does not serve the resource type ${token}.`);
  return { type, name };
}

/** The same without members that are undefined: they have no form on the engine's wire. */
function sent(properties: Properties): Properties {
  return JSON.parse(JSON.stringify(properties));
}

function outputs(type: ResourceType, remote: Properties): Properties {
  return sent({ ...type.outputs(remote), azureApiVersion: type.apiVersion });
}

function state(type: ResourceType, inputs: Properties, remote: Properties): Properties {
  return { ...outputs(type, remote), [inputsKey]: inputs };
}
