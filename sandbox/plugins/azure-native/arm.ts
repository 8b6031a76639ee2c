import { type CloudClient, type Properties, pause, RequestFailed } from "../support.ts";

const deadlineMilliseconds = 600_000;
const pollMilliseconds = 1000;
const vaultAudience = "https://vault.azure.net";
const vaultApiVersion = "7.5";

/** Resource Manager as the resources need it. Paths are resource ids. */
export class Arm {
  private readonly cloud: CloudClient;

  constructor(cloud: CloudClient) {
    this.cloud = cloud;
  }

  /** The resource; undefined where it or what contains it does not exist. */
  async get(id: string, apiVersion: string): Promise<Properties | undefined> {
    try {
      return (await this.send("GET", id, apiVersion)).body;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Makes or changes a resource, and asks for it until the far side says that it is done. */
  async put(id: string, apiVersion: string, body: Properties): Promise<Properties> {
    const deadline = Date.now() + deadlineMilliseconds;
    let made: Properties = (await this.send("PUT", id, apiVersion, body)).body;
    for (let wait = 0; isUnderWay(made); wait = pollMilliseconds) {
      if (Date.now() > deadline) throw new Error(`PUT ${id}: not finished after 10 minutes.`);
      await pause(wait);
      made = (await this.send("GET", id, apiVersion)).body;
    }
    return made;
  }

  /** Deletes and waits until the far side says that it is done; what is gone already is success. */
  async delete(id: string, apiVersion: string): Promise<void> {
    try {
      let reply = await this.send("DELETE", id, apiVersion);
      const deadline = Date.now() + deadlineMilliseconds;
      while (reply.status === 202) {
        if (Date.now() > deadline) throw new Error(`DELETE ${id}: not finished after 10 minutes.`);
        const asked = reply.headers.get("Retry-After");
        await pause(asked ? Number(asked) * 1000 : pollMilliseconds);
        reply = await this.cloud.send(await this.audience(), "GET", reply.headers.get("Location")!);
      }
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Soft-deletes a secret on the vault's own data plane: Resource Manager has no delete for it. */
  async deleteSecret(vaultUri: string, name: string): Promise<void> {
    try {
      const url = `${vaultUri}secrets/${name}?api-version=${vaultApiVersion}`;
      await this.cloud.send(vaultAudience, "DELETE", url);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Object id of the identity that the plugin runs as, from its token. */
  async objectId(): Promise<string> {
    const token = await this.cloud.token(await this.audience());
    return JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString()).oid;
  }

  private async send(method: string, id: string, apiVersion: string, body?: Properties) {
    const { resourceManager } = await this.cloud.metadata();
    const url = `${resourceManager.replace(/\/$/, "")}${id}?api-version=${apiVersion}`;
    return this.cloud.send(await this.audience(), method, url, { body });
  }

  private async audience(): Promise<string> {
    const { authentication } = await this.cloud.metadata();
    return authentication.audiences[0]!.replace(/\/$/, "");
  }
}

const isUnderWay = ({ properties }: Properties) => (properties?.provisioningState ?? "Succeeded") !== "Succeeded";

function isNotFound(error: unknown): boolean {
  return error instanceof RequestFailed && error.status === 404;
}
