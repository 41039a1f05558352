/** Seeded windows without a change, or with one: counts drawn over the cells of a reference. Equal seeds, equal draws. */
import type { Counters } from '../../core/pane.ts';

/** Numbers in [0, 1): mulberry32, by Tommy Ettinger. */
export function uniformDraws(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** From this variance on a binomial number is drawn as a rounded normal one. */
const normalFrom = 50;

export function drawBinomial(uniform: () => number, n: number, p: number): number {
  if (!(n > 0) || !(p > 0)) return 0;
  if (p >= 1) return n;
  if (p > 0.5) return n - drawBinomial(uniform, n, 1 - p);
  const variance = n * p * (1 - p);
  if (variance >= normalFrom) {
    const normal = Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    return Math.min(n, Math.max(0, Math.round(n * p + normal * Math.sqrt(variance))));
  }
  // The waiting times between successes are geometric: about n·p steps.
  const logMiss = Math.log1p(-p);
  let successes = 0;
  for (let at = -1; ; successes++) {
    at += 1 + Math.floor(Math.log(1 - uniform()) / logMiss);
    if (at >= n) return successes;
  }
}

/** Counts of n rows over shares, cell by cell: each is binomial in what is left. */
export function drawCounts(uniform: () => number, n: number, shares: ArrayLike<number>): Float64Array {
  const counts = new Float64Array(shares.length);
  let left = n;
  let share = 1;
  for (let j = 0; j < shares.length && left > 0; j++) {
    const own = shares[j] as number;
    const isLast = j === shares.length - 1;
    const count = isLast ? left : drawBinomial(uniform, left, share > 0 ? Math.min(1, own / share) : 0);
    counts[j] = count;
    left -= count;
    share -= own;
  }
  return counts;
}

/** Counters with these counts and the moments of `like`. */
export function countersOf(like: Counters, counts: Float64Array, rows: number): Counters {
  const perWeight = like.weight > 0 ? like.m2 / like.weight : 0;
  return {
    ...like,
    counts,
    rows,
    weight: rows,
    weightSquared: rows,
    missing: 0,
    malformed: 0,
    late: 0,
    m2: perWeight * rows,
  };
}
