import type { ResourceProvider } from "@pulumi/pulumi/dynamic/index.js";

/** Names of the dynamic resources. */
export type ResourceType =
  | "AccessCheck"
  | "AdminConsent"
  | "ApplicationCertificate"
  | "ApplicationPassword"
  | "ApplicationUser"
  | "RoleAssignment"
  | "SecurityRole";

/** The provider of a dynamic resource: it loads the real one from the installed package when the engine configures it. */
export function thinProvider(type: ResourceType): ResourceProvider;
