import type { Switch } from "../dataverse/switches.ts";
import type { Store } from "../store.ts";

/** How soon Key Vault is done (wire facts F3), the same for all vaults; a client must cope with both. */
export const keyVaultSwitches = {
  secretTransitions: {
    values: ["at once", "at the second look"],
    default: "at once",
    doc: "When a deletion or a recovery of a secret shows. Until then a read is 404, and a write 409 ObjectIsBeingDeleted or ObjectIsBeingRecovered.",
  },
} as const satisfies Record<string, Switch>;

/** What is set: switch name to value. A switch that is not set has its default. */
export function keyVaultSwitchesOf(store: Store): Map<string, string> {
  return store.collection("key vault switches");
}

/** The value in force. */
export function keyVaultSwitch(store: Store, name: keyof typeof keyVaultSwitches): string {
  return keyVaultSwitchesOf(store).get(name) ?? keyVaultSwitches[name].default;
}
