import type { Context as Request } from "hono";
import { html } from "hono/html";
import type { Context } from "../context.ts";
import { EntraError, errorDetails } from "./errors.ts";

/** HTML that is safe to put into a page. */
export type Html = ReturnType<typeof html>;

/** A whole page in the plain look of the sign-in service: one card, nothing loaded from elsewhere. */
export function page(title: string, content: Html): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>
body { margin: 0; background: #f2f2f2; color: #1b1b1b; font: 15px/1.5 "Segoe UI", system-ui, sans-serif; }
main { box-sizing: border-box; max-width: 440px; margin: 12vh auto; padding: 44px; background: #fff; box-shadow: 0 2px 6px #0003; }
h1 { margin: 0 0 16px; font-size: 24px; font-weight: 600; }
label { display: block; margin-top: 12px; }
input { box-sizing: border-box; width: 100%; padding: 6px 10px; border: 0; border-bottom: 1px solid #666; font: inherit; }
button { min-width: 108px; margin: 24px 8px 0 0; padding: 6px 12px; border: 0; background: #ccc; font: inherit; cursor: pointer; }
button.primary { background: #0067b8; color: #fff; }
dt { margin-top: 12px; font-size: 13px; color: #555; }
dd { margin: 0; }
[role=alert] { color: #c50f1f; overflow-wrap: anywhere; }
small { color: #555; overflow-wrap: anywhere; }
</style>
</head>
<body><main>${content}</main></body>
</html>`;
}

/** The fields of a sign-in form, and what was wrong with the last attempt. */
export function signInFields(userName: string, failure?: string): Html {
  return html`${failure ? html`<p role="alert">${failure}</p>` : ""}
<label for="userName">User name</label>
<input id="userName" name="userName" type="email" autocomplete="username" required value="${userName}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>`;
}

/** Answers an {@link EntraError} with a page, as endpoints that browsers open do; other errors are thrown on. */
export function errorPage({ store }: Context, error: Error, c: Request): Response | Promise<Response> {
  if (!(error instanceof EntraError)) throw error;
  const details = errorDetails(error, store.now(), c.req.query("client-request-id"));
  const content = html`<h1>Sorry, but we’re having trouble signing you in.</h1>
<p role="alert">${details.message}</p>
<small>Request Id: ${details.traceId}<br>Correlation Id: ${details.correlationId}<br>Timestamp: ${details.timestamp}</small>`;
  return c.html(page("Sign in to your account", content), error.status);
}
