import type { Reporter, TestModule } from 'vitest/node';

/** Ends the run with the plain line `N passed, N failed[, N skipped]`; a file that failed to load counts as a failure. */
export default class CiReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      if (module.state() === 'failed' && module.children.allTests().next().done) count.failed++;
      for (const test of module.children.allTests()) {
        const state = test.result().state;
        count[state === 'passed' ? 'passed' : state === 'skipped' ? 'skipped' : 'failed']++;
      }
      count.failed += module.errors().length;
    }
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : '';
    console.log(`\n${count.passed} passed, ${count.failed} failed${skipped}`);
  }
}
