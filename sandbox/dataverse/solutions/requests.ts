import { tableNamed } from "../model.ts";
import { DataverseError, refuse } from "../refusal.ts";
import type { Answer, DataverseRequest } from "../request.ts";
import { requireNamed } from "../security.ts";

/** The result of some work, or the service's refusal; what the sandbox does not serve goes on as 501. */
export function attempted<Result>(work: () => Result): Result | DataverseError {
  try {
    return work();
  } catch (error) {
    if (error instanceof DataverseError && error.status !== 501) return error;
    throw error;
  }
}

/** Requires what staging and importing take. */
export function requireImport({ caller }: DataverseRequest): void {
  requireNamed(caller, "prvImportCustomization", tableNamed("solution"));
}

/** A parameter of an action that must be of a type. */
export function parameter<Value>(request: DataverseRequest, action: string, name: string, type: string): Value {
  const value = bodyOf(request)[name];
  if (typeof value !== type)
    refuse("ParameterMissing", [name, action, type === "boolean" ? "Edm.Boolean" : "Edm.Binary"]);
  return value as Value;
}

export function bodyOf({ body }: DataverseRequest): Record<string, unknown> {
  return (body ?? {}) as Record<string, unknown>;
}

/** 200 with a value of a type of the platform. */
export function answer(base: string, type: string, body: object): Answer {
  return { status: 200, body: { "@odata.context": `${base}$metadata#Microsoft.Dynamics.CRM.${type}`, ...body } };
}
