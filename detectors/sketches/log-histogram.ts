/**
 * A log-linear histogram for latency, cost and tokens: quantities judged by a quantile or a total, not by their shape.
 *
 * The idea: each octave [2^e, 2^(e+1)) is cut into 32 cells of equal width, so that a cell is never wider than 1/32 of
 * the values in it. The scale is the same for every signal and never learned, so counters of any two windows add.
 *
 * Invariants:
 * 1. Cell 0 holds v < 2^-30 (about 9.3e-10), so also 0 and negative numbers; the last cell holds v ≥ 2^30 (about 1.07e9).
 * 2. Cell 1 + 32·(e + 30) + s holds 2^e·(1 + s/32) ≤ v < 2^e·(1 + (s+1)/32), s in 0..31, e in -30..29. Cells are closed
 *    below, other than those of a numeric scale: powers of two are exact there.
 * 3. `logQuantile` is off by at most 1/64 = 1.5625 % of the true quantile (type 1, inverse of the distribution function)
 *    where that lies in 2^-30 .. 2^30: half a cell over the cell's lower edge. Outside it is the window's min or max.
 *
 * A worked example: 100 lies in the octave 64..128 with cells of width 2, in [100, 102); its quantile is read as 101.
 *
 * Memory: 1,922 cells are 15 KB per counters while they are counted; codec.ts stores only the cells in use. Not for
 * drift: one cell of 1.6 to 3 % width can hold most of a narrow distribution (use a numeric scale).
 *
 * Source: HdrHistogram's log-linear layout; the error bound is that of DDSketch (Masson, Rim, Lee 2019) for alpha = 1/64.
 */
import type { Counters } from '../../core/pane.ts';
import type { LogScale } from '../../core/scale.ts';

const cellsPerOctave = 32;
const lowestExponent = -30;
const octaves = 60;

export const logScale: LogScale = { kind: 'log', id: 'sc_log32o60v1' };

export const logCellCount = octaves * cellsPerOctave + 2;

/** Largest relative error of `logQuantile` inside the range. */
export const logRelativeError = 1 / (2 * cellsPerOctave);

const smallest = 2 ** lowestExponent;
const largest = 2 ** (lowestExponent + octaves);
/** The lower edge of each octave, exact. */
const octaveStarts = Float64Array.from({ length: octaves }, (_, i) => 2 ** (lowestExponent + i));

/** The cell of a finite number. */
export function logCellOf(value: number): number {
  if (value < smallest) return 0;
  if (value >= largest) return logCellCount - 1;
  let octave = 0;
  // Halving the octaves without branches: faster than Math.log2, and exact next to powers of two.
  for (let left = octaves; left > 1; ) {
    const half = left >>> 1;
    octave += half * Number((octaveStarts[octave + half] as number) <= value);
    left -= half;
  }
  const start = octaveStarts[octave] as number;
  return 1 + octave * cellsPerOctave + Math.floor((value / start - 1) * cellsPerOctave);
}

/** Where a cell begins: -Infinity for the first, else the smallest number in it. */
export function logCellStart(cell: number): number {
  if (cell <= 0) return Number.NEGATIVE_INFINITY;
  if (cell >= logCellCount - 1) return largest;
  const octave = Math.floor((cell - 1) / cellsPerOctave);
  const step = (cell - 1) % cellsPerOctave;
  return (octaveStarts[octave] as number) * (1 + step / cellsPerOctave);
}

/**
 * The cell in which the given share of the weight is reached: the first with cumulated weight ≥ share · weight, never
 * an empty one. -1 where the counters are empty.
 */
export function logCellAtShare(counters: Counters, share: number): number {
  let total = 0;
  for (const count of counters.counts) total += count;
  // Sums of fractional weights round: a rank reached but for the last digits counts as reached.
  const wanted = share * total * (1 - 1e-12);
  let sum = 0;
  for (let cell = 0; cell < counters.counts.length; cell++) {
    const count = counters.counts[cell] as number;
    sum += count;
    if (count > 0 && sum >= wanted) return cell;
  }
  return -1;
}

/** The q-quantile, q in 0..1, within `logRelativeError`; undefined where the counters are empty. */
export function logQuantile(counters: Counters, q: number): number | undefined {
  const cell = logCellAtShare(counters, q);
  if (cell < 0) return undefined;
  if (cell === 0) return counters.min;
  if (cell === logCellCount - 1) return counters.max;
  const middle = (logCellStart(cell) + logCellStart(cell + 1)) / 2;
  return Math.min(counters.max, Math.max(counters.min, middle));
}

/**
 * A number that the value at this share is surely not below: the start of its cell, or the window's minimum where that
 * is nearer. Undefined where the counters are empty.
 */
export function logLowerBound(counters: Counters, share: number): number | undefined {
  const cell = logCellAtShare(counters, share);
  return cell < 0 ? undefined : Math.max(counters.min, logCellStart(cell));
}
