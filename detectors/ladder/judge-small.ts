/**
 * The default rule for thin data: a window of a day or more with 20 to 199 rows, such as one value a day.
 *
 * The chi-square of the smooth test does not hold out there, so only exact tests are asked: Kolmogorov–Smirnov at the edges
 * of the bins (Hodges 1958; edges can only miss a part of D, and ties make p too large), and the conditional binomial of the
 * bin that moved most. p = 2 · min of both; of levels, which have no order, the second alone. Where windows are known to vary
 * more than independent rows would, or neighbours resemble each other, rows are divided by that.
 *
 * What it can find: a window of 31 rows against 93, alpha 1e-4, needs D of 0.46: a normal shifted by 1.2 standard
 * deviations in 5 of 10 windows.
 */
import { ksExact, stephensLimit } from '../exact/ks-two-sample.ts';
import { orthonormalBasis } from './basis.ts';
import { psiExcess, psiOfPairs } from './effect.ts';
import { tooFewRows, type WindowFinding, type WindowInput } from './judge-window.ts';
import { mergeLevels } from './levels.ts';
import { type Comparison, exactBinPValue, maxBin } from './max-bin.ts';
import { smoothComponents } from './smooth-test.ts';
import { inflation, type WindowVariance } from './variance.ts';

/** Rows below which even ten standard deviations may be chance, of window and reference both. */
export const smallRowsMin = 20;
/** Points of the lattice of the exact test: about a millisecond. A longer reference counts as one of that many. */
const pointsMax = 100_000;
/** The limit is near enough to say that p is far above alpha. */
const farAbove = 100;

/** `clustering`: so many rows are worth one, as their neighbours resemble them (serial.ts). */
export function judgeSmall(
  input: WindowInput,
  kind: 'ordered' | 'levels',
  clustering: number,
): WindowFinding {
  const { n, inverseM, variance } = input;
  const m = 1 / inverseM;
  if (!(n >= smallRowsMin) || !(m >= smallRowsMin)) return tooFewRows(n, m, smallRowsMin - n);
  const x = 1 / n + inverseM;
  const over = Math.max(clustering, inflationOf(variance, x));
  const comparison: Comparison = { bins: input.bins, n, expected: input.expected, m };
  const { alpha } = input;
  const spike = kind === 'ordered' ? spikeOf(comparison, over) : levelOf(comparison, over);
  const ks = kind === 'ordered' ? ksPValue(comparison, over, alpha) : { d: 0, p: 1 };
  const p = kind === 'ordered' ? Math.min(1, 2 * Math.min(ks.p, spike.p)) : spike.p;
  const psi = psiOfPairs(comparison);
  const excess = psiExcess(psi, input.bins.length, x, variance?.psi);
  const z = kind === 'ordered' ? componentsOf(comparison, x, over) : [];
  return {
    status: p <= alpha && excess >= input.minEffect ? 'breach' : 'ok',
    rowsMissing: 0,
    p,
    pSmooth: ks.p,
    pMaxBin: spike.p,
    t: -Math.log10(Math.max(p, Number.MIN_VALUE)),
    threshold: -Math.log10(alpha),
    z,
    psi,
    excess,
    words: spike.p < ks.p && kind === 'ordered' ? ['spike'] : [],
    moved: {
      bin: spike.bin,
      reference: input.expected[spike.bin] ?? 0,
      current: (input.bins[spike.bin] ?? 0) / n,
    },
    n,
    m,
  };
}

/** The largest of all components: no direction is trusted more than another. */
function inflationOf(variance: WindowVariance | undefined, x: number): number {
  if (variance === undefined) return 1;
  return Math.max(1, ...variance.smooth.map((fit) => inflation(fit, x)));
}

function ksPValue(
  { bins, n, expected, m }: Comparison,
  over: number,
  alpha: number,
): { d: number; p: number } {
  let gap = 0;
  let d = 0;
  for (let j = 0; j < bins.length; j++) {
    gap += (bins[j] as number) / n - (expected[j] as number);
    d = Math.max(d, Math.abs(gap));
  }
  const rows = Math.floor(n / over);
  const before = Math.floor(Math.min(m / over, pointsMax / Math.max(1, rows)));
  if (rows < 1 || before < 1) return { d, p: 1 };
  const limit = stephensLimit(d, rows, before);
  if (limit > farAbove * alpha) return { d, p: limit };
  // Downwards onto the lattice: a distance between two of its points counts as the smaller one.
  const points = (rows * before) / greatestCommonDivisor(rows, before);
  const reached = Math.floor(d * points + 1e-6) / points;
  return { d, p: ksExact(reached, rows, before) ?? limit };
}

function spikeOf(comparison: Comparison, over: number): { p: number; bin: number } {
  return maxBin(comparison.bins.length, (bin) =>
    exactBinPValue(comparison, bin, over > 1 ? over : undefined),
  );
}

/** Of levels, those of which five rows are expected stand alone. */
function levelOf({ bins, expected, m }: Comparison, over: number): { p: number; bin: number } {
  const merged = mergeLevels(
    expected.map((share) => share * m),
    bins,
  );
  const current = Float64Array.from(merged.current);
  const before = Float64Array.from(merged.reference);
  const n = current.reduce((sum, count) => sum + count, 0);
  const groups = { bins: current, n, expected: before.map((count) => count / m), m };
  const most = spikeOf(groups, over);
  return { p: most.p, bin: merged.members[most.bin]?.[0] ?? 0 };
}

function componentsOf({ bins, n, expected }: Comparison, x: number, over: number): number[] {
  const z = smoothComponents(bins, n, expected, orthonormalBasis(expected), x);
  return z.map((one) => one / Math.sqrt(over));
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
