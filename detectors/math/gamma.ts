/**
 * The regularised incomplete gamma function, both tails: P(a, x) below x and Q(a, x) = 1 − P above.
 *
 * The idea: the tail that is small is computed directly, by its series below the mean and by its continued fraction
 * above, so that neither is ever 1 minus something near 1.
 *
 * Invariants: 1. a > 0, x ≥ 0. 2. P + Q = 1, each in 0..1. 3. Relative error of the smaller tail below 1e-12 down to
 * 1e-300, for a up to 1e6.
 *
 * Sources: Abramowitz and Stegun 6.5.29 and 6.5.31; Lentz's method as in Numerical Recipes §5.2; prefix by Loader.
 */
import { deviance, logGammaOnePlus, stirlingError } from './log-gamma.ts';

const termsMax = 100_000;
const precision = 1e-16;
const tiny = 1e-300;
const smallShape = 0.1;

/** P(a, x): the chance that a gamma variable of shape a is below x. */
export function gammaLower(a: number, x: number): number {
  if (!(x > 0)) return 0;
  return x < a + 1 ? lowerSeries(a, x) : 1 - upperFraction(a, x);
}

/** Q(a, x): the chance that it is above. */
export function gammaUpper(a: number, x: number): number {
  if (!(x > 0)) return 1;
  if (x >= a + 1) return upperFraction(a, x);
  return a < smallShape ? smallShapeUpper(a, x) : 1 - lowerSeries(a, x);
}

/**
 * Q for a next to 0, where P is next to 1 and would take its digits: with u = x^a / Γ(1 + a), Q = (1 − u) − u·Σ, where
 * Σ = a Σ (−x)^k / ((a + k) k!) (Gautschi 1979).
 */
function smallShapeUpper(a: number, x: number): number {
  const logU = a * Math.log(x) - logGammaOnePlus(a);
  let term = 1;
  let sum = 0;
  for (let k = 1; k < termsMax; k++) {
    term *= -x / k;
    const next = sum + (a * term) / (a + k);
    if (next === sum) break;
    sum = next;
  }
  return Math.min(1, Math.max(0, -Math.expm1(logU) - Math.exp(logU) * sum));
}

/** x^a e^-x / Γ(a + 1). */
function poissonTerm(a: number, x: number): number {
  return Math.exp(-stirlingError(a) - deviance(a, x)) / Math.sqrt(2 * Math.PI * a);
}

function lowerSeries(a: number, x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; k < termsMax && term > sum * precision; k++) {
    term *= x / (a + k);
    sum += term;
  }
  return Math.min(1, sum * poissonTerm(a, x));
}

function upperFraction(a: number, x: number): number {
  if (x === Number.POSITIVE_INFINITY) return 0;
  let b = x + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let fraction = d;
  for (let k = 1; k < termsMax; k++) {
    const numerator = -k * (k - a);
    b += 2;
    d = 1 / awayFromZero(numerator * d + b);
    c = awayFromZero(b + numerator / c);
    const factor = c * d;
    fraction *= factor;
    if (Math.abs(factor - 1) < precision) break;
  }
  return Math.min(1, fraction * poissonTerm(a, x) * a);
}

function awayFromZero(value: number): number {
  return Math.abs(value) < tiny ? tiny : value;
}
