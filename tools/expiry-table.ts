import { dayMilliseconds, warningDays } from "../dynamic-providers/expiry.ts";

/** When a stack's credential ends and when its next one is due. A stack that declares no publisher has none of its own. */
export interface StackDates {
  readonly stack: string;
  /** Such as "2027-06-01T00:00:00Z". */
  readonly credentialExpiresOn: string | null;
  readonly nextRotationOn: string | null;
  /** True when there is something to do: `pulumi up` of that stack. */
  readonly due: boolean;
  /** What is due, or that nothing is. */
  readonly state: string;
}

/** What a stack's outputs tell as of a time. */
export function duenessOf(stack: string, outputs: Record<string, unknown>, asOf: Date): StackDates {
  const credentialExpiresOn = timeOf(outputs.credentialExpiresOn);
  const nextRotationOn = timeOf(outputs.nextRotationOn);
  const isPast = (time: string | null, daysBefore = 0) =>
    time !== null && Date.parse(time) - daysBefore * dayMilliseconds <= asOf.getTime();
  const reasons = [
    [isPast(credentialExpiresOn), "expired"],
    [isPast(credentialExpiresOn, warningDays), `expires within ${warningDays} days`],
    [isPast(nextRotationOn), "rotation is due"],
  ] as const;
  const reason = reasons.find(([holds]) => holds)?.[1];
  const state = reason
    ? `${reason}: run pulumi up --stack ${stack}`
    : credentialExpiresOn
      ? ""
      : "no credential of its own";
  return { stack, credentialExpiresOn, nextRotationOn, due: reason !== undefined, state };
}

/** Lines under each other, in columns. */
export function table(rows: readonly StackDates[]): string {
  if (rows.length === 0) return "There is no stack.";
  const lines = [
    ["stack", "credential expires on", "next rotation on", ""],
    ...rows.map(({ stack, credentialExpiresOn, nextRotationOn, state }) => [
      stack,
      credentialExpiresOn ?? "-",
      nextRotationOn ?? "-",
      state,
    ]),
  ];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const timeOf = (value: unknown) => (typeof value === "string" && !Number.isNaN(Date.parse(value)) ? value : null);
