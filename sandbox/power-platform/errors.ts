/** An answer of the Power Platform admin API that is not success; {@link body} is its envelope. */
export class AdminError extends Error {
  readonly status: 400 | 401 | 403 | 404 | 501;
  readonly code: string;

  constructor(status: AdminError["status"], code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }

  get body() {
    return { error: { code: this.code, message: this.message } };
  }
}

/**
 * What the service refuses. `EnvironmentNotFound` and the status 403 of an application that is not registered are Microsoft's
 * (wire facts E), the api-version errors those of Resource Manager, whose protocol the service follows. The other codes, and
 * the texts, have no source.
 */
export const adminErrors = {
  unauthenticated: (reason: string) => new AdminError(401, "Unauthenticated", reason),
  apiVersionMissing: () =>
    new AdminError(
      400,
      "MissingApiVersionParameter",
      "The api-version query parameter (?api-version=) is required for all requests.",
    ),
  apiVersionInvalid: (version: string) =>
    new AdminError(400, "InvalidApiVersionParameter", `The api-version '${version}' is invalid.`),
  notRegistered: (applicationId: string, tenantId: string) =>
    new AdminError(
      403,
      "Forbidden",
      `The application '${applicationId}' is not registered as a management application in tenant '${tenantId}'.`,
    ),
  personNeeded: (applicationId: string) =>
    new AdminError(
      403,
      "Forbidden",
      `The service principal of application '${applicationId}' cannot register management applications: a person has to.`,
    ),
  environmentNotFound: (id: string) =>
    new AdminError(404, "EnvironmentNotFound", `The environment '${id}' could not be found in the tenant.`),
  applicationNotFound: (id: string) =>
    new AdminError(
      404,
      "ApplicationNotFound",
      `The application '${id}' is not registered as a management application.`,
    ),
  notServed: (what: string) => new AdminError(501, "SandboxNotImplemented", `The sandbox does not serve ${what}.`),
};
