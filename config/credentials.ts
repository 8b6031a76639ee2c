import { z } from "zod";
import { CertificateProblem, publicCertificates } from "../dynamic-providers/entra/sign-in/certificate.ts";
import { httpsUrl, text, wholeNumber } from "./fields.ts";

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

interface Problem {
  readonly path: string;
  readonly reason: string;
}

/** What no single field of `application` can tell; its raw values. */
export function checkCredentials(application: Record<string, unknown>): Problem[] {
  const problems: Problem[] = [];
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
  return [...problems, ...doubleSubjects(federatedCredentials)];
}

function doubleSubjects(credentials: unknown): Problem[] {
  const firstOf = new Map<string, string>();
  return Object.entries(isMap(credentials) ? credentials : {}).flatMap(([name, credential]) => {
    if (!isMap(credential) || typeof credential.subject !== "string") return [];
    const key = JSON.stringify([credential.issuer, credential.subject]);
    const first = firstOf.get(key);
    if (first === undefined) {
      firstOf.set(key, name);
      return [];
    }
    const reason = `has the issuer and subject of '${first}': Entra takes each pair once`;
    return [{ path: `application.federatedCredentials.${name}`, reason }];
  });
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
