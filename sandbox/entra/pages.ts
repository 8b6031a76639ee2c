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
* { box-sizing: border-box; }
body { margin: 0; padding: clamp(0px, 6vh, 72px) 0; background: #f3f2f1; color: #1b1b1b; font: 15px/1.45 "Segoe UI", system-ui, sans-serif; }
main { max-width: 480px; margin: 0 auto; padding: 36px clamp(20px, 6vw, 44px) 40px; background: #fff; border-radius: 4px; box-shadow: 0 2px 8px #0003; }
h1 { margin: 0; font-size: 24px; line-height: 1.25; font-weight: 600; }
h1 + p:not([role]) { margin-top: 4px; }
p { margin: 16px 0 0; }
p.account { margin: 0 0 16px; padding-bottom: 12px; border-bottom: 1px solid #e1dfdd; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 6px 20px; margin: 20px 0; padding: 14px 16px; background: #f8f7f6; border-radius: 4px; }
dt { color: #555; }
dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
ul { margin: 8px 0 0; padding: 0; list-style: none; }
li { padding: 10px 0; border-bottom: 1px solid #e1dfdd; }
label { display: block; margin: 16px 0 4px; }
input { width: 100%; padding: 8px 10px; border: 1px solid #767676; border-radius: 2px; background: #fff; font: inherit; }
button { min-width: 112px; margin: 28px 8px 0 0; padding: 8px 16px; border: 1px solid #767676; border-radius: 2px; background: #fff; color: inherit; font: inherit; cursor: pointer; }
button:hover { background: #f3f2f1; }
button.primary { border-color: #0067b8; background: #0067b8; color: #fff; }
button.primary:hover { background: #005a9e; }
:focus-visible { outline: 2px solid #0067b8; outline-offset: 2px; }
[role=alert] { padding: 10px 12px; background: #fdf3f4; border-left: 3px solid #c50f1f; color: #a4262c; overflow-wrap: anywhere; }
small { color: #555; font-size: 13px; overflow-wrap: anywhere; }
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
<p><small>Request Id: ${details.traceId}<br>Correlation Id: ${details.correlationId}<br>Timestamp: ${details.timestamp}</small></p>`;
  return c.html(page("Sign in to your account", content), error.status);
}
