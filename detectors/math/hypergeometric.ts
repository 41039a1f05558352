/**
 * The hypergeometric distribution: K marked among `drawn` out of `total`, of which `marked` are marked; and Fisher's test of
 * a 2 × 2 table with all margins fixed, which follows it.
 *
 * The idea: one term by Loader's saddle point (a quotient of three binomial terms, so nothing overflows), its neighbours by
 * their ratio, and each tail summed outward from where it begins until nothing changes: only positive terms, so that a
 * p of 1e-300 keeps its digits. Far terms fall at least geometrically; about 40 standard deviations are summed.
 *
 * Source: C. Loader (2000); R. A. Fisher (1935).
 */
import { binomialTerm } from './binomial.ts';
import { lastWhere } from './bisect.ts';

export interface Draw {
  readonly total: number;
  readonly marked: number;
  readonly drawn: number;
}

/** Terms summed, at most; reached only by tables of more than 1e12 rows, whose tail is then cut off. */
const termsMax = 20_000_000;

function rangeOf({ total, marked, drawn }: Draw): { readonly first: number; readonly last: number } {
  return { first: Math.max(0, drawn - (total - marked)), last: Math.min(marked, drawn) };
}

/** P(K = k). */
export function hypergeometricTerm(k: number, draw: Draw): number {
  const { total, marked, drawn } = draw;
  const { first, last } = rangeOf(draw);
  if (k < first || k > last) return 0;
  if (drawn === 0 || drawn === total) return 1;
  const p = drawn / total;
  return (
    (binomialTerm(k, marked, p) * binomialTerm(drawn - k, total - marked, p)) / binomialTerm(drawn, total, p)
  );
}

/** P(K ≥ k). */
export function hypergeometricUpper(k: number, draw: Draw): number {
  const { first, last } = rangeOf(draw);
  if (k <= first) return 1;
  if (k > last) return 0;
  // On the far side of the mode the terms rise first: the other tail is the smaller one.
  if (k < modeOf(draw)) return Math.max(0, 1 - sumDown(k - 1, draw));
  return Math.min(1, sumUp(k, draw));
}

/** P(K ≤ k). */
export function hypergeometricLower(k: number, draw: Draw): number {
  const { first, last } = rangeOf(draw);
  if (k < first) return 0;
  if (k >= last) return 1;
  if (k > modeOf(draw)) return Math.max(0, 1 - sumUp(k + 1, draw));
  return Math.min(1, sumDown(k, draw));
}

function modeOf({ total, marked, drawn }: Draw): number {
  return Math.floor(((drawn + 1) * (marked + 1)) / (total + 2));
}

function sumUp(start: number, draw: Draw): number {
  const { total, marked, drawn } = draw;
  const { last } = rangeOf(draw);
  let term = hypergeometricTerm(start, draw);
  let sum = term;
  for (let k = start; k < Math.min(last, start + termsMax); k++) {
    term *= ((marked - k) / (k + 1)) * ((drawn - k) / (total - marked - drawn + k + 1));
    const next = sum + term;
    if (next === sum) break;
    sum = next;
  }
  return sum;
}

function sumDown(start: number, draw: Draw): number {
  // Unmarked ones among the drawn: the same sum, upward.
  const { total, marked, drawn } = draw;
  return sumUp(drawn - start, { total, marked: total - marked, drawn });
}

/** Terms that are equal but for rounding count as equal. */
const slack = 1e-9;

/**
 * P(a K as unlikely as k or more so), both sides: the sum of all terms not above that of k. The far side is found by
 * halving, as terms fall from the mode on either side.
 */
export function hypergeometricTwoSided(k: number, draw: Draw): number {
  const { first, last } = rangeOf(draw);
  const mode = modeOf(draw);
  const limit = hypergeometricTerm(k, draw) * (1 + slack);
  const isRare = (at: number) => hypergeometricTerm(at, draw) <= limit;
  if (isRare(mode)) return 1;
  if (k > mode) {
    const low = lastWhere(isRare, first, mode);
    return Math.min(1, sumUp(k, draw) + (low === undefined ? 0 : sumDown(low, draw)));
  }
  const high = lastWhere((at) => isRare(-at), -last, -mode);
  return Math.min(1, sumDown(k, draw) + (high === undefined ? 0 : sumUp(-high, draw)));
}
