/**
 * Student's t with `df` > 0 degrees of freedom, which need not be whole: P(T > t) = ½ I_x(df/2, ½) for t ≥ 0, with
 * x = df / (df + t²) (Abramowitz and Stegun 26.7.1), computed directly for both tails. The quantile is by bisection.
 */
import { betaLower } from './beta.ts';
import { bisectFalling } from './bisect.ts';
import { normalUpper } from './normal.ts';

export function studentUpper(t: number, df: number): number {
  if (t < 0) return 1 - studentUpper(-t, df);
  if (df === Number.POSITIVE_INFINITY) return normalUpper(t);
  const ratio = (t / df) * t;
  if (ratio === Number.POSITIVE_INFINITY) return 0;
  const x = 1 / (1 + ratio);
  return betaLower(df / 2, 0.5, x, ratio * x) / 2;
}

export function studentLower(t: number, df: number): number {
  return studentUpper(-t, df);
}

/** The t with P(T ≤ t) = p; ∓Infinity at 0 and 1. */
export function studentQuantile(p: number, df: number): number {
  if (p <= 0) return Number.NEGATIVE_INFINITY;
  if (p >= 1) return Number.POSITIVE_INFINITY;
  if (p === 0.5) return 0;
  return p < 0.5 ? -upperInverse(p, df) : upperInverse(1 - p, df);
}

/** The t ≥ 0 with P(T > t) = p, for 0 < p < ½. */
function upperInverse(p: number, df: number): number {
  let high = 1;
  while (studentUpper(high, df) > p && high < 1e300) high *= 4;
  return bisectFalling((t) => studentUpper(t, df), p, { low: 0, high });
}
