import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tls from "node:tls";
import axios, { type AxiosInstance } from "axios";
import { type Sandbox, type SandboxOptions, startSandbox } from "../../sandbox/sandbox.ts";
import { type Administrator, administratorOf } from "../../sandbox/seed.ts";

/** A sandbox of its own for one test file, with a plain HTTP client that trusts it and never throws on a status. */
export interface TestSandbox extends Sandbox {
  readonly directory: string;
  readonly http: AxiosInstance;
  /** The administrator of the publisher's tenant. */
  readonly administrator: Administrator;
  /** An access token of the sandbox's Entra for `resource`, by client secret; the publisher's administrator unless told. */
  token(resource: string, as?: { tenantId: string; clientId: string; clientSecret: string }): Promise<string>;
}

/** Starts a sandbox in a temporary folder, which `close` removes (unless the caller gave the folder). */
export async function startTestSandbox(options: SandboxOptions = {}): Promise<TestSandbox> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), "dataverse-s2s-test-"));
  const sandbox = await startSandbox({ ...options, directory });
  const httpsAgent = new Agent({ ca: readFileSync(sandbox.authorityPath), keepAlive: true });
  const http = axios.create({ httpsAgent, validateStatus: () => true, maxRedirects: 0 });
  const administrator = administratorOf("publisher");
  return {
    ...sandbox,
    directory,
    http,
    administrator,
    async token(resource, as = administrator) {
      const form = new URLSearchParams({
        client_id: as.clientId,
        client_secret: as.clientSecret,
        grant_type: "client_credentials",
        scope: `${resource}/.default`,
      });
      const answer = await http.post(`${sandbox.endpoints.login}/${as.tenantId}/oauth2/v2.0/token`, form);
      if (answer.status !== 200) throw new Error(`Sign-in answered ${answer.status}: ${JSON.stringify(answer.data)}`);
      return answer.data.access_token as string;
    },
    async close() {
      httpsAgent.destroy();
      await sandbox.close();
      if (!options.directory) rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Makes this process trust a sandbox, as NODE_EXTRA_CA_CERTS does for one that starts: for clients that take no authority. */
export function trust(sandbox: TestSandbox): void {
  tls.setDefaultCACertificates([...tls.getCACertificates(), readFileSync(sandbox.authorityPath, "utf8")]);
}
