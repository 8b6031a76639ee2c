/** The ways in which the publisher's application can prove who it is. */
export const applicationCredentials = ["clientSecret", "certificate", "federated"] as const;

/** See docs/certificates-and-federation.md for when to choose which. */
export type ApplicationCredential = (typeof applicationCredentials)[number];
