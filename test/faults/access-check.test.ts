import { addRole, addUser, assign, giveConsent, handMade, rolesHeld } from "../support/by-hand.ts";
import { type Scenario, sweep } from "../support/fault-sweep.ts";
import type { World } from "../support/fault-world.ts";

const declared = ({ target, applicationId, secretUri }: World) => ({
  ...target,
  applicationId,
  secretUri,
  userId: handMade.user,
  roleIds: [handMade.role],
  privileges: { prvReadAccount: "Global" },
});

const checked: Scenario = {
  name: "an access check",
  type: "AccessCheck",
  async prepare(world) {
    await giveConsent(world);
    await addUser(world);
    await addRole(world, "Orders", handMade.role);
    await assign(world, "Orders");
  },
  declared,
  changed: (world) => ({ ...declared(world), privileges: { prvReadContact: "Global" } }),
  look: rolesHeld,
  expected: { before: ["Orders"], made: ["Orders"], changed: ["Orders"], remains: true },
};

sweep([checked]);
