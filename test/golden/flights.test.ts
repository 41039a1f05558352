import { readFileSync } from 'node:fs';
import { quantileSorted } from 'simple-statistics';
import { expect, test } from 'vitest';
import type { NumericScale } from '../../core/scale.ts';
import { countNumber, newCounters } from '../../detectors/counters/counters.ts';
import { ksDistances } from '../../detectors/ks.ts';
import { psiOfCounts } from '../../detectors/psi.ts';
import { expectAllNamed, expectGolden, readGolden } from './golden.ts';

/** Real delays: January 2001 as the reference. The figures are by numpy and scipy, printed with 8 digits. */
const file = readGolden<Record<string, Record<string, number>>>('real/flights.json');
const printed = { abs: 1e-7 };
const months = ['2001/02', '2001/03'];

interface Flight {
  readonly date: string;
  readonly delay: number;
}

const path = new URL('../../node_modules/vega-datasets/data/flights-20k.json', import.meta.url);
const flights = JSON.parse(readFileSync(path, 'utf8')) as readonly Flight[];
const delaysOf = (date: string) => flights.filter((one) => one.date.startsWith(date)).map((one) => one.delay);
const reference = delaysOf('2001/01').sort((a, b) => a - b);

function count(scale: NumericScale, values: readonly number[]) {
  const counters = newCounters(scale);
  for (const value of values) countNumber(counters, scale, value, 1);
  return counters;
}

test('every figure of the file is checked here, or from raw values in real-data.test.ts', () => {
  expectAllNamed(Object.keys(file), [...months, 'worst_days'], []);
  const checked = [
    'n_ref',
    'n_cur',
    'ks_D',
    'psi_q10_add_half',
    'psi_bins',
    'ref_mean',
    'cur_mean',
    'ref_std_pop',
  ];
  const fromRawValues = ['wasserstein', 'wasserstein_over_ref_std', 'js_sturges_natural'];
  expectAllNamed(
    months.flatMap((month) => Object.keys(file[month] ?? {})),
    checked,
    // scipy's p is kstwo.sf of a rounded size, not the limit that we judge by: informative.
    [...fromRawValues, 'ks_p_asymp'],
  );
});

test.each(months)('%s against January: rows, D, mean and standard deviation', (month) => {
  const figures = file[month] as Record<string, number>;
  const edges = Float64Array.from(new Set(flights.map((one) => one.delay))).sort();
  const scale: NumericScale = {
    kind: 'numeric',
    id: 'sc_exact',
    edges,
    group: new Uint8Array(edges.length + 1),
  };
  const before = count(scale, reference);
  const now = count(scale, delaysOf(month));
  expect([before.rows, now.rows]).toEqual([figures['n_ref'], figures['n_cur']]);
  expectGolden('D', ksDistances(before.counts, now.counts).d, figures['ks_D'] as number, printed);
  expectGolden('mean of the reference', before.mean, figures['ref_mean'] as number, printed);
  expectGolden('mean', now.mean, figures['cur_mean'] as number, printed);
  expectGolden('sd', Math.sqrt(before.m2 / before.weight), figures['ref_std_pop'] as number, printed);
});

test.each(months)('%s against January: PSI of the file', (month) => {
  // numpy's histogram puts a value that equals an edge into the upper bin; our cells put it into the lower one.
  const edges = [...new Set(Array.from({ length: 9 }, (_, i) => quantileSorted(reference, (i + 1) / 10)))];
  const histogram = (values: readonly number[]) => {
    const counts = new Array<number>(edges.length + 1).fill(0);
    for (const value of values) {
      const bin = edges.filter((edge) => edge <= value).length;
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
    return counts;
  };
  const figures = file[month] as Record<string, number>;
  expect(edges.length + 1).toBe(figures['psi_bins']);
  const psi = psiOfCounts(histogram(reference), histogram(delaysOf(month)));
  expectGolden('PSI', psi, figures['psi_q10_add_half'] as number, printed);
});

test('the mean delay of the worst days', () => {
  for (const [day, mean] of Object.entries(file['worst_days'] ?? {})) {
    const delays = delaysOf(day);
    // Printed with two decimals.
    expectGolden(day, delays.reduce((sum, delay) => sum + delay, 0) / delays.length, mean, {
      abs: 0.005 + 1e-9,
    });
  }
});
