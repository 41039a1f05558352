/**
 * ln Γ and the two pieces of Loader's saddle-point expansion, on which the incomplete gamma and beta functions rest.
 *
 * The idea: terms such as x^a e^-x / Γ(a+1) are a tiny number made of huge ones; ln Γ alone loses their digits. Loader
 * writes them as exp(-stirlingError(a) - deviance(a, x)) / √(2πa), where both parts are small and exact.
 *
 * Invariants:
 * 1. `logGamma` is ln |Γ|, exact to 1e-14 relative, or absolute near its zeros 1 and 2; Infinity at its poles 0, −1, …
 * 2. `stirlingError(a)` = ln Γ(a+1) − (a + ½) ln a + a − ½ ln 2π, about 1/(12a), for a > 0.
 * 3. `deviance(x, mean)` = x ln(x/mean) + mean − x ≥ 0, without cancellation near x = mean.
 *
 * Sources: C. Loader, Fast and accurate computation of binomial probabilities (2000); Abramowitz and Stegun 6.1.41.
 */
const halfLogTwoPi = 0.9189385332046728;
/** Above this Stirling's series with the terms below is exact to the last digits. */
const stirlingFrom = 15;
/** Bernoulli terms B(2k) / (2k (2k − 1)) of Stirling's series. */
const stirlingTerms = [
  1 / 12,
  -1 / 360,
  1 / 1260,
  -1 / 1680,
  1 / 1188,
  -691 / 360360,
  1 / 156,
  -3617 / 122400,
] as const;

/** Euler's γ, then ζ(2), ζ(3), …: the coefficients of ln Γ(1 + a). */
const zetas = [
  0.5772156649015329, 1.6449340668482264, 1.2020569031595942, 1.0823232337111381, 1.03692775514337,
  1.017343061984449, 1.0083492773819227, 1.0040773561979444, 1.0020083928260821, 1.0009945751278182,
  1.0004941886041194, 1.000246086553308, 1.0001227133475785, 1.0000612481350586, 1.000030588236307,
  1.0000152822594086,
] as const;

export function logGamma(x: number): number {
  if (x <= 0) {
    if (Number.isInteger(x)) return Number.POSITIVE_INFINITY;
    // Reflection (Abramowitz and Stegun 6.1.17).
    return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * x))) - logGamma(1 - x);
  }
  if (x === Number.POSITIVE_INFINITY) return x;
  let product = 1;
  let shifted = x;
  while (shifted < stirlingFrom) product *= shifted++;
  return (
    (shifted - 0.5) * Math.log(shifted) - shifted + halfLogTwoPi + stirlingSeries(shifted) - Math.log(product)
  );
}

/** Σ terms of ln Γ(1 + a) = −γa + Σ ζ(k) (−a)^k / k, for |a| ≤ 0.1: with all digits where 1 + a would lose those of a. */
export function logGammaOnePlus(a: number): number {
  if (Math.abs(a) > 0.1) return logGamma(1 + a);
  return zetas.reduceRight((sum, zeta, i) => sum * -a + (zeta / (i + 1)) * -a, 0);
}

function stirlingSeries(x: number): number {
  const square = 1 / (x * x);
  return stirlingTerms.reduceRight((sum, term) => sum * square + term, 0) / x;
}

export function stirlingError(a: number): number {
  if (a >= stirlingFrom) return stirlingSeries(a);
  return logGamma(a + 1) - (a + 0.5) * Math.log(a) + a - halfLogTwoPi;
}

export function deviance(x: number, mean: number): number {
  const difference = x - mean;
  if (Math.abs(difference) >= 0.1 * (x + mean)) return x * Math.log(x / mean) + mean - x;
  const ratio = difference / (x + mean);
  const square = ratio * ratio;
  let sum = difference * ratio;
  let power = 2 * x * ratio;
  for (let term = 3; term < 1000; term += 2) {
    power *= square;
    const next = sum + power / term;
    if (next === sum) break;
    sum = next;
  }
  return sum;
}
