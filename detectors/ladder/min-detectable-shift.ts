/**
 * The smallest shift of a signal that one window finds with 90 % probability: what the false-alarm budget costs.
 *
 * 1. T of a changed window is noncentral chi-square with lambda = Σ_k (Σ_j (e_j(δ) − e_j) V_kj)² / (x I_k). lambda₉₀ is
 *    where it passes the critical T with 90 %.
 * 2. e(δ): the reference, even within its bins, moved by δ standard deviations; what passes the outer edges stays in the
 *    outer bins.
 * 3. δ is the smallest whose lambda reaches lambda₉₀ and whose PSI reaches the floor, upwards and downwards.
 *
 * A worked example: a normal signal, 1,000 rows in a window, 10,000 in the reference, an hour's alpha of 3.6e-8: 0.26 sd.
 */
import { bisectFalling } from '../math/bisect.ts';
import { chiSquareUpper } from '../math/chi-square.ts';
import { poissonTerm } from '../math/poisson.ts';
import { type Basis, order } from './basis.ts';
import { psiOfPairs } from './effect.ts';

const power = 0.9;
const shiftMax = 10;
const termsMax = 2_000;
const endless = 1e12;

/** P(X > t) of noncentral chi-square: a Poisson mixture of central ones (Johnson, Kotz and Balakrishnan §29.3). */
export function noncentralUpper(t: number, df: number, lambda: number): number {
  const mean = lambda / 2;
  if (mean === 0) return chiSquareUpper(t, df);
  const reach = 10 * Math.sqrt(mean) + 20;
  const from = Math.max(0, Math.floor(mean - reach));
  let sum = 0;
  for (let j = from; j <= mean + reach && j - from < termsMax; j++)
    sum += poissonTerm(j, mean) * chiSquareUpper(t, df + 2 * j);
  return Math.min(1, sum);
}

/** The lambda with which T passes the critical value in 9 of 10 windows. */
export function lambdaNeeded(criticalT: number): number {
  const about = (Math.sqrt(criticalT) + 1.2816) ** 2;
  return bisectFalling((lambda) => 1 - noncentralUpper(criticalT, order, lambda), 1 - power, {
    low: 0,
    high: 2 * about + 20,
  });
}

/** Shares of the bins after a shift by `by`, in the unit of the edges: B + 1 finite rising edges around B bins. */
export function shiftShares(expected: Float64Array, edges: ArrayLike<number>, by: number): Float64Array {
  const bins = expected.length;
  const shifted = new Float64Array(bins);
  for (let from = 0; from < bins; from++) {
    const low = (edges[from] as number) + by;
    const width = Math.max((edges[from + 1] as number) - (edges[from] as number), Number.MIN_VALUE);
    for (let to = 0; to < bins; to++) {
      const left = to === 0 ? Number.NEGATIVE_INFINITY : (edges[to] as number);
      const right = to === bins - 1 ? Number.POSITIVE_INFINITY : (edges[to + 1] as number);
      const overlap = Math.min(right, low + width) - Math.max(left, low);
      if (overlap > 0)
        shifted[to] = (shifted[to] as number) + (expected[from] as number) * Math.min(1, overlap / width);
    }
  }
  return shifted;
}

export interface ShiftInput {
  readonly expected: Float64Array;
  readonly basis: Basis;
  /** B + 1 rising edges; the outer ones are the reference's minimum and maximum. */
  readonly edges: ArrayLike<number>;
  /** Standard deviation of the reference, in the unit of the edges. */
  readonly sd: number;
  /** 1/n + 1/m. */
  readonly x: number;
  /** Of the four components; absent: 1. */
  readonly inflation?: ArrayLike<number> | undefined;
  readonly criticalT: number;
  readonly minEffect: number;
}

/** In standard deviations of the reference; undefined where not even ten of them are found. */
export function minDetectableShift(input: ShiftInput): number | undefined {
  const needed = lambdaNeeded(input.criticalT);
  let worst = 0;
  for (const direction of [1, -1]) {
    const isMissed = (size: number) => {
      const shares = shiftShares(input.expected, input.edges, direction * size * input.sd);
      return lambdaOf(shares, input) < needed || psiOf(shares, input.expected) < input.minEffect;
    };
    if (isMissed(shiftMax)) return undefined;
    worst = Math.max(
      worst,
      bisectFalling((size) => (isMissed(size) ? 1 : 0), 0.5, { low: 0, high: shiftMax }),
    );
  }
  return worst;
}

function lambdaOf(shares: Float64Array, { expected, basis, x, inflation }: ShiftInput): number {
  let lambda = 0;
  for (let k = 0; k < order; k++) {
    let along = 0;
    for (let j = 0; j < expected.length; j++)
      along += ((shares[j] as number) - (expected[j] as number)) * (basis[k * expected.length + j] as number);
    lambda += along ** 2 / (x * (inflation?.[k] ?? 1));
  }
  return lambda;
}

/** Of endless rows, so that no pseudo-count blurs it. */
function psiOf(shares: Float64Array, expected: Float64Array): number {
  return psiOfPairs({ bins: shares.map((share) => share * endless), n: endless, expected, m: endless });
}
