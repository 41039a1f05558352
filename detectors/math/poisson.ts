/**
 * Poisson tails and terms, mean > 0: P(K ≤ k) = Q(k + 1, mean) and P(K > k) = P(k + 1, mean), each from the incomplete
 * gamma function of its own side (Abramowitz and Stegun 26.4.21), so that no tail is 1 minus the other.
 */
import { gammaLower, gammaUpper } from './gamma.ts';
import { deviance, stirlingError } from './log-gamma.ts';

export function poissonLower(k: number, mean: number): number {
  if (k < 0) return 0;
  return mean <= 0 ? 1 : gammaUpper(Math.floor(k) + 1, mean);
}

/** P(K ≥ k). */
export function poissonUpper(k: number, mean: number): number {
  if (k <= 0) return 1;
  return mean <= 0 ? 0 : gammaLower(Math.ceil(k), mean);
}

/** P(K = k), by Loader's saddle point. */
export function poissonTerm(k: number, mean: number): number {
  if (k < 0 || !Number.isInteger(k)) return 0;
  if (mean <= 0) return k === 0 ? 1 : 0;
  if (k === 0) return Math.exp(-mean);
  return Math.exp(-stirlingError(k) - deviance(k, mean)) / Math.sqrt(2 * Math.PI * k);
}
