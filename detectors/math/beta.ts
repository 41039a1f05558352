/**
 * The regularised incomplete beta function I_x(a, b), from which binomial tails are read.
 *
 * The idea: the continued fraction converges fast on the side of the mean a/(a+b) where the value is small; on the other
 * side the mirror image I_x(a, b) = 1 − I_(1−x)(b, a) is taken. A caller who needs the far tail asks for that tail.
 *
 * Invariants: 1. a, b > 0; x and y = 1 − x in 0..1, both given, so that an x next to 1 keeps its digits. 2. The result is
 * in 0..1. 3. Where the result is the smaller tail its relative error is below 1e-10 (a, b up to 1e9).
 *
 * Sources: DLMF 8.17.22 by Lentz's method (Numerical Recipes §6.4); prefix by Loader (2000).
 */
import { bisectFalling } from './bisect.ts';
import { deviance, stirlingError } from './log-gamma.ts';

const termsMax = 200_000;
const precision = 1e-15;
const tiny = 1e-300;
const smallX = 1e-3;

export function betaLower(a: number, b: number, x: number, y: number = 1 - x): number {
  if (!(x > 0)) return 0;
  if (!(y > 0)) return 1;
  if (x <= (a + 1) / (a + b + 2)) return Math.min(1, (prefix(a, b, x, y) * fraction(a, b, x)) / a);
  return Math.max(0, 1 - (prefix(b, a, y, x) * fraction(b, a, y)) / b);
}

/** The x with I_x(a, b) = p; 0 and 1 at their ends. A tiny x is found on the scale of its logarithm, with all its digits. */
export function betaQuantile(p: number, a: number, b: number): number {
  if (p <= 0) return 0;
  if (p >= 1) return 1;
  // Falling, as the bisection wants it; the small tail is the one compared.
  const missing = p <= 0.5 ? (x: number) => -betaLower(a, b, x) : (x: number) => betaLower(b, a, 1 - x, x);
  const target = p <= 0.5 ? -p : 1 - p;
  if (missing(smallX) > target) return bisectFalling(missing, target, { low: smallX, high: 1 });
  const ofLogarithm = (logX: number) => missing(Math.exp(logX));
  return Math.exp(bisectFalling(ofLogarithm, target, { low: -745, high: Math.log(smallX) }));
}

/** x^a y^b Γ(a + b) / (Γ(a) Γ(b)). */
function prefix(a: number, b: number, x: number, y: number): number {
  const n = a + b;
  const exponent =
    stirlingError(n) - stirlingError(a) - stirlingError(b) - deviance(a, n * x) - deviance(b, n * y);
  return Math.exp(exponent) * Math.sqrt((a * b) / (2 * Math.PI * n));
}

function fraction(a: number, b: number, x: number): number {
  let c = 1;
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m < termsMax; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / awayFromZero(1 + even * d);
    c = awayFromZero(1 + even / c);
    result *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / awayFromZero(1 + odd * d);
    c = awayFromZero(1 + odd / c);
    result *= d * c;
    if (Math.abs(d * c - 1) < precision) break;
  }
  return result;
}

function awayFromZero(value: number): number {
  return Math.abs(value) < tiny ? tiny : value;
}
