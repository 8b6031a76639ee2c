import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Engine, type Stack, sandboxConfig } from "./engine.ts";

const root = join(import.meta.dirname, "..", "..");
const folder = join(root, "test", "fixtures", "states");

/** The release that this checkout is, or will be. */
export const presentRelease = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string })
  .version;

/** The releases whose stacks are kept, as folders. */
export const keptReleases = () =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();

/** Stacks that users of a release have: a publisher's with its own environment, and a subscriber's that refers to it. */
export const stackNames = ["publisher", "subscriber"] as const;

export function configure(stack: Stack, name: (typeof stackNames)[number], { endpoints }: Engine): void {
  const config = sandboxConfig(endpoints);
  const fabrikam = { environmentUrl: endpoints.organizations.fabrikam, consent: "grant" };
  stack.configure(
    name === "publisher"
      ? config
      : {
          publisherStack: "organization/dataverse-s2s/publisher",
          subscribers: { fabrikam },
          endpoints: config.endpoints,
        },
  );
}

/** Where a sandbox's services are differs from run to run: their host and port by the name that a kept state has for them. */
const placesOf = ({ login, graph, arm, vault, organizations }: Engine["endpoints"]) =>
  Object.entries({ login, graph, arm, vault, ...organizations }).map(
    ([name, url]) => [`{${name}}`, new URL(url).host] as const,
  );

/** Which lines of the program declared a resource: with this machine's paths, and no part of what is compared. */
const sourcePlaces = ["sourcePosition", "stackTrace"];

/** Keeps what `pulumi stack export` gave. */
export function keepState(release: string, name: string, state: string, { endpoints }: Engine): void {
  const drop = (key: string, value: unknown) => (sourcePlaces.includes(key) ? undefined : value);
  const portable = `${JSON.stringify(JSON.parse(state, drop), undefined, 2)}\n`;
  const text = placesOf(endpoints).reduce((kept, [place, host]) => kept.replaceAll(host, place), portable);
  mkdirSync(join(folder, release), { recursive: true });
  writeFileSync(join(folder, release, `${name}.json`), text);
}

/** A kept state as if it were of a stack in this sandbox. */
export function stateOf(release: string, name: string, { endpoints }: Engine): string {
  const kept = readFileSync(join(folder, release, `${name}.json`), "utf8");
  return placesOf(endpoints).reduce((text, [place, host]) => text.replaceAll(place, host), kept);
}
