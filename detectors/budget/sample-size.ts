/**
 * How many rows it takes, asked before one begins. Both are normal approximations, per group, rounded up; undefined where
 * there is nothing to tell apart.
 */
import { normalQuantile } from '../math/normal.ts';

interface Errors {
  readonly alpha: number;
  /** Chance of finding what is there. */
  readonly power: number;
}

/** To tell two shares apart, two-sided, with the pooled share under no difference. */
export function rowsForTwoShares(p1: number, p2: number, { alpha, power }: Errors): number | undefined {
  if (p1 === p2) return undefined;
  const pooled = (p1 + p2) / 2;
  const spread =
    normalQuantile(1 - alpha / 2) * Math.sqrt(2 * pooled * (1 - pooled)) +
    normalQuantile(power) * Math.sqrt(p1 * (1 - p1) + p2 * (1 - p2));
  return Math.ceil((spread / (p1 - p2)) ** 2);
}

/** To show that a share, which is `p` on both sides, is worse by less than the margin; alpha one-sided. */
export function rowsForNonInferiority(
  p: number,
  margin: number,
  { alpha, power }: Errors,
): number | undefined {
  if (!(margin > 0)) return undefined;
  const z = normalQuantile(1 - alpha) + normalQuantile(power);
  return Math.ceil(z ** 2 * 2 * p * ((1 - p) / margin ** 2));
}
