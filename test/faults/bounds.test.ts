import type { ResourceType } from "dataverse-s2s/thin-provider";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { faultSchema } from "../../sandbox/faults.ts";
import { openWorld, type Row, type World } from "../support/fault-world.ts";
import { Pool } from "../support/pool.ts";
import { startProviderProcess } from "../support/provider-process.ts";
import { tries } from "../support/reliability.ts";

const rowId = (n: number) => `b0000000-0000-4000-8000-00000000000${n}`;
const privileges = { prvReadAccount: "Global" };

/** What programs declare; the resources before it are there, and their outputs are known. */
type Declared = (world: World, made: Partial<Record<ResourceType, Row>>) => Row;
const declared: Record<ResourceType, Declared> = {
  AdminConsent: ({ target, applicationId, secretUri }) => {
    return { ...target, applicationId, secretUri, mode: "grant", rowId: rowId(1) };
  },
  SecurityRole: ({ target }) => ({ ...target, name: "Orders", privileges, rowId: rowId(2) }),
  ApplicationUser: ({ target, applicationId }) => ({ ...target, applicationId, rowId: rowId(3) }),
  RoleAssignment: ({ target }, { ApplicationUser, SecurityRole }) => {
    return { ...target, userId: ApplicationUser!.userId, roleId: SecurityRole!.roleId };
  },
  AccessCheck: ({ target, applicationId, secretUri }, { ApplicationUser, SecurityRole }) => {
    const { userId } = ApplicationUser!;
    return { ...target, applicationId, secretUri, privileges, userId, roleIds: [SecurityRole!.roleId] };
  },
  ApplicationPassword: (world) => {
    return { ...ofPublisher(world), secretName: "bounds", expiresOn: "2099-01-01T00:00:00Z", rowId: rowId(4) };
  },
  ApplicationCertificate: (world) => {
    const policy = { subject: "CN=Orders", validityMonths: 12, keySize: 2048 };
    return { ...ofPublisher(world), ...policy, certificateName: "bounds", overlapDays: 7, rowId: rowId(5) };
  },
};
const ofPublisher = ({ applicationObjectId, applicationId, vaultUri }: World) => {
  return { applicationObjectId, applicationId, vaultUri, period: "1", asOf: "2026-11-25" };
};
const types = Object.keys(declared) as ResourceType[];

/** What has to be there before. */
const neededBy: Record<ResourceType, ResourceType[]> = {
  AdminConsent: [],
  SecurityRole: [],
  ApplicationUser: ["AdminConsent"],
  RoleAssignment: ["AdminConsent", "SecurityRole", "ApplicationUser"],
  AccessCheck: ["AdminConsent", "SecurityRole", "ApplicationUser", "RoleAssignment"],
  ApplicationPassword: [],
  ApplicationCertificate: [],
};

/** The others are the publisher's, and are for no subscriber. */
const isSubscribers = (type: ResourceType) => !["ApplicationPassword", "ApplicationCertificate"].includes(type);

/** Which of the requests go wrong. */
const scopes = {
  "every request": {},
  "every sign-in": { service: "login" },
  "every request to Microsoft Graph": { service: "graph" },
  "every request to Key Vault": { service: "vault 0" },
  "every request to the environment but the one that names its tenant": { path: "^/api/data(?!.*WhoAmI)" },
  "every write": { path: "^(?!/[^/]+/oauth2/)", method: "POST" },
} as const;
type Scope = keyof typeof scopes;

const subscriber: Scope[] = [
  "every request",
  "every sign-in",
  "every request to the environment but the one that names its tenant",
];
const publisher: Scope[] = ["every request", "every sign-in", "every request to Microsoft Graph"];
const scopesOf: Record<ResourceType, Scope[]> = {
  AdminConsent: ["every request", "every sign-in", "every request to Microsoft Graph", "every request to Key Vault"],
  SecurityRole: [...subscriber, "every write"],
  ApplicationUser: [...subscriber, "every write"],
  RoleAssignment: [...subscriber, "every write"],
  AccessCheck: [...subscriber, "every request to Key Vault"],
  ApplicationPassword: [...publisher, "every request to Key Vault", "every write"],
  ApplicationCertificate: [...publisher, "every request to Key Vault"],
};

/** What goes wrong, and what is told of it: a read is tried five times after a 500, nothing again after all else. */
const kinds = {
  "answers 500": { rule: { status: 500 }, told: /\bHTTP 500\b/ },
  "answers 401": { rule: { status: 401 }, told: /\bHTTP 401\b/ },
  "answers 403": { rule: { status: 403 }, told: /\bHTTP 403\b/ },
  hangs: { rule: { hang: "before" }, told: /got no answer: timed out/ },
} as const;
type Kind = keyof typeof kinds;

const timeoutSeconds = 3;

/** For each type a sandbox in which everything that it needs is there, and nothing of itself. */
const places = new Map<ResourceType, Pool<{ world: World; inputs: Row }>>();
const worlds: World[] = [];

beforeAll(async () => {
  await Promise.all(
    types.map(async (type) => {
      const world = await openWorld();
      worlds.push(world);
      const process = await startProviderProcess(world.config, 60);
      const made: Partial<Record<ResourceType, Row>> = {};
      for (const earlier of neededBy[type]) {
        const provider = process(earlier);
        const { inputs } = await provider.check({}, declared[earlier](world, made));
        made[earlier] = (await provider.create(inputs)).outs;
      }
      const { inputs, failures } = await process(type).check({}, declared[type](world, made));
      expect(failures).toEqual([]);
      places.set(type, new Pool([{ world, inputs: inputs as Row }]));
    }),
  );
});
afterAll(() => Promise.all(worlds.map((world) => world.close())));

/** What is wrong with how a `create` ends; nothing where it ends as it should. */
async function problemsOf(world: World, type: ResourceType, inputs: Row, scope: Scope): Promise<string[]> {
  const { faults } = world.sandbox.context;
  const provider = (await startProviderProcess(world.config, timeoutSeconds))(type);
  const problems: string[] = [];
  for (const [kind, { rule, told }] of Object.entries(kinds)) {
    const fault = faults.add(faultSchema.parse({ ...scopes[scope], ...rule, times: "always" }));
    const began = Date.now();
    const message = await provider.create(inputs).then(
      () => "no failure",
      (error: Error) => error.message,
    );
    const seconds = (Date.now() - began) / 1000;
    faults.clear();
    const whose = isSubscribers(type) ? /'fabrikam' \(https:/ : /\(kept in https:|as the identity that runs the stack/;
    const isRead = kind === "answers 500" && scope !== "every write";
    const isAsItShould =
      seconds < 60 &&
      fault.fired >= 1 &&
      fault.fired <= 5 &&
      whose.test(message) &&
      told.test(message) &&
      (!isRead || / tried 5 times in \d+ s/.test(message));
    if (!isAsItShould) problems.push(`${type}, ${kind}: ${fault.fired} requests, ${seconds} s: ${message}`);
  }
  return problems;
}

describe("a `create` that the services never let through ends within a minute, says for whom and what was tried", () => {
  test.concurrent.for(Object.keys(scopes) as Scope[])(
    "%s answers 500, 401 or 403, or hangs",
    async (scope, { task }) => {
      const concerned = types.filter((type) => scopesOf[type].includes(scope));
      for (const kind of Object.keys(kinds) as Kind[]) tries(task, "fault", `${kind}, for good`, concerned.length);
      const problems = await Promise.all(
        concerned.map((type) => places.get(type)!.use(({ world, inputs }) => problemsOf(world, type, inputs, scope))),
      );
      expect(problems.flat()).toEqual([]);
    },
  );
});
