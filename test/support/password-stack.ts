import { vi } from "vitest";
import { dayOf, graphTime, secretPeriod } from "../../components/rotation-schedule.ts";
import type {
  ApplicationPasswordInputs,
  ApplicationPasswordOutputs,
} from "../../dynamic-providers/lifecycles/application-password.ts";
import { EntraClient } from "./entra.ts";
import { armClient, roles } from "./resource-manager.ts";
import type { TestSandbox } from "./sandbox.ts";

export interface Schedule {
  readonly lifetimeYears: 1 | 2;
  readonly renewBeforeDays: number;
  readonly overlapDays: number;
  readonly rotateNow?: string;
}

/** Outputs with inputs, as the engine keeps them. */
type State = ApplicationPasswordInputs & ApplicationPasswordOutputs;

let count = 0;

/** An application and a vault in a sandbox, and the one client secret that is declared for them, driven as the engine does. */
export async function passwordStack(sandbox: TestSandbox) {
  const entra = new EntraClient(sandbox);
  const arm = armClient(sandbox);
  const name = `rotation-${++count}`;
  const application = await entra.newApplication();
  await entra.graph("POST", "/servicePrincipals", { body: { appId: application.appId } });
  const made = await arm.newVault(`rg-${name}`, `kv-${name}`);
  await arm.grant(sandbox.administrator.objectId, roles.secretsOfficer, made.id);
  const vaultUri = made.properties.vaultUri as string;

  const { endpoints, administrator } = sandbox;
  const warnings: string[] = [];
  const config: Record<string, string> = {
    "dataverse-s2s:endpoints": JSON.stringify({
      loginUrl: endpoints.login,
      graphUrl: endpoints.graph,
      keyVaultHost: "127.0.0.1",
    }),
  };
  const settings = {
    config: (key: string) => config[key],
    environment: {
      ARM_TENANT_ID: administrator.tenantId,
      ARM_CLIENT_ID: administrator.clientId,
      ARM_CLIENT_SECRET: administrator.clientSecret,
    },
    say: () => {},
    warn: (line: string) => void warnings.push(line),
  };

  /** Each run of the engine is a process of its own, with no token from before the clock was moved. */
  async function newProcess() {
    vi.resetModules();
    const { applicationPassword } = await import("../../dynamic-providers/lifecycles/application-password.ts");
    return applicationPassword(settings);
  }

  const inputsOn = (asOf: Date, schedule: Schedule, more: Partial<ApplicationPasswordInputs> = {}) => {
    const period = secretPeriod(asOf, schedule.lifetimeYears, schedule.renewBeforeDays);
    return {
      applicationObjectId: application.id,
      applicationId: application.appId,
      vaultUri,
      secretName: "client-secret",
      period: period.label,
      expiresOn: graphTime(period.expiresOn),
      overlapDays: schedule.overlapDays,
      ...(schedule.rotateNow && { rotateNow: schedule.rotateNow }),
      asOf: dayOf(asOf),
      rowId: "1a2b3c4d-0000-4000-8000-000000000000",
      ...more,
    } satisfies ApplicationPasswordInputs;
  };

  const moveTo = (time: Date) => {
    sandbox.context.store.setClock(time);
    config["dataverse-s2s:asOf"] = time.toISOString();
  };

  let state: State | undefined;
  const idle = await newProcess();

  /** Whether a preview at that time shows a change. */
  async function preview(time: Date, schedule: Schedule): Promise<boolean> {
    const { changes } = await idle.diff!("id", state!, inputsOn(time, schedule));
    return changes === true;
  }

  /** An `up` at that time, which creates or, where there is a change, updates. Gives the state; keeps the old one when it fails. */
  async function up(time: Date, schedule: Schedule, more?: Partial<ApplicationPasswordInputs>): Promise<State> {
    moveTo(time);
    const provider = await newProcess();
    const { inputs, failures } = await provider.check!(state ?? ({} as State), inputsOn(time, schedule, more));
    if (failures?.length) throw new Error(failures.map(({ reason }) => reason).join());
    if (!state) state = (await provider.create(inputs!)).outs as State;
    else if ((await provider.diff!("id", state, inputs!)).changes)
      state = (await provider.update!("id", state, inputs!)).outs as State;
    return state;
  }

  async function refresh(time: Date): Promise<void> {
    moveTo(time);
    state = (await (await newProcess()).read!("id", state!)).props as State;
  }

  async function destroy(): Promise<void> {
    await (await newProcess()).delete!("id", state!);
    state = undefined;
  }

  /** What the engine does when an input changes that replaces: makes the new one, then deletes the old one. */
  async function replace(time: Date, schedule: Schedule, more: Partial<ApplicationPasswordInputs>): Promise<void> {
    const provider = await newProcess();
    const news = inputsOn(time, schedule, more);
    const { replaces } = await provider.diff!("id", state!, news);
    if (!replaces?.length) throw new Error("nothing replaces");
    const { outs } = await provider.create(news);
    await destroy();
    state = outs as State;
  }

  const bearer = async (resource: string) => ({ Authorization: `Bearer ${await sandbox.token(resource)}` });

  /** A request to the vault as the administrator. */
  async function vault(method: string, path: string, data?: object) {
    const headers = await bearer("https://vault.azure.net");
    const url = new URL(`${path}?api-version=7.4`, vaultUri).href;
    return sandbox.http.request({ method, url, data, headers });
  }

  /** Names of the application's passwords, oldest first; without the mark of the place, which changes with the vault's port. */
  async function passwords(): Promise<string[]> {
    const { data } = await entra.graph("GET", `/applications/${application.id}`);
    return data.passwordCredentials.map((row: { displayName: string }) =>
      row.displayName.replace(/-[0-9a-f]{8}\)$/, ")"),
    );
  }

  /** The secret's versions, oldest first: whether each is enabled. */
  async function enabledVersions(): Promise<boolean[]> {
    const { data } = await vault("GET", "/secrets/client-secret/versions");
    return data.value.map((row: { attributes: { enabled: boolean } }) => row.attributes.enabled);
  }

  const secret = async () => (await vault("GET", "/secrets/client-secret")).data.value as string;

  /** Whether Entra lets the application in with this secret. */
  async function signsIn(clientSecret: string): Promise<boolean> {
    const changes = { client_id: application.appId, client_secret: clientSecret };
    return (await entra.signIn(changes)).status === 200;
  }

  return {
    application,
    entra,
    warnings,
    preview,
    up,
    refresh,
    destroy,
    replace,
    vault,
    passwords,
    enabledVersions,
    secret,
    signsIn,
    arm,
    vaultPath: made.id as string,
    vaultUri,
    /** Takes a state as the present one. */
    become(other: object): void {
      state = other as State;
    },
  };
}
