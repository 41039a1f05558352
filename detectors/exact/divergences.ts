/**
 * Distances between two lists of shares, p of the reference and q of the window, over the same groups.
 *
 * | name | definition | range |
 * |---|---|---|
 * | Jensen–Shannon divergence | ½ KL(p, a) + ½ KL(q, a), a = (p + q)/2, in nats | 0..ln 2 |
 * | Jensen–Shannon distance | √ of it, in nats or (÷ ln 2 before) in bits | 0..0.83, 0..1 |
 * | Hellinger | √(½ Σ (√p − √q)²) = √(1 − Σ √(pq)) | 0..1 |
 * | total variation | ½ Σ |p − q| | 0..1 |
 * | L∞ | max |p − q| | 0..1 |
 * | Kullback–Leibler | Σ p ln(p/q), Infinity where q = 0 < p | 0..∞ |
 * | chi-square distance | ½ Σ (p − q)² / (p + q) | 0..1 |
 * | entropy | −Σ p ln p | 0..ln B |
 *
 * Sums of logarithms are taken as Σ p ln(p/q) + q − p, whose terms are all positive: nearly equal shares give a small number
 * with its digits, and never a root of something below 0. 0·ln 0 = 0 and 0/0 = 0.
 *
 * Sources: Lin, IEEE Trans. Inf. Theory 37 (1991) 145; Kullback and Leibler (1951); Le Cam (1986) for the others.
 */
import { deviance } from '../math/log-gamma.ts';

/** Counts as shares that add up to 1; all 0 for no counts. */
export function sharesOf(counts: readonly number[]): number[] {
  const largest = counts.reduce((most, count) => Math.max(most, count), 0);
  if (!(largest > 0)) return counts.map(() => 0);
  // Divided first, so that huge counts do not overflow their sum.
  const scaled = counts.map((count) => count / largest);
  const total = scaled.reduce((sum, count) => sum + count, 0);
  return scaled.map((count) => count / total);
}

function sumOver(p: readonly number[], q: readonly number[], term: (p: number, q: number) => number): number {
  return p.reduce((sum, share, i) => sum + term(share, q[i] ?? 0), 0);
}

function klTerm(p: number, q: number): number {
  if (p === 0) return q;
  return q === 0 ? Number.POSITIVE_INFINITY : deviance(p, q);
}

/** In nats. */
export function jensenShannonDivergence(p: readonly number[], q: readonly number[]): number {
  const middle = (a: number, b: number) => (a + b) / 2;
  const divergence = sumOver(p, q, (a, b) =>
    a === b ? 0 : (klTerm(a, middle(a, b)) + klTerm(b, middle(a, b))) / 2,
  );
  return Math.min(Math.LN2, divergence);
}

/** The square root of the divergence, in nats unless base 2 is asked for. */
export function jensenShannonDistance(
  p: readonly number[],
  q: readonly number[],
  base: 2 | 'e' = 'e',
): number {
  const divergence = jensenShannonDivergence(p, q);
  return Math.sqrt(base === 2 ? divergence / Math.LN2 : divergence);
}

export function hellinger(p: readonly number[], q: readonly number[]): number {
  return Math.min(1, Math.sqrt(sumOver(p, q, (a, b) => (Math.sqrt(a) - Math.sqrt(b)) ** 2) / 2));
}

export function totalVariation(p: readonly number[], q: readonly number[]): number {
  return Math.min(1, sumOver(p, q, (a, b) => Math.abs(a - b)) / 2);
}

export function largestDifference(p: readonly number[], q: readonly number[]): number {
  return p.reduce((largest, share, i) => Math.max(largest, Math.abs(share - (q[i] ?? 0))), 0);
}

/** KL(p, q) in nats: what coding p with q's code costs. Not symmetric; Infinity where q lacks a group that p has. */
export function kullbackLeibler(p: readonly number[], q: readonly number[]): number {
  return sumOver(p, q, klTerm);
}

export function chiSquareDistance(p: readonly number[], q: readonly number[]): number {
  return sumOver(p, q, (a, b) => (a === b ? 0 : ((a - b) / (a + b)) * (a - b))) / 2;
}

export function entropy(p: readonly number[], base: 2 | 'e' = 'e'): number {
  const nats = p.reduce((sum, share) => (share > 0 ? sum - share * Math.log(share) : sum), 0);
  return base === 2 ? nats / Math.LN2 : nats;
}
