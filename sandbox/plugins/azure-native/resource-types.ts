import { randomBytes, randomUUID } from "node:crypto";
import type { Properties } from "../support.ts";
import type { Arm } from "./arm.ts";

/** How one Pulumi resource type maps to requests. Inputs and bodies are plain: secrets laid open. */
export interface ResourceType {
  readonly apiVersion: string;
  /** The input that names the resource; filled in where the program leaves it out. */
  readonly nameInput: string;
  autoname(name: string): string;
  /** Paths of inputs that cannot change in place. */
  readonly replacedBy: readonly string[];
  id(inputs: Properties, subscriptionId: string): string;
  body(inputs: Properties, arm: Arm, subscriptionId: string): Properties | Promise<Properties>;
  /** What the class declares as outputs, from the resource as Resource Manager shows it. */
  outputs(remote: Properties): Properties;
  /** Inputs that would make what is there now, from its id and the resource. */
  inputs(id: string, remote: Properties): Properties;
  /** Paths of inputs that the far side never shows. */
  readonly writeOnly?: readonly string[];
  /** Members of the output `properties` that every update makes anew. */
  readonly renewedOutputs?: readonly string[];
  /** How it goes away, where that is not a DELETE of its id. */
  delete?(id: string, arm: Arm): Promise<void>;
}

const suffixed = (name: string) => `${name}${randomBytes(4).toString("hex")}`;
const vaultVersion = "2024-11-01";

/** The segment of a resource id after the segment `name`. */
function segment(id: string, name: string): string {
  return new RegExp(`/${name}/([^/]+)`, "i").exec(id)?.[1] ?? "";
}

function vaultPath(inputs: Properties, subscriptionId: string): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${inputs.resourceGroupName}/providers/Microsoft.KeyVault/vaults/${inputs.vaultName}`;
}

const resourceGroup: ResourceType = {
  apiVersion: "2024-03-01",
  nameInput: "resourceGroupName",
  autoname: suffixed,
  replacedBy: ["resourceGroupName", "location"],
  id: (inputs, subscriptionId) => `/subscriptions/${subscriptionId}/resourceGroups/${inputs.resourceGroupName}`,
  body: ({ location, managedBy, tags }) => ({ location, managedBy, tags }),
  outputs: ({ name, type, location, managedBy, tags, properties }) => ({
    name,
    type,
    location,
    managedBy,
    tags,
    properties,
  }),
  inputs: (id, { location, managedBy, tags }) => ({
    resourceGroupName: segment(id, "resourceGroups"),
    location,
    managedBy,
    tags,
  }),
};

const vault: ResourceType = {
  apiVersion: vaultVersion,
  nameInput: "vaultName",
  autoname: (name) => suffixed(name.slice(0, 16)),
  replacedBy: ["resourceGroupName", "vaultName", "location", "properties.tenantId"],
  id: vaultPath,
  async body({ location, tags, properties, resourceGroupName }, arm, subscriptionId) {
    const path = resourceGroup.id({ resourceGroupName }, subscriptionId);
    const place = location ?? (await arm.get(path, resourceGroup.apiVersion))?.location;
    return { location: place, tags, properties };
  },
  outputs: ({ name, type, location, tags, properties, systemData }) => ({
    name,
    type,
    location,
    tags,
    properties,
    systemData,
  }),
  inputs: (id, { location, tags, properties: { vaultUri: _uri, provisioningState: _state, ...properties } }) => ({
    resourceGroupName: segment(id, "resourceGroups"),
    vaultName: segment(id, "vaults"),
    location,
    tags,
    properties,
  }),
  writeOnly: ["properties.createMode"],
};

/** Pulumi names the dates of a secret in full, Resource Manager as in a token. */
const secretProperties = {
  toWire({ attributes, ...rest }: Properties): Properties {
    const { expires, notBefore, ...others } = attributes ?? {};
    return { ...rest, attributes: attributes && { ...others, exp: expires, nbf: notBefore } };
  },
  fromWire({ attributes, ...rest }: Properties): Properties {
    const { exp, nbf, ...others } = attributes ?? {};
    return { ...rest, attributes: attributes && { ...others, expires: exp, notBefore: nbf } };
  },
};

const secret: ResourceType = {
  apiVersion: vaultVersion,
  nameInput: "secretName",
  // The real plugin takes the name of a child resource as it is.
  autoname: (name) => name,
  replacedBy: ["resourceGroupName", "vaultName", "secretName"],
  id: (inputs, subscriptionId) => `${vaultPath(inputs, subscriptionId)}/secrets/${inputs.secretName}`,
  body: ({ properties, tags }) => ({ properties: secretProperties.toWire(properties), tags }),
  outputs: ({ name, type, location, tags, properties }) => ({
    name,
    type,
    location,
    tags,
    properties: secretProperties.fromWire(properties),
  }),
  inputs(id, { tags, properties }) {
    const { contentType, attributes } = secretProperties.fromWire(properties);
    return {
      resourceGroupName: segment(id, "resourceGroups"),
      vaultName: segment(id, "vaults"),
      secretName: segment(id, "secrets"),
      tags,
      properties: { contentType, attributes },
    };
  },
  writeOnly: ["properties.value"],
  renewedOutputs: ["secretUriWithVersion"],
  // Unlike the real plugin, which puts a fixed suffix after the vault's name, this asks the vault for its address.
  async delete(id, arm) {
    const parent = await arm.get(id.replace(/\/secrets\/[^/]+$/i, ""), vaultVersion);
    if (parent) await arm.deleteSecret(parent.properties.vaultUri, segment(id, "secrets"));
  },
};

const roleAssignment: ResourceType = {
  apiVersion: "2022-04-01",
  nameInput: "roleAssignmentName",
  autoname: () => randomUUID(),
  replacedBy: [
    "roleAssignmentName",
    "scope",
    "roleDefinitionId",
    "principalId",
    "principalType",
    "delegatedManagedIdentityResourceId",
  ],
  id: ({ scope, roleAssignmentName }) =>
    `/${scope.replace(/^\/+|\/+$/g, "")}/providers/Microsoft.Authorization/roleAssignments/${roleAssignmentName}`,
  body: ({ roleAssignmentName: _name, scope: _scope, ...properties }) => ({ properties }),
  outputs: ({ name, type, properties }) => ({ name, type, ...properties }),
  inputs(id, { properties }) {
    const { description, condition, conditionVersion, principalId, principalType, roleDefinitionId, scope } =
      properties;
    return {
      roleAssignmentName: segment(id, "roleAssignments"),
      scope,
      roleDefinitionId,
      principalId,
      principalType,
      description,
      condition,
      conditionVersion,
    };
  },
};

/** The types that the stand-in serves. */
export const resourceTypes: Readonly<Record<string, ResourceType>> = {
  "azure-native:resources:ResourceGroup": resourceGroup,
  "azure-native:keyvault:Vault": vault,
  "azure-native:keyvault:Secret": secret,
  "azure-native:authorization:RoleAssignment": roleAssignment,
};
