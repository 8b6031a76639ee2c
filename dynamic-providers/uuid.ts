import { createHash } from "node:crypto";

/** A GUID made from a name alone (RFC 9562, version 8: ours over SHA-256): the same name gives the same GUID everywhere. */
export function uuidOf(name: string): string {
  const hash = createHash("sha256").update(`dataverse-s2s:${name}`).digest();
  hash[6] = (hash[6]! & 0x0f) | 0x80;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  return hash.toString("hex", 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
