/**
 * Has one slice moved, and by more than it should have?
 *
 * The shift of a slice is its mean now less its mean in the reference. It is compared with the shift expected of it: 0, or
 * that of its peers (all other rows, over the same time) where the population has moved, plus what slices already found bring
 * into it. The variance is that of independent rows, times the inflation learned from the reference's days.
 *
 * - A share of two outcomes: pooled two-proportion z. Where fewer than `countFew` events (or non-events) are expected now:
 *   exact, by Fisher; where another shift than 0 is expected by the conditional binomial, twice its smaller tail. Of 5, as the
 *   rule of thumb is, a normal tail of 1e-6 is already wrong by a factor of ten.
 * - A mean: Welch's t, with his degrees of freedom.
 *
 * Sources: Welch (1947); Fisher (1935); Przyborowski and Wilenski (1940) for the conditional binomial.
 */
import { inflation, type VarianceFit } from '../ladder/variance.ts';
import { binomialLower, binomialUpper } from '../math/binomial.ts';
import { type Draw, hypergeometricTwoSided } from '../math/hypergeometric.ts';
import { normalUpper } from '../math/normal.ts';
import { studentUpper } from '../math/student-t.ts';
import { meanOf, rowsOf, type Sums, varianceOf } from './sums.ts';

/** `share`: y is 0 or 1. `mean`: any number, whose centre is the same in all slices. */
export type OutcomeKind = 'share' | 'mean';

/** The same rows now and in the reference. */
export interface Compared {
  readonly current: Sums;
  readonly reference: Sums;
}

/** Effective rows on either side; with fewer a slice is not tested. */
export const sliceRowsMin = 30;
const countFew = 20;
/** Stands for "any" where nothing varies at all; a z must stay finite. */
const zMax = 1e6;

export interface Contrast {
  /** Shift less the expected one. */
  readonly effect: number;
  /** Of the effect. */
  readonly variance: number;
  readonly z: number;
  readonly pValue: number;
  readonly rows: number;
  readonly referenceRows: number;
}

export interface ContrastOptions {
  readonly kind: OutcomeKind;
  readonly fit: VarianceFit;
  /** Their shift is expected of the slice, too; absent: none is. */
  readonly peers?: Compared | undefined;
  /** Shift that slices already found bring into this one. */
  readonly explained?: number;
}

/** Undefined where there are too few rows. */
export function contrastOf(slice: Compared, options: ContrastOptions): Contrast | undefined {
  const { kind, peers, fit, explained = 0 } = options;
  if (!hasRows(slice) || (peers !== undefined && !hasRows(peers))) return undefined;
  const rows = rowsOf(slice.current);
  const referenceRows = rowsOf(slice.reference);
  const expected = explained + (peers === undefined ? 0 : shiftOf(peers));
  const effect = shiftOf(slice) - expected;
  const factor = inflation(fit, 1 / rows + 1 / referenceRows);
  const own = shiftVariance(kind, slice);
  const variance = factor * (own + (peers === undefined ? 0 : shiftVariance(kind, peers)));
  const z = zOf(effect, variance);
  const pValue =
    kind === 'mean'
      ? Math.min(1, 2 * studentUpper(Math.abs(z), welchFreedom(slice)))
      : sharePValue(slice, { z, expected, factor });
  return { effect, variance, z, pValue, rows, referenceRows };
}

export function hasRows({ current, reference }: Compared): boolean {
  return rowsOf(current) >= sliceRowsMin && rowsOf(reference) >= sliceRowsMin;
}

export function shiftOf({ current, reference }: Compared): number {
  return meanOf(current) - meanOf(reference);
}

function shiftVariance(kind: OutcomeKind, { current, reference }: Compared): number {
  const [n, m] = [rowsOf(current), rowsOf(reference)];
  if (kind === 'mean') return varianceOf(current) / n + varianceOf(reference) / m;
  const share = (meanOf(current) * n + meanOf(reference) * m) / (n + m);
  return Math.max(0, share * (1 - share)) * (1 / n + 1 / m);
}

function zOf(effect: number, variance: number): number {
  // What is left of equal means by rounding is no shift.
  if (Math.abs(effect) < 1e-12) return 0;
  const z = variance > 0 ? effect / Math.sqrt(variance) : Math.sign(effect) * zMax;
  return Math.max(-zMax, Math.min(zMax, z));
}

function welchFreedom({ current, reference }: Compared): number {
  const [n, m] = [rowsOf(current), rowsOf(reference)];
  const [a, b] = [varianceOf(current) / n, varianceOf(reference) / m];
  const spread = (a * a) / (n - 1) + (b * b) / (m - 1);
  return spread > 0 ? (a + b) ** 2 / spread : n + m - 2;
}

interface ShareShift {
  readonly z: number;
  /** Of the share, in the slice. */
  readonly expected: number;
  readonly factor: number;
}

function sharePValue(slice: Compared, { z, expected, factor }: ShareShift): number {
  const before = meanOf(slice.reference);
  const should = Math.min(1, Math.max(0, before + expected));
  const n = rowsOf(slice.current) / factor;
  const plain = Math.min(1, 2 * normalUpper(Math.abs(z)));
  const isSuccessRarer = should + before < 1;
  if (n * (isSuccessRarer ? should : 1 - should) >= countFew) return plain;
  // Of the rarer kind of row, as its count says most.
  const shareOf = (sums: Sums) => (isSuccessRarer ? meanOf(sums) : 1 - meanOf(sums));
  const m = rowsOf(slice.reference) / factor;
  const k = shareOf(slice.current) * n;
  const all = k + shareOf(slice.reference) * m;
  if (all < 1e-9) return 1;
  const beforeRare = shareOf(slice.reference);
  const shouldRare = isSuccessRarer ? should : 1 - should;
  const ratio = beforeRare > 0 ? shouldRare / beforeRare : 1;
  if (Math.abs(expected) < 1e-12 || beforeRare === 0)
    return fisherPValue(k, { total: n + m, marked: all, drawn: n });
  const q = (n * ratio) / (n * ratio + m);
  return Math.min(1, 2 * Math.min(binomialLower(k, all, q), binomialUpper(k, all, q)));
}

/** Of counts that weights or inflation have made broken: the nearest whole ones. */
function fisherPValue(k: number, draw: Draw): number {
  const drawn = Math.round(draw.drawn);
  const total = drawn + Math.round(draw.total - draw.drawn);
  const marked = Math.min(total, Math.round(draw.marked));
  const count = Math.max(drawn + marked - total, Math.min(Math.round(k), marked, drawn), 0);
  return hypergeometricTwoSided(count, { total, marked, drawn });
}
