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
  const sides = { reference, current };
  if (scale.kind === 'levels') {
    const factors = factorsOf(sides);
    const cells = levelNames(scale).map((level, cell) =>
      groupOfCell(sides, factors, cell, () => shorten(level)),
    );
    const rest = groupOfCell(sides, factors, cells.length, () => 'other levels');
    return groupLevels(cells, rest);
  }
  if (isJudgedAsLevels(scale)) {
    const factors = factorsOf(sides);
    const cells = Array.from(scale.group, (_, cell) =>
      groupOfCell(sides, factors, cell, () => rangeLabel(scale, cell, cell)),
    );
    return groupLevels(cells, new LazyGroup(0, 0, () => 'other values'));
  }
  return { groups: groupDeciles(scale, sides), comparable: true };
}

interface Sides {
  readonly reference: Counters;
  readonly current: Counters;
}

/** Its label is made when somebody reads it: of thousands of groups a pane brings, a person sees a few. */
class LazyGroup implements Group {
  readonly reference: number;
  readonly current: number;
  readonly #labelOf: () => string;

  constructor(reference: number, current: number, labelOf: () => string) {
    this.reference = reference;
    this.current = current;
    this.#labelOf = labelOf;
  }

  get label(): string {
    return this.#labelOf();
  }
}

/** Numbers with few distinct values have no deciles worth the name. */
function isJudgedAsLevels(scale: NumericScale): boolean {
  if (hasCellPerValue(scale)) return true;
  const { group } = scale;
  let deciles = 1;
  for (let cell = 1; cell < group.length && deciles < decilesFew; cell++) {
    if ((group[cell] as number) >> 1 !== (group[cell - 1] as number) >> 1) deciles++;
  }
  return deciles < decilesFew;
}

function hasCellPerValue(scale: NumericScale): boolean {
  return scale.edges.length - 1 <= distinctFew;
}

/** Effective rows of a count of 1, of either side. */
interface Factors {
  readonly before: number;
  readonly now: number;
}

function factorsOf({ reference, current }: Sides): Factors {
  return { before: factorOf(reference), now: factorOf(current) };
}

function factorOf(counters: Counters): number {
  const total = sum(counters.counts);
  return total > 0 ? effectiveSize(counters) / total : 0;
}

function effectiveCounts(counters: Counters): Float64Array {
  const factor = factorOf(counters);
  return counters.counts.map((count) => count * factor);
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i] as number;
  return total;
}

function groupOfCell(
  { reference, current }: Sides,
  { before, now }: Factors,
  cell: number,
  labelOf: () => string,
): Group {
  return new LazyGroup(
    (reference.counts[cell] as number) * before,
    (current.counts[cell] as number) * now,
    labelOf,
  );
}

/** A run of cells: the effective rows of both sides in them. */
interface Range {
  readonly first: number;
  last: number;
  before: number;
  now: number;
}

function groupDeciles(scale: NumericScale, sides: Sides): Group[] {
  const groups: Group[] = [];
  for (const { first, last, before, now } of mergeSmall(decileRanges(scale, sides))) {
    // A decile beyond a fat minimum or maximum, empty on both sides: its pseudo-counts would look like a change.
    if (before > 0 || now > 0) groups.push(new LazyGroup(before, now, () => rangeLabel(scale, first, last)));
  }
  return groups;
}

function decileRanges({ group }: NumericScale, sides: Sides): Range[] {
  const factors = factorsOf(sides);
  const before = sides.reference.counts;
  const now = sides.current.counts;
  const ranges: Range[] = [];
  const cells = group.length;
  for (let first = 0; first < cells; ) {
    const decile = (group[first] as number) >> 1;
    let rowsBefore = 0;
    let rowsNow = 0;
    let end = first;
    for (; end < cells && (group[end] as number) >> 1 === decile; end++) {
      rowsBefore += (before[end] as number) * factors.before;
      rowsNow += (now[end] as number) * factors.now;
    }
    ranges.push({ first, last: end - 1, before: rowsBefore, now: rowsNow });
    first = end;
  }
  return ranges;
}

/** A decile in which nothing was ever seen (beyond a fat maximum) stays: a row in it is news. */
function mergeSmall(ranges: readonly Range[]): Range[] {
  let before = 0;
  let now = 0;
  for (const range of ranges) {
    before += range.before;
    now += range.now;
  }
  const perReference = Math.min(1, now / Math.max(1, before));
  const isSmall = (range: Range) => range.before > 0 && range.before * perReference < expectedMin;
  const merged: Range[] = [];
  let previous: Range | undefined;
  for (const range of ranges) {
    if (previous !== undefined && (isSmall(previous) || isSmall(range))) {
      previous.last = range.last;
      previous.before += range.before;
      previous.now += range.now;
    } else {
      merged.push(range);
      previous = range;
    }
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
  const merged = new LazyGroup(
    sum(others.map((cell) => cell.reference)),
    sum(others.map((cell) => cell.current)),
    () => rest.label,
  );
  const isEmpty = merged.reference === 0 && merged.current === 0;
  return { groups: isEmpty && alone.length > 0 ? alone : [...alone, merged], comparable: alone.length > 0 };
}

function shorten(level: string): string {
  return level.length <= labelCharactersMax ? level : `${level.slice(0, labelCharactersMax)}…`;
}

/** "≤ 12.5", "12.5 to 20", "7" for a cell that holds one value, "over 80". */
export function rangeLabel(scale: NumericScale, first: number, last: number): string {
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
  let before = 0;
  let now = 0;
  for (const group of groups) {
    before += group.reference;
    now += group.current;
  }
  const moved: { readonly group: Group; readonly by: number }[] = [];
  for (const group of groups) {
    const by = Math.abs(group.current / (now || 1) - group.reference / (before || 1));
    if (by > 0) moved.push({ group, by });
  }
  moved.sort((a, b) => b.by - a.by);
  return moved.slice(0, evidenceMax).map(({ group: { label, reference, current } }) => ({
    label,
    reference: reference / (before || 1),
    current: current / (now || 1),
  }));
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
