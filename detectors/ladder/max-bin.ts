/**
 * The bin that moved most, judged exactly: finds a spike at one value, which the smooth test cannot see.
 *
 * K_j ~ Bin(b_j + e_j m, n/(n + m)): of all rows in the bin, those that fall into the window, given that nothing changed.
 * p_j is the doubled smaller tail; the smallest of B of them is paid for B times. The tail has to be exact: its normal
 * approximation gave 44 false alarms where 3.3 were planned at n < 400 (simulated).
 *
 * A normal tail is asked as well, and the larger p of both counts: it is what carries the uncertainty of a learned
 * variance (F with 1 and nu degrees of freedom instead of chi-square). With learned variance the counts are divided by
 * the bin's inflation; they are no longer whole, and the binomial tail is the incomplete beta function between them.
 */
import { binomialLower, binomialUpper } from '../math/binomial.ts';
import { chiSquareUpper } from '../math/chi-square.ts';
import { fisherUpper } from '../math/fisher-f.ts';
import type { Certainty } from './smooth-test.ts';

/** One window against its expectation; bins and n are effective rows. */
export interface Comparison {
  readonly bins: Float64Array;
  readonly n: number;
  readonly expected: Float64Array;
  /** Effective rows behind the expectation. */
  readonly m: number;
}

/** d_j² / (π_j (1 − π_j)), π the pooled share: what is compared with x under no change. 0 where the bin is empty. */
export function squaredDeviation({ bins, n, expected, m }: Comparison, bin: number): number {
  const count = bins[bin] as number;
  const share = expected[bin] as number;
  const pooled = (count + share * m) / (n + m);
  const spread = pooled * (1 - pooled);
  const moved = count / n - share;
  return spread > 0 ? (moved * moved) / spread : 0;
}

/** p of one bin by the exact tail alone. */
export function exactBinPValue(comparison: Comparison, bin: number, inflation?: number): number {
  const { bins, n, expected, m } = comparison;
  const count = bins[bin] as number;
  const before = (expected[bin] as number) * m;
  const successes = inflation === undefined ? count : count / inflation;
  const total = inflation === undefined ? count + Math.round(before) : (count + before) / inflation;
  const share = n / (n + m);
  const tail = Math.min(binomialUpper(successes, total, share), binomialLower(successes, total, share));
  return Math.min(1, 2 * tail);
}

/** p of one bin: the larger of the exact and the normal one. */
export function binPValue(
  comparison: Comparison,
  bin: number,
  inflation?: number,
  certainty?: Certainty,
): number {
  const x = 1 / comparison.n + 1 / comparison.m;
  const s = squaredDeviation(comparison, bin) / (x * (inflation ?? 1));
  return Math.max(normalTail(s, certainty), exactBinPValue(comparison, bin, inflation));
}

function normalTail(s: number, certainty: Certainty | undefined): number {
  return certainty === undefined ? chiSquareUpper(s, 1) : fisherUpper(s / certainty.guard, 1, certainty.nu);
}

/**
 * The bin with the smallest p, and p times the number of bins. Exact tails cost much, and p is never below that of the
 * normal tail: bins are asked in the order of their deviations, until no other can be smaller.
 */
export function maxBinOf(
  comparison: Comparison,
  inflationOf: (bin: number) => number | undefined,
  certainty?: Certainty,
): { p: number; bin: number } {
  const size = comparison.bins.length;
  const x = 1 / comparison.n + 1 / comparison.m;
  const asked = Array.from({ length: size }, (_, bin) => {
    const inflation = inflationOf(bin);
    return { bin, inflation, s: squaredDeviation(comparison, bin) / (x * (inflation ?? 1)) };
  });
  asked.sort((a, b) => b.s - a.s || a.bin - b.bin);
  let smallest = Number.POSITIVE_INFINITY;
  let bin = 0;
  for (const one of asked) {
    if (normalTail(one.s, certainty) >= smallest) break;
    const p = binPValue(comparison, one.bin, one.inflation, certainty);
    if (p >= smallest) continue;
    smallest = p;
    bin = one.bin;
  }
  return { p: Math.min(1, size * smallest), bin };
}

/** The bin with the smallest p, and p times the number of bins. */
export function maxBin(size: number, pValue: (bin: number) => number): { p: number; bin: number } {
  let smallest = Number.POSITIVE_INFINITY;
  let bin = 0;
  for (let j = 0; j < size; j++) {
    const p = pValue(j);
    if (p < smallest) {
      smallest = p;
      bin = j;
    }
  }
  return { p: Math.min(1, size * smallest), bin };
}
