import { z } from "zod";
import { CertificateProblem, publicCertificates } from "../dynamic-providers/entra/sign-in/certificate.ts";
import { type ConfigProblem, httpsUrl, isMap, text, wholeNumber } from "./fields.ts";

/** A client secret that is renewed in Key Vault. */
export const secretSchema = z.strictObject({
  lifetimeYears: z.union([z.literal(1), z.literal(2)], "must be 1 or 2").default(1),
  renewBeforeDays: wholeNumber(2, 180).default(30),
  overlapDays: wholeNumber(1, 179).default(7),
  rotateNow: z
    .string("must be a text")
    .regex(/^[a-zA-Z0-9._-]{1,32}$/, "must be 1 to 32 letters, digits, dots, hyphens and underscores")
    .optional(),
});

/** Certificates whose private keys the vendor keeps: one after the other in one PEM text. */
const pem = z.string("must be PEM text").transform((value, context) => {
  try {
    return publicCertificates(value, new Date());
  } catch (error) {
    if (!(error instanceof CertificateProblem)) throw error;
    context.addIssue({ code: "custom", message: error.message, input: undefined }); // never shows the text
    return z.NEVER;
  }
});

/** Days. */
const shortestMonth = 28;

/** A certificate that Key Vault makes. */
const keyVault = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-zA-Z0-9-]{1,127}$/, "must be 1 to 127 letters, digits and hyphens")
      .default("client-certificate"),
    subject: z
      .string()
      .regex(/^[A-Z]+=./, "must be a distinguished name, such as CN=Contoso Orders")
      .default("CN=dataverse-s2s"),
    validityMonths: wholeNumber(1, 60).default(12),
    renewBeforeDays: wholeNumber(1, 180).default(30),
    keySize: z.literal([2048, 3072, 4096], "must be 2048, 3072 or 4096").default(2048),
  })
  .refine(({ validityMonths, renewBeforeDays }) => renewBeforeDays < validityMonths * shortestMonth, {
    message: "leaves no time: renewBeforeDays must be less than the days that validityMonths has",
  });

export const certificateSchema = z
  .strictObject({ pem: pem.optional(), keyVault: keyVault.optional() })
  .refine(({ pem, keyVault }) => (pem === undefined) !== (keyVault === undefined), {
    message: "must have either pem or keyVault (keyVault: {} takes its defaults)",
  });

/** Most credentials an application may have, and the longest texts (wire facts C3). */
const most = 20;
const longest = 600;

export const federatedCredentialsSchema = z
  .record(
    z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{2,119}$/, "must have 3 to 120 letters, digits, hyphens and underscores"),
    z.strictObject({
      issuer: httpsUrl.max(longest, `must have at most ${longest} characters`),
      subject: text(longest),
      audience: text(longest).default("api://AzureADTokenExchange"),
      description: text(longest).optional(),
    }),
    "must be a map of credentials by name",
  )
  .refine((credentials) => Object.keys(credentials).length > 0, "must have at least one credential")
  .refine((credentials) => Object.keys(credentials).length <= most, `must have at most ${most} credentials`);

/** What no single field of `application` can tell; its raw values. */
export function checkCredentials(application: Record<string, unknown>): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const { secret, certificate, federatedCredentials, keyVault } = application;
  const isGiven = (value: unknown) => value !== undefined && value !== null;
  const inVault = isMap(certificate) && isMap(certificate.keyVault) ? certificate.keyVault : undefined;
  const hasSecret = isGiven(secret) || (!isGiven(certificate) && !isGiven(federatedCredentials));
  if (!isGiven(keyVault) && (hasSecret || inVault)) {
    const reason = hasSecret
      ? "is missing: the client secret is kept there (with certificate or federatedCredentials there is none)"
      : "is missing: the certificate is made there";
    problems.push({ path: "application.keyVault", reason });
  }
  if (hasSecret && inVault?.name === "client-secret") {
    const reason = "is the name of the client secret in the same vault: choose another";
    problems.push({ path: "application.certificate.keyVault.name", reason });
  }
  return [...problems, ...secretProblems(isMap(secret) ? secret : {}), ...doubleSubjects(federatedCredentials)];
}

function secretProblems({ overlapDays = 7, renewBeforeDays = 30 }: Record<string, unknown>): ConfigProblem[] {
  const areDays = typeof overlapDays === "number" && typeof renewBeforeDays === "number" && renewBeforeDays > 1;
  if (!areDays || overlapDays < renewBeforeDays) return [];
  const reason = `must be less than renewBeforeDays (${renewBeforeDays}): the old secret must not expire before its time`;
  return [{ path: "application.secret.overlapDays", reason }];
}

function doubleSubjects(credentials: unknown): ConfigProblem[] {
  const firstOf = new Map<string, string>();
  return Object.entries(isMap(credentials) ? credentials : {}).flatMap(([name, credential]) => {
    const { issuer, subject } = isMap(credential) ? credential : {};
    if (typeof issuer !== "string" || typeof subject !== "string") return [];
    const key = JSON.stringify([issuer, subject]);
    const first = firstOf.get(key);
    if (first === undefined) {
      firstOf.set(key, name);
      return [];
    }
    const reason = `has the issuer and subject of '${first}': Entra takes each pair once`;
    return [{ path: `application.federatedCredentials.${name}`, reason }];
  });
}
