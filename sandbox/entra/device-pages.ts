import { Hono } from "hono";
import { html } from "hono/html";
import type { Context } from "../context.ts";
import type { DeviceCodes, PendingSignIn } from "./device-code.ts";
import { EntraError } from "./errors.ts";
import { page, signInFields } from "./pages.ts";
import { signIn } from "./users.ts";

/** The endpoint that starts a device code flow, and the pages where the person enters the code and signs in. */
export function devicePages({ directory }: Context, deviceCodes: DeviceCodes): Hono {
  const app = new Hono();
  app.post("/:tenant/oauth2/v2.0/devicecode", async (c) =>
    c.json(deviceCodes.start(c.req.param("tenant"), new URLSearchParams(await c.req.text()))),
  );
  app.get("/device", (c) => c.html(codePage(c.req.query("user_code") ?? "")));
  app.post("/device", async (c) => {
    const form = new URLSearchParams(await c.req.text());
    const code = form.get("code") ?? "";
    const pending = deviceCodes.find(code);
    if (!pending) return c.html(codePage(code, "That code didn't work. Check the code and try again."), 400);
    if (form.get("decision") === "cancel") {
      pending.outcome = "declined";
      return c.html(closingPage("You have declined to sign in."));
    }
    const userName = form.get("userName");
    if (userName === null) return c.html(signInPage(pending, ""));
    try {
      pending.outcome = signIn(directory, pending.tenant, userName, form.get("password") ?? "");
    } catch (error) {
      if (!(error instanceof EntraError)) throw error;
      return c.html(signInPage(pending, userName, error.message), error.status);
    }
    return c.html(closingPage(`You have signed in to the ${pending.clientName} application on your device.`));
  });
  return app;
}

function codePage(code: string, failure?: string) {
  return page(
    "Enter code",
    html`<h1>Enter code</h1>
${failure ? html`<p role="alert">${failure}</p>` : ""}
<form method="post" action="/device">
<label for="code">Code displayed on your app or device</label>
<input id="code" name="code" autocomplete="off" required value="${code}">
<button class="primary" type="submit">Next</button>
</form>`,
  );
}

function signInPage(pending: PendingSignIn, userName: string, failure?: string) {
  return page(
    "Sign in",
    html`<h1>Sign in</h1>
<p>You’re signing in to <b>${pending.clientName}</b> on another device. Go on only if you started this yourself.</p>
<form method="post" action="/device">
<input type="hidden" name="code" value="${pending.userCode}">
${signInFields(userName, failure)}
<button class="primary" type="submit" name="decision" value="continue">Sign in</button>
<button type="submit" name="decision" value="cancel" formnovalidate>Cancel</button>
</form>`,
  );
}

function closingPage(text: string) {
  return page("Device sign-in", html`<h1>${text}</h1><p>You may now close this window.</p>`);
}
