/**
 * The groups over which the shares of a window and its reference are compared, for tests on shares and as evidence.
 *
 * - Numbers: the reference's deciles (two ventiles of `group` each), with the tails outside the reference in the outer
 *   ones. Where there are 20 distinct values or fewer, or fewer than 5 deciles, each cell is a level.
 * - Levels: sorted by reference count; those of which at least 5 rows are expected in both, 30 at most, stand alone; all
 *   others, with the scale's rest, are one group. It is left out where it is empty on both sides.
 *
 * Counts are of effective rows: counts · n_eff / Σ counts, so that all weights times ten change nothing. A decile
 * with fewer than 5 expected rows, but some, is merged with its neighbour: the chi-square approximation wants 5.
 */
import type { Counters } from '../../core/pane.ts';
import type { LevelsScale, NumericScale } from '../../core/scale.ts';
import { type Evidence, evidenceMax } from '../../core/verdict.ts';
import { effectiveSize } from './counters.ts';
import { levelNames } from './freeze.ts';

const distinctFew = 20;
const decilesFew = 5;
const expectedMin = 5;
const standAloneMax = 30;
const labelCharactersMax = 60;

export interface Group {
  readonly label: string;
  /** Effective rows. */
  readonly reference: number;
  readonly current: number;
}

export interface Grouping {
  /** At least one; those of numbers that are not levels come in rising order. */
  readonly groups: readonly Group[];
  /** False where no level is frequent enough to stand alone, so that nothing can be compared. */
  readonly comparable: boolean;
}

export function groupsOf(
  scale: NumericScale | LevelsScale,
  reference: Counters,
  current: Counters,
): Grouping {
  const before = effectiveCounts(reference);
  const now = effectiveCounts(current);
  if (scale.kind === 'levels') {
    const cells = levelNames(scale).map((level, cell) =>
      groupOfCells(shorten(level), [cell, cell], before, now),
    );
    const rest = groupOfCells('other levels', [cells.length, cells.length], before, now);
    return groupLevels(cells, rest);
  }
  if (isJudgedAsLevels(scale)) {
    const cells = Array.from(scale.group, (_, cell) =>
      groupOfCells(rangeLabel(scale, [cell, cell]), [cell, cell], before, now),
    );
    return groupLevels(cells, { label: 'other values', reference: 0, current: 0 });
  }
  const ranges = mergeSmall(decileRanges(scale), before, now);
  const groups = ranges.map((range) => groupOfCells(rangeLabel(scale, range), range, before, now));
  // A decile beyond a fat minimum or maximum, empty on both sides: its pseudo-counts would look like a change.
  return { groups: groups.filter((one) => one.reference > 0 || one.current > 0), comparable: true };
}

/** Numbers with few distinct values have no deciles worth the name. */
function isJudgedAsLevels(scale: NumericScale): boolean {
  if (hasCellPerValue(scale)) return true;
  return new Set(Array.from(scale.group, (ventile) => ventile >> 1)).size < decilesFew;
}

function hasCellPerValue(scale: NumericScale): boolean {
  return scale.edges.length - 1 <= distinctFew;
}

function effectiveCounts(counters: Counters): Float64Array {
  const total = sum(counters.counts);
  const factor = total > 0 ? effectiveSize(counters) / total : 0;
  return counters.counts.map((count) => count * factor);
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** First and last cell. */
type CellRange = readonly [number, number];

function groupOfCells(
  label: string,
  [first, last]: CellRange,
  before: Float64Array,
  now: Float64Array,
): Group {
  return {
    label,
    reference: sum(before.subarray(first, last + 1)),
    current: sum(now.subarray(first, last + 1)),
  };
}

function decileRanges(scale: NumericScale): CellRange[] {
  const ranges: CellRange[] = [];
  for (let first = 0; first < scale.group.length; ) {
    let last = first;
    while (
      last + 1 < scale.group.length &&
      (scale.group[last + 1] as number) >> 1 === (scale.group[first] as number) >> 1
    )
      last++;
    ranges.push([first, last]);
    first = last + 1;
  }
  return ranges;
}

/** A decile in which nothing was ever seen (beyond a fat maximum) stays: a row in it is news. */
function mergeSmall(ranges: readonly CellRange[], before: Float64Array, now: Float64Array): CellRange[] {
  const perReference = sum(now) / Math.max(1, sum(before));
  const isSmall = ([first, last]: CellRange) => {
    const rows = sum(before.subarray(first, last + 1)) * Math.min(1, perReference);
    return rows > 0 && rows < expectedMin;
  };
  const merged: CellRange[] = [];
  for (const range of ranges) {
    const previous = merged.at(-1);
    if (previous !== undefined && (isSmall(previous) || isSmall(range)))
      merged[merged.length - 1] = [previous[0], range[1]];
    else merged.push(range);
  }
  return merged;
}

function groupLevels(cells: readonly Group[], rest: Group): Grouping {
  const all = [...cells, rest];
  const perReference =
    sum(all.map((cell) => cell.current)) / Math.max(1, sum(all.map((cell) => cell.reference)));
  const sorted = [...cells].sort((a, b) => b.reference - a.reference);
  const isFrequent = (cell: Group) => cell.reference * Math.min(1, perReference) >= expectedMin;
  const alone = sorted.filter(isFrequent).slice(0, standAloneMax);
  const others = [...sorted.slice(alone.length), rest];
  const merged = {
    label: rest.label,
    reference: sum(others.map((cell) => cell.reference)),
    current: sum(others.map((cell) => cell.current)),
  };
  const isEmpty = merged.reference === 0 && merged.current === 0;
  return { groups: isEmpty && alone.length > 0 ? alone : [...alone, merged], comparable: alone.length > 0 };
}

function shorten(level: string): string {
  return level.length <= labelCharactersMax ? level : `${level.slice(0, labelCharactersMax)}…`;
}

/** "≤ 12.5", "12.5 to 20", "7" for a cell that holds one value, "over 80". */
export function rangeLabel(scale: NumericScale, [first, last]: CellRange): string {
  const low = scale.edges[first - 1];
  const high = scale.edges[last];
  if (low === undefined && high === undefined) return 'all values';
  const isOneValue = first === last && low !== undefined && hasCellPerValue(scale);
  if (isOneValue && high !== undefined) return edgeText(high, 8);
  // The first edge is the double just below the minimum: its own cell holds what is under the reference.
  if (low === undefined)
    return last === 0 ? `under ${edgeText(high as number, 4)}` : `≤ ${edgeText(high as number, 4)}`;
  if (high === undefined) return `over ${edgeText(low, 4)}`;
  for (const digits of [4, 8, 15]) {
    if (edgeText(low, digits) !== edgeText(high, digits))
      return `${edgeText(low, digits)} to ${edgeText(high, digits)}`;
  }
  return edgeText(high, 8);
}

function edgeText(edge: number, digits: number): string {
  // Just below a minimum of 0 lies the smallest negative double.
  if (Math.abs(edge) <= Number.MIN_VALUE) return '0';
  return Math.abs(edge) >= 1e15 ? edge.toPrecision(digits) : String(Number(edge.toPrecision(digits)));
}

/** The groups whose shares moved most, first the one that moved most; those that did not move are left out. */
export function evidenceOf(groups: readonly Group[]): Evidence[] {
  const before = sum(groups.map((group) => group.reference)) || 1;
  const now = sum(groups.map((group) => group.current)) || 1;
  return groups
    .map(({ label, reference, current }) => ({
      label,
      reference: reference / before,
      current: current / now,
    }))
    .filter((one) => one.reference !== one.current)
    .sort((a, b) => Math.abs(b.current - b.reference) - Math.abs(a.current - a.reference))
    .slice(0, evidenceMax);
}

/** Standard errors by which the location must have moved to say so. */
const directionErrors = 3;

/**
 * Whether the numbers moved up or down: the window's mean rank among the reference's cells against its spread by chance
 * (Mann–Whitney on cells, ties in the middle). Undefined where the change is of another kind, or there are no rows.
 */
export function directionOf(
  scale: NumericScale,
  reference: Counters,
  current: Counters,
): 'high' | 'low' | undefined {
  const before = effectiveCounts(reference);
  const now = effectiveCounts(current);
  const m = sum(before);
  const n = sum(now);
  if (m <= 0 || n <= 0) return undefined;
  let below = 0;
  let moved = 0;
  let variance = 0;
  for (let cell = 0; cell <= scale.edges.length; cell++) {
    const share = (before[cell] as number) / m;
    const rank = below + share / 2 - 0.5;
    moved += ((now[cell] as number) / n) * rank;
    variance += share * rank * rank;
    below += share;
  }
  // A constant reference has no spread of ranks: any move off it counts.
  const error = Math.sqrt(Math.max(variance, 1e-12) * (1 / n + 1 / m));
  if (Math.abs(moved) <= directionErrors * error) return undefined;
  return moved > 0 ? 'high' : 'low';
}
