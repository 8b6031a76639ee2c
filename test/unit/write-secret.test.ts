import { describe, expect, it } from "vitest";
import type { Api, Row } from "../../dynamic-providers/api.ts";
import { VendorError } from "../../dynamic-providers/errors.ts";
import { writeSecret } from "../../dynamic-providers/key-vault/secrets.ts";
import { settling } from "../../dynamic-providers/lifecycles/settling.ts";
import { untilSettled } from "../../dynamic-providers/waiting.ts";

const conflict = (code: string) => new VendorError(409, code, "refused");
const id = "https://kv.vault.azure.net/secrets/client-secret/0123456789abcdef0123456789abcdef";

/** A vault that answers the writes and the recovers of a secret in turn; an error is thrown. */
function vaultThat(puts: (Row | Error)[], recovers: (Row | Error)[]) {
  const requests: string[] = [];
  const answer = (rows: (Row | Error)[]) => async (path: string) => {
    requests.push(path.split("?")[0]!);
    const next = rows.shift();
    if (next instanceof Error || !next) throw next ?? new Error("asked once too often");
    return next;
  };
  return { requests, api: { put: answer(puts), post: answer(recovers) } as unknown as Api };
}

const write = (api: Api) =>
  untilSettled(
    "the vault",
    60,
    settling.vault,
    () => {},
    () => writeSecret(api, "client-secret", { value: "v", contentType: "text/plain", expires: 1, tags: {} }),
  );

describe("writing a secret whose name a soft-deleted one has", () => {
  it("recovers it and waits until the vault has done so", async () => {
    const { api, requests } = vaultThat(
      [conflict("ObjectIsDeletedButRecoverable"), conflict("ObjectIsBeingRecovered"), { id }],
      [{}],
    );
    expect((await write(api)).uri).toBe(id);
    expect(requests).toEqual([
      "/secrets/client-secret",
      "/deletedsecrets/client-secret/recover",
      "/secrets/client-secret",
      "/secrets/client-secret",
    ]);
  });

  it.each([
    ["is recovered by somebody else", conflict("ObjectIsBeingRecovered")],
    ["is there again", new VendorError(404, "SecretNotFound", "refused")],
  ])("goes on when it %s meanwhile", async (_what, refusal) => {
    const { api } = vaultThat([conflict("ObjectIsDeletedButRecoverable"), { id }], [refusal]);
    expect((await write(api)).uri).toBe(id);
  });

  it("waits for a delete that is under way", async () => {
    const { api } = vaultThat([conflict("ObjectIsBeingDeleted"), { id }], []);
    expect((await write(api)).uri).toBe(id);
  });

  it("says what the vault refuses for good", async () => {
    const refusal = new VendorError(403, "Forbidden", "no recover permission");
    const { api } = vaultThat([conflict("ObjectIsDeletedButRecoverable")], [refusal]);
    await expect(write(api)).rejects.toBe(refusal);
  });
});
