import { giveConsent, principalOf } from "../support/by-hand.ts";
import { type Scenario, sweep } from "../support/fault-sweep.ts";
import type { Row, World } from "../support/fault-world.ts";

const rowId = "c0500000-0000-4000-8000-000000000001";

/** The application's service principals in the subscriber's tenant, and what the tenant grants them. */
async function look(world: World) {
  const { applicationId, graph } = world;
  const principals = (await graph("GET", `/servicePrincipals?$filter=appId eq '${applicationId}'`))!.value as Row[];
  const id = await principalOf(world);
  const grants = (await graph("GET", `/oauth2PermissionGrants?$filter=clientId eq '${id}'`))!.value as Row[];
  return { principals: principals.length, scopes: grants.map(({ scope }) => scope) };
}

const consent = (mode: string) => (world: World) => ({
  ...world.target,
  applicationId: world.applicationId,
  secretUri: world.secretUri,
  mode,
  rowId,
});

const granted: Scenario = {
  name: "a consent that the stack gives",
  type: "AdminConsent",
  declared: consent("grant"),
  changed: consent("require"),
  look,
  expected: {
    before: { principals: 0, scopes: [] },
    made: { principals: 1, scopes: ["user_impersonation"] },
    changed: { principals: 1, scopes: ["user_impersonation"] },
  },
};

const completed: Scenario = {
  name: "a consent that the stack completes",
  type: "AdminConsent",
  prepare: giveConsent,
  declared: consent("require"),
  changed: consent("grant"),
  look,
  expected: {
    before: { principals: 1, scopes: [] },
    made: { principals: 1, scopes: [] },
    changed: { principals: 1, scopes: ["user_impersonation"] },
    remains: true,
  },
};

sweep([granted, completed]);
