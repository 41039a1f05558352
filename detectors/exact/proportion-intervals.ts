/**
 * Two-sided confidence intervals of a share and of the difference of two.
 *
 * - Wilson: the shares that a z-test would not reject; good from few rows on. With continuity correction it is wider.
 * - Clopper–Pearson: the shares that neither exact binomial tail would reject; never covers too little, so it is wide.
 * - Newcombe: the difference from the two Wilson intervals (his method 10), where ± z·sd fails at small shares.
 *
 * Sources: Wilson, JASA 22 (1927) 209; Clopper and Pearson, Biometrika 26 (1934) 404; Newcombe, Statistics in Medicine 17
 * (1998) 857 and 873.
 */
import { betaQuantile } from '../math/beta.ts';
import { normalQuantile } from '../math/normal.ts';
import type { Proportion } from './proportions.ts';

export type Interval = readonly [low: number, high: number];

/** `confidence` such as 0.95; n > 0. */
export function wilson({ k, n }: Proportion, confidence: number): Interval {
  const z = normalQuantile(0.5 + confidence / 2);
  const share = k / n;
  const middle = share + (z * z) / (2 * n);
  const spread = z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  const divisor = 1 + (z * z) / n;
  // At the ends the two parts are equal but for rounding.
  return [
    k === 0 ? 0 : Math.max(0, (middle - spread) / divisor),
    k === n ? 1 : Math.min(1, (middle + spread) / divisor),
  ];
}

export function wilsonCorrected({ k, n }: Proportion, confidence: number): Interval {
  const z = normalQuantile(0.5 + confidence / 2);
  const share = k / n;
  const divisor = 2 * (n + z * z);
  const middle = 2 * n * share + z * z;
  const spread = (sign: 1 | -1) =>
    z * Math.sqrt(z * z + sign * 2 - 1 / n + 4 * share * (n * (1 - share) - sign)) + 1;
  return [
    k === 0 ? 0 : Math.max(0, (middle - spread(-1)) / divisor),
    k === n ? 1 : Math.min(1, (middle + spread(1)) / divisor),
  ];
}

export function clopperPearson({ k, n }: Proportion, confidence: number): Interval {
  const tail = (1 - confidence) / 2;
  return [
    k === 0 ? 0 : betaQuantile(tail, k, n - k + 1),
    // The upper end from the side of the failures, where its tail is the small one.
    k === n ? 1 : 1 - betaQuantile(tail, n - k, k + 1),
  ];
}

/** Of the first share less the second. */
export function newcombe(first: Proportion, second: Proportion, confidence: number): Interval {
  const p1 = first.k / first.n;
  const p2 = second.k / second.n;
  const [low1, high1] = wilson(first, confidence);
  const [low2, high2] = wilson(second, confidence);
  return [p1 - p2 - Math.hypot(p1 - low1, high2 - p2), p1 - p2 + Math.hypot(high1 - p1, p2 - low2)];
}
