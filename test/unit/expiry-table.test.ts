import { describe, expect, it } from "vitest";
import { duenessOf, table } from "../../tools/expiry-table.ts";

const outputs = { credentialExpiresOn: "2027-10-02T00:00:00Z", nextRotationOn: "2027-09-02T00:00:00Z" };
const dueOn = (time: string, told: Record<string, unknown> = outputs) => {
  const { due, state } = duenessOf("prod", told, new Date(time));
  return [due, state];
};

describe("what a stack's outputs tell", () => {
  it.each([
    ["2027-09-01T23:59:59Z", false, ""],
    ["2027-09-02T00:00:00Z", true, "rotation is due: run pulumi up --stack prod"],
    ["2027-09-18T00:00:00Z", true, "expires within 14 days: run pulumi up --stack prod"],
    ["2027-10-02T00:00:00Z", true, "expired: run pulumi up --stack prod"],
  ])("as of %s", (time, due, state) => {
    expect(dueOn(time)).toEqual([due, state]);
  });

  it("is an expiry within 14 days even where the rotation is planned for later", () => {
    expect(dueOn("2027-09-20", { ...outputs, nextRotationOn: "2027-09-24T00:00:00Z" })[0]).toBe(true);
    expect(dueOn("2027-09-17", { ...outputs, nextRotationOn: "2027-09-24T00:00:00Z" })[0]).toBe(false);
  });

  it.each([[{}], [{ credentialExpiresOn: "[secret]", nextRotationOn: 7 }]])(
    "is nothing for a stack without dates: %j",
    (told) => {
      expect(duenessOf("fabrikam", told, new Date())).toEqual({
        stack: "fabrikam",
        credentialExpiresOn: null,
        nextRotationOn: null,
        due: false,
        state: "no credential of its own",
      });
    },
  );
});

describe("the table", () => {
  it("has a line a stack, in columns", () => {
    const asOf = new Date("2027-09-05");
    expect(table([duenessOf("prod", outputs, asOf), duenessOf("fabrikam", {}, asOf)]).split("\n")).toEqual([
      "stack     credential expires on  next rotation on",
      "prod      2027-10-02T00:00:00Z   2027-09-02T00:00:00Z  rotation is due: run pulumi up --stack prod",
      "fabrikam  -                      -                     no credential of its own",
    ]);
  });

  it("says when there is no stack", () => {
    expect(table([])).toBe("There is no stack.");
  });
});
