/** Days before the expiry of a credential from which on everybody is warned. */
export const warningDays = 14;

export const dayMilliseconds = 24 * 3600 * 1000;

/**
 * What to tell about a credential that expires within 14 days, or has; undefined where there is time left. `what` names it
 * ("The client secret of …"), `step` says what to do.
 */
export function expiryWarning(what: string, expiresOn: string, asOf: Date, step: string): string | undefined {
  const days = Math.ceil((Date.parse(expiresOn) - asOf.getTime()) / dayMilliseconds);
  if (Number.isNaN(days) || days > warningDays) return undefined;
  const left = days > 0 ? `expires in ${days} ${days === 1 ? "day" : "days"}` : "has expired";
  return `${what} ${left}, on ${expiresOn}, and was not renewed. ${step}`;
}
