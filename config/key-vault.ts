import { z } from "zod";
import { type ConfigProblem, flag, guid, isMap, text, wholeNumber } from "./fields.ts";

export const keyVaultSchema = z.strictObject({
  resourceGroup: text(90),
  location: text(50).optional(),
  name: z
    .string()
    .regex(/^[a-zA-Z][a-zA-Z0-9-]{1,22}[a-zA-Z0-9]$/, "must be 3 to 24 letters, digits and hyphens")
    .optional(),
  readers: z.array(guid, "must be a list of object ids").default([]),
  softDeleteRetentionDays: wholeNumber(7, 90).default(90),
  purgeProtection: flag.default(false),
  existing: flag.default(false),
  recover: flag.default(false),
  network: z
    .strictObject({
      publicAccess: flag.default(true),
      allowedIpRanges: z
        .array(
          z.union([z.ipv4(), z.cidrv4()], "must be an IPv4 address or range, such as 203.0.113.0/24"),
          "must be a list of addresses",
        )
        .default([]),
      allowedSubnetIds: z
        .array(
          z.string().regex(/^\/subscriptions\/.+\/subnets\/[^/]+$/, "must be the resource id of a subnet"),
          "must be a list of resource ids",
        )
        .default([]),
    })
    .optional(),
});

/** What no single field of `application.keyVault` can tell; its raw value. */
export function vaultProblems(value: unknown): ConfigProblem[] {
  const keyVault = isMap(value) ? value : {};
  const problem = (key: string, reason: string) => ({ path: `application.keyVault.${key}`, reason });
  const missing = (key: string, reason = "is missing") => (keyVault[key] === undefined ? [problem(key, reason)] : []);
  if (value === undefined || value === null) return [];
  if (keyVault.existing !== true) {
    const name = keyVault.recover === true ? missing("name", "is missing: a deleted vault is found by its name") : [];
    return [...missing("location"), ...name];
  }
  const taken = ["location", "recover", "network", "softDeleteRetentionDays", "purgeProtection"]
    .filter((key) => keyVault[key] !== undefined)
    .map((key) => problem(key, "cannot be together with existing: that vault is taken as it is"));
  return [...missing("name", "is missing: an existing vault is found by its name"), ...taken];
}
