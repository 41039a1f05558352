/**
 * Quantiles of raw values by the definitions of Hyndman and Fan (The American Statistician 50 (1996) 361), and of values
 * with weights.
 *
 * - Type 7, numpy's and R's default: linear between order statistics; simple-statistics has it.
 * - Type 1: the smallest value at or below which at least the share q of the rows lies.
 * - Type 5 (Hazen): linear between the middles of the steps.
 * - Weighted: type 1 by weight. Rows of weight 0 are not there.
 *
 * Ranks that bound a quantile with a confidence are `quantileRanks` in math/binomial.ts.
 */
import { quantileSorted } from 'simple-statistics';
import { rowsOf, type Sample, totalWeight } from './sample.ts';

export type QuantileType = 1 | 5 | 7;

/** `sorted` rises; q is in 0..1. Undefined for no values. */
export function quantileOf(sorted: readonly number[], q: number, type: QuantileType = 7): number | undefined {
  const n = sorted.length;
  if (n === 0) return undefined;
  switch (type) {
    case 1:
      return at(sorted, Math.ceil(n * q - 1));
    case 5:
      return between(sorted, n * q - 0.5);
    case 7:
      return quantileSorted([...sorted], q);
  }
}

/** The smallest value whose cumulated weight reaches the share q of all; undefined for no rows. */
export function weightedQuantile(sample: Sample, q: number): number | undefined {
  const rows = rowsOf(sample).sort((a, b) => a.value - b.value);
  const total = totalWeight(rows);
  let upTo = 0;
  for (const { value, weight } of rows) {
    upTo += weight;
    if (upTo / total >= q) return value;
  }
  return rows.at(-1)?.value;
}

/** The value at a 0-based rank; the first or last beyond the ends. */
function at(sorted: readonly number[], rank: number): number {
  return sorted[Math.min(sorted.length - 1, Math.max(0, rank))] as number;
}

function between(sorted: readonly number[], rank: number): number {
  const low = Math.floor(rank);
  const share = rank - low;
  const [below, above] = [at(sorted, low), at(sorted, low + 1)];
  // Not below + share · (above − below): a difference of ±1e308 overflows. Rounding must not leave the two.
  return Math.min(above, Math.max(below, below * (1 - share) + above * share));
}
