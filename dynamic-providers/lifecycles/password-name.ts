import type { PasswordCredential } from "../entra/application-passwords.ts";
import { uuidOf } from "../uuid.ts";

/** What a client secret's name in Entra says of it: nothing else tells whose it is and what for. */
export interface PasswordNaming {
  /** Names the period that the secret is for. */
  readonly period: string;
  /** Label of the rotation out of turn that made it. */
  readonly rotateNow?: string;
  /** By it the credentials that a resource made are known in the application. */
  readonly rowId: string;
  /** The vault and the name of the secret there: what replaces the resource, with another, has credentials of its own. */
  readonly vaultUri: string;
  readonly secretName: string;
}

const ownerOf = ({ rowId }: PasswordNaming) => rowId.slice(0, 8);
const placeOf = ({ vaultUri, secretName }: PasswordNaming) =>
  uuidOf(new URL(`/secrets/${secretName}`, vaultUri).href).slice(0, 8);
const markOf = (naming: PasswordNaming) => `(${ownerOf(naming)}-${placeOf(naming)})`;

/** Such as "dataverse-s2s 2026-10-02 leak-1 (1a2b3c4d-5e6f7081)". */
export function nameOf(naming: PasswordNaming): string {
  return ["dataverse-s2s", naming.period, naming.rotateNow, markOf(naming)].filter(Boolean).join(" ");
}

/** True for the credentials that were made for this resource's secret. */
export const isForHere = ({ displayName }: PasswordCredential, naming: PasswordNaming) =>
  displayName.endsWith(` ${markOf(naming)}`);

/** True for those, and for ones of before names told the place: no other is ever touched. */
export const isOurs = (password: PasswordCredential, naming: PasswordNaming) =>
  isForHere(password, naming) || password.displayName.endsWith(` (${ownerOf(naming)})`);

/** Period and label of a credential that {@link isOurs}. Neither has a space in it. */
export function partsOf({ displayName }: PasswordCredential): { period: string; rotateNow: string } {
  const [, period = "", ...rest] = displayName.split(" ");
  return { period, rotateNow: rest.length > 1 ? rest[0]! : "" };
}
