import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { MultiTenantApplication } from "./components/multi-tenant-application.ts";
import { SecretVault } from "./components/secret-vault.ts";
import { roleSchema, type StackConfig } from "./config.ts";
import { declareCredentials } from "./credentials.ts";
import { type ApplicationCredential, applicationCredentials } from "./dynamic-providers/credential.ts";
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
  /** What it signs in with. */
  credential: z.enum(applicationCredentials).default("clientSecret"),
  /** Address of the present version of the Key Vault secret that holds its client secret, or its certificate with private key. */
  secretVersionUri: z.url().optional(),
  /** When the credential expires, such as "2027-06-01T00:00:00Z". Stacks of before this was told do not have it. */
  credentialExpiresOn: z.iso.datetime().optional(),
  displayName: z.string(),
  contactEmail: z.string(),
  role: roleSchema,
});

/** The publisher's application as its subscribers need it. */
export interface Publisher
  extends Omit<
    z.output<typeof schema>,
    "clientId" | "identifierUri" | "credential" | "secretVersionUri" | "credentialExpiresOn"
  > {
  readonly clientId: pulumi.Input<string>;
  readonly identifierUri: pulumi.Input<string>;
  readonly credential: pulumi.Input<ApplicationCredential>;
  readonly secretVersionUri?: pulumi.Input<string>;
  readonly credentialExpiresOn?: pulumi.Input<string>;
}

/** Declares the application, its Key Vault and its credentials. */
export function declarePublisher(config: StackConfig & { application: object }) {
  const { application: declared, role, protect } = config;
  const { displayName, contactEmail, redirectUris, keyVault } = declared;
  const application = new MultiTenantApplication("application", { ...declared, protect });
  const { clientId, identifierUri, objectId, servicePrincipalId } = application;
  const certificates = declared.certificate?.keyVault !== undefined;
  const vault = keyVault && new SecretVault("vault", { ...keyVault, vaultName: keyVault.name, certificates, protect });
  const { credential, secretVersionUri, outputs } = declareCredentials(config, application, vault?.vaultUri);
  const { credentialExpiresOn } = outputs;
  const [redirectUri] = redirectUris;
  const publisher: Publisher = {
    version: 1,
    clientId,
    identifierUri,
    redirectUri: redirectUri!,
    credential,
    ...(secretVersionUri && { secretVersionUri }),
    ...(credentialExpiresOn && { credentialExpiresOn }),
    displayName,
    contactEmail,
    role: role!,
  };
  return { publisher, outputs: { objectId, servicePrincipalId, ...outputs } };
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
