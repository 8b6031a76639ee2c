import type { provider } from "@pulumi/pulumi";
import { isPreview, previewedCreate, splitIgnored } from "../engine-requests.ts";
import { type Properties, partsOf, unknown, unwrap } from "../support.ts";
import { application } from "./application.ts";
import { applicationCertificate } from "./application-certificate.ts";
import { applicationFederatedIdentityCredential } from "./application-federated-identity-credential.ts";
import { applicationIdentifierUri } from "./application-identifier-uri.ts";
import { applicationPassword } from "./application-password.ts";
import { delegatedPermissionGrant } from "./delegated-permission-grant.ts";
import { functions } from "./functions.ts";
import { type Graph, hasStatus, waitUntil } from "./graph.ts";
import { changedInputs, seenInputs } from "./inputs.ts";
import type { ResourceType } from "./resource-type.ts";
import { servicePrincipal } from "./service-principal.ts";

/** Where the declared inputs are kept among the outputs: `diff` and `read` are given outputs only. */
const inputsKey = "__inputs";

const resourceTypes: Record<string, ResourceType> = {
  "azuread:index/application:Application": application,
  "azuread:index/applicationCertificate:ApplicationCertificate": applicationCertificate,
  "azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential":
    applicationFederatedIdentityCredential,
  "azuread:index/applicationIdentifierUri:ApplicationIdentifierUri": applicationIdentifierUri,
  "azuread:index/applicationPassword:ApplicationPassword": applicationPassword,
  "azuread:index/servicePrincipal:ServicePrincipal": servicePrincipal,
  "azuread:index/servicePrincipalDelegatedPermissionGrant:ServicePrincipalDelegatedPermissionGrant":
    delegatedPermissionGrant,
};

/**
 * The stand-in for the azuread plugin: each operation of the engine becomes the requests to Graph that the real one sends. It
 * decides nothing about Entra: what is allowed and what happens is the far side's answer.
 */
export function azuread(graph: Graph, identity: { tenantId: string; clientId: string }): provider.Provider {
  return {
    version: "6.9.1",

    async check(urn, _olds, news: Properties) {
      const { unserved = [] } = typeOf(urn);
      const failures = unserved
        .filter((property) => news[property] !== undefined)
        .map((property) => ({ property, reason: "the sandbox's azuread plugin does not serve it" }));
      return { inputs: news, failures };
    },

    async diff(_id, urn, olds: Properties, news: Properties) {
      const type = typeOf(urn);
      const { inputs, ignored } = splitIgnored(news);
      const changed = changedInputs(olds[inputsKey] ?? {}, inputs, type).filter((name) => !ignored.includes(name));
      const replaces = changed.filter((name) => type.replacedBy.includes(name));
      return { changes: changed.length > 0, replaces };
    },

    async create(urn, inputs: Properties) {
      const type = typeOf(urn);
      if (isPreview(inputs)) {
        const computed = Object.fromEntries(type.outputs.map((name) => [name, unknown]));
        return { id: "", outs: { ...computed, ...previewedCreate(inputs) } };
      }
      const made = await type.create(graph, unwrap(inputs));
      const present = await untilShown(graph, type, made.id);
      return { id: made.id, outs: state(inputs, { ...present.outputs, ...made.outputs }) };
    },

    async read(id, urn, props: Properties = {}) {
      const type = typeOf(urn);
      const present = await type.read(graph, id);
      if (!present) return { id: "", props: {} };
      const { [inputsKey]: declared, ...before } = props;
      const inputs = seenInputs(declared ?? {}, present.inputs, declared ? type : { ...type, computed: [] });
      return { id, props: state(inputs, { ...before, ...present.outputs }), inputs };
    },

    async update(id, urn, olds: Properties, news: Properties) {
      const type = typeOf(urn);
      const { [inputsKey]: _declared, ...before } = olds;
      if (isPreview(news)) return { outs: { ...before, ...previewedCreate(news) } };
      if (!type.update) throw new Error(`${urn} cannot change in place.`);
      await type.update(graph, id, unwrap(news));
      const present = await type.read(graph, id);
      if (!present) throw new Error(`${id} was updated and then not found.`);
      return { outs: state(news, { ...before, ...present.outputs }) };
    },

    async delete(id, urn, props: Properties) {
      await typeOf(urn).delete(graph, id, unwrap(props));
    },

    async invoke(token, args: Properties) {
      const name = token.split(":").at(-1)!;
      const answer = functions[name];
      if (!answer) throw new Error(`The sandbox's azuread plugin does not serve the function ${token}.`);
      return { outputs: await answer(graph, unwrap(args), identity) };
    },
  };
}

/**
 * What was made, once all replicas show it. The real plugin polls for credentials and for what it deletes, and repeats the first
 * changes of applications and service principals; for the rest it trusts its luck and its SDK, which repeats after a 404. After
 * an update it does not poll at all, and neither does this one.
 */
async function untilShown(graph: Graph, type: ResourceType, id: string) {
  let present: Awaited<ReturnType<ResourceType["read"]>>;
  await waitUntil(`${id} to show`, async () => {
    present = await type.read(graph, id).catch((error) => {
      if (hasStatus(error, 404)) return undefined;
      throw error;
    });
    return present !== undefined;
  });
  return present!;
}

function typeOf(urn: string): ResourceType {
  const { type } = partsOf(urn);
  const found = resourceTypes[type];
  if (!found) throw new Error(`The sandbox's azuread plugin does not serve the resource type ${type}.`);
  return found;
}

/** Outputs to store: what is there now wins over what was declared, except that secrets stay marked as they were declared. */
function state(inputs: Properties, outputs: Properties): Properties {
  return { ...inputs, ...outputs, ...secretsOf(inputs), [inputsKey]: inputs };
}

function secretsOf(inputs: Properties): Properties {
  return Object.fromEntries(
    Object.entries(inputs).filter(([, value]) => JSON.stringify(unwrap(value)) !== JSON.stringify(value)),
  );
}
