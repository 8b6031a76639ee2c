import { z } from "zod";
import { CertificateProblem, openCertificate } from "./sign-in/certificate.ts";

const guid = z.guid("must be a GUID");
const text = z.string("must be a text").min(1, "must not be empty");

/** The client of Microsoft's Dataverse samples: a public client that every tenant knows. */
const sampleClientId = "51f81489-12ee-4a9e-aaae-a2591f45987d";

/** An application with a client secret: the secret's value, not its id. */
const clientSecret = z.strictObject({ kind: z.literal("clientSecret"), clientId: guid, clientSecret: text });

/** An application with a certificate: PEM text of certificate and private key, together or apart. */
const certificate = z.strictObject({
  kind: z.literal("certificate"),
  clientId: guid,
  certificate: text,
  privateKey: text.optional(),
  passphrase: text.optional(),
});

/** An application that trusts an outside issuer: the text of `tokenFile`, else what the CI gives, is exchanged for a token. */
const federated = z.strictObject({ kind: z.literal("federated"), clientId: guid, tokenFile: text.optional() });

/** Whoever is signed in to the Azure CLI. */
const azureCli = z.strictObject({ kind: z.literal("azureCli") });

/** A person, who enters a code in a browser. */
const deviceCode = z.strictObject({ kind: z.literal("deviceCode"), clientId: guid.default(sampleClientId) });

const openable = (
  identity: { certificate?: string | undefined; privateKey?: string | undefined; passphrase?: string | undefined },
  context: z.RefinementCtx,
) => {
  if (!identity.certificate) return;
  try {
    openCertificate({ ...identity, certificate: identity.certificate });
  } catch (error) {
    if (!(error instanceof CertificateProblem)) throw error;
    context.addIssue({ code: "custom", path: [error.field], message: error.message });
  }
};

const wrongKind = (issue: z.core.$ZodRawIssue) =>
  issue.code === "invalid_union"
    ? "must be one of clientSecret, certificate, federated, azureCli, deviceCode"
    : "must be a map";

/** Who signs in, whole: what it takes to get a token. */
export const identitySchema = z.discriminatedUnion(
  "kind",
  [clientSecret, certificate.superRefine(openable), federated, azureCli, deviceCode],
  { error: wrongKind },
);

/** Stack config `subscribers.NAME.admin`: an identity whose secret part may be left to the environment variables. */
export const adminSchema = z.discriminatedUnion(
  "kind",
  [
    clientSecret.partial({ clientSecret: true }),
    certificate.partial({ certificate: true }).superRefine(openable),
    federated,
    azureCli,
    deviceCode,
  ],
  { error: wrongKind },
);

export type Identity = z.infer<typeof identitySchema>;
