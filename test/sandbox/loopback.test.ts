import { once } from "node:events";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestSandbox, type TestSandbox } from "../support/sandbox.ts";

let sandbox: TestSandbox;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  await sandbox.context.vaultUrl(1); // as for a second vault
});
afterAll(() => sandbox.close());

/** Whether something listens there. */
async function listens(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port, timeout: 2_000 });
  socket.once("timeout", () => socket.destroy(new Error("no answer")));
  const connected = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return connected;
}

test("Every service listens on 127.0.0.1, and on no other address of this machine", async () => {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const others = [...own.filter(({ internal }) => !internal).map(({ address }) => address), "127.0.0.2", "::1"];
  const ports = [...sandbox.context.store.collection<number>("ports")];
  const { organizations, ...services } = sandbox.endpoints;
  expect(ports.length).toBe(Object.keys(services).length + Object.keys(organizations).length + 1);
  for (const [name, port] of ports) {
    expect(await listens("127.0.0.1", port), name).toBe(true);
    for (const address of others) expect(await listens(address, port), `${name} on ${address}`).toBe(false);
  }
});
