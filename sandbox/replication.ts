import { AsyncLocalStorage } from "node:async_hooks";
import { z } from "zod";
import type { Store } from "./store.ts";

const seconds = z.number().min(0).max(3600);

/** How long what was written stays out of sight, and for whom. */
export const lagSchema = z.strictObject({
  /** Reads of Graph, sign-ins, and Dataverse's look at the directory, after a write to it (wire facts A3, B2, C2, C7, D6). */
  directorySeconds: seconds,
  /** The data plane of Key Vault, after a role assignment was made or taken away (wire facts F1). */
  roleAssignmentSeconds: seconds,
  /** In that time every second request to a service is answered by a replica that has the write already. */
  flapping: z.boolean(),
});

type Lag = z.output<typeof lagSchema>;

const noLag: Lag = { directorySeconds: 0, roleAssignmentSeconds: 0, flapping: false };

/** The collections that are replicated, each with its lag. */
const replicated = {
  applications: "directorySeconds",
  servicePrincipals: "directorySeconds",
  appRoleAssignments: "directorySeconds",
  oauth2PermissionGrants: "directorySeconds",
  armRoleAssignments: "roleAssignmentSeconds",
} as const satisfies Record<string, keyof Lag>;

type Replicated = keyof typeof replicated;

/** A write that not every replica has. */
interface Write {
  readonly collection: Replicated;
  readonly key: string;
  /** The row of before as JSON; null where there was none. */
  readonly before: string | null;
  /** By the sandbox's clock, in milliseconds. */
  readonly at: number;
}

/**
 * What replicas show of collections whose primary is the store. Rows are changed in place, so writes are found by comparing
 * the rows with what they were: at the end of each request, and before each look at a replica. Nothing is kept without a lag.
 *
 * Time is the sandbox's: it goes on as the machine's does, so a client waits in real seconds, and a test lets the lag pass by
 * moving the clock.
 */
export class Replication {
  private readonly store: Store;
  /** Rows as they were when writes were last looked for, as JSON; empty without a lag. */
  private readonly known = new Map<Replicated, Map<string, string>>();
  /** Whether the replica that answers the present request has all writes. */
  private readonly hasCaughtUp = new AsyncLocalStorage<boolean>();
  private readonly turns = new Map<string, number>();

  constructor(store: Store) {
    this.store = store;
    this.noteWrites();
  }

  get lag(): Lag {
    return this.store.collection<Lag>("lag").get("settings") ?? noLag;
  }

  /** Sets the lag, also of the writes that are on their way. */
  setLag(changes: Partial<Lag>): void {
    this.noteWrites();
    this.store.collection<Lag>("lag").set("settings", { ...this.lag, ...changes });
    this.noteWrites();
  }

  /** Runs a request: one replica answers it, and what it writes is on its way from its end on. */
  async during(service: string, request: () => Promise<void>): Promise<void> {
    const turn = this.writes.length > 0 ? (this.turns.get(service) ?? 0) + 1 : 0;
    this.turns.set(service, turn);
    await this.hasCaughtUp.run(this.lag.flapping && turn % 2 === 0, request);
    this.noteWrites();
  }

  /** The rows of a collection as the replica that answers has them. */
  rows<Row>(collection: Replicated): ReadonlyMap<string, Row> {
    const primary = this.store.collection<Row>(collection);
    this.noteWrites();
    const missing = this.writes.filter((write) => write.collection === collection);
    if (missing.length === 0 || this.hasCaughtUp.getStore()) return primary;
    const rows = new Map(primary);
    // The first of several writes to a row has what was before all of them.
    for (const { key, before } of missing.reverse()) {
      if (before === null) rows.delete(key);
      else rows.set(key, JSON.parse(before));
    }
    return rows;
  }

  /** Those that have not reached all replicas, in the order they were made. */
  private get writes(): Write[] {
    return this.store.collection<Write[]>("lag").get("writes") ?? [];
  }

  private noteWrites(): void {
    const now = this.store.now().getTime();
    const { lag } = this;
    const writes = this.writes.filter(({ collection, at }) => {
      const age = now - at;
      return age >= 0 && age < lag[replicated[collection]] * 1000; // younger than new: the clock was put back
    });
    for (const collection of Object.keys(replicated) as Replicated[]) {
      if (lag[replicated[collection]] === 0) {
        this.known.delete(collection);
        continue;
      }
      const rows = new Map([...this.store.collection(collection)].map(([key, row]) => [key, JSON.stringify(row)]));
      const known = this.known.get(collection) ?? rows;
      for (const key of new Set([...known.keys(), ...rows.keys()])) {
        const before = known.get(key) ?? null;
        if (before !== (rows.get(key) ?? null)) writes.push({ collection, key, before, at: now });
      }
      this.known.set(collection, rows);
    }
    if (writes.length > 0 || this.writes.length > 0) this.store.collection("lag").set("writes", writes);
  }
}
