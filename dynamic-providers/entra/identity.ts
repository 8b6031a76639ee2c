import { z } from "zod";

const guid = z.guid("must be a GUID");

/** An application that signs in with a secret: the client id, the secret's value, and its home when not the environment's tenant. */
const clientSecret = z.strictObject({
  kind: z.literal("clientSecret"),
  clientId: guid,
  clientSecret: z.string().min(1, "must not be empty"),
});

/** Who administers a subscriber's environment: stack config `subscribers.NAME.admin`. */
export const identitySchema = z.discriminatedUnion("kind", [clientSecret]);

export type Identity = z.infer<typeof identitySchema>;
