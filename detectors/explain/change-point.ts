/**
 * Since when: the moment at which the shares of a series changed, with an interval, from the blocks of time it was counted in.
 *
 * Bin j is expected E_j times in a stretch and was counted B_j times, so that its rate is r_j = B_j / E_j of the expected
 * one. As Poisson counts the stretch is likelier by G = Σ_j B_j log r_j than under the expectation. A split has the gain
 * G(before) + G(after) − G(all); the best split has the largest. A season is in the expectation of each block, so it is no
 * change. The side before has rates of its own as well: an expectation is itself estimated, and with many rows before the
 * change its error would be taken for one (simulated: the true moment was then found in no case of 80).
 *
 * The interval holds all splits whose gain is within 3.68 of the best. That of a usual parameter, χ²₁(0.95)/2 = 1.92, is
 * too narrow for a split: the gain around the true one is a random walk to both sides, and P(its maximum ≤ c) is
 * (1 − e^−c)² (Siegmund 1988, "Confidence sets in change-point problems"), 0.73 at 1.92 and 0.95 at 3.68. As the change
 * may lie inside a block, the interval begins with the block before its first split and ends with the one after its last.
 * docs/decisions/0009-since-when.md has the coverage that was simulated.
 *
 * Rows that come in clusters say less: `clustering` rows count as one. No split is named that chance could have made among
 * so many (below `gainByChance`).
 */

import { assert } from '../../core/assert.ts';
import { chiSquareUpperInverse } from '../math/chi-square.ts';

/** A stretch of time and what was counted in it; times in any unit, rising from block to block. */
export interface TimeBlock {
  readonly start: number;
  readonly end: number;
  /** Effective rows in each bin. */
  readonly bins: ArrayLike<number>;
  /** Shares expected of this block; absent: those of all blocks together. */
  readonly expected?: ArrayLike<number> | undefined;
}

export interface ChangePoint {
  /** The likeliest moment. */
  readonly at: number;
  /** 95 % interval. */
  readonly from: number;
  readonly to: number;
  /** Log likelihood over that of no change. */
  readonly gain: number;
}

/** −log(1 − √0.95). */
const gainWithin = 3.676;
/** The chance of naming a moment where none is. */
const alphaOfSplit = 1e-3;
/** Blocks asked about, at most. */
export const blocksMax = 512;

/** Undefined where there are fewer than two blocks with rows, or no split stands out. Blocks without rows are left out. */
export function changePoint(all: readonly TimeBlock[], clustering = 1): ChangePoint | undefined {
  assert(all.length <= blocksMax, 'A change is looked for in a bounded number of blocks.');
  const blocks = all.filter((block) => rowsOf(block.bins) > 0);
  if (blocks.length < 2) return undefined;
  const gains = splitGains(blocks).map((gain) => gain / Math.max(1, clustering));
  const gain = Math.max(...gains);
  if (gain < gainByChance((blocks[0] as TimeBlock).bins.length, blocks.length)) return undefined;
  const isWithin = (one: number) => one >= gain - gainWithin;
  // Split s of the list lies before block s + 1.
  const first = gains.findIndex(isWithin);
  const last = gains.findLastIndex(isWithin);
  return {
    at: (blocks[gains.indexOf(gain) + 1] as TimeBlock).start,
    from: (blocks[first] as TimeBlock).start,
    to: (blocks[last + 1] as TimeBlock).end,
    gain,
  };
}

/** Twice the gain of a split by chance is about chi-square with a degree of freedom for each free share. */
function gainByChance(bins: number, blocks: number): number {
  return chiSquareUpperInverse(alphaOfSplit / blocks, Math.max(1, bins - 1)) / 2;
}

function splitGains(blocks: readonly TimeBlock[]): number[] {
  const pooled = poolShares(blocks);
  const after = gainsFrom(blocks, pooled);
  const before = gainsFrom([...blocks].reverse(), pooled).reverse();
  const whole = after[0] as number;
  return after.slice(1).map((gain, s) => gain + (before[s] as number) - whole);
}

/** For each s the gain of rates of their own in all blocks from s on. */
function gainsFrom(blocks: readonly TimeBlock[], pooled: ArrayLike<number>): number[] {
  const counted = new Float64Array(pooled.length);
  const expected = new Float64Array(pooled.length);
  const gains = new Array<number>(blocks.length).fill(0);
  for (let s = blocks.length - 1; s >= 0; s--) {
    const { bins, expected: shares = pooled } = blocks[s] as TimeBlock;
    const rows = rowsOf(bins);
    let gain = 0;
    for (let j = 0; j < pooled.length; j++) {
      const count = (counted[j] as number) + (bins[j] as number);
      const mean = (expected[j] as number) + rows * (shares[j] as number);
      counted[j] = count;
      expected[j] = mean;
      // Half a row on both sides, so that a bin expected to be empty is no proof.
      gain += count * Math.log((count + 0.5) / (mean + 0.5));
    }
    gains[s] = gain;
  }
  return gains;
}

function poolShares(blocks: readonly TimeBlock[]): Float64Array {
  const sums = new Float64Array((blocks[0] as TimeBlock).bins.length);
  let rows = 0;
  for (const { bins } of blocks) {
    for (let j = 0; j < sums.length; j++) sums[j] = (sums[j] as number) + (bins[j] as number);
    rows += rowsOf(bins);
  }
  return sums.map((sum) => sum / rows);
}

function rowsOf(bins: ArrayLike<number>): number {
  let rows = 0;
  for (let j = 0; j < bins.length; j++) rows += bins[j] as number;
  return rows;
}
