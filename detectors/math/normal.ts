/**
 * The normal distribution and the error function, with both tails computed directly.
 *
 * Own code, as simple-statistics takes the normal from a table with two decimals of z (off by 1e-3) and its quantile is
 * off by 3e-3. The distribution function is a chi-square in disguise: P(|Z| > z) = Q(½, z²/2).
 *
 * Invariants: 1. relative error below 1e-12 in both tails down to 1e-300. 2. `normalQuantile(p)` for 0 < p < 1 to 1e-15
 * relative; ∓Infinity at 0 and 1.
 *
 * Source of the quantile: M. J. Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37 (1988).
 */
import { gammaLower, gammaUpper } from './gamma.ts';

/** P(Z ≤ z). */
export function normalLower(z: number): number {
  return z <= 0 ? gammaUpper(0.5, (z * z) / 2) / 2 : 0.5 + gammaLower(0.5, (z * z) / 2) / 2;
}

/** P(Z > z). */
export function normalUpper(z: number): number {
  return normalLower(-z);
}

export function erf(x: number): number {
  return Math.sign(x) * gammaLower(0.5, x * x);
}

export function erfc(x: number): number {
  return x >= 0 ? gammaUpper(0.5, x * x) : 1 + gammaLower(0.5, x * x);
}

interface Ratio {
  /** Coefficients, the constant first. */
  readonly above: readonly number[];
  readonly below: readonly number[];
}

const centre: Ratio = {
  above: [
    3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987,
    67265.7709270087, 33430.57558358813, 2509.0809287301227,
  ],
  below: [
    1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271,
    28729.085735721943, 5226.495278852854,
  ],
};

const shoulder: Ratio = {
  above: [
    1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684,
    0.2417807251774506, 0.022723844989269184, 0.0007745450142783414,
  ],
  below: [
    1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
    0.0005475938084995345, 1.0507500716444169e-9,
  ],
};

const tail: Ratio = {
  above: [
    6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
    0.0012426609473880784, 2.7115555687434876e-5, 2.0103343992922881e-7,
  ],
  below: [
    1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133,
    1.8463183175100548e-5, 1.421511758316446e-7, 2.0442631033899397e-15,
  ],
};

/** The z with P(Z ≤ z) = p. */
export function normalQuantile(p: number): number {
  if (p <= 0) return Number.NEGATIVE_INFINITY;
  if (p >= 1) return Number.POSITIVE_INFINITY;
  const offset = p - 0.5;
  if (Math.abs(offset) <= 0.425) return offset * quotient(centre, 0.180625 - offset * offset);
  const r = Math.sqrt(-Math.log(offset < 0 ? p : 1 - p));
  const z = r <= 5 ? quotient(shoulder, r - 1.6) : quotient(tail, r - 5);
  return offset < 0 ? -z : z;
}

function quotient(ratio: Ratio, x: number): number {
  return polynomial(ratio.above, x) / polynomial(ratio.below, x);
}

function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0);
}
