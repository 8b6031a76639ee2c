import { expect } from "vitest";
import { addRole, addUser, assign, giveConsent, handMade, rolesHeld } from "../support/by-hand.ts";
import { type Scenario, sweep } from "../support/fault-sweep.ts";
import type { World } from "../support/fault-world.ts";

/** A user in a business unit below the root, which holds some of the two roles that there are. */
const withRoles =
  (...held: string[]) =>
  async (world: World) => {
    await giveConsent(world);
    await addUser(world, {}, "Sales");
    await addRole(world, "Orders", handMade.role);
    await addRole(world, "Orders reader", handMade.otherRole);
    for (const name of held) await assign(world, name);
  };

const declared = ({ target }: World) => ({ ...target, userId: handMade.user, roleId: handMade.role });
const exclusive = (world: World) => ({ ...declared(world), exclusive: true });

/** A user without a role is locked out. */
const isLetIn = async (world: World) => expect(await rolesHeld(world)).not.toEqual([]);

const isAssigning = (request: string) => /^POST .*systemuserroles_association/.test(request);

const made: Scenario = {
  name: "a role assignment in a business unit below, of another role later",
  type: "RoleAssignment",
  prepare: withRoles(),
  declared,
  changed: (world) => ({ ...declared(world), roleId: handMade.otherRole }),
  look: rolesHeld,
  expected: { before: [], made: ["Orders"], changed: ["Orders reader"] },
  always: isLetIn,
  // Nothing on the server tells an assignment that a killed run made from one that was there before.
  exception(operation, kind, request) {
    if (kind !== "killed after the effect" || !isAssigning(request)) return undefined;
    return [operation === "create" ? "Orders" : "Orders reader"];
  },
};

const adopted: Scenario = {
  name: "a role assignment that somebody made, exclusive later",
  type: "RoleAssignment",
  prepare: withRoles("Orders", "Orders reader"),
  declared,
  changed: exclusive,
  look: rolesHeld,
  expected: {
    before: ["Orders", "Orders reader"],
    made: ["Orders", "Orders reader"],
    changed: ["Orders"],
    remains: true,
  },
  always: isLetIn,
};

const madeExclusive: Scenario = {
  name: "an exclusive role assignment to a user that holds another role",
  type: "RoleAssignment",
  operations: ["create"],
  prepare: withRoles("Orders reader"),
  declared: exclusive,
  changed: exclusive,
  look: rolesHeld,
  expected: { before: ["Orders reader"], made: ["Orders"], changed: ["Orders"], deleted: [] },
  always: isLetIn,
  // Killed, it knows of the assignment as little when the other role was next.
  exception(_operation, kind, request) {
    const assigned = request.startsWith("DELETE") || (kind === "killed after the effect" && isAssigning(request));
    return kind.startsWith("killed") && assigned ? ["Orders"] : undefined;
  },
};

sweep([made, adopted, madeExclusive]);
