import { defineConfig } from 'vitest/config';

const project = (name: string, testTimeout = 20_000) => ({
  extends: true as const,
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, hookTimeout: 60_000 },
});

export default defineConfig({
  test: {
    reporters: ['default', './test/support/ci-reporter.ts'],
    maxWorkers: 2,
    projects: [
      project('unit'),
      project('property', 60_000),
      project('contract'),
      project('golden'),
      project('arch', 60_000),
      project('sim', 180_000),
      project('e2e', 120_000),
    ],
  },
});
