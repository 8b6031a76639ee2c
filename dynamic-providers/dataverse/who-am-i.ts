import { z } from "zod";
import { id, readRow } from "../rows.ts";
import type { Dataverse } from "./client.ts";

const shape = z.object({ UserId: id, OrganizationId: id });

/** The user and the organization that a sign-in leads to. */
export async function whoAmI(api: Dataverse): Promise<{ userId: string; organizationId: string }> {
  const { UserId, OrganizationId } = readRow(shape, await api.get("WhoAmI"), "the answer to WhoAmI");
  return { userId: UserId, organizationId: OrganizationId };
}
