import type { Context } from "hono";
import { z } from "zod";
import { tags, wrongMember } from "../body-types.ts";
import { keyVaultErrors } from "./errors.ts";

/** The JSON object in a request's body; throws 400 where it is none. */
export async function json(c: Context) {
  const body: unknown = await c.req.json().catch(() => undefined);
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw keyVaultErrors.badParameter("The request body is not valid JSON.");
  return body as Record<string, unknown>;
}

const attributes = z.strictObject({ enabled: z.boolean(), nbf: z.int(), exp: z.int() }).partial();

/** What is written of a secret, https://learn.microsoft.com/rest/api/keyvault/secrets/set-secret; null asks for nothing. */
export const secretType = z.strictObject({ attributes, contentType: z.string(), tags, value: z.string() }).partial();

const texts = z.array(z.string());
const names = z.strictObject({ dns_names: texts, emails: texts, upns: texts }).partial();

/** What is written of a certificate, https://learn.microsoft.com/rest/api/keyvault/certificates/create-certificate. */
export const certificateType = z
  .strictObject({
    attributes: attributes.pick({ enabled: true }).strict(),
    tags,
    policy: z
      .strictObject({
        id: z.string(),
        attributes: z.unknown(),
        issuer: z.strictObject({ name: z.string() }).partial(),
        key_props: z
          .strictObject({ exportable: z.boolean(), key_size: z.int(), kty: z.string(), reuse_key: z.boolean() })
          .partial(),
        lifetime_actions: z.array(
          z
            .strictObject({
              action: z.strictObject({ action_type: z.string() }),
              trigger: z.strictObject({ days_before_expiry: z.int(), lifetime_percentage: z.int() }).partial(),
            })
            .partial(),
        ),
        secret_props: z.strictObject({ contentType: z.string() }).partial(),
        x509_props: z
          .strictObject({
            basic_constraints: z.unknown(),
            ekus: texts,
            key_usage: texts,
            sans: names,
            subject: z.string(),
            validity_months: z.int().min(1),
          })
          .partial(),
      })
      .partial(),
  })
  .partial();

/** Refuses a body with what the sandbox would ignore, and members of other types than the service's. */
export function checkBody(type: z.ZodType, body: unknown): void {
  const wrong = wrongMember(type, withoutNulls(body));
  if (wrong?.unknown) throw keyVaultErrors.notServed(`the member '${wrong.path}'`);
  if (wrong) throw keyVaultErrors.badParameter(`The value of ${wrong.path} is not valid.`);
}

function withoutNulls(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const given = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(given.map(([name, member]) => [name, withoutNulls(member)]));
}
