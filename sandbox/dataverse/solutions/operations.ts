import { tableNamed } from "../model.ts";
import type { Operation } from "../operations.ts";
import { requireNamed } from "../security.ts";
import { importInBackground, importNow, retrieveResult } from "./importing.ts";
import { stage } from "./staging.ts";

const importParameters = {
  OverwriteUnmanagedCustomizations: "Edm.Boolean",
  PublishWorkflows: "Edm.Boolean",
  CustomizationFile: "Edm.Binary",
  ImportJobId: "Edm.Guid",
  ConvertToManaged: "Edm.Boolean",
  SkipProductUpdateDependencies: "Edm.Boolean",
  HoldingSolution: "Edm.Boolean",
  ComponentParameters: "Collection(mscrm.crmbaseentity)",
  SolutionParameters: "mscrm.SolutionParameters",
};

/** Staging and importing of solutions, and publishing (wire facts D11). */
export const solutionOperations: Readonly<Record<string, Operation>> = {
  StageSolution: {
    method: "POST",
    parameters: { CustomizationFile: "Edm.Binary" },
    returns: "mscrm.StageSolutionResponse",
    run: stage,
  },
  ImportSolutionAsync: {
    method: "POST",
    parameters: importParameters,
    returns: "mscrm.ImportSolutionAsyncResponse",
    run: (request) => importInBackground(request, "ImportSolutionAsync"),
  },
  StageAndUpgradeAsync: {
    method: "POST",
    parameters: importParameters,
    returns: "mscrm.StageAndUpgradeAsyncResponse",
    run: (request) => importInBackground(request, "StageAndUpgradeAsync"),
  },
  ImportSolution: { method: "POST", parameters: importParameters, run: importNow },
  RetrieveSolutionImportResult: {
    method: "GET",
    parameters: { ImportJobId: "Edm.Guid" },
    returns: "mscrm.RetrieveSolutionImportResultResponse",
    run: retrieveResult,
  },
  PublishAllXml: {
    method: "POST",
    parameters: {},
    run({ caller }) {
      requireNamed(caller, "prvPublishCustomization", tableNamed("solution"));
      return { status: 204 }; // what is written shows at once here
    },
  },
};
