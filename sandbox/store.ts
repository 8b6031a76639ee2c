import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, open, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** A GUID that depends on nothing but the name, in the form of a version 5 UUID. */
export function guidOf(name: string): string {
  const hash = createHash("sha256").update(name).digest();
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}

/**
 * Everything the sandbox remembers: named collections of plain JSON rows. With a path it survives restarts: `commit`
 * resolves once all that was written before the call is on disk, so what a service acknowledged is never lost.
 */
export class Store {
  readonly path: string | undefined;
  private readonly collections = new Map<string, Map<string, unknown>>();
  private writing: Promise<void> | undefined;
  private queued: Promise<void> | undefined;

  constructor(path?: string) {
    this.path = path;
    if (path && existsSync(path)) this.load(readFileSync(path, "utf8"));
  }

  /** All of it as text, for {@link load}. */
  save(): string {
    return JSON.stringify(
      Object.fromEntries([...this.collections].map(([name, rows]) => [name, Object.fromEntries(rows)])),
    );
  }

  /** Puts what was saved in place of what there is. Who has a collection finds it changed. */
  load(text: string): void {
    for (const rows of this.collections.values()) rows.clear();
    for (const [name, rows] of Object.entries(JSON.parse(text) as Record<string, Record<string, unknown>>)) {
      const collection = this.collection(name);
      for (const [key, row] of Object.entries(rows)) collection.set(key, row);
    }
  }

  /** The rows of one kind by key. Change a row in place or with `set`, then let the request end: it commits. */
  collection<Row>(name: string): Map<string, Row> {
    let rows = this.collections.get(name);
    if (!rows) {
      rows = new Map();
      this.collections.set(name, rows);
    }
    return rows as Map<string, Row>;
  }

  /**
   * A new GUID for something of this identity: its kind, what it belongs to, its name. The n-th of an identity is always the
   * same, so that two runs from one seed give the same ids, in whatever order the requests come.
   */
  newId(...identity: unknown[]): string {
    const counters = this.collection<number>("counters");
    const key = JSON.stringify(identity);
    const next = (counters.get(key) ?? 0) + 1;
    counters.set(key, next);
    return guidOf(`${key} ${next}`);
  }

  /** The sandbox's time: the machine's, moved by what the control port set. */
  now(): Date {
    return new Date(Date.now() + (this.collection<number>("clock").get("offsetMilliseconds") ?? 0));
  }

  /** Moves the sandbox's clock so that it shows `time` now. */
  setClock(time: Date): void {
    this.collection<number>("clock").set("offsetMilliseconds", time.getTime() - Date.now());
  }

  /** Waits until the present state is on disk. Commits that come while one is being written share the next write. */
  commit(): Promise<void> {
    if (!this.path) return Promise.resolve();
    if (!this.writing) {
      this.writing = this.write().finally(() => {
        this.writing = undefined;
      });
      return this.writing;
    }
    this.queued ??= this.writing
      .catch(() => undefined)
      .then(() => {
        this.queued = undefined;
        return this.commit();
      });
    return this.queued;
  }

  private async write(): Promise<void> {
    const path = this.path!;
    // At once, before anything is awaited: what other requests change meanwhile would be in it by half.
    const text = this.save();
    await mkdir(dirname(path), { recursive: true });
    await writeThrough(`${path}.new`, "w", text);
    await rename(`${path}.new`, path);
    // The name is on disk only when its folder is; Windows has no way to ask for that.
    if (process.platform !== "win32") await writeThrough(dirname(path), "r");
  }
}

/** Opens a file or folder, writes the text if there is any, and waits until it is on disk. */
async function writeThrough(path: string, flags: "w" | "r", text?: string): Promise<void> {
  const file = await open(path, flags, 0o600);
  try {
    if (text !== undefined) await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
