import { readFileSync } from "node:fs";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { DynamicsWebApi, type RequestError } from "dynamics-web-api";
import { startTestSandbox, type TestSandbox } from "../../support/sandbox.ts";

/**
 * The client as its users set it up, signed in as the administrator of the publisher's environment. It has no option for
 * a certificate authority, so the sandbox's is added to those this process trusts: what NODE_EXTRA_CA_CERTS does.
 */
export async function startWithClient(): Promise<{ sandbox: TestSandbox; api: DynamicsWebApi; url: string }> {
  const sandbox = await startTestSandbox();
  setDefaultCACertificates([...getCACertificates("default"), readFileSync(sandbox.authorityPath, "utf8")]);
  const url = sandbox.endpoints.organizations["contoso-dev"]!;
  const api = new DynamicsWebApi({
    serverUrl: url,
    dataApi: { version: "9.2" },
    onTokenRefresh: () => sandbox.token(url),
  });
  return { sandbox, api, url };
}

/** The error that a call must end in. */
export async function refusalOf(call: Promise<unknown>): Promise<RequestError> {
  const outcome = await call.then(
    (value) => ({ value }),
    (error: RequestError) => ({ error }),
  );
  if ("error" in outcome) return outcome.error;
  throw new Error(`The call was not refused but gave ${JSON.stringify(outcome.value)}`);
}
