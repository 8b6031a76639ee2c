import type { OrganizationData, Row } from "../organization-data.ts";
import { refuse } from "../refusal.ts";

/** How an import ended. What it did is there from the start; that it is done shows only once its job was asked for. */
export interface Outcome {
  readonly uniqueName: string;
  readonly friendlyName: string;
  readonly error?: { readonly code: string; readonly message: string };
}

const done = { succeeded: { statecode: 3, statuscode: 30 }, failed: { statecode: 3, statuscode: 31 } };

/** How imports ended, by import job. */
export function outcomes(data: OrganizationData): Map<string, Outcome> {
  return data.collection("importOutcomes");
}

/** The import jobs of background operations that have not shown to be done, by operation. */
export function pending(data: OrganizationData): Map<string, string> {
  return data.collection("pendingImports");
}

/** The operation was read: the next time it is done. */
export function operationRead(data: OrganizationData, operation: Row): void {
  const id = operation.asyncoperationid as string;
  const importJobId = pending(data).get(id);
  if (!importJobId) return;
  pending(data).delete(id);
  const { error } = outcomes(data).get(importJobId)!;
  data.update(operation, {
    ...(error ? done.failed : done.succeeded),
    completedon: data.now(),
    message: error?.message ?? null,
    friendlymessage: error?.message ?? null,
  });
  finish(data, importJobId);
}

/** How an import ended; undefined while that does not show yet. */
export function outcomeOf(data: OrganizationData, importJobId: string): Outcome | undefined {
  const outcome = outcomes(data).get(importJobId) ?? refuse("ImportJobInvalid");
  return [...pending(data).values()].includes(importJobId) ? undefined : outcome;
}

/** Shows an import job to be done, with the log of what came of it. */
export function finish(data: OrganizationData, importJobId: string): void {
  const job = data.get("importjob", importJobId);
  const log = logOf(outcomes(data).get(importJobId)!, data.now());
  data.update(job, { progress: 100, completedon: data.now(), data: log });
}

/** The log of an import, as "Work with solutions" shows one. */
function logOf({ uniqueName, friendlyName, error }: Outcome, time: string): string {
  const result = error
    ? `<result result="failure" errorcode="${error.code}" errortext="${escaped(error.message)}" />`
    : `<result result="success" errorcode="0" errortext="" datetime="${time.slice(11, 19)}" />`;
  const manifest =
    `<solutionManifest languagecode="1033" id="${escaped(uniqueName)}" LocalizedName="${escaped(friendlyName)}" processed="true">` +
    `<UniqueName>${escaped(uniqueName)}</UniqueName>${result}</solutionManifest>`;
  return `<importexportxml progress="100" processed="true"><solutionManifests>${manifest}</solutionManifests></importexportxml>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
