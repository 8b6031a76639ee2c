import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type ServerType, serve } from "@hono/node-server";
import { Hono } from "hono";
import type { ServerCertificate } from "./certificates.ts";
import type { Store } from "./store.ts";

/** One request that a service answered; never with headers or bodies, which carry secrets. */
export interface JournalEntry {
  readonly service: string;
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  readonly status: number;
}

/** A listener of one service: the loopback port it got, and how to end it. */
export interface Listener {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** A service with no routes yet: an unknown route is 501 and says what was asked for, never a made-up answer. */
export function newService(): Hono {
  const app = new Hono();
  app.notFound((context) => {
    const { pathname } = new URL(context.req.url);
    const message = `The sandbox does not serve ${context.req.method} ${pathname}.`;
    return context.json({ error: { code: "SandboxNotImplemented", message } }, 501);
  });
  return app;
}

/** Serves `app` over HTTPS on 127.0.0.1 (`port` 0 takes a free one); journals each request, and answers it after a commit. */
export async function listen(
  name: string,
  app: Hono,
  options: { port: number; certificate: ServerCertificate; store: Store; journal: JournalEntry[] },
): Promise<Listener> {
  const { store, journal, certificate } = options;
  const root = new Hono();
  root.use(async (context, next) => {
    await next();
    const { pathname, search } = new URL(context.req.url);
    journal.push({
      service: name,
      method: context.req.method,
      path: pathname + search,
      status: context.res.status,
    });
    // What a GET changes (a poll that is counted, a lookup that is filled in) the next one finds again after a crash.
    if (context.req.method !== "GET") await store.commit();
  });
  root.mount("/", app.fetch);
  const server = await new Promise<ServerType>((resolve, reject) => {
    const started = serve(
      {
        fetch: root.fetch,
        hostname: "127.0.0.1",
        port: options.port,
        createServer,
        serverOptions: { key: certificate.key, cert: certificate.cert, minVersion: "TLSv1.2" },
      },
      () => resolve(started),
    );
    started.once("error", reject);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}`,
    port,
    async close() {
      server.close();
      if ("closeAllConnections" in server) server.closeAllConnections();
      if (server.listening) await once(server, "close");
    },
  };
}
