import { type CloudClient, type Properties, pause, RequestFailed } from "../support.ts";

/** The real plugin waits as long as its operations may take: minutes. */
const longestSeconds = 120;
const pauseMilliseconds = 100;
/** The real plugin wants the same answer five times, one to five seconds apart, as replicas differ; here it takes less time. */
const answersInARow = 3;

/** Graph as the resources need it: paths begin after the version. */
export class Graph {
  private readonly cloud: CloudClient;
  private readonly queues = new Map<string, Promise<unknown>>();

  constructor(cloud: CloudClient) {
    this.cloud = cloud;
  }

  async get(path: string, version: "v1.0" | "beta" = "v1.0"): Promise<Properties> {
    return (await this.send("GET", path, undefined, version)).body;
  }

  /** The object at a path; undefined where it does not exist. */
  async find(path: string): Promise<Properties | undefined> {
    return this.get(path).catch((error) => {
      if (hasStatus(error, 404)) return undefined;
      throw error;
    });
  }

  /** All rows of a collection, every page of it. */
  async list(path: string): Promise<Properties[]> {
    const rows: Properties[] = [];
    let reply = await this.get(path);
    rows.push(...reply.value);
    while (reply["@odata.nextLink"]) {
      const { pathname, search } = new URL(reply["@odata.nextLink"]);
      reply = await this.get(`${pathname.replace(/^\/v1\.0/, "")}${search}`);
      rows.push(...reply.value);
    }
    return rows;
  }

  async post(path: string, body: Properties): Promise<Properties> {
    return (await this.send("POST", path, body)).body;
  }

  async patch(path: string, body: Properties): Promise<void> {
    await this.send("PATCH", path, body);
  }

  /** Deletes; what is gone already is success. */
  async delete(path: string): Promise<void> {
    await this.remove(path).catch((error) => {
      if (!hasStatus(error, 404)) throw error;
    });
  }

  /** Deletes what must be there: 404 is an error too. */
  async remove(path: string): Promise<void> {
    await this.send("DELETE", path);
  }

  /** Reference to an object, as bodies that bind owners carry it. */
  async reference(objectId: string): Promise<string> {
    return `${await this.base()}/v1.0/directoryObjects/${objectId}`;
  }

  /** Object id of the identity that the plugin runs as, from its token. */
  async callerId(): Promise<string> {
    const token = await this.cloud.token(await this.base());
    return JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString()).oid;
  }

  /** Runs `action` after all that was queued under the same key: the real plugin changes credentials of one application in turn. */
  inTurn<Result>(key: string, action: () => Promise<Result>): Promise<Result> {
    const turn = (this.queues.get(key) ?? Promise.resolve()).then(action);
    this.queues.set(
      key,
      turn.catch(() => undefined),
    );
    return turn;
  }

  private async base(): Promise<string> {
    return (await this.cloud.metadata()).microsoftGraphResourceId.replace(/\/$/, "");
  }

  private async send(method: string, path: string, body?: Properties, version = "v1.0") {
    const base = await this.base();
    const headers = { "OData-MaxVersion": "4.0", "OData-Version": "4.0" };
    return this.cloud.send(base, method, `${base}/${version}${path}`, { body, headers });
  }
}

/** Whether a request failed with this status. */
export function hasStatus(error: unknown, ...statuses: number[]): boolean {
  return error instanceof RequestFailed && statuses.includes(error.status);
}

/** Tries again while the directory has not caught up with an earlier request. */
export async function whileBehind<Result>(
  action: () => Promise<Result>,
  isBehind: (error: unknown) => boolean,
): Promise<Result> {
  for (const deadline = Date.now() + longestSeconds * 1000; ; ) {
    try {
      return await action();
    } catch (error) {
      if (!isBehind(error) || Date.now() > deadline) throw error;
      await pause(pauseMilliseconds);
    }
  }
}

/** Asks until the answer is yes, several times in a row. Throws naming what it waited for when it takes too long. */
export async function waitUntil(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + longestSeconds * 1000;
  for (let inARow = 0; ; await pause(pauseMilliseconds)) {
    inARow = (await isSo()) ? inARow + 1 : 0;
    if (inARow === answersInARow) return;
    if (Date.now() > deadline) {
      throw new Error(`Waiting for ${what}: it did not happen within ${longestSeconds} seconds.`);
    }
  }
}

/** The object id in a resource id such as `/applications/{object id}`. */
export function objectIdOf(collection: string, id: string): string {
  const objectId = new RegExp(`^/${collection}/([0-9a-f-]{36})$`, "i").exec(id)?.[1];
  if (!objectId) throw new Error(`parsing "${id}": the id must be of the form /${collection}/{object id}`);
  return objectId;
}
