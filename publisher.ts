import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { ClientSecret } from "./components/client-secret.ts";
import { MultiTenantApplication } from "./components/multi-tenant-application.ts";
import { SecretVault } from "./components/secret-vault.ts";
import { roleSchema, type StackConfig } from "./config.ts";
import { expiryWarning } from "./dynamic-providers/expiry.ts";

/**
 * What a publisher's stack tells the stacks of its subscribers, as its output `publisher`. The client secret is not in it: its
 * address is, and who runs the stack reads it there.
 */
const schema = z.object({
  /** Of this contract. A reader refuses one that it does not know. */
  version: z.literal(1),
  clientId: z.guid(),
  identifierUri: z.string(),
  /** Where Entra sends an administrator after consent. */
  redirectUri: z.string(),
  /** Address of the present version of the Key Vault secret that holds the client secret. */
  secretVersionUri: z.url(),
  /** When the credential expires, such as "2027-06-01T00:00:00Z". Stacks of before this was told do not have it. */
  credentialExpiresOn: z.iso.datetime().optional(),
  displayName: z.string(),
  contactEmail: z.string(),
  role: roleSchema,
});

/** The publisher's application as its subscribers need it. */
export interface Publisher
  extends Omit<z.output<typeof schema>, "clientId" | "identifierUri" | "secretVersionUri" | "credentialExpiresOn"> {
  readonly clientId: pulumi.Input<string>;
  readonly identifierUri: pulumi.Input<string>;
  readonly secretVersionUri: pulumi.Input<string>;
  readonly credentialExpiresOn?: pulumi.Input<string>;
}

/** Declares the application, its Key Vault and its client secret. */
export function declarePublisher({
  application: declared,
  role,
  protect,
  asOf,
}: StackConfig & { application: object }) {
  const { displayName, contactEmail, redirectUris, secret: lifetime, keyVault } = declared;
  const application = new MultiTenantApplication("application", { ...declared, protect });
  const { name: vaultName, ...place } = keyVault;
  const { vaultUri } = new SecretVault("vault", { ...place, vaultName, protect });
  const { clientId, identifierUri, objectId, servicePrincipalId } = application;
  const secret = new ClientSecret("client-secret", {
    ...lifetime,
    applicationObjectId: objectId,
    applicationId: clientId,
    vaultUri,
    asOf: asOf ? new Date(asOf) : undefined,
  });
  const { secretUri, secretVersionUri, expiresOn: credentialExpiresOn, nextRotationOn } = secret;
  const [redirectUri] = redirectUris;
  const publisher: Publisher = {
    version: 1,
    clientId,
    identifierUri,
    redirectUri: redirectUri!,
    secretVersionUri,
    credentialExpiresOn,
    displayName,
    contactEmail,
    role: role!,
  };
  const outputs = { objectId, servicePrincipalId, secretUri, credentialExpiresOn, nextRotationOn };
  return { publisher, outputs };
}

/**
 * The publisher's application that another stack declares. `stack` is its full name: organization/project/stack. Warns where
 * its credential is about to expire.
 */
export async function publisherOf(stack: string, asOf = new Date()): Promise<Publisher> {
  const { value, secretValue } = await new pulumi.StackReference(stack).getOutputDetails("publisher");
  const told = value ?? secretValue;
  if (told === undefined) {
    throw new pulumi.RunError(
      `Stack ${stack} has no output 'publisher'. Run \`pulumi up\` on it first; it must declare application.`,
    );
  }
  const result = schema.safeParse(told);
  if (result.success) {
    const { credentialExpiresOn = "", clientId } = result.data;
    const what = `The credential of application ${clientId}, which stack ${stack} declares,`;
    const warning = expiryWarning(
      what,
      credentialExpiresOn,
      asOf,
      `Run \`pulumi up\` on ${stack}, then on this stack.`,
    );
    if (warning) void pulumi.log.warn(warning);
    return result.data;
  }
  const problems = result.error.issues.map(({ path, message }) => `  publisher.${path.join(".")}: ${message}`);
  throw new pulumi.RunError(
    `The output 'publisher' of stack ${stack} is not what this version reads:\n${problems.join("\n")}\n` +
      `Run \`pulumi up\` on ${stack} with the same version of dataverse-s2s.`,
  );
}
