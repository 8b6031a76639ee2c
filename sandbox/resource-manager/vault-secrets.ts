import { z } from "zod";
import { tags } from "../body-types.ts";
import type { Context } from "../context.ts";
import {
  addVersion,
  changeVersion,
  deletedStateMessage,
  isManaged,
  type Secret,
  type SecretVersion,
  secretsOf,
  validSecretName,
} from "../key-vault/secrets.ts";
import { type Vault, vaultId, vaultUri } from "../key-vault/vaults.ts";
import { armErrors } from "./errors.ts";
import { page } from "./paging.ts";
import { type ArmRequest, checkMembers, checkTypes, type Route } from "./routing.ts";
import { liveVault } from "./vaults.ts";

const vaultPath =
  "/subscriptions/:subscriptionId/resourceGroups/:resourceGroupName/providers/Microsoft.KeyVault/vaults/:vaultName";
const path = `${vaultPath}/secrets/:secretName`;
const action = (verb: string) => `Microsoft.KeyVault/vaults/secrets/${verb}`;

/**
 * Secrets as resources: written with rights on the management plane alone, never read back, and never deleted here
 * (azure-rest-api-specs, keyvault secrets.json has no delete).
 */
export const vaultSecretRoutes: readonly Route[] = [
  {
    method: "PUT",
    path,
    action: action("write"),
    async handle(request) {
      const { context, parameters, body } = request;
      const vault = parentVault(request);
      const present = writableSecret(request, vault);
      checkSecretBody(body);
      const properties = body?.properties ?? {};
      if (typeof properties.value !== "string") {
        throw armErrors.propertyRefused("The property 'value' is required.");
      }
      const { secret, version } = addVersion(context.store, vault, parameters.secretName!, {
        value: properties.value,
        contentType: properties.contentType,
        attributes: properties.attributes,
        tags: body.tags,
      });
      return { status: present ? 200 : 201, body: await shape(context, vault, secret, version) };
    },
  },
  {
    method: "PATCH",
    path,
    action: action("write"),
    async handle(request) {
      const { context, parameters, body } = request;
      const vault = parentVault(request);
      const secret = writableSecret(request, vault);
      if (!secret) throw secretNotFound(parameters);
      checkSecretBody(body);
      const latest = secret.versions.at(-1)!;
      const { value, contentType, attributes } = body?.properties ?? {};
      if (typeof value !== "string") {
        changeVersion(context.store, latest, { contentType, attributes, tags: body?.tags });
        return { status: 200, body: await shape(context, vault, secret, latest) };
      }
      const { version } = addVersion(context.store, vault, secret.name, {
        value,
        contentType: contentType ?? latest.contentType ?? undefined,
        attributes,
        tags: body.tags ?? latest.tags ?? undefined,
      });
      return { status: 200, body: await shape(context, vault, secret, version) };
    },
  },
  {
    method: "GET",
    path,
    action: action("read"),
    async handle(request) {
      const { context, parameters } = request;
      const vault = parentVault(request);
      const secret = secretsOf(context.store, vault).get(parameters.secretName!.toLowerCase());
      if (!secret || secret.deletion) throw secretNotFound(parameters);
      return { status: 200, body: await shape(context, vault, secret, secret.versions.at(-1)!) };
    },
  },
  {
    method: "GET",
    path: `${vaultPath}/secrets`,
    action: action("read"),
    query: ["$top", "$skiptoken"],
    async handle(request) {
      const { context } = request;
      const vault = parentVault(request);
      const rows = [...secretsOf(context.store, vault).values()].filter((secret) => !secret.deletion);
      const shapes = rows.map((secret) => shape(context, vault, secret, secret.versions.at(-1)!));
      return { status: 200, body: page(request, await Promise.all(shapes)) };
    },
  },
  {
    method: "DELETE",
    path,
    action: action("delete"),
    handle() {
      throw armErrors.secretDeletion();
    },
  },
];

/** Types by azure-rest-api-specs, secrets.json. */
const bodyType = z.object({
  tags: tags.nullish(),
  properties: z
    .object({
      value: z.string().nullable(),
      contentType: z.string().nullable(),
      attributes: z
        .object({ enabled: z.boolean().nullable(), nbf: z.int().nullable(), exp: z.int().nullable() })
        .partial()
        .nullable(),
    })
    .partial()
    .nullish(),
});

/** Refuses a body with what the sandbox would ignore. */
function checkSecretBody(body: ArmRequest["body"]): void {
  checkTypes(body, bodyType);
  checkMembers(body, ["id", "name", "type", "location", "tags", "properties"]);
  const answered = ["secretUri", "secretUriWithVersion"];
  checkMembers(body?.properties, ["value", "contentType", "attributes", ...answered], "properties.");
  const attributes = ["enabled", "nbf", "exp", "created", "updated"];
  checkMembers(body?.properties?.attributes, attributes, "properties.attributes.");
}

function parentVault(request: ArmRequest): Vault {
  try {
    return liveVault(request);
  } catch (error) {
    if ((error as { code?: string }).code !== "ResourceNotFound") throw error;
    const parentId = request.path.replace(/\/secrets(\/[^/]+)?$/i, "");
    throw armErrors.parentNotFound(request.body === undefined ? "read" : "write", parentId);
  }
}

function writableSecret({ context, parameters }: ArmRequest, vault: Vault): Secret | undefined {
  const name = parameters.secretName!;
  if (!validSecretName(name)) {
    throw armErrors.propertyRefused(`The secret name '${name}' does not match '^[a-zA-Z0-9-]{1,127}$'.`);
  }
  const secret = secretsOf(context.store, vault).get(name.toLowerCase());
  if (secret?.deletion) throw armErrors.secretInDeletedState(deletedStateMessage(secret.name));
  if (secret && isManaged(secret)) throw armErrors.notServed("writing the secret of a certificate");
  return secret;
}

function secretNotFound({ vaultName, secretName, resourceGroupName }: Record<string, string>) {
  const name = `${vaultName}/secrets/${secretName}`;
  return armErrors.resourceNotFound("Microsoft.KeyVault/vaults", name, resourceGroupName!);
}

async function shape(context: Context, vault: Vault, secret: Secret, version: SecretVersion) {
  const secretUri = `${await vaultUri(context, vault)}secrets/${secret.name}`;
  return {
    id: `${vaultId(vault)}/secrets/${secret.name}`,
    name: secret.name,
    type: "Microsoft.KeyVault/vaults/secrets",
    location: vault.location,
    tags: version.tags ?? undefined,
    properties: {
      contentType: version.contentType ?? undefined,
      attributes: {
        enabled: version.enabled,
        nbf: version.nbf ?? undefined,
        exp: version.exp ?? undefined,
        created: version.created,
        updated: version.updated,
      },
      secretUri,
      secretUriWithVersion: `${secretUri}/${version.version}`,
    },
  };
}
