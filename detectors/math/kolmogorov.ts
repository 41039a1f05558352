/**
 * Kolmogorov's limit distribution: Q(z) = P(K > z), with z = √(nm/(n+m))·D of a two-sample test.
 *
 * The series 2 Σ (−1)^(k−1) e^(−2k²z²) converges at once for z ≥ 1; below, its theta-function twin
 * 1 − √(2π)/z Σ e^(−(2k−1)²π²/(8z²)) does.
 *
 * Invariants: 1. Q(0) = 1, falling, in 0..1. 2. Relative error below 1e-13 in the upper tail down to 1e-300. The
 * limit is conservative for small samples and for ties.
 *
 * Source: A. Kolmogorov (1933); Marsaglia, Tsang and Wang, Journal of Statistical Software 8 (2003) for the twin.
 */
import { bisectFalling } from './bisect.ts';

const terms = [1, 2, 3, 4, 5] as const;

export function kolmogorovUpper(z: number): number {
  if (!(z > 0)) return 1;
  if (z < 1) return 1 - lowerTheta(z);
  // The smallest first.
  let sum = 0;
  for (let k = terms.length; k >= 1; k--) sum += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * k * k * z * z);
  return sum;
}

function lowerTheta(z: number): number {
  const sum = terms.reduceRight(
    (rest, k) => rest + Math.exp((-((2 * k - 1) ** 2) * Math.PI ** 2) / (8 * z * z)),
    0,
  );
  return Math.min(1, (Math.sqrt(2 * Math.PI) / z) * sum);
}

/** The z with Q(z) = p, for 0 < p < 1. */
export function kolmogorovUpperInverse(p: number): number {
  // Q(27) is below the smallest double.
  return bisectFalling(kolmogorovUpper, p, { low: 0, high: 28 });
}
