import { expect, test } from 'vitest';
import { plainFit } from '../../../detectors/ladder/variance.ts';
import type { Compared } from '../../../detectors/segments/contrast.ts';
import type { Sums } from '../../../detectors/segments/sums.ts';
import {
  findWorstSlices,
  type PairSlice,
  type SingleSlice,
  usualLimits,
} from '../../../detectors/segments/worst-slices.ts';

/*
 * A population without chance: every combination of a few fields has its exact number of failing rows, so that what the
 * search names follows from how the shares were set.
 */

const fields = { city: 10, plan: 4 } as const;
type Cell = { readonly city: number; readonly plan: number };
const cells: readonly Cell[] = Array.from({ length: fields.city * fields.plan }, (_, i) => ({
  city: i % fields.city,
  plan: Math.floor(i / fields.city),
}));
const rowsNow = 500;
const rowsBefore = 2_000;

function sum(of: readonly Cell[], rows: number, share: (cell: Cell) => number): Sums {
  const k = of.reduce((total, cell) => total + rows * share(cell), 0);
  const n = of.length * rows;
  return { weight: n, weightSquared: n, sum: k, squares: k };
}

function search(shareNow: (cell: Cell) => number, before = 0.1) {
  const compared = (of: readonly Cell[]): Compared => ({
    current: sum(of, rowsNow, shareNow),
    reference: sum(of, rowsBefore, () => before),
  });
  const terms = (Object.keys(fields) as (keyof typeof fields)[]).flatMap((field) =>
    Array.from({ length: fields[field] }, (_, value) => ({ field, value })),
  );
  const singles: SingleSlice[] = terms.map(({ field, value }) => ({
    term: { field, value: String(value) },
    ...compared(cells.filter((cell) => cell[field] === value)),
  }));
  const pairs: PairSlice[] = cells.map((cell) => ({
    first: cell.city,
    second: fields.city + cell.plan,
    ...compared([cell]),
  }));
  return findWorstSlices({ kind: 'share', fit: plainFit, total: compared(cells), singles, pairs });
}

const namesOf = (found: ReturnType<typeof search>) =>
  found.worst.map(({ terms }) => terms.map(({ field, value }) => `${field}=${value}`).join('&'));

test('nothing moved: nothing is named', () => {
  const found = search(() => 0.1);
  expect(found).toMatchObject({ moved: false, familyP: 1, worst: [] });
  expect(found.tested).toBe(14);
});

test('one value that moved is named, with its size; those that contain its rows are not', () => {
  const found = search(({ city }) => (city === 3 ? 0.2 : 0.1));
  expect(namesOf(found)).toEqual(['city=3']);
  expect(found.worst[0]).toMatchObject({ before: 0.1, rows: 2_000, share: 0.1 });
  expect(found.worst[0]?.now).toBeCloseTo(0.2, 12);
  expect(found.worst[0]?.effect).toBeCloseTo(0.1, 2);
  expect(found.worst[0]?.low).toBeLessThan(0.1);
  expect(found.worst[0]?.high).toBeGreaterThan(0.1);
  expect(Math.abs(found.worst[0]?.shrunk ?? 1)).toBeLessThan(0.1);
  expect(found.familyP).toBeLessThan(1e-20);
});

test('a move of all alike lights no slice, and one that moves besides is still found', () => {
  expect(search(() => 0.2)).toMatchObject({ moved: true, worst: [] });
  const found = search(({ plan }) => (plan === 2 ? 0.35 : 0.2));
  expect(namesOf(found)).toEqual(['plan=2']);
});

test('several that moved are named worst first, up to the limit', () => {
  const found = search(({ city }) => (city < 3 ? 0.14 + 0.04 * city : 0.1));
  expect(namesOf(found)).toEqual(['city=2', 'city=1', 'city=0']);
  const many = search(({ city }) => (city % 2 === 0 ? 0.02 : city < 8 ? 0.18 + city / 100 : 0.1));
  expect(many.worst.length).toBe(usualLimits.max);
});

test('a pair that alone has moved is named as a pair', () => {
  const found = search(({ city, plan }) => (city === 3 && plan === 1 ? 0.4 : 0.1));
  expect(namesOf(found)).toEqual(['city=3&plan=1']);
  expect(found.worst[0]?.rows).toBe(rowsNow);
});

test('a pair is found where its two sides cancel out in every single', () => {
  // City 0 and 1, plan 0 and 1: up in two cells, down in the two others.
  const found = search(({ city, plan }) =>
    city < 2 && plan < 2 ? ((city + plan) % 2 === 0 ? 0.14 : 0.06) : 0.1,
  );
  expect(found.worst).toEqual([]);
  const skewed = search(({ city, plan }) => {
    if (city > 3 || plan > 1) return 0.1;
    return (city + plan) % 2 === 0 ? 0.19 : 0.07;
  });
  expect(skewed.worst.every(({ terms }) => terms.length === 2)).toBe(true);
});

test('of two values, each the other’s peer, the one that moved is meant', () => {
  const of = (k: number, n: number): Sums => ({ weight: n, weightSquared: n, sum: k, squares: k });
  const a = { current: of(1_800, 9_000), reference: of(3_600, 36_000) };
  const b = { current: of(100, 1_000), reference: of(400, 4_000) };
  const total = {
    current: of(1_900, 10_000),
    reference: of(4_000, 40_000),
  };
  for (const [first, second] of [
    [a, b],
    [b, a],
  ] as const) {
    const singles = [first, second].map((one) => ({
      term: { field: 'sex', value: one === a ? 'a' : 'b' },
      ...one,
    }));
    const found = findWorstSlices({ kind: 'share', fit: plainFit, total, singles, pairs: [] });
    expect(found.moved).toBe(true);
    expect(found.worst.map(({ terms }) => terms[0]?.value)).toEqual(['a']);
  }
});

test('an effect under the floor is not named, however sure', () => {
  const of = (k: number, n: number): Sums => ({ weight: n, weightSquared: n, sum: k, squares: k });
  const slice = { current: of(105_000, 1e6), reference: of(100_000, 1e6) };
  const other = { current: of(1e6, 1e7), reference: of(1e6, 1e7) };
  const total = { current: of(1_105_000, 1.1e7), reference: of(1_100_000, 1.1e7) };
  const singles = [
    { term: { field: 'f', value: 'a' }, ...slice },
    { term: { field: 'f', value: 'b' }, ...other },
  ];
  const ask = { kind: 'share', fit: plainFit, total, singles, pairs: [] } as const;
  expect(findWorstSlices(ask).worst.length).toBe(1);
  expect(findWorstSlices(ask, { ...usualLimits, floor: 0.01 })).toMatchObject({ familyP: 1, worst: [] });
});
