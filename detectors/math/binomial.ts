/**
 * Binomial tails and quantile: K successes in n rows, each with probability p.
 *
 * Both tails come from the incomplete beta function, each directly: P(K ≤ k) = I_(1−p)(n − k, k + 1) and
 * P(K ≥ k) = I_p(k, n − k + 1) (Abramowitz and Stegun 26.5.24). n need not be whole.
 *
 * `binomialQuantile(level, n, p)` is the smallest k with P(K ≤ k) ≥ level, as scipy's `binom.ppf`; 0 at level 0.
 */
import { betaLower } from './beta.ts';
import { deviance, stirlingError } from './log-gamma.ts';

export function binomialLower(k: number, n: number, p: number): number {
  if (k < 0) return 0;
  return k >= n ? 1 : betaLower(n - k, k + 1, 1 - p, p);
}

/** P(K ≥ k). */
export function binomialUpper(k: number, n: number, p: number): number {
  if (k <= 0) return 1;
  return k > n ? 0 : betaLower(k, n - k + 1, p, 1 - p);
}

/** P(K = k), by Loader's saddle point; k and n need not be whole. */
export function binomialTerm(k: number, n: number, p: number): number {
  if (k < 0 || k > n) return 0;
  if (p <= 0) return k === 0 ? 1 : 0;
  if (p >= 1) return k === n ? 1 : 0;
  if (k === 0) return Math.exp(n * Math.log1p(-p));
  if (k === n) return p ** n;
  const q = 1 - p;
  const rest = n - k;
  const exponent =
    stirlingError(n) - stirlingError(k) - stirlingError(rest) - deviance(k, n * p) - deviance(rest, n * q);
  return Math.exp(exponent) * Math.sqrt(n / (2 * Math.PI * k * rest));
}

export function binomialQuantile(level: number, n: number, p: number): number {
  let low = 0;
  let high = n;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    // The last digits of the tail must not decide which side of an equality a rank lies on.
    if (binomialLower(middle, n, p) >= level * (1 - 1e-13)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Ranks of a confidence interval of the q-quantile of n rows: the value of 1-based rank `low` is below it and that of
 * rank `high` above it, each but for probability `tail`. Undefined where n rows cannot bound that side. From the order
 * statistics alone, so for any distribution (Hahn and Meeker 1991, §5.2).
 */
export function quantileRanks(
  n: number,
  q: number,
  tail: number,
): { readonly low: number | undefined; readonly high: number | undefined } {
  const low = binomialQuantile(tail, n, q);
  const high = binomialQuantile(1 - tail, n, q) + 1;
  return { low: low >= 1 ? low : undefined, high: high <= n ? high : undefined };
}
