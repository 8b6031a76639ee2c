import { type Say, untilSettled } from "../waiting.ts";

/** Rights on a vault take up to ten minutes to be seen there; all else settles within two (wire facts C2, D1, F1). */
export const vaultSettlingSeconds = 600;
export const settlingSeconds = 120;

/** Codes of what may be refused for a while after it was made. */
export const settling = {
  vault: ["ForbiddenByRbac", "ObjectIsBeingDeleted", "ObjectIsBeingRecovered", "ObjectIsDeletedButRecoverable"],
  /** A new secret that not every part of Entra has seen. */
  secret: ["AADSTS7000215"],
  /** A new certificate, and a new federated identity credential, likewise. */
  certificate: ["AADSTS700027"],
  federated: ["AADSTS70021", "AADSTS700211", "AADSTS700213"],
  /** A new service principal, likewise. */
  principal: ["AADSTS7000229", "AADSTS700016"],
  /** A new user, assignment or privilege. */
  dataverse: ["0x80072560", "0x80042f09", "0x80040220"],
};

/** Those of an application's credential, by its kind. */
export const newCredential = {
  clientSecret: settling.secret,
  certificate: settling.certificate,
  federated: settling.federated,
};

/** Does something in a vault once that lets in who runs the stack. */
export const atVault = <T>({ say }: { say: Say }, act: () => Promise<T>) =>
  untilSettled("Key Vault to let in who runs the stack", vaultSettlingSeconds, settling.vault, say, act);
