import type { ServiceProtection } from "./dataverse/service-protection.ts";
import type { Directory } from "./directory.ts";
import type { Faults } from "./faults.ts";
import type { Replication } from "./replication.ts";
import type { JournalEntry } from "./server.ts";
import type { Store } from "./store.ts";
import type { Tokens } from "./tokens.ts";

/** Base URLs of the services, without a trailing slash. */
export interface Endpoints {
  login: string;
  graph: string;
  arm: string;
  /** Data plane of the first vault; see {@link Context.vaultUrl}. */
  vault: string;
  /** The Power Platform admin API. */
  powerPlatform: string;
  control: string;
  /** Dataverse environments: name to URL. */
  organizations: Record<string, string>;
}

/** A Dataverse environment and the tenant it belongs to. Its rows are in the store's collections of the Dataverse service. */
export interface Organization {
  readonly name: string;
  readonly id: string;
  readonly tenantId: string;
  readonly friendlyName: string;
  /** Object id of the service principal that is System Administrator from the start. */
  readonly administratorId: string;
  /** Business units that it begins with, parents first; below the root where no parent is named. */
  readonly businessUnits?: readonly { readonly name: string; readonly parent?: string }[];
}

/** What each service of the sandbox is given. Fill `endpoints` in before the first request; read it during requests only. */
export interface Context {
  readonly store: Store;
  readonly tokens: Tokens;
  readonly directory: Directory;
  readonly replication: Replication;
  readonly organizations: Map<string, Organization>;
  readonly endpoints: Endpoints;
  readonly journal: JournalEntry[];
  readonly faults: Faults;
  /** By organization. */
  readonly serviceProtection: Map<string, ServiceProtection>;
  /**
   * Opens (or finds open) the n-th Key Vault data plane and gives its URL. Key Vault clients take the vault from the host,
   * and loopback has no names, so each vault has a port of its own: slot 0 is `endpoints.vault`.
   */
  vaultUrl(slot: number): Promise<string>;
}
