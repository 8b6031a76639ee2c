import { z } from "zod";
import { AccessError, unexpected } from "../errors.ts";
import { id, readRow } from "../rows.ts";
import { type Dataverse, literal } from "./client.ts";

const shape = z.object({ businessunitid: id });

const roots = new Map<string, Promise<string>>();

/** The id of the environment's root business unit. There is exactly one, for good, so it is asked once a run. */
export function rootBusinessUnit(api: Dataverse): Promise<string> {
  let root = roots.get(api.environmentUrl);
  if (!root) {
    root = askForRoot(api);
    root.catch(() => roots.delete(api.environmentUrl));
    roots.set(api.environmentUrl, root);
  }
  return root;
}

async function askForRoot(api: Dataverse): Promise<string> {
  const [row] = await api.list("businessunits?$select=businessunitid&$filter=parentbusinessunitid eq null");
  if (!row) throw unexpected(200, "the environment shows no root business unit");
  return readRow(shape, row, "the root business unit").businessunitid;
}

/** The id of the business unit that is meant by a name or an id; the root one where nothing is said. */
export async function businessUnitId(api: Dataverse, nameOrId: string | undefined): Promise<string> {
  if (nameOrId === undefined) return rootBusinessUnit(api);
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(nameOrId)) return nameOrId.toLowerCase();
  const rows = await api.list(
    `businessunits?$select=businessunitid&$filter=${encodeURIComponent(`name eq ${literal(nameOrId)}`)}`,
  );
  if (rows.length !== 1) {
    throw new AccessError(
      `${api.environmentUrl} has ${rows.length === 0 ? "no business unit" : `${rows.length} business units`} named '${nameOrId}'. ` +
        "Give the name of one that is there, or its id.",
    );
  }
  return readRow(shape, rows[0], "the business unit").businessunitid;
}
