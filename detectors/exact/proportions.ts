/**
 * Tests of two shares, k₁ of n₁ against k₂ of n₂, and of one share against a known one.
 *
 * - z, pooled: (p₁ − p₂) / √(P(1 − P)(1/n₁ + 1/n₂)), P of both together; unpooled with each share's own variance. NaN in
 *   golden files where a variance is 0; here undefined.
 * - Fisher: exact given both totals; two-sided sums all tables that are no more likely than the one seen.
 * - Binomial: exact, two-sided by the same rule (scipy's and R's).
 *
 * When not to use z: with fewer than 5 expected in a cell, or far out in the tail; Fisher holds always.
 *
 * Sources: Fisher (1935); Clopper and Pearson (1934) for the inversion; scipy's binomtest for the rule.
 */
import { binomialLower, binomialTerm, binomialUpper } from '../math/binomial.ts';
import { lastWhere } from '../math/bisect.ts';
import {
  type Draw,
  hypergeometricLower,
  hypergeometricTwoSided,
  hypergeometricUpper,
} from '../math/hypergeometric.ts';
import { normalLower, normalUpper } from '../math/normal.ts';

/** k successes in n rows. */
export interface Proportion {
  readonly k: number;
  readonly n: number;
}

export interface ZTest {
  readonly z: number;
  readonly twoSided: number;
  readonly greater: number;
  readonly less: number;
}

export function pooledZ(first: Proportion, second: Proportion): ZTest | undefined {
  const share = (first.k + second.k) / (first.n + second.n);
  return zTest(first, second, share * (1 - share) * (1 / first.n + 1 / second.n));
}

export function unpooledZ(first: Proportion, second: Proportion): ZTest | undefined {
  const varianceOf = ({ k, n }: Proportion) => ((k / n) * (1 - k / n)) / n;
  return zTest(first, second, varianceOf(first) + varianceOf(second));
}

function zTest(first: Proportion, second: Proportion, variance: number): ZTest | undefined {
  if (!(variance > 0)) return undefined;
  const z = (first.k / first.n - second.k / second.n) / Math.sqrt(variance);
  return {
    z,
    twoSided: Math.min(1, 2 * normalUpper(Math.abs(z))),
    greater: normalUpper(z),
    less: normalLower(z),
  };
}

export interface ExactTest {
  readonly twoSided: number;
  /** The first share is greater. */
  readonly greater: number;
  readonly less: number;
}

/** For whole counts. */
export function fisherExact(first: Proportion, second: Proportion): ExactTest {
  const draw: Draw = { total: first.n + second.n, marked: first.k + second.k, drawn: first.n };
  return {
    twoSided: hypergeometricTwoSided(first.k, draw),
    greater: hypergeometricUpper(first.k, draw),
    less: hypergeometricLower(first.k, draw),
  };
}

/** (k₁ / (n₁ − k₁)) / (k₂ / (n₂ − k₂)): Infinity or NaN at the ends, as the sample has it. */
export function oddsRatio(first: Proportion, second: Proportion): number {
  return (first.k * (second.n - second.k)) / (second.k * (first.n - first.k));
}

/** Terms that are equal but for rounding count as equal; scipy's and R's slack. */
const slack = 1e-7;

/** P of a count as unlikely as k or more so, if each row succeeds with probability p. */
export function binomialTwoSided({ k, n }: Proportion, p: number): number {
  const limit = binomialTerm(k, n, p) * (1 + slack);
  const isRare = (at: number) => binomialTerm(at, n, p) <= limit;
  const mean = n * p;
  if (k === mean) return 1;
  if (k < mean) {
    const high = lastWhere((at) => isRare(-at), -n, -Math.ceil(mean));
    return Math.min(1, binomialLower(k, n, p) + (high === undefined ? 0 : binomialUpper(-high, n, p)));
  }
  const low = lastWhere(isRare, 0, Math.floor(mean));
  return Math.min(1, binomialUpper(k, n, p) + (low === undefined ? 0 : binomialLower(low, n, p)));
}
