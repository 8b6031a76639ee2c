import type { OrganizationData } from "../organization-data.ts";
import { DataverseError } from "../refusal.ts";
import type { Answer, DataverseRequest } from "../request.ts";
import { installedSolution, missingOf } from "./installation.ts";
import { type MissingDependency, readPackage, type SolutionPackage } from "./package.ts";
import { answer, attempted, parameter, requireImport } from "./requests.ts";

/** Packages that passed, base64, by upload id. */
export function uploads(data: OrganizationData): Map<string, string> {
  return data.collection("stagedSolutions");
}

/** Checks a package. The answer is 200 for a bad one too, and says so. */
export function stage(request: DataverseRequest): Answer {
  const { data } = request;
  requireImport(request);
  const file = parameter<string>(request, "StageSolution", "CustomizationFile", "string");
  const problem = attempted(() => readPackage(file));
  if (problem instanceof DataverseError) return stageAnswer(request, { problem });
  const missing = missingOf(data, problem);
  if (missing.length > 0) return stageAnswer(request, { missing });
  const upload = data.context.store.newId("solution upload", problem.uniqueName);
  uploads(data).set(upload, file);
  return stageAnswer(request, { upload, pack: problem });
}

function stageAnswer(
  { base, data }: DataverseRequest,
  result: { upload?: string; pack?: SolutionPackage; problem?: DataverseError; missing?: readonly MissingDependency[] },
): Answer {
  const { upload, pack, problem, missing = [] } = result;
  const previous = pack && installedSolution(data, pack.uniqueName);
  const StageSolutionResults = {
    StageSolutionUploadId: upload ?? "00000000-0000-0000-0000-000000000000",
    StageSolutionStatus: upload ? "Passed" : "Failed",
    SolutionValidationResults: problem
      ? [
          {
            SolutionValidationResultType: "Error",
            ErrorCode: Number.parseInt(problem.code, 16) | 0, // a signed number of 32 bits
            AdditionalInfo: null,
            Message: problem.message,
          },
        ]
      : [],
    MissingDependencies: missing.map(shapeOfDependency),
    SolutionDetails: {
      SolutionUniqueName: pack?.uniqueName ?? null,
      SolutionFriendlyName: pack?.friendlyName ?? null,
      SolutionVersion: pack?.version ?? null,
      IsManaged: pack?.managed ?? null,
      PreviousSolutionVersion: previous?.version ?? null,
      PreviousIsManaged: previous?.ismanaged ?? null,
      HasPendingUpgrade: pack ? false : null,
    },
    SolutionComponentsDetails: [],
  };
  return answer(base, "StageSolutionResponse", { StageSolutionResults });
}

function shapeOfDependency({ required, dependent }: MissingDependency) {
  return {
    RequiredComponentSchemaName: required.schemaName ?? "",
    RequiredComponentDisplayName: required.displayName ?? "",
    RequiredComponentType: required.type ?? "",
    RequiredComponentId: required.id ?? "",
    RequiredSolutionName: required.solution ?? "",
    DependentComponentSchemaName: dependent.schemaName ?? "",
    DependentComponentDisplayName: dependent.displayName ?? "",
    DependentComponentType: dependent.type ?? "",
    DependentComponentId: dependent.id ?? "",
  };
}
