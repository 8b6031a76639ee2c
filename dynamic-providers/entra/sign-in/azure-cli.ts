import { type ExecFileException, execFile } from "node:child_process";
import { VendorError } from "../../errors.ts";
import { heldTokens, type TimedToken } from "./held-tokens.ts";
import type { TokenSource } from "./msal.ts";

/** The CLI is slow to start, and may itself wait for Entra. */
const timeoutMilliseconds = 60_000;

/** Whoever is signed in to the Azure CLI; without a tenant in the CLI's current one. */
export function azureCliTokens(tenantId: string): TokenSource {
  return heldTokens((resource) => {
    const args = ["account", "get-access-token", "--resource", resource, "--output", "json"];
    return runAzureCli(tenantId ? [...args, "--tenant", tenantId] : args);
  });
}

async function runAzureCli(args: string[]): Promise<TimedToken> {
  const output = await new Promise<string>((resolve, reject) => {
    // On Windows the CLI is a batch file, which only the shell runs.
    const [file, ...first] = process.platform === "win32" ? ["cmd.exe", "/d", "/c", "az"] : ["az"];
    execFile(
      file!,
      [...first, ...args],
      { timeout: timeoutMilliseconds, windowsHide: true },
      (error, stdout, stderr) => (error ? reject(failure(error, stderr)) : resolve(stdout)),
    );
  });
  try {
    const { accessToken, expires_on } = JSON.parse(output) as { accessToken: unknown; expires_on?: number };
    // Before version 2.54 the time is there as local time only: such a token is not kept.
    if (typeof accessToken === "string" && accessToken) return { token: accessToken, until: (expires_on ?? 0) * 1000 };
  } catch {
    // Not JSON, and perhaps a token: nothing of it is told.
  }
  throw new VendorError(undefined, "azure_cli_failed", "the Azure CLI answered without an access token");
}

function failure({ code, killed }: ExecFileException, stderr: string): VendorError {
  if (code === "ENOENT" || /'az' is not recognized/.test(stderr)) {
    return new VendorError(undefined, "azure_cli_missing", "the Azure CLI (az) is not on PATH");
  }
  if (killed) {
    return new VendorError(
      undefined,
      "azure_cli_failed",
      `the Azure CLI did not answer within ${timeoutMilliseconds / 1000} s`,
    );
  }
  const lines = stderr.split(/\r?\n/).map((line) => line.replace(/^ERROR: /, "").trim());
  const [, aadsts, reason] = /(AADSTS\d+): (.*?)(?= Trace ID: |$)/m.exec(stderr) ?? [];
  if (aadsts && reason) return new VendorError(undefined, aadsts, reason);
  const text = lines.find(Boolean) ?? `the Azure CLI ended with code ${code}`;
  return new VendorError(undefined, /az login/.test(stderr) ? "azure_cli_signed_out" : "azure_cli_failed", text);
}
