/** Tails of distributions that no golden file has, against printed tables and exact sums (mpmath, Python's fractions). */
import { expect, test } from 'vitest';
import { ksExact } from '../../../detectors/exact/ks-two-sample.ts';
import { fisherExact } from '../../../detectors/exact/proportions.ts';
import { betaLower, betaQuantile } from '../../../detectors/math/beta.ts';
import {
  bridgeEigenvalues,
  bridgeFormInverse,
  bridgeFormUpper,
} from '../../../detectors/math/bridge-form.ts';
import { chiSquareUpper } from '../../../detectors/math/chi-square.ts';
import { cramerVonMisesUpper } from '../../../detectors/math/cramer-von-mises.ts';
import { fisherUpper, fisherUpperInverse } from '../../../detectors/math/fisher-f.ts';
import { gammaUpper } from '../../../detectors/math/gamma.ts';

const relative = (got: number | undefined, want: number) => Math.abs((got ?? Number.NaN) / want - 1);

const points = (count: number, weightOf: (share: number) => number) =>
  Array.from({ length: count - 1 }, (_, i) => {
    const share = (i + 1) / count;
    return { share, weight: weightOf(share) / count };
  });
const cramer = bridgeEigenvalues(points(1000, () => 1));
const darling = bridgeEigenvalues(points(1000, (share) => 1 / (share * (1 - share))));

test('eigenvalues of many even points are those of the limits, 1/(kπ)² and 1/(k(k+1))', () => {
  for (let k = 1; k <= 5; k++) {
    expect(relative(cramer[k - 1], 1 / (k * Math.PI) ** 2)).toBeLessThan(1e-4);
    expect(relative(darling[k - 1], 1 / (k * (k + 1)))).toBeLessThan(1e-4);
  }
});

test.each([
  // Anderson and Darling (1952), table 1; for A² Anderson and Darling (1954).
  ['Cramér–von Mises', cramer, 0.46136, 0.05],
  ['Cramér–von Mises', cramer, 0.74346, 0.01],
  ['Anderson–Darling', darling, 2.492, 0.05],
  ['Anderson–Darling', darling, 3.857, 0.01],
] as const)('%s by saddle point: at %d of %d it is right to a tenth', (_, eigenvalues, x, p) => {
  expect(relative(bridgeFormUpper(x, eigenvalues), p)).toBeLessThan(0.1);
});

test('the limit of Cramér–von Mises has its printed values', () => {
  expect(relative(cramerVonMisesUpper(0.46136), 0.05)).toBeLessThan(1e-4);
  expect(relative(cramerVonMisesUpper(0.74346), 0.01)).toBeLessThan(1e-4);
  expect(relative(cramerVonMisesUpper(0.11888), 0.5)).toBeLessThan(1e-4);
});

test('the saddle point stays with the true tail as far as it goes', () => {
  for (const x of [0.3, 1, 3, 10, 50]) {
    expect(relative(bridgeFormUpper(x, cramer), cramerVonMisesUpper(x))).toBeLessThan(0.16);
  }
});

test('one point is a chi-square', () => {
  const one = bridgeEigenvalues([{ share: 0.3, weight: 2 }]);
  expect(one[0]).toBeCloseTo(0.42, 12);
  expect(relative(bridgeFormUpper(20, one), chiSquareUpper(20 / 0.42, 1))).toBeLessThan(0.12);
});

test.each([0.01, 1e-6, 1e-12, 1e-100])('the inverse at p = %d is where the tail is p', (p) => {
  for (const eigenvalues of [cramer, darling, [3], [1, 1e-9]]) {
    expect(relative(bridgeFormUpper(bridgeFormInverse(p, eigenvalues), eigenvalues), p)).toBeLessThan(1e-9);
  }
});

test('no points, points at the ends and points without weight add nothing', () => {
  expect(bridgeEigenvalues([])).toEqual([]);
  expect(
    bridgeEigenvalues([
      { share: 0, weight: 1 },
      { share: 1, weight: 1 },
      { share: 0.5, weight: 0 },
    ]),
  ).toEqual([]);
  expect(bridgeFormUpper(1, [])).toBe(1);
  expect(bridgeFormInverse(0.01, [])).toBe(0);
});

test.each([
  [12 / 8 / 2.4, 12, 8, 0.03199174406604747],
  [0.6, 10, 10, 0.05244755244755245],
  [2 / 3, 30, 20, 0.000016223292552444235],
  [0.75, 40, 40, 3.063035734104127e-11],
  [150 / 180, 60, 45, 1.2899501114919437e-18],
])('exact p of D = %d for %d and %d rows, by whole numbers', (d, n, m, p) => {
  expect(relative(ksExact(d, n, m), p)).toBeLessThan(1e-13);
});

test('exact p of two samples is not computed for more than a million pairs', () => {
  expect(ksExact(0.1, 1001, 1000)).toBeUndefined();
  expect(ksExact(0.1, 1000, 1000)).toBeGreaterThan(0);
});

test('Fisher keeps its digits far out', () => {
  expect(
    relative(fisherExact({ k: 379, n: 467 }, { k: 8, n: 92 }).greater, 2.4734542143664684e-41),
  ).toBeLessThan(1e-12);
});

test('an upper gamma tail keeps its digits next to shape 0', () => {
  // By mpmath.
  expect(relative(gammaUpper(1e-10, 0.5), 5.59773594805499e-11)).toBeLessThan(1e-13);
  expect(relative(gammaUpper(0.0999, 0.01), 0.337101070501553)).toBeLessThan(1e-13);
});

test.each([1e-250, 1e-9, 0.1, 0.5, 0.9, 1 - 1e-9])('inverses at p = %d', (p) => {
  for (const [a, b] of [
    [0.5, 0.5],
    [3, 18],
    [0.05, 2],
    [2000, 30],
  ] as const) {
    const x = betaQuantile(p, a, b);
    // Next to 1 a double has no digits left for p, and next to 0 none for x.
    if (x > 1e-300 && x < 0.999) expect(relative(betaLower(a, b, x), p)).toBeLessThan(1e-9);
  }
  expect(relative(fisherUpper(fisherUpperInverse(p, 4, 27), 4, 27), p)).toBeLessThan(1e-9);
});
