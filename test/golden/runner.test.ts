import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runGoldenFile } from '../../tools/golden/runner.ts';
import { passes, tolerancesOf } from '../../tools/golden/tolerance.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kedge-golden-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Content {
  file: string;
  cases: { name: string; kind?: string; fn?: string; expected: unknown }[];
}

/** A golden file, changed before it is run. */
function changed(name: string, change: (content: Content) => void) {
  const content = JSON.parse(readFileSync(join(import.meta.dirname, name), 'utf8')) as Content;
  change(content);
  const path = join(folder, 'changed.json');
  writeFileSync(path, JSON.stringify(content));
  return runGoldenFile(path);
}

test('a number that differs is named with its case and its key', async () => {
  const { passed, differences } = await changed('02_ks_weighted.json', ({ cases }) => {
    (cases[0] as { expected: { statistic: number } }).expected.statistic += 1e-9;
  });
  expect(differences).toHaveLength(1);
  expect(differences[0]).toContain('unit_weights · statistic: got 0.1666666');
  expect(passed).toBe(29);
});

test.each<[string, string, (content: Content) => void, string]>([
  [
    'a key that is not computed',
    '02_ks_weighted.json',
    ({ cases }) => {
      Object.assign(cases[0]?.expected as object, { new_key: 1 });
    },
    'new_key: got undefined',
  ],
  [
    'a list of another length',
    '09_multiplicity.json',
    ({ cases }) => {
      (cases[0] as { expected: { bh: number[] } }).expected.bh.push(1);
    },
    'bh: got 15 values',
  ],
  [
    'an unknown kind',
    '08_proportions.json',
    ({ cases }) => {
      Object.assign(cases[0] as object, { kind: 'other' });
    },
    'unknown kind other',
  ],
  [
    'an unknown function',
    '15_special_functions.json',
    ({ cases }) => {
      Object.assign(cases[0] as object, { fn: 'zeta' });
    },
    'unknown function zeta',
  ],
  [
    'a file that nothing computes',
    '15_special_functions.json',
    (content) => {
      content.file = '77_other';
    },
    'there is no tools/golden/77-*.ts',
  ],
  [
    'a file without cases',
    '15_special_functions.json',
    (content) => {
      Object.assign(content, { cases: undefined });
    },
    'no list of cases',
  ],
])('%s is a failure', async (_, name, change, text) => {
  const { differences } = await changed(name, change);
  expect(differences).toHaveLength(1);
  expect(differences[0]).toContain(text);
});

test('other keys of a file, and what is informative, are not judged', async () => {
  const { differences, informative } = await changed('01_ks_two_sample.json', (content) => {
    Object.assign(content, { generator: 'x' });
    const first = content.cases[0] as { expected: { less: object } };
    Object.assign(first.expected.less, { p_asymp_scipy: 7 });
  });
  expect(differences).toEqual([]);
  expect(informative.filter((line) => line.includes('want 7'))).toHaveLength(1);
});

const table = {
  own: { abs: 1 },
  parent: { abs: 2 },
  the_case: { abs: 3 },
  intervals: { abs: 4 },
  p: { abs: 5 },
  'T,z': { abs: 6 },
  counts: 'exact',
  shown: 'informative',
} as const;

test.each([
  ['its own key', ['parent', 'own'], 'a', [], { abs: 1 }],
  ['a key above', ['parent', 'other'], 'a', [], { abs: 2 }],
  ['the name of the case', ['other'], 'the_case', [], { abs: 3 }],
  ['the family that the module names', ['wilson_95'], 'a', ['intervals'], { rel: 0, abs: 4 }],
  ['the beginning of the key', ['p_two_sided'], 'a', [], { abs: 5 }],
  ['a name in a list', ['z'], 'a', [], { abs: 6 }],
  ['exact', ['counts'], 'a', [], { abs: 0 }],
  ['informative', ['shown'], 'a', [], 'informative'],
  ['none: a relative 1e-9', ['psi'], 'a', [], { rel: 1e-9 }],
])('a tolerance by %s', (_, keys, name, families, want) => {
  expect(tolerancesOf(table, keys, name, families)).toEqual(want);
});

test('`all` holds for what has no other', () => {
  expect(tolerancesOf({ all: { rel: 0.1 }, own: { abs: 1 } }, ['x'], 'a', [])).toEqual({ rel: 0.1 });
});

test.each([
  [1.05, 1, { abs: 0.1 }, true],
  [1.05, 1, { rel: 0.01, abs: 0.1 }, true],
  [1.05, 1, { rel: 0.01, abs: 0.01 }, false],
  [-0, 0, { abs: 0 }, true],
  [Number.NaN, Number.NaN, {}, true],
  [Number.NaN, 1, { abs: 9 }, false],
  [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, {}, true],
  [1e308, Number.POSITIVE_INFINITY, { abs: 9 }, false],
  [undefined, 1, { abs: 9 }, false],
])('%d for %d within %o passes: %s', (got, want, tolerance, isPassing) => {
  expect(passes(got, want, tolerance)).toBe(isPassing);
});
