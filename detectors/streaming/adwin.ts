/**
 * ADWIN: a window that keeps as much of the past as has one mean, and drops the rest when it has not.
 *
 * The idea: values are kept as an exponential histogram, buckets of 1, 2, 4 … values, at most `bucketsPerRow` of each
 * size; one more, and the two oldest of that size become one of the next. Every `clock` values each boundary between
 * buckets, oldest first, is tried as a cut: the means on both sides differ if
 *   |mean₀ − mean₁| > √(2·r·variance·d) + ⅔·d·r,  r = 1/n₀ + 1/n₁,  d = ln(2 ln n / delta),
 * with at least `sideMin` values on each side and more than `grace` in all. Then the oldest bucket goes, and all is tried
 * again until no cut is left. The window is kept after an alarm; `form: 'river'` is that of the Python package river, which
 * takes sideMin − 1 off both n in r and begins anew after an alarm: to compare with it.
 *
 * The bound is for values in 0..1, where `delta` bounds the chance of a false cut at each look; in practice it is far
 * smaller. Values of other ranges with a spread of 1 behave alike.
 *
 * Invariants: pure; the state is plain JSON of at most rowsMax · (bucketsPerRow) buckets, each with its mean and squared
 * deviations, so that nothing cancels; a value that is no number changes nothing.
 *
 * Source: A. Bifet and R. Gavaldà, SIAM Data Mining (2007).
 */
import { withinReach } from './reach.ts';

/** Sizes 1 to 2^31: what would be larger is forgotten, oldest first. */
export const rowsMax = 32;

/** Mean and sum of squared deviations of 2^row values. */
export type AdwinBucket = readonly [mean: number, m2: number];

export interface AdwinState {
  /** Buckets of 2^i values, the newest first. */
  readonly rows: readonly (readonly AdwinBucket[])[];
  /** Values since the last look, 0 .. clock − 1. */
  readonly ticks: number;
}

export interface AdwinOptions {
  readonly delta: number;
  readonly clock: number;
  readonly bucketsPerRow?: number;
  readonly sideMin?: number;
  readonly grace?: number;
  readonly form?: 'paper' | 'river';
}

/** The two sides of the last cut. */
export interface AdwinCut {
  readonly before: number;
  readonly after: number;
  /** Bound that the difference passed. */
  readonly bound: number;
  /** Values of the newer side. */
  readonly width: number;
}

export interface AdwinStep {
  /** Undefined where the form begins anew after an alarm. */
  readonly state: AdwinState | undefined;
  readonly width: number;
  readonly mean: number;
  readonly alarm: boolean;
  /** The last cut of this value. */
  readonly cut: AdwinCut | undefined;
  /** The largest difference over its bound at this look, over 1 where there was a cut; 0 where there was no look. */
  readonly ratio: number;
}

interface Sums {
  readonly n: number;
  readonly mean: number;
  readonly m2: number;
}

const nothing: Sums = { n: 0, mean: 0, m2: 0 };
const empty: AdwinState = { rows: [], ticks: 0 };
const defaults = { bucketsPerRow: 5, sideMin: 5, grace: 10, form: 'paper' } as const;

export function adwinStep(state: AdwinState | undefined, value: number, options: AdwinOptions): AdwinStep {
  const full = { ...defaults, ...options };
  const before = state ?? empty;
  const x = withinReach(value);
  if (x === undefined) return { state, ...shape(before.rows), alarm: false, cut: undefined, ratio: 0 };
  const rows = insert(before.rows, x, full.bucketsPerRow);
  const ticks = (before.ticks + 1) % full.clock;
  let cut: AdwinCut | undefined;
  let ratio = 0;
  if (ticks === 0) {
    // Each turn drops a bucket, so there are no more turns than buckets.
    for (let found = examine(rows, full); ; found = examine(rows, full)) {
      ratio = Math.max(ratio, found.ratio);
      if (found.cut === undefined) break;
      cut = found.cut;
      dropOldest(rows);
    }
  }
  const alarm = cut !== undefined;
  const isAnew = alarm && full.form === 'river';
  return { state: isAnew ? undefined : { rows, ticks }, ...shape(rows), alarm, cut, ratio };
}

function shape(rows: AdwinState['rows']): { readonly width: number; readonly mean: number } {
  const all = sumOf(rows);
  return { width: all.n, mean: all.mean };
}

type Rows = (readonly AdwinBucket[])[];

function insert(rows: AdwinState['rows'], value: number, bucketsPerRow: number): Rows {
  const next: Rows = [...rows];
  next[0] = [[value, 0], ...(rows[0] ?? [])];
  for (let i = 0; (next[i] ?? []).length > bucketsPerRow; i++) {
    const row = next[i] as readonly AdwinBucket[];
    const [newer, older] = row.slice(-2) as [AdwinBucket, AdwinBucket];
    next[i] = row.slice(0, -2);
    if (i + 1 >= rowsMax) break;
    const { mean, m2 } = add(toSums(newer, i), toSums(older, i));
    next[i + 1] = [[mean, m2], ...(next[i + 1] ?? [])];
  }
  return next;
}

function dropOldest(rows: Rows): void {
  const last = rows.length - 1;
  const rest = (rows[last] ?? []).slice(0, -1);
  if (rest.length > 0) rows[last] = rest;
  else rows.pop();
  while (rows.length > 0 && (rows.at(-1) ?? []).length === 0) rows.pop();
}

function toSums([mean, m2]: AdwinBucket, row: number): Sums {
  return { n: 2 ** row, mean, m2 };
}

function add(a: Sums, b: Sums): Sums {
  if (a.n === 0) return b;
  const n = a.n + b.n;
  const difference = b.mean - a.mean;
  const share = b.n / n;
  return { n, mean: a.mean + difference * share, m2: a.m2 + b.m2 + difference * difference * a.n * share };
}

/** Oldest first. */
function bucketsOf(rows: AdwinState['rows']): Sums[] {
  return rows.flatMap((row, i) => row.map((bucket) => toSums(bucket, i))).reverse();
}

function sumOf(rows: AdwinState['rows']): Sums {
  return bucketsOf(rows).reduce(add, nothing);
}

/** The first cut from the oldest, and the largest ratio up to it. */
function examine(
  rows: AdwinState['rows'],
  options: Required<AdwinOptions>,
): { readonly cut?: AdwinCut; readonly ratio: number } {
  const buckets = bucketsOf(rows);
  const all = buckets.reduce(add, nothing);
  if (all.n <= options.grace) return { ratio: 0 };
  const d = Math.log((2 * Math.log(all.n)) / options.delta);
  const variance = all.m2 / all.n;
  const off = options.form === 'river' ? options.sideMin - 1 : 0;
  const newest = newerSides(buckets);
  let older = nothing;
  let ratio = 0;
  for (const [i, bucket] of buckets.entries()) {
    older = add(older, bucket);
    const newer = newest[i + 1] ?? nothing;
    if (older.n < options.sideMin || newer.n < options.sideMin) continue;
    const r = 1 / (older.n - off) + 1 / (newer.n - off);
    const bound = Math.sqrt(2 * r * variance * d) + (2 / 3) * d * r;
    const difference = Math.abs(older.mean - newer.mean);
    ratio = Math.max(ratio, difference / bound);
    if (difference > bound)
      return { cut: { before: older.mean, after: newer.mean, bound, width: newer.n }, ratio };
  }
  return { ratio };
}

/** Sums of each bucket and all newer ones: added from the newest, as a difference of sums would cancel. */
function newerSides(buckets: readonly Sums[]): readonly Sums[] {
  const sides: Sums[] = [];
  let sum = nothing;
  for (const bucket of buckets.toReversed()) {
    sum = add(sum, bucket);
    sides.push(sum);
  }
  return sides.reverse();
}
