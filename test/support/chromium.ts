import { createHash, X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

/** Starts a Chromium that trusts one server certificate besides the public ones. Rejects where there is no Chromium. */
export function startChromium(serverCertificate: string): Promise<Browser> {
  const spki = new X509Certificate(serverCertificate).publicKey.export({ type: "spki", format: "der" });
  const pin = createHash("sha256").update(spki).digest("base64");
  return chromium.launch({
    executablePath: chromiumPath(),
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      // Accepts this one key whoever signed it, and verifies all other servers as ever. Chromium heeds it only together with
      // --user-data-dir, which Playwright gives it: a new folder for each start.
      `--ignore-certificate-errors-spki-list=${pin}`,
    ],
  });
}

/** Why the browser tests cannot run, and how to mend that; undefined where there is a Chromium. */
export function chromiumProblem(): string | undefined {
  try {
    chromiumPath();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function chromiumPath(): string {
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  const candidates = [
    "/usr/bin/chromium",
    ...["chromium", "google-chrome"].flatMap((name) => folders.map((folder) => join(folder, name))),
  ];
  const named = process.env.CHROMIUM_PATH;
  const found = named ? [named].find(existsSync) : candidates.find(existsSync);
  if (found) return found;
  const where = named ? `CHROMIUM_PATH is '${named}', and nothing is there` : "no chromium or google-chrome is on PATH";
  throw new Error(
    `The tests of the consent page need Chromium: ${where}. Get it (Debian: apt-get install chromium), or set CHROMIUM_PATH to its program.`,
  );
}
