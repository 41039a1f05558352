import { expect, test } from 'vitest';
import { plainFit } from '../../../detectors/ladder/variance.ts';
import { contrastOf } from '../../../detectors/segments/contrast.ts';
import type { Sums } from '../../../detectors/segments/sums.ts';

const shareOf = (k: number, n: number): Sums => ({ weight: n, weightSquared: n, sum: k, squares: k });
/** Rows of one weight with a mean and a population variance. */
const rows = (n: number, mean: number, variance: number, weight = 1): Sums => ({
  weight: n * weight,
  weightSquared: n * weight * weight,
  sum: n * weight * mean,
  squares: n * weight * (variance + mean * mean),
});
const share = { kind: 'share', fit: plainFit } as const;
const mean = { kind: 'mean', fit: plainFit } as const;

test('a share is compared by the pooled z', () => {
  // 300 of 1,000 against 250 of 1,000: P = 0.275, z = 0.05 / √(0.275 · 0.725 · 0.002) = 2.5039.
  const found = contrastOf({ current: shareOf(300, 1_000), reference: shareOf(250, 1_000) }, share);
  expect(found?.effect).toBeCloseTo(0.05, 12);
  expect(found?.z).toBeCloseTo(2.503916, 5);
  expect(found?.pValue).toBeCloseTo(0.012283, 5);
});

test('few events are compared exactly, from either end', () => {
  // 8 of 50 against 10 of 400: Σ C(18, k) C(432, 50 − k) / C(450, 50) from k = 8 on, in exact fractions;
  // on the other side no table is as unlikely (k = 0 has 0.12).
  const rare = contrastOf({ current: shareOf(8, 50), reference: shareOf(10, 400) }, share);
  const often = contrastOf({ current: shareOf(42, 50), reference: shareOf(390, 400) }, share);
  expect(rare?.pValue).toBeCloseTo(2.473057114303425e-4, 12);
  expect(often?.pValue).toBeCloseTo(rare?.pValue ?? 0, 12);
  expect(often?.z).toBeCloseTo(-(rare?.z ?? 0), 9);
});

test('a mean is compared by Welch, whatever the weights', () => {
  const plain = contrastOf({ current: rows(50, 1.2, 1), reference: rows(200, 1, 2) }, mean);
  // t = 0.2 / √(1/49 + 2/199), df = 102.994; p by Simpson's rule over the density.
  expect(plain?.z).toBeCloseTo(1.145978181845533, 9);
  expect(plain?.pValue).toBeCloseTo(0.2544598034826, 8);
  const weighted = contrastOf({ current: rows(50, 1.2, 1, 7), reference: rows(200, 1, 2, 7) }, mean);
  expect(weighted?.pValue).toBeCloseTo(plain?.pValue ?? 0, 12);
});

test('what its peers do is expected of a slice, and widens the variance', () => {
  const slice = { current: shareOf(180, 1_000), reference: shareOf(80, 1_000) };
  const peers = { current: shareOf(1_800, 10_000), reference: shareOf(800, 10_000) };
  expect(Math.abs(contrastOf(slice, share)?.z ?? 0)).toBeGreaterThan(6);
  expect(contrastOf(slice, { ...share, peers })).toMatchObject({ effect: 0, z: 0, pValue: 1 });
});

test('too few rows on any side are not compared; nothing varying is no NaN', () => {
  expect(contrastOf({ current: shareOf(3, 29), reference: shareOf(8, 1_000) }, share)).toBeUndefined();
  expect(contrastOf({ current: shareOf(3, 100), reference: shareOf(1, 29) }, share)).toBeUndefined();
  const still = contrastOf({ current: rows(100, 5, 0), reference: rows(100, 5, 0) }, mean);
  expect(still).toMatchObject({ z: 0, pValue: 1 });
  const jumped = contrastOf({ current: rows(100, 6, 0), reference: rows(100, 5, 0) }, mean);
  expect(jumped?.pValue).toBeLessThan(1e-9);
  expect(Number.isFinite(jumped?.z)).toBe(true);
});

test('days that differ by more than chance make it harder', () => {
  const fit = { phi: 4, tau2: 0, phiOnly: 4, tau2Only: 0 };
  const slice = { current: shareOf(300, 1_000), reference: shareOf(250, 1_000) };
  expect(contrastOf(slice, { kind: 'share', fit })?.z).toBeCloseTo(2.503916 / 2, 5);
});
