/**
 * Kolmogorov–Smirnov on raw values: the largest distance between two empirical distribution functions, two-sided and to
 * either side, with its exact p and its limits.
 *
 * Exact p: with n and m rows and no change every order of the pooled rows is equally likely; an order is a path on a lattice
 * from (0, 0) to (n, m), and p is the chance that it comes to a point (i, j) with |i/n − j/m| ≥ D. The chance is
 * carried along the lattice and what reaches such a point is taken out and added up: only positive terms, so that a tiny p
 * keeps its digits. O(n·m) steps; ties are ignored, which makes p too large (conservative), as in scipy.
 *
 * Limits: Kolmogorov's Q(√e·D), e = nm/(n+m); Stephens' correction Q((√e + 0.12 + 0.11/√e)·D) for small samples;
 * Smirnov's exp(−2eD²) for one side.
 *
 * Sources: Hodges, Arkiv för Matematik 3 (1958) 469; Stephens, JRSS B 32 (1970) 115.
 */
import { kolmogorovUpper } from '../math/kolmogorov.ts';
import { eachStep, rowCount, type Sample } from './sample.ts';

export type Side = 'two-sided' | 'greater' | 'less';

/** Over this many lattice points (n·m) no exact p is computed: about 10 ms. */
export const exactPointsMax = 1_000_000;

export interface KsTwoSample {
  readonly n: number;
  readonly m: number;
  readonly d: number;
  /** sup(F_x − F_y): large where x tends to be smaller. */
  readonly greater: number;
  /** sup(F_y − F_x). */
  readonly less: number;
}

export function ksTwoSample(x: Sample, y: Sample): KsTwoSample {
  let greater = 0;
  let less = 0;
  let steps = 0;
  eachStep(x, y, (_, shareX, shareY) => {
    steps++;
    const difference = shareX - shareY;
    if (difference > greater) greater = difference;
    else if (-difference > less) less = -difference;
  });
  const rows = (sample: Sample) => (steps === 0 ? 0 : rowCount(sample));
  return { n: rows(x), m: rows(y), d: Math.max(greater, less), greater, less };
}

/** n·m / (n + m): the size that the limits are written in. */
export function ksSize(n: number, m: number): number {
  return n > 0 && m > 0 ? 1 / (1 / n + 1 / m) : 0;
}

export function kolmogorovLimit(d: number, n: number, m: number): number {
  return kolmogorovUpper(Math.sqrt(ksSize(n, m)) * d);
}

export function stephensLimit(d: number, n: number, m: number): number {
  const root = Math.sqrt(ksSize(n, m));
  return root > 0 ? kolmogorovUpper((root + 0.12 + 0.11 / root) * d) : 1;
}

/** P(a one-sided distance of d or more). */
export function smirnovLimit(d: number, n: number, m: number): number {
  return Math.exp(-2 * ksSize(n, m) * d * d);
}

/** P(a distance of d or more) for whole n and m; undefined where n·m is over `exactPointsMax`. */
export function ksExact(d: number, n: number, m: number, side: Side = 'two-sided'): number | undefined {
  if (!Number.isInteger(n) || !Number.isInteger(m) || n * m > exactPointsMax) return undefined;
  if (n < 1 || m < 1) return 1;
  const divisor = greatestCommonDivisor(n, m);
  const stepX = m / divisor;
  const stepY = n / divisor;
  // D is a whole multiple of 1 / lcm(n, m).
  const reached = Math.round(d * stepX * n);
  if (reached <= 0) return 1;
  const isOut = (i: number, j: number) => {
    const distance = i * stepX - j * stepY;
    if (side === 'two-sided') return Math.abs(distance) >= reached;
    return (side === 'greater' ? distance : -distance) >= reached;
  };
  return Math.min(1, chanceToLeave(n, m, isOut));
}

/** The chance that a random path from (0, 0) to (n, m) meets a point that is out. */
function chanceToLeave(n: number, m: number, isOut: (i: number, j: number) => boolean): number {
  let left = 0;
  /** By j, for the present i: the chance to come to (i, j) without having been out; 0 in front of the first. */
  const chances = new Float64Array(m + 2);
  for (let i = 0; i <= n; i++) {
    for (let j = 0; j <= m; j++) {
      const rest = Math.max(1, n + m - i - j + 1);
      const fromLeft = ((chances[j + 1] as number) * (n - i + 1)) / rest;
      const fromBelow = ((chances[j] as number) * (m - j + 1)) / rest;
      const chance = i + j === 0 ? 1 : fromLeft + fromBelow;
      const stays = !isOut(i, j);
      left += stays ? 0 : chance;
      chances[j + 1] = stays ? chance : 0;
    }
  }
  return left;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
