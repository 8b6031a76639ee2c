import type { TestCase } from "vitest/node";

/** The parts of the table that a test run ends with, in their order. */
const areas = ["drift", "adoption", "fault", "kill", "interrupt"] as const;
type Area = (typeof areas)[number];

/** What a test tried of one kind, and how often. */
export interface Trial {
  readonly area: Area;
  readonly what: string;
  readonly count: number;
}

declare module "vitest" {
  interface TaskMeta {
    trials?: Trial[];
  }
}

/** Notes that a test tries something: it counts as survived if the test passes. Call it before the first thing that can fail. */
export function tries(task: { meta: { trials?: Trial[] } }, area: Area, what: string, count = 1): void {
  task.meta.trials = [...(task.meta.trials ?? []), { area, what, count }];
}

/** The table's lines: for each thing how often it was tried and survived, by what the tests noted. */
export function tableOf(tests: readonly TestCase[]): string[] {
  const rows = new Map<string, Trial & { survived: number }>();
  for (const test of tests) {
    const passed = test.result().state === "passed";
    for (const { area, what, count } of test.meta().trials ?? []) {
      const row = rows.get(`${area} ${what}`) ?? { area, what, count: 0, survived: 0 };
      rows.set(`${area} ${what}`, { ...row, count: row.count + count, survived: row.survived + (passed ? count : 0) });
    }
  }
  if (rows.size === 0) return [];
  const sorted = areas.flatMap((area) => [...rows.values()].filter((row) => row.area === area));
  const width = Math.max(...sorted.map(({ what }) => what.length));
  const line = (area: string, what: string, tried: string | number, survived: string | number) =>
    `${area.padEnd(9)}  ${what.padEnd(width)}  ${String(tried).padStart(5)}  ${String(survived).padStart(8)}`;
  return [
    line("", "", "tried", "survived"),
    ...sorted.map(({ area, what, count, survived }) => line(area, what, count, survived)),
  ];
}
