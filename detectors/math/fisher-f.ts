/**
 * Fisher's F with `above` and `below` degrees of freedom: P(F > f) = I_y(below/2, above/2) with
 * y = below / (below + above·f) (Abramowitz and Stegun 26.6.2). Both tails directly; the inverse by bisection.
 */
import { betaLower } from './beta.ts';
import { bisectFalling } from './bisect.ts';

interface Shares {
  readonly y: number;
  /** 1 − y, with its own digits. */
  readonly x: number;
}

function sharesOf(f: number, above: number, below: number): Shares {
  const ratio = (above / below) * f;
  return ratio === Number.POSITIVE_INFINITY ? { y: 0, x: 1 } : { y: 1 / (1 + ratio), x: ratio / (1 + ratio) };
}

export function fisherUpper(f: number, above: number, below: number): number {
  if (!(f > 0)) return 1;
  const { x, y } = sharesOf(f, above, below);
  return betaLower(below / 2, above / 2, y, x);
}

export function fisherLower(f: number, above: number, below: number): number {
  if (!(f > 0)) return 0;
  const { x, y } = sharesOf(f, above, below);
  return betaLower(above / 2, below / 2, x, y);
}

/** The f with P(F > f) = p, for 0 < p < 1. */
export function fisherUpperInverse(p: number, above: number, below: number): number {
  let high = 2;
  while (fisherUpper(high, above, below) > p && high < 1e300) high *= 4;
  return bisectFalling((f) => fisherUpper(f, above, below), p, { low: 0, high });
}
