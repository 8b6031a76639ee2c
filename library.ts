export { ClientCertificate, type ClientCertificateArgs } from "./components/client-certificate.ts";
export { ClientSecret, type ClientSecretArgs } from "./components/client-secret.ts";
export {
  type FederatedCredential,
  FederatedCredentials,
  type FederatedCredentialsArgs,
} from "./components/federated-credentials.ts";
export {
  MultiTenantApplication,
  type MultiTenantApplicationArgs,
} from "./components/multi-tenant-application.ts";
export { RegisteredCertificates, type RegisteredCertificatesArgs } from "./components/registered-certificates.ts";
export { SecretVault, type SecretVaultArgs } from "./components/secret-vault.ts";
export { SubscriberAccess, type SubscriberAccessArgs } from "./components/subscriber-access.ts";
export type { ApplicationCredential } from "./dynamic-providers/credential.ts";
export type { Depth, Privileges } from "./dynamic-providers/dataverse/privileges.ts";
export { AccessCheck, type AccessCheckArgs } from "./dynamic-providers/resources/access-check.ts";
export { AdminConsent, type AdminConsentArgs } from "./dynamic-providers/resources/admin-consent.ts";
export {
  ApplicationCertificate,
  type ApplicationCertificateArgs,
} from "./dynamic-providers/resources/application-certificate.ts";
export {
  ApplicationPassword,
  type ApplicationPasswordArgs,
} from "./dynamic-providers/resources/application-password.ts";
export { ApplicationUser, type ApplicationUserArgs } from "./dynamic-providers/resources/application-user.ts";
export { RoleAssignment, type RoleAssignmentArgs } from "./dynamic-providers/resources/role-assignment.ts";
export { SecurityRole, type SecurityRoleArgs } from "./dynamic-providers/resources/security-role.ts";
