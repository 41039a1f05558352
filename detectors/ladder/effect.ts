/**
 * How large a change is, free of what chance adds: PSI over pairs of ventiles, less its mean under no change.
 *
 * Each ventile brings half a pseudo-count on both sides (Jeffreys), so a pair gets (count + 1) / (rows + ½ B). Under no
 * change PSI / x has a mean of about pairs − 1; with learned variance (pairs − 1) (phi + tau²/x).
 */
import type { Comparison } from './max-bin.ts';
import type { VarianceFit } from './variance.ts';

export function psiOfPairs({ bins, n, expected, m }: Comparison): number {
  const size = bins.length;
  const whole = 0.5 * size;
  let psi = 0;
  for (let j = 0; j < size; j += 2) {
    const isPair = j + 1 < size;
    const now = (bins[j] as number) + (isPair ? (bins[j + 1] as number) : 0);
    const before = m * ((expected[j] as number) + (isPair ? (expected[j + 1] as number) : 0));
    const added = isPair ? 1 : 0.5;
    const p = (before + added) / (m + whole);
    const q = (now + added) / (n + whole);
    psi += (p - q) * Math.log(p / q);
  }
  return psi;
}

/** Pairs of bins, less one. */
export function pairFreedom(bins: number): number {
  return Math.max(1, Math.ceil(bins / 2) - 1);
}

/** May be negative. */
export function psiExcess(psi: number, bins: number, x: number, fit?: VarianceFit): number {
  const byChance = fit === undefined ? x : fit.phi * x + fit.tau2;
  return psi - pairFreedom(bins) * byChance;
}
