import * as pulumi from "@pulumi/pulumi";
import type { ConfigureRequest, ResourceProvider } from "@pulumi/pulumi/dynamic/index.js";
import type { ResourceType } from "dataverse-s2s/thin-provider";
import { tellWaits } from "./http.ts";
import type { Settings } from "./identities.ts";
import { accessCheck } from "./lifecycles/access-check.ts";
import { adminConsent } from "./lifecycles/admin-consent.ts";
import { applicationCertificate } from "./lifecycles/application-certificate.ts";
import { applicationPassword } from "./lifecycles/application-password.ts";
import { applicationUser } from "./lifecycles/application-user.ts";
import { roleAssignment } from "./lifecycles/role-assignment.ts";
import { securityRole } from "./lifecycles/security-role.ts";

export { graceSeconds, interrupt } from "./interruption.ts";

// The type says what each lifecycle is given; the engine gives each only its own resources.
const lifecycles: Record<ResourceType, (settings: Settings) => ResourceProvider> = {
  AccessCheck: accessCheck,
  AdminConsent: adminConsent,
  ApplicationCertificate: applicationCertificate,
  ApplicationPassword: applicationPassword,
  ApplicationUser: applicationUser,
  RoleAssignment: roleAssignment,
  SecurityRole: securityRole,
};

/**
 * Makes a full provider of the thin one that is in the state of a stack. Runs synchronously: the engine's provider host uses
 * a provider from other calls before `configure` has ended.
 */
export function bind(provider: object, type: ResourceType, { config }: ConfigureRequest): void {
  const speak = (log: (text: string) => Promise<void>) => (line: string) => {
    void log(line);
  };
  const settings: Settings = {
    config: (key) => config.get(key),
    environment: process.env,
    say: speak((line) => pulumi.log.info(line)),
    warn: speak((line) => pulumi.log.warn(line)),
  };
  tellWaits(settings.say);
  Object.assign(provider, lifecycles[type](settings));
}
