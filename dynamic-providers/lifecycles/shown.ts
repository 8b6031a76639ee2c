import { VendorError } from "../errors.ts";
import { type Say, untilSteady } from "../waiting.ts";
import { settlingSeconds } from "./settling.ts";

/**
 * Waits until Entra shows what was written, to whomever: `look` gives undefined as long as it does not. What is read after it is
 * no older, so no run takes what it made for missing, or writes a collection back without it (wire facts C2, C7).
 */
export async function untilShown<T>(what: string, say: Say, look: () => Promise<T | undefined>): Promise<T> {
  const shown = await untilSteady(`Entra to show ${what}`, settlingSeconds, say, look);
  if (shown !== undefined) return shown;
  throw new VendorError(undefined, "not_shown", `Entra has not shown ${what} for ${settlingSeconds} s`);
}
