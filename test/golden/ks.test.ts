// The detector's own way to D and p, from counters with a cell for each value. Exact tests on raw values: golden-files.test.ts.
import { expect, test } from 'vitest';
import type { NumericScale } from '../../core/scale.ts';
import { countNumber, effectiveSize, newCounters } from '../../detectors/counters/counters.ts';
import { ksDistances, ksPValue } from '../../detectors/ks.ts';
import { expectGolden, type GoldenFile, type GoldenNumber, readGolden, toleranceOf } from './golden.ts';

type Side = Readonly<Record<string, GoldenNumber>>;

interface TwoSample {
  readonly name: string;
  /** Either raw values or counts of each value of `support`. */
  readonly input: Readonly<Partial<Record<'x' | 'y' | 'support' | 'count_x' | 'count_y', readonly number[]>>>;
  readonly expected: Readonly<Record<'two-sided', Side>> &
    Readonly<Partial<Record<'less' | 'greater', Side>>>;
}

interface Weighted {
  readonly name: string;
  readonly input: Readonly<Record<'x' | 'wx' | 'y' | 'wy', readonly number[]>>;
  readonly expected: Readonly<Record<string, GoldenNumber>>;
}

/** A cell per distinct value: there D from cells is D of the raw values. */
function exactScale(values: readonly number[]): NumericScale {
  const edges = Float64Array.from(new Set(values)).sort();
  return { kind: 'numeric', id: 'sc_exact', edges, group: new Uint8Array(edges.length + 1) };
}

function count(scale: NumericScale, values: readonly number[], weights?: readonly number[]) {
  const counters = newCounters(scale);
  values.forEach((value, i) => {
    const weight = weights?.[i] ?? 1;
    // A row of weight 0 was never seen.
    if (weight > 0) countNumber(counters, scale, value, weight);
  });
  return counters;
}

/** Cell i holds the value of edge i; the last cell, above them all, is empty. */
function countsOf(scale: NumericScale, values?: readonly number[], counts?: readonly number[]): Float64Array {
  if (values !== undefined) return count(scale, values).counts;
  return Float64Array.from([...(counts ?? []), 0]);
}

const twoSample = readGolden<GoldenFile<TwoSample>>('01_ks_two_sample.json');

test.each(twoSample.cases)('01 two samples: $name', ({ name, input, expected }) => {
  const scale = exactScale(input.support ?? [...(input.x ?? []), ...(input.y ?? [])]);
  const x = countsOf(scale, input.x, input.count_x);
  const y = countsOf(scale, input.y, input.count_y);
  const { d, above, below } = ksDistances(x, y);
  const tolerance = toleranceOf(twoSample, 'statistic');
  expectGolden(name, d, expected['two-sided']['statistic'] as number, tolerance);
  const sides = { greater: above, less: below };
  for (const side of ['greater', 'less'] as const) {
    const want = expected[side]?.['statistic'];
    if (want !== undefined) expectGolden(`${name} ${side}`, sides[side], want, tolerance);
  }
  const n = x.reduce((sum, rows) => sum + rows, 0);
  const m = y.reduce((sum, rows) => sum + rows, 0);
  const en = expected['two-sided']['en'];
  if (en !== undefined) expectGolden(`${name} en`, (n * m) / (n + m), en, { rel: 1e-12 });
  const limit = toleranceOf(twoSample, 'p_kolmogorov_limit');
  expectGolden(`${name} p`, ksPValue(d, n, m), expected['two-sided']['p_kolmogorov_limit'] as number, limit);
});

const weighted = readGolden<GoldenFile<Weighted>>('02_ks_weighted.json');

test.each(weighted.cases)('02 weighted samples: $name', ({ name, input, expected }) => {
  const scale = exactScale([...input.x, ...input.y]);
  const x = count(scale, input.x, input.wx);
  const y = count(scale, input.y, input.wy);
  const { d, above, below } = ksDistances(x.counts, y.counts);
  const got = {
    statistic: d,
    greater: above,
    less: below,
    n_eff_x: effectiveSize(x),
    n_eff_y: effectiveSize(y),
    p_kolmogorov_limit: ksPValue(d, effectiveSize(x), effectiveSize(y)),
  };
  const families = { greater: 'statistic', less: 'statistic', n_eff_y: 'n_eff_x' } as const;
  for (const [key, value] of Object.entries(got)) {
    const family = families[key as keyof typeof families] ?? key;
    expectGolden(`${name} ${key}`, value, expected[key] as number, toleranceOf(weighted, family));
  }
  expect(weighted.cases.length).toBe(5);
});
