import { z } from "zod";
import { AccessError } from "../errors.ts";
import { id, optional, readRow } from "../rows.ts";
import { type Dataverse, literal } from "./client.ts";

/** How far a privilege reaches: own rows, own business unit, that and the ones below, the whole organization. */
export const depths = ["Basic", "Local", "Deep", "Global"] as const;
export type Depth = (typeof depths)[number];

/** Privileges of a role: name to depth, as in `{ prvReadAccount: "Global" }`. */
export type Privileges = Record<string, Depth>;

/**
 * What the platform gives to each new role by itself (wire facts D7). They are neither drift nor taken away: whether a role
 * can be without them is not documented.
 */
const implicit = new Set([
  "prvReadSharePointData",
  "prvWriteSharePointData",
  "prvCreateSharePointData",
  "prvReadSharePointDocument",
  "prvReadSdkMessage",
  "prvReadSdkMessageProcessingStep",
  "prvReadSdkMessageProcessingStepImage",
  "prvReadPluginAssembly",
  "prvReadPluginType",
]);

/** The privileges of a role, with the implicit ones told apart. */
export async function rolePrivileges(
  api: Dataverse,
  roleId: string,
): Promise<{ declared: Privileges; implicit: Privileges }> {
  const answer = await api.get(`RetrieveRolePrivilegesRole(RoleId=${roleId})`);
  const { RolePrivileges: held } = readRow(heldShape, answer, "the role's privileges");
  const names = await namesOf(api, held);
  for (const [id, name] of names) knownIds(api).set(name, id);
  const result: { declared: Privileges; implicit: Privileges } = { declared: {}, implicit: {} };
  for (const { PrivilegeId, Depth } of held) {
    const name = names.get(PrivilegeId) ?? PrivilegeId;
    result[implicit.has(name) ? "implicit" : "declared"][name] = Depth;
  }
  return result;
}

/** The platform's enumeration; the last is none that can be declared, so it is brought to what is. */
const platformDepths = [...depths, "RecordFilter"] as const;

/** A depth by its name or its number. */
const depthShape = z
  .union([z.enum(platformDepths), z.literal([0, 1, 2, 3, 4]).transform((number) => platformDepths[number])])
  .transform((depth) => depth as Depth);

const heldShape = z.object({
  RolePrivileges: z.array(z.object({ PrivilegeId: id, Depth: depthShape, PrivilegeName: optional(z.string()) })),
});

type Held = z.output<typeof heldShape>["RolePrivileges"];

/** Names by id; asks only for those that the answer itself left out. */
async function namesOf(api: Dataverse, held: Held): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  const unnamed: string[] = [];
  for (const { PrivilegeId, PrivilegeName } of held) {
    if (PrivilegeName) names.set(PrivilegeId, PrivilegeName);
    else unnamed.push(PrivilegeId);
  }
  for (const row of await privilegesWhere(
    api,
    unnamed.map((id) => `privilegeid eq ${id}`),
  )) {
    names.set(row.privilegeid, row.name);
  }
  return names;
}

/** At most this many conditions a request, to keep its address under the platform's limit. */
const conditionsPerRequest = 40;

const privilegeShape = z.object({ privilegeid: id, name: z.string() });

async function privilegesWhere(api: Dataverse, conditions: string[]): Promise<z.output<typeof privilegeShape>[]> {
  const rows = [];
  for (let start = 0; start < conditions.length; start += conditionsPerRequest) {
    const filter = conditions.slice(start, start + conditionsPerRequest).join(" or ");
    rows.push(...(await api.list(`privileges?$select=privilegeid,name&$filter=${encodeURIComponent(filter)}`)));
  }
  return rows.map((row) => readRow(privilegeShape, row, "a privilege"));
}

/** Ids by environment and name: a privilege keeps its id for good, so it is asked for once a run. */
const known = new Map<string, Map<string, string>>();

function knownIds({ environmentUrl }: Dataverse): Map<string, string> {
  const ids = known.get(environmentUrl) ?? new Map<string, string>();
  known.set(environmentUrl, ids);
  return ids;
}

/** Ids of privileges by name. Names that the environment does not have are refused, all at once. */
export async function privilegeIds(api: Dataverse, names: string[]): Promise<ReadonlyMap<string, string>> {
  const ids = knownIds(api);
  const asked = names.filter((name) => !ids.has(name));
  const rows = await privilegesWhere(
    api,
    asked.map((name) => `name eq ${literal(name)}`),
  );
  for (const { name, privilegeid } of rows) ids.set(name, privilegeid);
  const unknown = asked.filter((name) => !ids.has(name));
  if (unknown.length > 0) {
    throw new AccessError(
      `${api.environmentUrl} has no privilege named ${unknown.join(", ")}. ` +
        "Names are case-sensitive and end in the table's schema name: prvReadAccount. Install the solution that brings the table first.",
    );
  }
  return ids;
}

/** Makes a role hold exactly these privileges. */
export async function replacePrivileges(
  api: Dataverse,
  role: { roleId: string; businessUnitId: string },
  privileges: Privileges,
  ids: ReadonlyMap<string, string>,
): Promise<void> {
  await api.post(`roles(${role.roleId})/Microsoft.Dynamics.CRM.ReplacePrivilegesRole`, {
    Privileges: Object.entries(privileges).map(([name, depth]) => ({
      Depth: depth,
      PrivilegeId: ids.get(name),
      BusinessUnitId: role.businessUnitId,
      PrivilegeName: name,
    })),
  });
}
