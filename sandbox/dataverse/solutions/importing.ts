import { DataverseError, notServed, refuse } from "../refusal.ts";
import type { Answer, DataverseRequest } from "../request.ts";
import { guidPattern } from "../url.ts";
import { install, installedSolution } from "./installation.ts";
import { operationTypes, recordBackgroundImport, recordImport } from "./jobs.ts";
import { type Outcome, outcomeOf } from "./outcomes.ts";
import { readPackage } from "./package.ts";
import { answer, attempted, bodyOf, parameter, requireImport } from "./requests.ts";
import { uploads } from "./staging.ts";

/** Starts an import: 200 with the ids to follow it by. That it is completed does not mean that it passed. */
export function importInBackground(
  request: DataverseRequest,
  action: "ImportSolutionAsync" | "StageAndUpgradeAsync",
): Answer {
  const { data, caller, base } = request;
  requireImport(request);
  const file = fileOf(request, action);
  const ImportJobKey = jobIdOf(request) ?? data.context.store.newId("importjob");
  const upgrade = action === "StageAndUpgradeAsync";
  const outcome = imported(request, file, upgrade);
  const type = upgrade ? operationTypes.stageAndUpgrade : operationTypes.import;
  const AsyncOperationId = recordBackgroundImport(data, caller, ImportJobKey, outcome, type);
  return answer(base, `${action}Response`, { AsyncOperationId, ImportJobKey });
}

/** Imports while the client waits; an import that fails is the answer's error, and in the log of its job. */
export function importNow(request: DataverseRequest): Answer {
  requireImport(request);
  const file = fileOf(request, "ImportSolution");
  const id = jobIdOf(request) ?? refuse("ParameterMissing", ["ImportJobId", "ImportSolution", "Edm.Guid"]);
  const outcome = imported(request, file, false);
  recordImport(request.data, request.caller, id, outcome);
  const { error } = outcome;
  return error ? { status: 400, body: { error } } : { status: 204 };
}

function imported({ data, caller }: DataverseRequest, file: string, upgrade: boolean): Outcome {
  const pack = attempted(() => readPackage(file));
  if (pack instanceof DataverseError) return { uniqueName: "", friendlyName: "", error: errorOf(pack) };
  if (upgrade && !installedSolution(data, pack.uniqueName)?.ismanaged) {
    notServed("StageAndUpgradeAsync of a solution that is not installed as a managed one");
  }
  const failed = attempted(() => install(data, caller, pack, upgrade));
  const { uniqueName, friendlyName } = pack;
  if (!(failed instanceof DataverseError)) return { uniqueName, friendlyName };
  return { uniqueName, friendlyName, error: errorOf(failed) };
}

function errorOf({ code, message }: DataverseError): { code: string; message: string } {
  return { code, message };
}

/** What came of an import. */
export function retrieveResult({ data, base }: DataverseRequest, parameters: ReadonlyMap<string, string>): Answer {
  const id = parameters.get("ImportJobId") ?? "";
  if (!guidPattern.test(id)) refuse("ParameterMissing", ["ImportJobId", "RetrieveSolutionImportResult", "Edm.Guid"]);
  const outcome = outcomeOf(data, id.toLowerCase()) ?? notServed("the result of an import that is still running");
  const SolutionOperationResult = {
    Status: outcome.error ? "Failed" : "Passed",
    ErrorMessages: outcome.error ? [outcome.error.message] : [],
    WarningMessages: [],
  };
  return answer(base, "RetrieveSolutionImportResultResponse", { SolutionOperationResult });
}

/** The package of an import: staged before, or in the request. */
function fileOf(request: DataverseRequest, action: string): string {
  const body = bodyOf(request);
  parameter<boolean>(request, action, "OverwriteUnmanagedCustomizations", "boolean");
  parameter<boolean>(request, action, "PublishWorkflows", "boolean");
  for (const name of ["ComponentParameters", "HoldingSolution", "ConvertToManaged"]) {
    if (body[name]) notServed(`the parameter ${name} of ${action}`);
  }
  if (!body.SolutionParameters || action === "ImportSolution") {
    return parameter<string>(request, action, "CustomizationFile", "string");
  }
  const { StageSolutionUploadId, ...other } = body.SolutionParameters as Record<string, unknown>;
  const unknown = Object.keys(other).find((name) => !name.startsWith("@"));
  if (unknown) notServed(`the parameter SolutionParameters.${unknown} of ${action}`);
  return uploads(request.data).get(String(StageSolutionUploadId).toLowerCase()) ?? refuse("StageUploadInvalid");
}

function jobIdOf(request: DataverseRequest): string | undefined {
  const id = bodyOf(request).ImportJobId;
  if (id === undefined || id === null) return undefined;
  if (typeof id !== "string" || !guidPattern.test(id)) refuse("ImportJobInvalid");
  if (request.data.find("importjob", id.toLowerCase())) refuse("DuplicateRecord");
  return id.toLowerCase();
}
