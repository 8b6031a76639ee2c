import * as pulumi from "@pulumi/pulumi";
import { uuidOf } from "../uuid.ts";

/**
 * The id that a row of a resource gets if it has to be made. It follows from what names the resource and nothing else, so a
 * run that was killed before it learned of its row finds it again, and tells it from somebody else's.
 */
export function rowId(type: string, name: string): string {
  return uuidOf([pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack(), type, name].join("/"));
}
