import { execFile, spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The Pulumi CLI that was found or made. */
export interface Engine {
  /** Folder that holds `pulumi` and its language host; put it on PATH. */
  readonly directory: string;
  /** For example "v3.258.0". */
  readonly version: string;
  /** How it was got, in words for the screen. */
  readonly source: string;
}

/** The oldest CLI that tells dynamic providers' drift to `diff` (inputs in a read's answer). */
const oldestVersion = [3, 216];
/** Of the npm package "pulumi", which downloads the CLI of its own version. */
const npmVersion = "3.265.0";
/** The newest CLI that can be had as a Go module, and the newest Node.js language host; newer ones are not served. */
const goVersion = "v3.258.0";
const goLanguageHostVersion = "v3.68.0";
/** What the CLI's own module replaces: replace lines count only in the main module, so ours repeats it. */
const goReplacement =
  "github.com/atotto/clipboard => github.com/tgummerer/clipboard v0.0.0-20241001131231-d02d263e614e";

const suffix = process.platform === "win32" ? ".exe" : "";
const launcher = process.platform === "win32" ? "pulumi-resource-pulumi-nodejs.cmd" : "pulumi-resource-pulumi-nodejs";

/** The folder where a CLI is kept once it was got: the user's, so that a new clone or `npm ci` finds it again. */
function cacheDirectory(): string {
  const userCache = process.env.XDG_CACHE_HOME || process.env.LOCALAPPDATA || join(homedir(), ".cache");
  return join(userCache, "dataverse-s2s", "pulumi");
}

/**
 * Finds the Pulumi CLI: on PATH, else one that was got before, else by the npm package `pulumi`, else built from Go modules
 * (about four minutes). `say` gets a line for each step that takes time. Rejects with what was tried when there is none.
 */
export async function findEngine(say: (line: string) => void): Promise<Engine> {
  const failures: string[] = [];
  for (const way of [fromPath, fromCache, fromNpm, fromGo]) {
    try {
      return await way(say);
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  throw new Error(
    `No Pulumi CLI could be had:\n${failures.map((failure) => `  - ${failure}`).join("\n")}\n` +
      "Any one of these will do: the Pulumi CLI on PATH (pulumi.com/docs/install), an internet connection, or Go 1.24 or newer.",
  );
}

/** The Pulumi CLI on PATH, or one that was got before; undefined where there is none without a download or a build. */
export async function engineAtHand(): Promise<Engine | undefined> {
  return fromPath()
    .catch(fromCache)
    .catch(() => undefined);
}

async function versionOf(directory: string): Promise<string> {
  const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
  return (await run(join(directory, `pulumi${suffix}`), ["version"], { env, timeout: 30_000 })).stdout.trim();
}

async function fromPath(): Promise<Engine> {
  const folders = (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => existsSync(join(folder, `pulumi${suffix}`)));
  if (!folders[0]) throw new Error("PATH: no pulumi there");
  const directory = dirname(realpathSync(join(folders[0], `pulumi${suffix}`)));
  for (const sibling of [`pulumi-language-nodejs${suffix}`, launcher]) {
    if (!existsSync(join(directory, sibling)))
      throw new Error(`PATH: ${directory} has pulumi, but not ${sibling} beside it`);
  }
  const version = await versionOf(directory);
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  if (major < oldestVersion[0]! || (major === oldestVersion[0] && minor < oldestVersion[1]!)) {
    throw new Error(`PATH: pulumi ${version} is too old, v${oldestVersion.join(".")} or newer is needed`);
  }
  return { directory, version, source: "found on PATH" };
}

const npmHome = () => join(cacheDirectory(), "npm");
const npmDirectory = () => join(npmHome(), "versions", npmVersion, "bin");
const goDirectory = () => join(cacheDirectory(), `go-${goVersion}-${goLanguageHostVersion}`);

async function fromCache(): Promise<Engine> {
  if (existsSync(join(npmDirectory(), `pulumi${suffix}`))) {
    const source = "downloaded by the npm package pulumi before";
    return { directory: npmDirectory(), version: `v${npmVersion}`, source };
  }
  if (!existsSync(goDirectory())) throw new Error(`${cacheDirectory()}: no pulumi was got before`);
  return { directory: goDirectory(), version: goVersion, source: "built from Go modules before" };
}

async function fromNpm(say: (line: string) => void): Promise<Engine> {
  const directory = npmDirectory();
  say(`Getting Pulumi v${npmVersion} with the npm package pulumi ...`);
  const env = { ...process.env, PULUMI_HOME: npmHome(), PULUMI_SKIP_UPDATE_CHECK: "true" };
  try {
    await run("npx", ["--yes", `pulumi@${npmVersion}`, "version"], {
      env,
      timeout: 180_000,
      shell: process.platform === "win32",
    });
  } catch (error) {
    const { stderr, killed } = error as { stderr?: string; killed?: boolean };
    const reason = killed ? "no answer in 3 minutes" : (stderr?.trim().split("\n").at(-1) ?? "failed");
    throw new Error(`npm package pulumi: ${reason}`);
  }
  if (!existsSync(directory)) throw new Error(`npm package pulumi: it ran, but left nothing in ${directory}`);
  return { directory, version: `v${npmVersion}`, source: "downloaded by the npm package pulumi" };
}

async function fromGo(say: (line: string) => void): Promise<Engine> {
  const directory = goDirectory();
  const go = (await run("go", ["version"]).catch(() => undefined))?.stdout.trim();
  if (!go) throw new Error("Go: no go on PATH");
  say(`Building Pulumi ${goVersion} from Go modules: about 4 minutes, once (${go}) ...`);
  mkdirSync(cacheDirectory(), { recursive: true });
  const work = mkdtempSync(join(cacheDirectory(), "building-"));
  const started = Date.now();
  const clock = setInterval(() => {
    const seconds = Math.round((Date.now() - started) / 1000);
    say(`  still building, ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`);
  }, 30_000);
  try {
    const bin = join(work, "bin");
    const cli = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";
    const stamp = `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${goVersion}`;
    await goModule(join(work, "cli"), `replace ${goReplacement}\n`, cli, goVersion);
    await goCommand(join(work, "cli"), [
      "build",
      "-ldflags",
      `-s -w ${stamp}`,
      "-o",
      join(bin, `pulumi${suffix}`),
      cli,
    ]);
    const host = "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs";
    await goModule(join(work, "host"), "", host, goLanguageHostVersion);
    await goCommand(join(work, "host"), [
      "build",
      "-ldflags",
      "-s -w",
      "-o",
      join(bin, `pulumi-language-nodejs${suffix}`),
      host,
    ]);
    const sdk = await goCommand(join(work, "host"), [
      "list",
      "-m",
      "-f",
      "{{.Dir}}",
      "github.com/pulumi/pulumi/sdk/v3",
    ]);
    copyFileSync(join(sdk, "nodejs", "dist", launcher), join(bin, launcher));
    chmodSync(join(bin, launcher), 0o755); // a module's files come without their executable bit
    try {
      renameSync(bin, directory);
    } catch (error) {
      if (!existsSync(directory)) throw error; // else another process built it meanwhile
    }
  } finally {
    clearInterval(clock);
    rmSync(work, { recursive: true, force: true });
  }
  return { directory, version: goVersion, source: "built from Go modules" };
}

async function goModule(directory: string, lines: string, tool: string, version: string): Promise<void> {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "go.mod"), `module engine\n\ngo 1.24\n\n${lines}`);
  await goCommand(directory, ["get", "-tool", `${tool}@${version}`]);
}

/** Runs `go` and gives what it printed; its error output is the reason when it fails. */
async function goCommand(cwd: string, args: string[]): Promise<string> {
  // "-buildvcs=false": the build folder is in no repository of its own, and may be inside somebody's.
  const env = { ...process.env, GOFLAGS: "-buildvcs=false", GOWORK: "off" };
  return new Promise((resolve, reject) => {
    const child = spawn("go", args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    let errors = "";
    child.stdout.on("data", (data) => (out += data));
    child.stderr.on("data", (data) => (errors += data));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(out.trim());
      else reject(new Error(`Go: go ${args[0]} failed: ${errors.trim().split("\n").slice(-3).join(" | ")}`));
    });
  });
}
