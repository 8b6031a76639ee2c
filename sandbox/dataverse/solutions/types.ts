const importIds = { AsyncOperationId: "Edm.Guid", ImportJobKey: "Edm.String" };

/** The types that operations on solutions take and answer with, as the CSDL has them: properties by name. */
export const solutionTypes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  SolutionParameters: { StageSolutionUploadId: "Edm.Guid" },
  ImportSolutionAsyncResponse: importIds,
  StageAndUpgradeAsyncResponse: importIds,
  RetrieveSolutionImportResultResponse: { SolutionOperationResult: "mscrm.SolutionOperationResult" },
  SolutionOperationResult: {
    Status: "Edm.String",
    ErrorMessages: "Collection(Edm.String)",
    WarningMessages: "Collection(Edm.String)",
  },
  StageSolutionResponse: { StageSolutionResults: "mscrm.StageSolutionResults" },
  StageSolutionResults: {
    StageSolutionUploadId: "Edm.Guid",
    StageSolutionStatus: "Edm.String",
    SolutionValidationResults: "Collection(mscrm.SolutionValidationResult)",
    MissingDependencies: "Collection(mscrm.MissingDependency)",
    SolutionDetails: "mscrm.SolutionDetails",
    SolutionComponentsDetails: "Collection(mscrm.crmbaseentity)",
  },
  SolutionValidationResult: {
    SolutionValidationResultType: "Edm.String",
    ErrorCode: "Edm.Int32",
    AdditionalInfo: "Edm.String",
    Message: "Edm.String",
  },
  SolutionDetails: {
    SolutionUniqueName: "Edm.String",
    SolutionFriendlyName: "Edm.String",
    SolutionVersion: "Edm.String",
    IsManaged: "Edm.Boolean",
    PreviousSolutionVersion: "Edm.String",
    PreviousIsManaged: "Edm.Boolean",
    HasPendingUpgrade: "Edm.Boolean",
  },
  MissingDependency: Object.fromEntries(
    ["Required", "Dependent"].flatMap((side) =>
      ["SchemaName", "DisplayName", "Type", "Id"].map((name) => [`${side}Component${name}`, "Edm.String"]),
    ),
  ),
};
