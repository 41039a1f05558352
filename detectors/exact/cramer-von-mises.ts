/**
 * Two-sample Cramér–von Mises test on raw values: nm/(n+m)² Σ (F − G)² over all pooled rows. Unlike Kolmogorov's distance it
 * gathers small differences over the whole range.
 *
 * - The statistic is Anderson's T (1962), from mid ranks: T = U / (nm(n+m)) − (4nm − 1) / (6(n+m)),
 *   U = n Σ (rank − i)² + m Σ (rank − j)².
 * - Exact p for n, m ≤ 20: the distribution of Σ (i/n − j/m)² over all lattice paths, carried along the lattice; what has
 *   already reached the observed value is taken out and added up. Without ties; with them as if there were none.
 * - Limit: T shifted and scaled to the mean and variance of W², then P(W² > ·), as in scipy.
 *
 * Sources: T. W. Anderson, Annals of Mathematical Statistics 33 (1962) 1148; Xiao, Gordon and Yakovlev, J. Statistical
 * Software 17 (2007).
 */
import { cramerVonMisesUpper } from '../math/cramer-von-mises.ts';
import { type Sample, stepsOf } from './sample.ts';

/** Rows of each sample for which an exact p is computed. */
export const exactRowsMax = 20;

export interface CramerVonMises {
  readonly n: number;
  readonly m: number;
  readonly statistic: number;
}

/** Rows of weight 1. The statistic is 0 where a sample is empty. */
export function cramerVonMises(x: Sample, y: Sample): CramerVonMises {
  const steps = stepsOf(x, y);
  let n = 0;
  let m = 0;
  let distanceX = 0;
  let distanceY = 0;
  for (const step of steps) {
    const rank = n + m + (step.x + step.y + 1) / 2;
    distanceX += squaresFrom(rank - n, step.x);
    distanceY += squaresFrom(rank - m, step.y);
    n += step.x;
    m += step.y;
  }
  if (n === 0 || m === 0) return { n, m, statistic: 0 };
  const u = n * distanceX + m * distanceY;
  return { n, m, statistic: u / (n * m * (n + m)) - (4 * n * m - 1) / (6 * (n + m)) };
}

/** Σ over i = 1..rows of (rank − i)². */
function squaresFrom(rank: number, rows: number): number {
  const middle = (rows + 1) / 2;
  return rows * (rank - middle) ** 2 + (rows * (rows * rows - 1)) / 12;
}

export function cramerVonMisesLimit({ n, m, statistic }: CramerVonMises): number {
  const product = n * m;
  const rows = n + m;
  if (product === 0) return 1;
  const mean = (1 + 1 / rows) / 6;
  const variance =
    ((rows + 1) * (4 * product * rows - 3 * (n * n + m * m) - 2 * product)) /
    (45 * rows * rows * 4 * product);
  return variance > 0 ? cramerVonMisesUpper(1 / 6 + (statistic - mean) / Math.sqrt(45 * variance)) : 1;
}

/** Undefined where a sample has more than `exactRowsMax` rows. */
export function cramerVonMisesExact({ n, m, statistic }: CramerVonMises): number | undefined {
  if (n > exactRowsMax || m > exactRowsMax) return undefined;
  if (n === 0 || m === 0) return 1;
  const multiple = leastCommonMultiple(n, m);
  // The sum of (i·lcm/n − j·lcm/m)² along a path is a whole number; rounding must not lift the bound over it.
  const bound = Math.floor((multiple * multiple * (n + m) * (n + m) * statistic) / (n * m) + 1e-6);
  return Math.min(1, chanceToReach({ n, m, stepX: multiple / n, stepY: multiple / m, bound }));
}

interface Lattice {
  readonly n: number;
  readonly m: number;
  readonly stepX: number;
  readonly stepY: number;
  readonly bound: number;
}

/** Chances by the sum of squares so far, for paths that have not reached the bound. */
type Sums = ReadonlyMap<number, number>;

function chanceToReach({ n, m, stepX, stepY, bound }: Lattice): number {
  if (bound <= 0) return 1;
  let reached = 0;
  let column: Sums[] = [];
  for (let i = 0; i <= n; i++) {
    const next: Sums[] = [];
    for (let j = 0; j <= m; j++) {
      const rest = n + m - i - j + 1;
      const square = (i * stepX - j * stepY) ** 2;
      const sums = new Map<number, number>();
      const arrive = (from: Sums | undefined, share: number) => {
        for (const [sum, chance] of from ?? []) {
          if (sum + square >= bound) reached += chance * share;
          else sums.set(sum + square, (sums.get(sum + square) ?? 0) + chance * share);
        }
      };
      if (i === 0 && j === 0) sums.set(0, 1);
      if (i > 0) arrive(column[j], (n - i + 1) / rest);
      if (j > 0) arrive(next[j - 1], (m - j + 1) / rest);
      next.push(sums);
    }
    column = next;
  }
  return reached;
}

function leastCommonMultiple(a: number, b: number): number {
  const divisor = (x: number, y: number): number => (y === 0 ? x : divisor(y, x % y));
  return (a / divisor(a, b)) * b;
}
