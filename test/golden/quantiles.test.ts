import { quantileSorted } from 'simple-statistics';
import { expect, test } from 'vitest';
import { binomialLower, quantileRanks } from '../../detectors/math/binomial.ts';
import { expectAllNamed, expectGolden, type GoldenFile, readGolden, toleranceOf } from './golden.ts';

interface Case {
  readonly name: string;
  readonly kind: string;
  readonly input: {
    readonly x: number[];
    readonly q: number[];
    readonly n: number;
    readonly confidence: number;
  };
  readonly expected: Readonly<Record<string, number[]>> & {
    readonly rank_low: number | null;
    readonly rank_high: number | null;
    readonly coverage: number;
  };
}

const file = readGolden<GoldenFile<Case>>('10_quantiles.json');

test('10: every kind and key is checked or listed as not in this issue', () => {
  const found = file.cases.flatMap((one) => Object.keys(one.expected).map((key) => `${one.kind} ${key}`));
  const ranks = ['rank_low', 'rank_high', 'coverage'].map((key) => `order_statistic_ci ${key}`);
  // Quantiles of raw values of types 1 and 5, and weighted ones: windows keep cells, not values.
  const notInThisIssue = ['type7 inverted_cdf_type1', 'type7 hazen_type5', 'weighted inverted_cdf'];
  expectAllNamed(found, ['type7 type7', ...ranks], notInThisIssue);
});

test.each(file.cases.filter((one) => one.kind === 'type7'))(
  '10 type 7, which freezes edges: $name',
  (one) => {
    const sorted = one.input.x.toSorted((a, b) => a - b);
    one.input.q.forEach((q, i) => {
      const want = one.expected['type7']?.[i] as number;
      expectGolden(`${one.name} at ${q}`, quantileSorted(sorted, q), want, toleranceOf(file, 'quantiles'));
    });
  },
);

test.each(file.cases.filter((one) => one.kind === 'order_statistic_ci'))(
  '10 ranks: $name',
  ({ input, expected }) => {
    // The file names the quantile q and its input is one number.
    const q = input.q as unknown as number;
    const { low, high } = quantileRanks(input.n, q, (1 - input.confidence) / 2);
    expect(low ?? null).toBe(expected.rank_low);
    expect(high ?? null).toBe(expected.rank_high);
    const coverage =
      binomialLower((high ?? input.n + 1) - 1, input.n, q) - binomialLower((low ?? 0) - 1, input.n, q);
    expectGolden('coverage', coverage, expected.coverage, toleranceOf(file, 'coverage'));
  },
);
