/**
 * The default judging rule for one window of one signal: is it different from what was expected, surely and by enough?
 *
 * 1. Surely: p = 2 · min(p_smooth, p_maxbin) ≤ alpha. The smooth test finds changes of location, spread and shape, the
 *    largest bin finds spikes; both use variance learned from the reference where there is one.
 * 2. By enough: PSI over ten groups, less what chance gives, reaches `minEffect`. 0.01 is a shift of a normal by 0.1 sd.
 * 3. Too few effective rows (`minRows` times the rows that are worth one) say nothing: `too_few`.
 *
 * A worked example: 2,400 rows against 20 expected ventiles of 50,000, shifted by a quarter sd: z₁ = 11.7, T = 138,
 * p = 1e-28, excess 0.06: a breach, "higher".
 */
import { type Basis, order, orthonormalBasis } from './basis.ts';
import { type CriticalValue, type CriticalValues, criticalValue } from './critical-values.ts';
import { psiExcess, psiOfPairs } from './effect.ts';
import { type Comparison, maxBinOf } from './max-bin.ts';
import { smoothComponents, smoothPValue, smoothStatistic } from './smooth-test.ts';
import { inflation, type WindowVariance } from './variance.ts';

export interface WindowInput {
  /** Effective rows in each bin; their sum is `n`. Not changed. */
  readonly bins: Float64Array;
  /** Effective rows in bins (Kish). */
  readonly n: number;
  /** Expected shares of the bins; their sum is 1. */
  readonly expected: Float64Array;
  /** One over the effective rows behind the expectation. */
  readonly inverseM: number;
  /** Learned for windows of this length; absent: rows are independent. */
  readonly variance?: WindowVariance | undefined;
  readonly alpha: number;
  readonly minEffect: number;
  /** Effective rows needed where rows are independent: 200. */
  readonly minRows: number;
  /** The basis under `expected`, where it is known already. */
  readonly basis?: Basis | undefined;
  /** A memory that saves computing critical values each time. */
  readonly criticals?: CriticalValues | undefined;
  /** Compute p even where it is surely over alpha. */
  readonly wantP?: boolean | undefined;
}

export type WindowWord =
  | 'higher'
  | 'lower'
  | 'wider'
  | 'narrower'
  | 'skewed up'
  | 'skewed down'
  | 'tails'
  | 'spike';

/** The bin whose deviation is largest against its own spread. */
export interface MovedBin {
  readonly bin: number;
  readonly reference: number;
  readonly current: number;
}

export interface WindowFinding {
  readonly status: 'ok' | 'breach' | 'inconclusive';
  readonly cause?: 'too_few';
  /** Effective rows that are missing; 0 unless `too_few`. */
  readonly rowsMissing: number;
  /** Absent where the statistics lie below their critical values, so that p > alpha for sure. */
  readonly p: number | undefined;
  readonly pSmooth: number | undefined;
  readonly pMaxBin: number | undefined;
  /** T of the smooth test, after inflation, and what it must reach. */
  readonly t: number;
  readonly threshold: number;
  /** Location, spread, skew, tails: each in its own standard errors (after inflation). */
  readonly z: readonly number[];
  readonly psi: number;
  /** PSI less its mean under no change. */
  readonly excess: number;
  /** What changed, the strongest first; empty where p was not computed or nothing stands out. */
  readonly words: readonly WindowWord[];
  readonly moved: MovedBin | undefined;
  /** Effective rows. */
  readonly n: number;
  readonly m: number;
}

const slack = 1e-6;
/** Standard errors by which a component must stand out to be named. */
const wordErrors = 3;

export function judgeWindow(input: WindowInput): WindowFinding {
  const { n, inverseM, variance } = input;
  const m = 1 / inverseM;
  const needed = input.minRows * Math.max(1, variance?.clustering ?? 1);
  if (!(n + slack >= needed) || !(m > 0)) return tooFewRows(n, m, needed - n);
  const x = 1 / n + inverseM;
  const comparison: Comparison = { bins: input.bins, n, expected: input.expected, m };
  const raw = smoothComponents(
    input.bins,
    n,
    input.expected,
    input.basis ?? orthonormalBasis(input.expected),
    x,
  );
  const smoothInflation = variance?.smooth.map((fit) => inflation(fit, x));
  const t = smoothStatistic(raw, smoothInflation);
  const critical = criticalOf(input);
  const most = largestDeviation(comparison, x, variance);
  const passes = t >= critical.t || most.s >= critical.s;
  const tails = passes || input.wantP === true ? pValues(comparison, t, variance) : undefined;
  const psi = psiOfPairs(comparison);
  const excess = psiExcess(psi, input.bins.length, x, variance?.psi);
  const isBreach = tails !== undefined && tails.p <= input.alpha && excess >= input.minEffect;
  const z =
    smoothInflation === undefined ? raw : raw.map((one, k) => one / Math.sqrt(smoothInflation[k] ?? 1));
  return {
    status: isBreach ? 'breach' : 'ok',
    rowsMissing: 0,
    p: tails?.p,
    pSmooth: tails?.pSmooth,
    pMaxBin: tails?.pMaxBin,
    t,
    threshold: critical.t,
    z,
    psi,
    excess,
    words: tails === undefined ? [] : wordsOf(z, tails),
    moved: movedBin(comparison, most.bin),
    n,
    m,
  };
}

export function tooFewRows(n: number, m: number, missing: number): WindowFinding {
  return {
    status: 'inconclusive',
    cause: 'too_few',
    rowsMissing: Math.max(1, Math.ceil(missing)),
    p: undefined,
    pSmooth: undefined,
    pMaxBin: undefined,
    t: 0,
    threshold: 0,
    z: [],
    psi: 0,
    excess: 0,
    words: [],
    moved: undefined,
    n,
    m,
  };
}

function criticalOf({ alpha, bins, variance, criticals }: WindowInput): CriticalValue {
  if (criticals !== undefined) return criticals.at(alpha, bins.length, variance);
  return criticalValue(alpha, bins.length, variance);
}

/** The bin with the largest squared deviation over its variance, as squaredDeviation / (x · inflation). */
function largestDeviation(
  { bins, n, expected, m }: Comparison,
  x: number,
  variance: WindowVariance | undefined,
): { s: number; bin: number } {
  const fits = variance?.bins;
  let s = -1;
  let bin = 0;
  for (let j = 0; j < bins.length; j++) {
    const count = bins[j] as number;
    const share = expected[j] as number;
    const pooled = (count + share * m) / (n + m);
    const moved = count / n - share;
    const over = pooled * (1 - pooled) * x * (fits === undefined ? 1 : fits.inflation(j, x));
    const one = over > 0 ? (moved * moved) / over : 0;
    if (one > s) {
      s = one;
      bin = j;
    }
  }
  return { s, bin };
}

interface Tails {
  readonly p: number;
  readonly pSmooth: number;
  readonly pMaxBin: number;
}

function pValues(comparison: Comparison, t: number, variance: WindowVariance | undefined): Tails {
  const x = 1 / comparison.n + 1 / comparison.m;
  const pSmooth = smoothPValue(t, variance);
  const inflationOf = (bin: number) => variance?.bins.inflation(bin, x);
  const { p: pMaxBin } = maxBinOf(comparison, inflationOf, variance);
  return { p: Math.min(1, 2 * Math.min(pSmooth, pMaxBin)), pSmooth, pMaxBin };
}

const names: readonly (readonly [above: WindowWord, below: WindowWord])[] = [
  ['higher', 'lower'],
  ['wider', 'narrower'],
  ['skewed up', 'skewed down'],
  ['tails', 'tails'],
];

function wordsOf(z: readonly number[], tails: Tails): WindowWord[] {
  const largest = Math.max(...z.map(Math.abs));
  const isNamed = (one: number) => Math.abs(one) >= wordErrors && Math.abs(one) >= largest / 2;
  const strongest = z.map((one, k) => ({ one, k })).filter(({ one }) => isNamed(one));
  strongest.sort((a, b) => Math.abs(b.one) - Math.abs(a.one));
  const words = strongest.slice(0, order).map(({ one, k }) => names[k]?.[one > 0 ? 0 : 1] ?? 'tails');
  const isSpike = tails.pMaxBin < tails.pSmooth;
  return isSpike ? ['spike', ...words] : words;
}

function movedBin({ bins, n, expected }: Comparison, bin: number): MovedBin {
  return { bin, reference: expected[bin] as number, current: (bins[bin] as number) / n };
}
