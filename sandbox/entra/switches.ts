import type { Switch } from "../dataverse/switches.ts";
import type { Store } from "../store.ts";
import { EntraError, entraErrors } from "./errors.ts";

/**
 * What Entra may answer where its documents and what was seen of it leave two answers (wire facts A1 and A3). For the whole
 * sign-in service; a client must cope with every value.
 */
export const entraSwitches = {
  notConsented: {
    values: ["401 7000229", "400 700016"],
    default: "401 7000229",
    doc: "Refusal of a multi-tenant application without a service principal in the tenant; older builds had 700016.",
  },
  federatedMismatch: {
    values: ["401 by claim", "400 70021"],
    default: "401 by claim",
    doc: "Refusal of an outside token that no federated credential matches: 700211 to 700213 by the claim that differs, or 70021 of older builds.",
  },
  notAssigned: {
    values: ["400 invalid_grant", "401 invalid_client"],
    default: "400 invalid_grant",
    doc: "Status and OAuth error of 501051: the resource wants an assignment and the application has none.",
  },
  unknownTenantError: {
    values: ["invalid_tenant", "invalid_request"],
    default: "invalid_tenant",
    doc: "OAuth error of 90002; older bodies had invalid_request.",
  },
  descriptionTrailer: {
    values: ["on one line", "on lines of its own"],
    default: "on one line",
    doc: "How error_description goes on with trace id, correlation id and time: after spaces, or CRLF in older bodies.",
  },
  credentialMissing: {
    values: ["7000216", "7000218"],
    default: "7000216",
    doc: "Code of the 401 to a client_credentials request without a secret and without an assertion.",
  },
  correlationId: {
    values: ["of the request", "its own"],
    default: "of the request",
    doc: "The correlation_id of a refusal: the client-request-id that the client sent, or one of Entra's.",
  },
  dataverseToken: {
    values: ["1.0", "1.0 without idtyp", "2.0"],
    default: "1.0",
    doc: "An application's token for Dataverse: of version 1, with or without the claim idtyp, or of version 2 (azp for appid).",
  },
} as const satisfies Record<string, Switch>;

type EntraSwitchName = keyof typeof entraSwitches;

/** What is set: switch name to value. A switch that is not set has its default. */
export function entraSwitchesOf(store: Store): Map<string, string> {
  return store.collection("entra switches");
}

/** The value in force. */
export function entraSwitch(store: Store, name: EntraSwitchName): string {
  return entraSwitchesOf(store).get(name) ?? entraSwitches[name].default;
}

/** An error with the status and OAuth error that the switches give it. */
export function asSwitched(store: Store, error: EntraError): EntraError {
  const text = error.message.replace(/^AADSTS\d+: /, "");
  if (error.code === 90002 && entraSwitch(store, "unknownTenantError") === "invalid_request")
    return new EntraError(400, "invalid_request", 90002, text);
  if (error.code === 501051 && entraSwitch(store, "notAssigned") === "401 invalid_client")
    return new EntraError(401, "invalid_client", 501051, text);
  if (error.code === 7000216 && entraSwitch(store, "credentialMissing") === "7000218")
    return entraErrors.credentialMissing();
  return error;
}
