import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { type HttpBindings, type ServerType, serve } from "@hono/node-server";
import { Hono } from "hono";
import type { ServerCertificate } from "./certificates.ts";
import { answerOf, type Faults, nameOf } from "./faults.ts";
import type { Replication } from "./replication.ts";
import type { Store } from "./store.ts";

/** One request that came to a service; never with headers or bodies, which carry secrets. */
export interface JournalEntry {
  readonly service: string;
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  /** What the service answered; 0 where a fault kept the request from it, and no answer was given. */
  readonly status: number;
  /** When it came and when that answer was ready, in milliseconds of the machine's clock. */
  readonly began: number;
  readonly ended: number;
  /** Header Retry-After of the answer, as it is. */
  readonly retryAfter?: string;
  /** The fault that the control port was told of, and whether it came before or after the effect: "drop after". */
  readonly fault?: string;
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
  options: {
    port: number;
    certificate: ServerCertificate;
    store: Store;
    replication: Replication;
    journal: JournalEntry[];
    faults: Faults;
  },
): Promise<Listener> {
  const { store, replication, journal, faults, certificate } = options;
  /** The connections under TLS, by the client's port: only on these can TCP be reset. */
  const connections = new Map<number | undefined, Socket>();
  const root = new Hono<{ Bindings: HttpBindings }>();
  root.use(async (context, next) => {
    const { pathname, search } = new URL(context.req.url);
    const request = { service: name, method: context.req.method, path: pathname + search };
    const began = Date.now();
    const note = (status: number, more: Pick<JournalEntry, "fault" | "retryAfter">) =>
      journal.push({ ...request, status, began, ended: Date.now(), ...more });
    const fault = faults.meet(request);
    const met = fault && nameOf(fault);
    if (fault?.latencyMilliseconds) await setTimeout(fault.latencyMilliseconds);
    if (met?.endsWith("before")) {
      note(fault?.status ?? 0, { fault: met });
    } else {
      await replication.during(name, next);
      const { status, headers } = context.res;
      const retryAfter = headers.get("Retry-After");
      note(status, { ...(met && { fault: met }), ...(retryAfter && { retryAfter }) });
      // What a GET changes (a poll that is counted, a lookup that is filled in) the next one finds again after a crash.
      if (request.method !== "GET") await store.commit();
    }
    if (!fault || !met) return;
    const { socket } = context.env.incoming;
    if (fault.hang) await faults.hang(socket);
    if (fault.reset) connections.get(socket.remotePort)?.resetAndDestroy();
    if (fault.status === undefined) socket.destroy();
    context.res = undefined; // or its headers would go into the next one
    context.res = answerOf(fault); // goes nowhere where the connection is closed
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
  server.on("connection", (connection: Socket) => {
    const { remotePort } = connection;
    connections.set(remotePort, connection);
    connection.once("close", () => connections.delete(remotePort));
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
