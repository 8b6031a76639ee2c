/** The id of a credential, which has no id of its own in Graph: `{object id of the application}/{kind}/{key id}`. */
export function credentialId(applicationId: string, kind: string, keyId: string): string {
  return `${applicationId}/${kind}/${keyId}`;
}

/** The parts of a credential's id. Throws for an id of another kind. */
export function partsOfCredentialId(id: string, kind: string): { applicationId: string; keyId: string } {
  const [applicationId, found, keyId] = id.split("/");
  if (!applicationId || found !== kind || !keyId)
    throw new Error(`parsing "${id}": the id must be of the form {object id}/${kind}/{key id}`);
  return { applicationId, keyId };
}
