/**
 * Did it jump or creep? The blocks are read along the direction in which their shares moved: each row has the log of its
 * bin's change of rate as its score, and each block the mean score y_t less what is expected of it, with the variance of
 * a score over the block's rows. A step and a ramp from one level to another are fitted by weighted least squares; a step
 * may lie inside a block, which then has a part of it. It is called gradual where a ramp over three blocks or more is
 * likelier than any step by 5 in log likelihood.
 *
 * Recurring: it began at about the same hour on two earlier days, or of two earlier weeks.
 */
import type { TimeBlock } from './change-point.ts';

export interface Ramp {
  /** When it began to move, with what else is about as likely; and when it had arrived (or the data ends). */
  readonly at: number;
  readonly from: number;
  readonly to: number;
  readonly arrived: number;
}

const gainOfRamp = 5;
const gainWithin = 3.676;
const rampBlocksFew = 3;

interface Point {
  readonly start: number;
  readonly end: number;
  readonly y: number;
  /** One over its variance. */
  readonly weight: number;
}

/** The ramp that fits better than any step; undefined where a step does as well. `at`: the best split. */
export function rampOf(all: readonly TimeBlock[], at: number, clustering = 1): Ramp | undefined {
  const points = scoresOf(all, at, clustering);
  if (points.length < rampBlocksFew + 2) return undefined;
  const step = bestStep(points);
  const gains = points.map((_, i) => bestRampFrom(points, i));
  const best = Math.max(...gains.map((one) => one.gain));
  if (!(best > step + gainOfRamp)) return undefined;
  const first = gains.findIndex((one) => one.gain >= best - gainWithin);
  const last = gains.findLastIndex((one) => one.gain >= best - gainWithin);
  const found = gains.findIndex((one) => one.gain === best);
  return {
    at: (points[found] as Point).start,
    from: (points[Math.max(0, first - 1)] as Point).start,
    to: (points[last] as Point).end,
    arrived: (gains[found] as { arrived: number }).arrived,
  };
}

function bestStep(points: readonly Point[]): number {
  let best = 0;
  for (const { start, end } of points) {
    for (const part of [0, 0.25, 0.5, 0.75]) {
      // As a ramp that is as short as to be felt in this block only, and there by that part.
      const middle = (start + end) / 2;
      const width = (end - start) / 2;
      best = Math.max(best, fitGain(points, middle - part * width, middle + (1 - part) * width));
    }
  }
  return best;
}

function bestRampFrom(points: readonly Point[], i: number): { gain: number; arrived: number } {
  let best = { gain: Number.NEGATIVE_INFINITY, arrived: 0 };
  const from = (points[i] as Point).start;
  for (let j = i + rampBlocksFew - 1; j < points.length; j++) {
    const arrived = (points[j] as Point).end;
    const gain = fitGain(points, from, arrived);
    if (gain > best.gain) best = { gain, arrived };
  }
  return best;
}

/** By how much level and change together are likelier than one level, for a change that lasts from `from` to `to`. */
function fitGain(points: readonly Point[], from: number, to: number): number {
  let w = 0;
  let wx = 0;
  let wy = 0;
  let wxx = 0;
  let wxy = 0;
  for (const { start, end, y, weight } of points) {
    const middle = (start + end) / 2;
    const x = middle <= from ? 0 : middle >= to ? 1 : (middle - from) / (to - from);
    w += weight;
    wx += weight * x;
    wy += weight * y;
    wxx += weight * x * x;
    wxy += weight * x * y;
  }
  const spread = wxx - (wx * wx) / w;
  const along = wxy - (wx * wy) / w;
  return spread > 1e-12 * w ? (along * along) / spread / 2 : 0;
}

function scoresOf(all: readonly TimeBlock[], at: number, clustering: number): Point[] {
  const blocks = all.filter(({ bins }) => total(bins) > 0);
  const size = blocks[0]?.bins.length ?? 0;
  const pooled = sumOf(blocks, size, ({ bins }, j) => bins[j] as number);
  const shares = pooled.map((count) => count / Math.max(1, total(pooled)));
  const expectedOf = (block: TimeBlock, j: number) => (block.expected ?? shares)[j] as number;
  const after = blocks.filter((block) => block.start >= at);
  const counted = sumOf(after, size, ({ bins }, j) => bins[j] as number);
  const expected = sumOf(after, size, (block, j) => total(block.bins) * expectedOf(block, j));
  const score = counted.map((count, j) => Math.log((count + 0.5) / ((expected[j] as number) + 0.5)));
  return blocks.map((block) => {
    const n = total(block.bins);
    let y = 0;
    let mean = 0;
    let square = 0;
    for (let j = 0; j < size; j++) {
      const one = score[j] as number;
      y += ((block.bins[j] as number) / n) * one;
      mean += expectedOf(block, j) * one;
      square += expectedOf(block, j) * one * one;
    }
    const variance = Math.max(1e-12, square - mean * mean) * Math.max(1, clustering);
    return { start: block.start, end: block.end, y: y - mean, weight: n / variance };
  });
}

function sumOf(
  blocks: readonly TimeBlock[],
  size: number,
  of: (block: TimeBlock, bin: number) => number,
): Float64Array {
  const sums = new Float64Array(size);
  for (const block of blocks) for (let j = 0; j < size; j++) sums[j] = (sums[j] as number) + of(block, j);
  return sums;
}

function total(values: ArrayLike<number>): number {
  let sum = 0;
  for (let j = 0; j < values.length; j++) sum += values[j] as number;
  return sum;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const weekMs = 7 * dayMs;
/** About the same hour. */
const slackMs = 1.5 * hourMs;
const earlierFew = 2;

/** The period after which it comes back: earlier beginnings at the same hour on two earlier days, or in two weeks. */
export function recurrenceOf(beganMs: number, earlierMs: readonly number[]): 'daily' | 'weekly' | undefined {
  if (turnsAt(beganMs, earlierMs, weekMs) >= earlierFew && turnsAt(beganMs, earlierMs, dayMs) <= 3)
    return 'weekly';
  return turnsAt(beganMs, earlierMs, dayMs) >= earlierFew ? 'daily' : undefined;
}

/** In how many earlier periods it began within the slack of the same moment. */
function turnsAt(beganMs: number, earlierMs: readonly number[], periodMs: number): number {
  const turns = new Set<number>();
  for (const atMs of earlierMs) {
    const turn = Math.round((beganMs - atMs) / periodMs);
    if (turn >= 1 && Math.abs(beganMs - atMs - turn * periodMs) <= slackMs) turns.add(turn);
  }
  return turns.size;
}
