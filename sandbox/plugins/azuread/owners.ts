import type { Properties } from "../support.ts";
import type { Graph } from "./graph.ts";

const limitAtCreation = 20;

/** The member of a create body that names the first owners: the caller always, who is sure to be allowed to go on. */
export async function firstOwners(graph: Graph, owners: readonly string[] = []): Promise<Properties> {
  const caller = await graph.callerId();
  const first = [caller, ...owners.filter((id) => id !== caller)].slice(0, limitAtCreation);
  return { "owners@odata.bind": await Promise.all(first.map((id) => graph.reference(id))) };
}

/** Completes what {@link firstOwners} began: owners over the limit come in, the caller goes unless declared. */
export async function settleOwners(graph: Graph, path: string, owners: readonly string[] = []): Promise<void> {
  const caller = await graph.callerId();
  for (const id of owners.filter((owner) => owner !== caller).slice(limitAtCreation - 1))
    await graph.post(`${path}/owners/$ref`, { "@odata.id": await graph.reference(id) });
  if (!owners.includes(caller)) await graph.remove(`${path}/owners/${caller}/$ref`);
}

/** Makes the owners those that are declared. */
export async function updateOwners(graph: Graph, path: string, owners: readonly string[] = []): Promise<void> {
  const present = await ownersOf(graph, path);
  for (const id of owners.filter((owner) => !present.includes(owner)))
    await graph.post(`${path}/owners/$ref`, { "@odata.id": await graph.reference(id) });
  for (const id of present.filter((owner) => !owners.includes(owner))) await graph.delete(`${path}/owners/${id}/$ref`);
}

/** Object ids of the owners. */
export async function ownersOf(graph: Graph, path: string): Promise<string[]> {
  return (await graph.list(`${path}/owners`)).map(({ id }) => id);
}
