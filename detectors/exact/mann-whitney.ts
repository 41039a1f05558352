/**
 * Mann–Whitney's U of raw values, and the effects read from it.
 *
 * - U of x = number of pairs with x > y, ties as half. AUC = U / nm = P(x > y) + ½ P(x = y); Cliff's δ = 2 AUC − 1.
 * - Normal p with the correction for ties in the variance and ½ for continuity, as scipy's default.
 * - Exact p without ties: the number of orders with a given U follows c(n, m; u) = c(n−1, m; u−m) + c(n, m−1; u); carried as
 *   chances, and summed from the far end of the tail. With ties it is taken as if there were none.
 *
 * Sources: Mann and Whitney (1947); Cliff, Psychological Bulletin 114 (1993) 494.
 */
import { normalUpper } from '../math/normal.ts';
import type { Side } from './ks-two-sample.ts';
import { type Sample, stepsOf } from './sample.ts';

/** Over this many pairs (n·m) no exact p is computed. */
export const exactPairsMax = 10_000;

export interface MannWhitney {
  readonly n: number;
  readonly m: number;
  readonly u: number;
  /** P(x > y) + ½ P(x = y); ½ where a sample is empty. */
  readonly auc: number;
  /** −1..1. */
  readonly cliffsDelta: number;
  /** Σ (t³ − t) over groups of t equal values. */
  readonly ties: number;
}

/** Rows of weight 1. */
export function mannWhitney(x: Sample, y: Sample): MannWhitney {
  let n = 0;
  let m = 0;
  let u = 0;
  let ties = 0;
  for (const step of stepsOf(x, y)) {
    u += step.x * (m + step.y / 2);
    n += step.x;
    m += step.y;
    const equal = step.x + step.y;
    ties += equal ** 3 - equal;
  }
  const auc = n > 0 && m > 0 ? u / (n * m) : 0.5;
  return { n, m, u, auc, cliffsDelta: 2 * auc - 1, ties };
}

/** `greater`: x tends to be larger. 1 where all values are equal. */
export function mannWhitneyLimit({ n, m, u, ties }: MannWhitney, side: Side): number {
  const rows = n + m;
  const variance = ((n * m) / 12) * (rows + 1 - ties / (rows * (rows - 1)));
  if (!(variance > 0)) return 1;
  const upper = (value: number) => normalUpper((value - (n * m) / 2 - 0.5) / Math.sqrt(variance));
  return pOf(side, u, n * m - u, upper);
}

/** Undefined where n·m is over `exactPairsMax`. */
export function mannWhitneyExact({ n, m, u }: MannWhitney, side: Side): number | undefined {
  if (n * m > exactPairsMax) return undefined;
  if (n === 0 || m === 0) return 1;
  const chances = chancesOfU(n, m);
  // P(U ≥ value) = P(U ≤ nm − value), summed from the small end.
  const upper = (value: number) => {
    const last = n * m - Math.floor(value);
    return chances.subarray(0, last + 1).reduce((sum, chance) => sum + chance, 0);
  };
  return pOf(side, u, n * m - u, upper);
}

function pOf(side: Side, u: number, other: number, upper: (value: number) => number): number {
  switch (side) {
    case 'greater':
      return Math.min(1, upper(u));
    case 'less':
      return Math.min(1, upper(other));
    case 'two-sided':
      return Math.min(1, 2 * upper(Math.max(u, other)));
  }
}

/** P(U = u), u = 0..nm: the last of n + m ordered rows is an x with chance n / (n + m), and is then above all m. */
function chancesOfU(n: number, m: number): Float64Array {
  /** By number of y rows, for the present number of x rows. */
  let column = Array.from({ length: m + 1 }, () => Float64Array.of(1));
  for (let i = 1; i <= n; i++) {
    const next = [Float64Array.of(1)];
    for (let j = 1; j <= m; j++) {
      const chances = new Float64Array(i * j + 1);
      addTo(chances, column[j] as Float64Array, { shift: j, factor: i / (i + j) });
      addTo(chances, next[j - 1] as Float64Array, { shift: 0, factor: j / (i + j) });
      next.push(chances);
    }
    column = next;
  }
  return column[m] as Float64Array;
}

function addTo(
  target: Float64Array,
  source: Float64Array,
  { shift, factor }: { readonly shift: number; readonly factor: number },
): void {
  for (let u = 0; u < source.length; u++) {
    target[u + shift] = (target[u + shift] as number) + (source[u] as number) * factor;
  }
}
