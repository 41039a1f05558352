/** Laws of the tests on raw values and tables: whatever the numbers, an answer, never a NaN or an exception. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { andersonDarling } from '../../detectors/exact/anderson-darling.ts';
import { cramersV, testTable } from '../../detectors/exact/chi-square-table.ts';
import {
  cramerVonMises,
  cramerVonMisesExact,
  cramerVonMisesLimit,
} from '../../detectors/exact/cramer-von-mises.ts';
import {
  chiSquareDistance,
  entropy,
  hellinger,
  jensenShannonDistance,
  kullbackLeibler,
  largestDifference,
  sharesOf,
  totalVariation,
} from '../../detectors/exact/divergences.ts';
import { energyDistance } from '../../detectors/exact/energy.ts';
import {
  kolmogorovLimit,
  ksExact,
  ksTwoSample,
  smirnovLimit,
  stephensLimit,
} from '../../detectors/exact/ks-two-sample.ts';
import { ksWeighted } from '../../detectors/exact/ks-weighted.ts';
import { mannWhitney, mannWhitneyExact, mannWhitneyLimit } from '../../detectors/exact/mann-whitney.ts';
import { mcNemar } from '../../detectors/exact/mcnemar.ts';
import {
  benjaminiHochberg,
  benjaminiYekutieli,
  bonferroni,
  holm,
} from '../../detectors/exact/multiplicity.ts';
import { poissonRates } from '../../detectors/exact/poisson-rates.ts';
import {
  clopperPearson,
  newcombe,
  wilson,
  wilsonCorrected,
} from '../../detectors/exact/proportion-intervals.ts';
import { binomialTwoSided, fisherExact, pooledZ, unpooledZ } from '../../detectors/exact/proportions.ts';
import { psiByRule, type ZeroRule } from '../../detectors/exact/psi.ts';
import { quantileOf, weightedQuantile } from '../../detectors/exact/quantiles.ts';
import { populationDeviation } from '../../detectors/exact/sample.ts';
import { wasserstein, wassersteinNormed } from '../../detectors/exact/wasserstein.ts';

/** Extremes, subnormals, ties and what is no number. */
const value = fc.oneof(
  fc.constantFrom(
    0,
    -0,
    1,
    1,
    2,
    1e308,
    -1e308,
    Number.MAX_VALUE,
    5e-324,
    -5e-324,
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ),
  fc.double(),
  fc.integer({ min: -3, max: 3 }),
);
const values = fc.array(value, { maxLength: 14 }).map((list) => ({ values: list }));
const weight = fc.oneof(
  fc.constantFrom(0, 1, 1, 10, 1e-12, 1e9),
  fc.double({ min: 0, max: 100, noNaN: true }),
);
const weighted = fc
  .array(fc.tuple(value, weight), { maxLength: 14 })
  .map((rows) => ({ values: rows.map(([one]) => one), weights: rows.map(([, one]) => one) }));

function expectShare(...shares: readonly (number | undefined)[]): void {
  for (const share of shares) {
    if (share === undefined) continue;
    expect(share).toBeGreaterThanOrEqual(0);
    expect(share).toBeLessThanOrEqual(1);
  }
}

test('two samples: every p and distance is in its range', () => {
  fc.assert(
    fc.property(values, values, (x, y) => {
      const { n, m, d, greater, less } = ksTwoSample(x, y);
      expectShare(d, greater, less, kolmogorovLimit(d, n, m), stephensLimit(d, n, m), smirnovLimit(d, n, m));
      expectShare(ksExact(d, n, m), ksExact(greater, n, m, 'greater'), ksExact(less, n, m, 'less'));
      const distance = cramerVonMises(x, y);
      expect(Number.isFinite(distance.statistic)).toBe(true);
      expectShare(cramerVonMisesExact(distance), cramerVonMisesLimit(distance));
      for (const form of ['midrank', 'right'] as const) {
        const found = andersonDarling(x, y, form);
        if (found !== undefined) expect(Number.isFinite(found.statistic)).toBe(true);
        expectShare(found?.pValueCapped);
      }
      const ranks = mannWhitney(x, y);
      expectShare(ranks.auc, Math.abs(ranks.cliffsDelta));
      for (const side of ['two-sided', 'less', 'greater'] as const) {
        expectShare(mannWhitneyExact(ranks, side), mannWhitneyLimit(ranks, side));
      }
    }),
    { numRuns: 400 },
  );
});

test('weighted samples: distances are finite, and swapping the sides changes no distance', () => {
  fc.assert(
    fc.property(weighted, weighted, (x, y) => {
      for (const distance of [
        wasserstein(x, y),
        energyDistance(x, y),
        wassersteinNormed(x, y),
        populationDeviation(x),
      ]) {
        expect(Number.isFinite(distance)).toBe(true);
        expect(distance).toBeGreaterThanOrEqual(0);
      }
      expect(wasserstein(y, x)).toBe(wasserstein(x, y));
      expect(energyDistance(y, x)).toBe(energyDistance(x, y));
      const one = ksWeighted(x, y);
      const other = ksWeighted(y, x);
      expect(other.d).toBe(one.d);
      expect(other.greater).toBe(one.less);
      expectShare(one.d, one.pValue);
    }),
    { numRuns: 500 },
  );
});

test('quantiles lie within the values, and rise with q', () => {
  fc.assert(
    fc.property(
      weighted,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (x, p, q) => {
        const sorted = x.values.filter(Number.isFinite).sort((a, b) => a - b);
        const [low, high] = [Math.min(p, q), Math.max(p, q)];
        for (const type of [1, 5] as const) {
          const [first, second] = [quantileOf(sorted, low, type), quantileOf(sorted, high, type)];
          if (sorted.length === 0) expect(first).toBeUndefined();
          else
            expect(first as number).toBeLessThanOrEqual(
              (second as number) + Math.abs(second as number) * 1e-12,
            );
        }
        const [first, second] = [weightedQuantile(x, low), weightedQuantile(x, high)];
        if (first !== undefined) expect(first).toBeLessThanOrEqual(second as number);
      },
    ),
  );
});

const count = fc.oneof(fc.constantFrom(0, 0, 1, 5, 1e12, 5e-324, 1e300), fc.nat(1000));
const counts = fc.array(fc.tuple(count, count), { maxLength: 9 });

test('shares: every distance is in its range, and 0 for equal shares', () => {
  const distances = [
    hellinger,
    totalVariation,
    largestDifference,
    chiSquareDistance,
    (p: number[], q: number[]) => jensenShannonDistance(p, q, 2),
  ];
  fc.assert(
    fc.property(counts, (pairs) => {
      const before = pairs.map(([one]) => one);
      const now = pairs.map(([, one]) => one);
      const p = sharesOf(before);
      const q = sharesOf(now);
      const isEmpty = p.every((share) => share === 0) || q.every((share) => share === 0);
      for (const distance of distances) {
        if (!isEmpty) {
          expect(distance(p, q)).toBeGreaterThanOrEqual(0);
          expect(distance(p, q)).toBeLessThanOrEqual(1 + 1e-12);
        }
        expect(distance(p, p)).toBe(0);
      }
      expect(kullbackLeibler(p, q)).not.toBeNaN();
      expect(kullbackLeibler(p, p)).toBe(0);
      expect(entropy(p)).toBeLessThanOrEqual(Math.log(Math.max(1, p.length)) + 1e-9);
      for (const rule of [
        'jeffreys',
        'laplace',
        'naive',
        'evidently',
        'floor',
        'deepchecks',
      ] as const satisfies ZeroRule[]) {
        expect(psiByRule(rule, before, now)).not.toBeNaN();
        expect(psiByRule(rule, before, now)).toBeGreaterThanOrEqual(-1e-12);
      }
    }),
    { numRuns: 400 },
  );
});

test('tables: statistics and p are numbers, whatever is empty', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.nat(2000), { maxLength: 5 }), { maxLength: 4 }), (table) => {
      for (const statistic of ['pearson', 'g'] as const) {
        for (const correction of ['none', 'yates'] as const) {
          const found = testTable(table, { statistic, correction });
          expect(found.statistic).toBeGreaterThanOrEqual(0);
          expectShare(found.pValue);
        }
      }
      expectShare(cramersV(table));
    }),
  );
});

const proportion = fc
  .tuple(fc.integer({ min: 1, max: 3000 }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([n, share]) => ({ k: Math.round(share * n), n }));

test('proportions: p in 0..1, intervals hold the share and widen with confidence', () => {
  fc.assert(
    fc.property(proportion, proportion, (one, other) => {
      const exact = fisherExact(one, other);
      expectShare(exact.twoSided, exact.greater, exact.less, binomialTwoSided(one, other.k / other.n));
      expect(exact.greater + exact.less).toBeGreaterThan(1 - 1e-9);
      expectShare(pooledZ(one, other)?.twoSided, unpooledZ(one, other)?.twoSided);
      for (const interval of [wilson, wilsonCorrected, clopperPearson]) {
        const [low, high] = interval(one, 0.95);
        const [wideLow, wideHigh] = interval(one, 0.99);
        expectShare(low, high, wideLow, wideHigh);
        expect(low).toBeLessThanOrEqual(one.k / one.n + 1e-12);
        expect(high).toBeGreaterThanOrEqual(one.k / one.n - 1e-12);
        expect(wideLow).toBeLessThanOrEqual(low + 1e-12);
        expect(wideHigh).toBeGreaterThanOrEqual(high - 1e-12);
      }
      const [low, high] = newcombe(one, other, 0.95);
      expect(low).toBeLessThanOrEqual(one.k / one.n - other.k / other.n);
      expect(high).toBeGreaterThanOrEqual(one.k / one.n - other.k / other.n);
    }),
    { numRuns: 300 },
  );
});

test('counts of events: every p is in 0..1', () => {
  fc.assert(
    fc.property(
      fc.nat(500),
      fc.nat(500),
      fc.double({ min: 0.001, max: 1e6, noNaN: true }),
      (b, c, exposure) => {
        const { exactP, midP, chiSquareP, correctedP } = mcNemar(b, c);
        expectShare(exactP, midP, chiSquareP, correctedP);
        const rates = poissonRates({ events: b, exposure }, { events: c, exposure: 10 });
        expectShare(rates.twoSided, rates.greater, rates.less);
      },
    ),
  );
});

test('multiplicity: adjusted p never falls below p, keeps its order, and BH ≤ Holm ≤ Bonferroni', () => {
  const p = fc.array(fc.oneof(fc.constantFrom(0, 1, 0.05), fc.double({ min: 0, max: 1, noNaN: true })), {
    maxLength: 20,
  });
  fc.assert(
    fc.property(p, (pValues) => {
      const [bh, by, stepDown, plain] = [benjaminiHochberg, benjaminiYekutieli, holm, bonferroni].map(
        (adjust) => adjust(pValues),
      ) as [number[], number[], number[], number[]];
      pValues.forEach((one, i) => {
        expect(bh[i]).toBeGreaterThanOrEqual(one * (1 - 1e-12));
        expect(by[i]).toBeGreaterThanOrEqual((bh[i] as number) * (1 - 1e-12));
        expect(stepDown[i]).toBeGreaterThanOrEqual((bh[i] as number) * (1 - 1e-12));
        expect(plain[i]).toBeGreaterThanOrEqual((stepDown[i] as number) * (1 - 1e-12));
        expectShare(bh[i], by[i], stepDown[i], plain[i]);
      });
    }),
  );
});
