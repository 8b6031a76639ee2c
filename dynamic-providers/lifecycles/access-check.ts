import { z } from "zod";
import { type Connection, type Target, targetOf } from "../connection.ts";
import { type Dataverse, dataverse } from "../dataverse/client.ts";
import { entitySetOf } from "../dataverse/metadata.ts";
import type { Privileges } from "../dataverse/privileges.ts";
import { holdings } from "../dataverse/roles.ts";
import { whoAmI } from "../dataverse/who-am-i.ts";
import { accessToken } from "../entra/tokens.ts";
import { AccessError, explain } from "../errors.ts";
import type { ApplicationIdentity } from "../identities/application.ts";
import { untilSettled } from "../waiting.ts";
import { applicationSignInDefaults, applicationSignInShape, signInOf } from "./application-sign-in.ts";
import { subscriberLifecycle, targetShape } from "./lifecycle.ts";
import { roleShape } from "./security-role.ts";
import { settling, settlingSeconds, vaultSettlingSeconds } from "./settling.ts";

export interface AccessCheckInputs extends Target, ApplicationIdentity {
  readonly userId: string;
  readonly roleIds: string[];
  /** Names of those roles: a renamed one is looked at again. */
  readonly roleNames?: string[];
  readonly privileges: Privileges;
  /** Always true; false in a refreshed state is access that does not work any more. */
  readonly working: boolean;
}

export interface AccessCheckOutputs {
  readonly organizationId: string | undefined;
  /** Entity set that was read as the application; undefined where the role opens none. */
  readonly tableRead: string | undefined;
  /** Names of the roles that the user holds. */
  readonly rolesHeld: string[];
  /** Why the last check failed; empty when it did not. */
  readonly problem: string;
  readonly working: boolean;
}

/** Lifecycle of an access check; resources/access-check.ts has what programs declare. It leaves nothing behind. */
export const accessCheck = subscriberLifecycle<AccessCheckInputs, AccessCheckOutputs>({
  kind: "access check",
  schema: z.object({
    ...targetShape,
    ...applicationSignInShape,
    userId: z.guid("must be a GUID"),
    roleIds: z.array(z.guid("must be a GUID")),
    roleNames: z.array(z.string("must be a text")).optional(),
    privileges: roleShape.privileges,
  }),
  replaceOn: ["environmentUrl"],
  deleteBeforeReplace: false,
  updateOn: ["applicationId", "credential", "secretUri", "userId", "roleIds", "roleNames", "privileges", "working"],
  defaults: { ...applicationSignInDefaults, working: true },

  async ensure(connection, inputs) {
    const outputs = await check(connection, inputs, settlingSeconds);
    return { id: `${inputs.environmentUrl}/${inputs.applicationId}`, outputs };
  },

  async observe(connection, _id, state) {
    try {
      const seen = await check(connection, state, 0);
      // Other roles than the last time: the next `up` looks again, and tells what is too much.
      return { ...seen, working: state.working && seen.rolesHeld.join() === state.rolesHeld.join() };
    } catch (error) {
      // Drift, not a failure of the refresh: the next `up` mends what it can and checks again.
      const { message } = explain(error, {
        doing: "Checking access",
        target: targetOf(state),
        applicationId: state.applicationId,
      });
      connection.warn(message);
      return {
        organizationId: state.organizationId,
        tableRead: state.tableRead,
        rolesHeld: state.rolesHeld,
        problem: message,
        working: false,
      };
    }
  },

  async remove() {},
});

async function check(connection: Connection, inputs: AccessCheckInputs, seconds: number): Promise<AccessCheckOutputs> {
  const { api, say, warn } = connection;
  const patient = <T>(what: string, codes: readonly string[], act: () => Promise<T>) =>
    untilSettled(what, seconds, codes, say, act);

  const { signIn, newCredential } = await signInOf(connection, inputs, seconds && vaultSettlingSeconds);
  await patient("Entra to accept the application's credential", [...newCredential, ...settling.principal], () =>
    accessToken(signIn),
  );
  const application = dataverse(inputs.environmentUrl, () => accessToken(signIn));
  const who = await patient("Dataverse to know the application user", settling.dataverse, () => whoAmI(application));
  if (who.userId !== inputs.userId) {
    throw new AccessError(
      `The application signs in to ${inputs.environmentUrl} as user ${who.userId}, not as ${inputs.userId}. Run the command with --refresh.`,
    );
  }
  const tableRead = await patient("the role's privileges to take effect", settling.dataverse, () =>
    readATable(api, application, inputs.privileges),
  );
  const roles = (await holdings(api, inputs.userId))?.roles ?? [];
  const missing = inputs.roleIds.filter((wanted) => !roles.some(({ roleId }) => roleId === wanted));
  if (missing.length > 0)
    throw new AccessError(
      `The application user of '${inputs.subscriber}' does not hold role ${missing.join(", ")}. Run the command with --refresh.`,
    );
  const excess = roles.filter(({ roleId }) => !inputs.roleIds.includes(roleId)).map(({ name }) => name);
  if (excess.length > 0) warn(`the application user holds more than what is declared: ${excess.join(", ")}`);
  return {
    organizationId: who.organizationId,
    tableRead,
    rolesHeld: roles.map(({ name }) => name).sort(),
    problem: "",
    working: true,
  };
}

/** Reads one row of the first table that the role lets the application read: the proof that it holds. */
async function readATable(
  administrator: Dataverse,
  application: Dataverse,
  privileges: Privileges,
): Promise<string | undefined> {
  for (const privilege of Object.keys(privileges)
    .filter((name) => name.startsWith("prvRead"))
    .sort()) {
    const entitySet = await entitySetOf(administrator, privilege);
    if (!entitySet) continue;
    await application.get(`${entitySet}?$top=1`);
    return entitySet;
  }
  return undefined;
}
