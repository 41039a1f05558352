/** Counts of whole windows at once, for what is measured per window rather than over a stream. */
import { normalLower, normalQuantile } from '../../detectors/math/normal.ts';
import type { SeededRandom } from './random.ts';

/** Counts of n rows over shares, bin by bin: each is binomial in what is left. */
export function multinomial(random: SeededRandom, n: number, shares: ArrayLike<number>): Float64Array {
  const counts = new Float64Array(shares.length);
  let left = n;
  let share = 1;
  for (let j = 0; j < shares.length && left > 0; j++) {
    const isLast = j === shares.length - 1;
    const own = shares[j] as number;
    const count = isLast ? left : random.binomial(left, Math.min(1, own / share));
    counts[j] = count;
    left -= count;
    share -= own;
  }
  return counts;
}

export function evenShares(bins: number): Float64Array {
  return new Float64Array(bins).fill(1 / bins);
}

/** Shares of the even bins of a standard normal after a shift. */
export function shiftedNormal(bins: number, shift: number): Float64Array {
  const upTo = (bin: number) => (bin >= bins ? 1 : normalLower(normalQuantile(bin / bins) - shift));
  return Float64Array.from({ length: bins }, (_, bin) => upTo(bin + 1) - (bin === 0 ? 0 : upTo(bin)));
}
