import { dayMilliseconds } from "../dynamic-providers/expiry.ts";

/** A secret's period: its label, which names what is made for it, and the instants that matter in it. */
export interface SecretPeriod {
  /** First day, such as "2026-10-02". */
  readonly label: string;
  readonly startsOn: Date;
  /** When the secret of this period expires. */
  readonly expiresOn: Date;
  /** When the next period starts: the first update from then on makes the next secret. */
  readonly nextRotationOn: Date;
}

/** Periods are counted from here, so they are the same in every run and nothing has to be stored. */
const anchor = Date.UTC(2024, 0, 1);

/** The period that `asOf` is in. Periods begin `renewBeforeDays` before the secret of the one before expires. */
export function secretPeriod(asOf: Date, lifetimeYears: 1 | 2, renewBeforeDays: number): SecretPeriod {
  const lifetime = lifetimeYears * 365 * dayMilliseconds;
  const length = lifetime - renewBeforeDays * dayMilliseconds;
  const start = anchor + Math.floor((asOf.getTime() - anchor) / length) * length;
  return {
    label: dayOf(new Date(start)),
    startsOn: new Date(start),
    expiresOn: new Date(start + lifetime),
    nextRotationOn: new Date(start + length),
  };
}

/** A time's day in UTC, such as "2026-10-02". */
export const dayOf = (time: Date) => time.toISOString().slice(0, 10);

/** The text that Microsoft Graph gives back for a time on the second: it has no fraction. */
export const graphTime = (time: Date) => time.toISOString().replace(".000Z", "Z");
