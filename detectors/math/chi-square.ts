/**
 * The chi-square distribution with `df` degrees of freedom: P(X > x) = Q(df/2, x/2) (Abramowitz and Stegun 26.4.19).
 *
 * Invariants: 1. df > 0. 2. the upper tail keeps its digits down to 1e-300; it is never 1 minus the lower. 3. the inverse
 * is by bisection on that tail. simple-statistics has a table of eleven p-values only.
 */
import { bisectFalling } from './bisect.ts';
import { gammaLower, gammaUpper } from './gamma.ts';

export function chiSquareLower(x: number, df: number): number {
  return gammaLower(df / 2, x / 2);
}

export function chiSquareUpper(x: number, df: number): number {
  return gammaUpper(df / 2, x / 2);
}

/** The x with P(X > x) = p, for 0 < p < 1. */
export function chiSquareUpperInverse(p: number, df: number): number {
  let high = df + 10;
  while (chiSquareUpper(high, df) > p && high < 1e300) high *= 2;
  return bisectFalling((x) => chiSquareUpper(x, df), p, { low: 0, high });
}
