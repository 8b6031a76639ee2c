import type { Reporter, TestModule } from "vitest/node";
import { tableOf } from "./reliability.ts";

/**
 * Ends a run with the table of what was tried and survived (docs/reliability.md), and one plain line, for people and for CI:
 * "12 passed, 0 failed". A file that does not load counts as failed.
 */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const states = tests.map((test) => test.result().state);
    const broken = modules.filter((module) => module.errors().length > 0).length + errors.length;
    const count = (state: string) => states.filter((each) => each === state).length;
    const skipped = count("skipped");
    // After vitest's own summary, which is printed at the same event.
    process.on("exit", () => {
      process.stdout.write(
        `${tableOf(tests)
          .map((line) => `${line}\n`)
          .join(
            "",
          )}${count("passed")} passed, ${count("failed") + broken} failed${skipped ? `, ${skipped} skipped` : ""}\n`,
      );
    });
  }
}
