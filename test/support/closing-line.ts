import type { Reporter, TestModule } from "vitest/node";

/** Ends a run with one plain line, for people and for CI: "12 passed, 0 failed". A file that does not load counts as failed. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const states = modules.flatMap((module) => [...module.children.allTests()].map((test) => test.result().state));
    const broken = modules.filter((module) => module.errors().length > 0).length + errors.length;
    const count = (state: string) => states.filter((each) => each === state).length;
    const skipped = count("skipped");
    // After vitest's own summary, which is printed at the same event.
    process.on("exit", () => {
      process.stdout.write(
        `${count("passed")} passed, ${count("failed") + broken} failed${skipped ? `, ${skipped} skipped` : ""}\n`,
      );
    });
  }
}
