import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type ArchitectureReport,
  checkArchitecture,
  judgeCruise,
  productFolders,
} from '../../tools/architecture.ts';

const root = join(import.meta.dirname, '..', '..');

test('every source file is read, and each imports only what its layer may', () => {
  const report = checkArchitecture(root);
  expect(report.faults).toEqual([]);
  expect(report.cruised).toBeGreaterThan(40);
});

test('an answer about no modules is a fault, though it names no violation', () => {
  const empty = { modules: [], summary: { totalCruised: 0, violations: [] } };
  const { faults } = judgeCruise(empty, ['core/pane.ts']);
  expect(faults).toHaveLength(2);
  expect(faults[0]).toContain('read 0 modules');
  expect(faults[1]).toContain('core/pane.ts was not read');
});

/** File planted in a copy of the project → its text, and what the report must say about it. */
const planted: readonly (readonly [file: string, text: string, rule: string])[] = [
  ['core/faulty-upward.ts', "export type { Answer } from '../agent/http.ts';", 'core: folders'],
  ['core/faulty-package.ts', "export { z } from 'zod';", 'core: packages'],
  ['detectors/faulty-file.ts', "export { readFileSync } from 'node:fs';", 'detectors: effects'],
  ['detectors/faulty-bare.ts', "export { readFileSync } from 'fs';", 'detectors: effects'],
  // A package whose entry is in a folder named dist, like that of most.
  ['agent/admin/faulty-http.ts', "export { undici } from 'undici';", 'agent/admin: packages'],
  ['agent/pipeline/faulty-pino.ts', "export { pino } from 'pino';", 'agent/pipeline: packages'],
  ['agent/adapters/faulty-yaml.ts', "export { parse } from 'yaml';", 'agent/adapters: packages'],
  ['conventions/faulty-zod.ts', "export { z } from 'zod';", 'conventions: packages'],
  ['alerts/faulty-type.ts', "import { x } from '../config/config.ts';\nexport const y = x;", 'alerts: types'],
  ['config/faulty-pipeline.ts', "export type { Answer } from '../agent/http.ts';", 'config: folders'],
  [
    'agent/pipeline/faulty-adapter.ts',
    "export { faulty } from '../adapters/faulty.ts';",
    'only-cli-and-main-see-adapters',
  ],
  [
    'agent/adapters/faulty.ts',
    "export { defineDetector as faulty } from '../../detectors/detector.ts';",
    'agent/adapters: folders',
  ],
  [
    'agent/receivers/faulty-registry.ts',
    "export * from '../../detectors/registry.ts';",
    'only-the-root-sees-registries',
  ],
  [
    'detectors/planted_one.ts',
    "export { two as one } from './planted_two.ts';",
    'only-registries-see-plugins',
  ],
  ['detectors/planted_two.ts', 'export const two = 2;', ''],
  ['core/cycle-a.ts', "export { b } from './cycle-b.ts';\nexport const a = 1;", 'no-cycles'],
  ['core/cycle-b.ts', "export { a } from './cycle-a.ts';\nexport const b = 1;", ''],
  ['core/faulty-orphan.ts', 'export const nobody = 1;', 'no-orphans'],
  ['core/faulty-path.ts', "export { gone } from './gone.ts';", 'every-import-resolves'],
  ['agent/cli/faulty-dev.ts', "export { test } from 'vitest';", 'product-uses-runtime-packages'],
  ['test/sim/faulty-sim.ts', "export { readFileSync } from 'node:fs';", 'simulation-has-no-effects'],
];

let copy = '';
let report: ArchitectureReport = { cruised: 0, faults: [] };

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'kedge-arch-'));
  for (const name of [...productFolders, '.dependency-cruiser.cjs', 'tsconfig.json', 'package.json']) {
    cpSync(join(root, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const [file, text] of planted) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    writeFileSync(join(copy, file), `${text}\n`);
  }
  writeFileSync(
    join(copy, 'detectors/registry.ts'),
    "export { one } from './planted_one.ts';\nexport { two } from './planted_two.ts';\n",
  );
  report = checkArchitecture(copy);
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

test.each(planted.filter(([, , rule]) => rule !== ''))(
  'a fault planted in %s is named',
  (file, _text, rule) => {
    const about = report.faults.filter((fault) => fault.startsWith(`${file} →`));
    expect(about.join('\n')).toContain(rule);
  },
);

test('what a registry may do is no fault', () => {
  expect(report.faults.filter((fault) => fault.startsWith('detectors/registry.ts'))).toEqual([]);
});

test('a project without sources is not a clean one', () => {
  const bare = mkdtempSync(join(tmpdir(), 'kedge-arch-bare-'));
  try {
    mkdirSync(join(bare, 'core'));
    cpSync(join(root, '.dependency-cruiser.cjs'), join(bare, '.dependency-cruiser.cjs'));
    cpSync(join(root, 'tsconfig.json'), join(bare, 'tsconfig.json'));
    expect(checkArchitecture(bare).faults).not.toEqual([]);
  } finally {
    rmSync(bare, { recursive: true, force: true });
  }
});
