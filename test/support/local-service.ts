import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { loopbackCertificate, type ServerCertificate } from "../../sandbox/certificates.ts";

/** What a service of the test answers with: a whole answer, or whatever it does to the connection. */
export type Behaviour =
  | { readonly status?: number; readonly headers?: Record<string, string>; readonly body?: string | Buffer }
  | ((request: IncomingMessage, response: ServerResponse) => void);

/** A service on 127.0.0.1 over HTTPS that this process trusts, and that answers as the test says. */
export interface LocalService {
  readonly url: string;
  /** What each request after this is answered with. */
  behave(behaviour: Behaviour): void;
  /** Path and headers of the requests since the last call. */
  requests(): { path: string; headers: IncomingMessage["headers"] }[];
  close(): Promise<void>;
}

/** One for all: authorities are told apart by their names, and each made anew has the same. */
let certificate: Promise<ServerCertificate> | undefined;

async function trustedCertificate(): Promise<ServerCertificate> {
  const directory = mkdtempSync(join(tmpdir(), "dataverse-s2s-service-"));
  const made = await loopbackCertificate(directory);
  setDefaultCACertificates([...getCACertificates("default"), readFileSync(made.authorityPath, "utf8")]);
  rmSync(directory, { recursive: true });
  return made;
}

export async function startLocalService(): Promise<LocalService> {
  certificate ??= trustedCertificate();
  const { key, cert } = await certificate;
  let behaviour: Behaviour = { status: 404 };
  let requests: ReturnType<LocalService["requests"]> = [];
  const server = createServer({ key, cert }, (request, response) => {
    requests.push({ path: request.url ?? "", headers: request.headers });
    if (typeof behaviour === "function") return behaviour(request, response);
    response.writeHead(behaviour.status ?? 200, { "Content-Type": "application/json", ...behaviour.headers });
    response.end(behaviour.body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    behave(next) {
      behaviour = next;
    },
    requests() {
      const since = requests;
      requests = [];
      return since;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
