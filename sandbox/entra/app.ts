import type { Hono } from "hono";
import type { Context } from "../context.ts";
import { newService } from "../server.ts";
import { adminConsent } from "./admin-consent.ts";
import { DeviceCodes } from "./device-code.ts";
import { devicePages } from "./device-pages.ts";
import { discovery } from "./discovery.ts";
import { EntraError, errorBody } from "./errors.ts";
import { asSwitched, entraSwitch } from "./switches.ts";
import { tokenEndpoint } from "./token-endpoint.ts";

/** The sign-in service: discovery, tokens for applications, the device code flow, and the page for admin consent. */
export function entra(context: Context): Hono {
  const app = newService();
  const deviceCodes = new DeviceCodes(context);
  for (const part of [
    discovery(context),
    tokenEndpoint(context, deviceCodes),
    devicePages(context, deviceCodes),
    adminConsent(context),
  ])
    app.route("/", part);
  app.onError((error, c) => {
    if (!(error instanceof EntraError)) throw error;
    const { store } = context;
    const sent = c.req.header("client-request-id") ?? c.req.query("client-request-id");
    const correlationId = entraSwitch(store, "correlationId") === "of the request" ? sent : undefined;
    const separator = entraSwitch(store, "descriptionTrailer") === "on one line" ? " " : "\r\n";
    const answer = asSwitched(store, error);
    return c.json(errorBody(answer, store.now(), correlationId, separator), answer.status);
  });
  return app;
}
