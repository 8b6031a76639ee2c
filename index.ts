import * as pulumi from "@pulumi/pulumi";
import { ClientSecret } from "./components/client-secret.ts";
import { MultiTenantApplication } from "./components/multi-tenant-application.ts";
import { SecretVault } from "./components/secret-vault.ts";
import { SubscriberAccess } from "./components/subscriber-access.ts";
import { loadConfig } from "./config.ts";

const { application: declared, role, subscribers, protect } = loadConfig();

const application = new MultiTenantApplication("application", { ...declared, protect });
const { name: vaultName, ...keyVault } = declared.keyVault;
const vault = new SecretVault("vault", { ...keyVault, vaultName, protect });
const secret = new ClientSecret("client-secret", {
  ...declared.secret,
  applicationObjectId: application.objectId,
  vaultUri: vault.vaultUri,
});

const access = Object.entries(subscribers).map(([name, { environmentUrl, tenantId, businessUnit }]) => {
  const args = {
    environmentUrl,
    tenantId,
    businessUnit,
    role,
    applicationId: application.clientId,
    fullName: declared.displayName,
    primaryEmail: declared.contactEmail,
    secretUri: secret.secretVersionUri,
  };
  // The principal is more than the application: Dataverse looks for it.
  return [name, new SubscriberAccess(name, args, { dependsOn: application })] as const;
});

export const clientId = application.clientId;
export const objectId = application.objectId;
export const servicePrincipalId = application.servicePrincipalId;
export const identifierUri = application.identifierUri;
export const secretUri = secret.secretUri;
export const secretExpiresOn = secret.expiresOn;
export const environments = pulumi.output(
  Object.fromEntries(
    access.map(([name, { userId, userName, rolesHeld, tableRead }]) => [
      name,
      { userId, userName, rolesHeld, tableRead },
    ]),
  ),
);
