import { z } from "zod";

export const guid = z.guid("must be a GUID");
export const httpsUrl = z.url({ protocol: /^https$/, error: "must be an https:// address" });
/** Entra takes http for the loopback host only. */
export const redirectUri = z
  .url({ protocol: /^https?$/, error: "must be an https:// address" })
  .refine(
    (uri) => uri.startsWith("https://") || isLoopback(uri),
    "must be an https:// address (http only for localhost)",
  );
export const wholeNumber = (least: number, most: number) =>
  z
    .int(`must be a whole number from ${least} to ${most}`)
    .min(least, `must be at least ${least}`)
    .max(most, `must be at most ${most}`);
export const text = (most: number) =>
  z.string("must be a text").min(1, "must not be empty").max(most, `must have at most ${most} characters`);
export const flag = z.boolean("must be true or false");

export function isLoopback(address: string): boolean {
  return URL.canParse(address) && ["localhost", "127.0.0.1", "[::1]"].includes(new URL(address).hostname);
}

/** One thing wrong: where in the stack config, and what. */
export interface ConfigProblem {
  readonly path: string;
  readonly reason: string;
}

export const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
