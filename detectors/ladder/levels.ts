/**
 * The default rule for levels (categories, or numbers with few distinct values): no order, so no smooth test.
 *
 * Levels are sorted by reference count; those of which 5 rows are expected in the window, 30 at most, stand alone; all
 * others are one group. p is three times the smallest of: PSI of the groups against chi-square; the group that moved most,
 * exactly; and levels never seen before, against how many were to be expected.
 *
 * Unseen levels are no wonder where levels are many: of m rows N₁ levels were seen once, so that the next row is of a new
 * level with a chance of about N₁/m (Good 1953, Turing). With 20,000 Zipf levels that is 9 %, and "must be none" alarms
 * in every window (simulated). The window's unseen rows are compared with N₁ by the conditional binomial.
 *
 * With learned variance counts and PSI are divided by their inflation, as in the test of bins.
 */
import { binomialUpper } from '../math/binomial.ts';
import { chiSquareUpper } from '../math/chi-square.ts';
import { fisherUpper } from '../math/fisher-f.ts';
import { type Comparison, exactBinPValue, maxBin, maxBinOf } from './max-bin.ts';
import type { Certainty } from './smooth-test.ts';
import { inflation, type WindowVariance } from './variance.ts';

export const expectedFew = 5;
export const aloneMax = 30;

/** Groups of levels of both sides, effective rows; the last one is the rest where there is one. */
export interface MergedLevels {
  readonly reference: number[];
  readonly current: number[];
  /** Which levels a group holds, by place. */
  readonly members: readonly (readonly number[])[];
  /** Levels that stand alone. */
  readonly alone: number;
}

/**
 * `unseen`: rows of the window in levels without a place. They count for what is expected of the others, but belong to no
 * group: they have a test of their own.
 */
export function mergeLevels(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
  unseen = 0,
): MergedLevels {
  const m = total(reference);
  const n = total(current) + unseen;
  const places = Array.from(reference, (_, place) => place);
  places.sort((a, b) => (reference[b] as number) - (reference[a] as number));
  const isFrequent = (place: number) => ((reference[place] as number) * n) / m >= expectedFew;
  const frequent = places.filter(isFrequent).slice(0, aloneMax);
  const rest = places.filter((place) => !frequent.includes(place));
  const sum = (counts: ArrayLike<number>, list: readonly number[]) =>
    list.reduce((all, place) => all + (counts[place] as number), 0);
  const merged = {
    reference: frequent.map((place) => reference[place] as number),
    current: frequent.map((place) => current[place] as number),
    members: [...frequent.map((place) => [place]), ...(rest.length > 0 ? [rest] : [])],
    alone: frequent.length,
  };
  if (rest.length > 0) {
    merged.reference.push(sum(reference, rest));
    merged.current.push(sum(current, rest));
  }
  return merged;
}

export interface LevelsResult {
  readonly p: number;
  readonly pPsi: number;
  readonly pMaxLevel: number;
  readonly pUnseen: number;
  readonly psi: number;
  /** PSI less its mean under no change. */
  readonly excess: number;
  readonly freedom: number;
  /** The group that moved most by its p. */
  readonly group: number;
}

export interface UnseenLevels {
  /** Effective rows of the window in levels the reference never had. */
  readonly rows: number;
  /** Levels the reference saw once. */
  readonly singletons: number;
}

/**
 * `exactOnly` leaves out the normal tail of the group that moved most. Where a variance is given its `bins` are by place of
 * the levels before merging.
 */
export function testLevels(
  merged: MergedLevels,
  options: {
    readonly unseen?: UnseenLevels;
    readonly variance?: WindowVariance | undefined;
    readonly exactOnly?: boolean;
  } = {},
): LevelsResult {
  const { unseen, variance } = options;
  const m = total(merged.reference);
  const n = total(merged.current);
  const x = 1 / n + 1 / m;
  const comparison: Comparison = {
    bins: Float64Array.from(merged.current),
    n,
    expected: Float64Array.from(merged.reference, (count) => count / m),
    m,
  };
  const psi = psiOfLevels(comparison);
  const used = merged.reference.filter((count, i) => count > 0 || (merged.current[i] as number) > 0).length;
  const freedom = Math.max(0, used - 1);
  const byChance = variance === undefined ? x : variance.psi.phi * x + variance.psi.tau2;
  const pPsi = psiPValue(psi / x, freedom, x, variance);
  const overOf = (group: number) => groupInflation(merged.members[group] ?? [], x, variance);
  const most =
    options.exactOnly === true
      ? maxBin(comparison.bins.length, (group) => exactBinPValue(comparison, group, overOf(group)))
      : maxBinOf(comparison, overOf, variance);
  const pUnseen =
    unseen === undefined ? 1 : unseenPValue(unseen, n + unseen.rows, m, variance?.clustering ?? 1);
  const p = Math.min(1, 3 * Math.min(pPsi, most.p, pUnseen));
  const excess = psi - freedom * byChance;
  return { p, pPsi, pMaxLevel: most.p, pUnseen, psi, excess, freedom, group: most.bin };
}

/**
 * One-sided, `n` with the unseen rows: more unseen rows than the reference's singletons let expect. `clustering`: rows
 * that are worth one.
 */
export function unseenPValue(
  { rows, singletons }: UnseenLevels,
  n: number,
  m: number,
  clustering = 1,
): number {
  return binomialUpper(rows / clustering, (rows + singletons) / clustering, n / (n + m));
}

function psiOfLevels({ bins, n, expected, m }: Comparison): number {
  const whole = 0.5 * bins.length;
  let psi = 0;
  for (let j = 0; j < bins.length; j++) {
    const p = (m * (expected[j] as number) + 0.5) / (m + whole);
    const q = ((bins[j] as number) + 0.5) / (n + whole);
    psi += (p - q) * Math.log(p / q);
  }
  return psi;
}

function psiPValue(ratio: number, freedom: number, x: number, variance: WindowVariance | undefined): number {
  if (freedom === 0) return 1;
  if (variance === undefined) return chiSquareUpper(ratio, freedom);
  const certainty: Certainty = variance;
  const f = ratio / (inflation(variance.psi, x) * freedom * certainty.guard);
  return fisherUpper(f, freedom, certainty.nu);
}

function groupInflation(
  members: readonly number[],
  x: number,
  variance: WindowVariance | undefined,
): number | undefined {
  if (variance === undefined) return undefined;
  return Math.max(1, ...members.map((place) => variance.bins.inflation(place, x)));
}

function total(counts: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) sum += counts[i] as number;
  return sum;
}
