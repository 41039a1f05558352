/**
 * From a reference sample to a scale: which cells the signal's values will fall into, for ever.
 *
 * Numeric, in plain words: the edges are the sample's 60-quantiles, which contain its deciles and its ventiles, so that
 * one array of counts serves the tests on shares (PSI sums cells by `group`) and those on the distribution function (KS
 * reads the cumulated counts at the edges, where they are exact).
 *
 * Invariants:
 * 1. Edges are finite and strictly rising, at most 61, so at most 62 cells. Equal quantiles make one edge.
 * 2. One edge is the double just below the minimum and one the maximum: cell 0 and the last cell are empty in the sample,
 *    and what falls into them later lies outside everything the reference has seen.
 * 3. Up to 60 distinct values have a cell each, and no quantile is taken. Of more, a value that holds two or more of the
 *    quantiles has a cell of its own: ties and zero inflation are exact.
 * 4. `group` is the ventile in which the middle of the cell's cumulated share lies; it never falls from cell to cell. On
 *    continuous data that is the ventile between whose edges the cell lies. A value that holds many ventiles has the one
 *    in its middle, so that what lies outside the reference is not folded into a fat minimum or maximum.
 *
 * Quantiles are type 7 (Hyndman and Fan 1996), numpy's and R's default; simple-statistics computes them.
 *
 * Privacy: the two outer edges, and in small samples most edges, are values of single rows.
 */
import { quantileSorted } from 'simple-statistics';
import { canonicalJson } from '../../core/json.ts';
import type { LevelsScale, NumericScale, Scale } from '../../core/scale.ts';
import { logScale } from '../sketches/log-histogram.ts';
import { cellStarts } from './cell-starts.ts';

const quantiles = 60;
const ventiles = 20;
/** Levels with a cell of their own, at most. */
export const levelsMax = 127;
const levelRowsDefault = 20;

/** Lower-case hex of the digest of UTF-8 text: `Digest.sha256` of the ports. */
type Sha256 = (text: string) => string;

/** The sample need not be sorted and is not changed; what is not finite in it is left out. It may be empty. */
export function freezeNumeric(sample: Float64Array, sha256: Sha256): NumericScale {
  const sorted = sample.filter((value) => Number.isFinite(value)).sort();
  const edges = Float64Array.from(numericEdges(Array.from(sorted)));
  const group = ventileOfCells(edges, sorted);
  const content = { kind: 'numeric', edges: Array.from(edges), group: Array.from(group) };
  return { kind: 'numeric', id: scaleId(content, sha256), edges, group, starts: cellStarts(edges) };
}

function numericEdges(sorted: number[]): number[] {
  const first = sorted[0];
  if (first === undefined) return [];
  const edges: number[] = [];
  const add = (edge: number) => {
    // Interpolating between ±1e308 overflows; -0 would not survive JSON.
    if (Number.isFinite(edge) && edge > (edges.at(-1) ?? Number.NEGATIVE_INFINITY)) edges.push(edge + 0);
  };
  add(nextBelow(first));
  const distinct = distinctUpTo(sorted, quantiles);
  if (distinct !== undefined) {
    for (const value of distinct) add(value);
    return edges;
  }
  for (let k = 1; k <= quantiles; k++) {
    const edge = quantileSorted(sorted, k / quantiles);
    const holdsTwo = k < quantiles && quantileSorted(sorted, (k + 1) / quantiles) === edge;
    if (holdsTwo && hasValueBetween(sorted, edges.at(-1), edge)) add(nextBelow(edge));
    add(edge);
  }
  return edges;
}

/** The distinct values, rising; undefined where there are more than `max`. */
function distinctUpTo(sorted: readonly number[], max: number): number[] | undefined {
  const distinct: number[] = [];
  for (const value of sorted) {
    if (value === distinct.at(-1)) continue;
    if (distinct.length === max) return undefined;
    distinct.push(value);
  }
  return distinct;
}

function hasValueBetween(sorted: readonly number[], low: number | undefined, high: number): boolean {
  if (low === undefined) return false;
  const next = sorted[countUpTo(sorted, low)];
  return next !== undefined && next < high;
}

/** How many of the sorted values are ≤ the limit. */
function countUpTo(sorted: ArrayLike<number>, limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The largest double below the value; -Infinity below the smallest of all. */
function nextBelow(value: number): number {
  const view = new DataView(new ArrayBuffer(8));
  if (value === 0) return -Number.MIN_VALUE;
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + (value > 0 ? -1n : 1n));
  return view.getFloat64(0);
}

function ventileOfCells(edges: Float64Array, sorted: Float64Array): Uint8Array {
  const group = new Uint8Array(edges.length + 1);
  let below = 0;
  for (let cell = 0; cell < group.length; cell++) {
    const edge = edges[cell];
    const upTo = edge === undefined ? sorted.length : countUpTo(sorted, edge);
    const middle = sorted.length === 0 ? 0 : (below + upTo) / (2 * sorted.length);
    group[cell] = Math.min(ventiles - 1, Math.floor(middle * ventiles));
    below = upTo;
  }
  return group;
}

export interface FreezeLevelsOptions {
  /** Rows in which a level must be seen to get a cell; 0 or 1 for levels that were declared. 20 by default. */
  readonly minRows?: number;
}

/**
 * Cells for the most frequent levels, named in the order of their code units: equal for equal counts in any order. Rare
 * levels fall into the rest, which also keeps what only few rows hold (a name, a number of a card) out of the scale.
 */
export function freezeLevels(
  counts: ReadonlyMap<string, number>,
  sha256: Sha256,
  options: FreezeLevelsOptions = {},
): LevelsScale {
  const minRows = options.minRows ?? levelRowsDefault;
  const levels = [...counts]
    .filter(([, rows]) => rows >= minRows)
    .sort(([a, rowsA], [b, rowsB]) => rowsB - rowsA || compareText(a, b))
    .slice(0, levelsMax)
    .map(([level]) => level)
    .sort(compareText);
  return levelsScale(levels, scaleId({ kind: 'levels', levels }, sha256));
}

function levelsScale(levels: readonly string[], id: string): LevelsScale {
  return { kind: 'levels', id, cells: new Map(levels.map((level, cell) => [level, cell])) };
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Is the id of a scale the digest of its content? What was edited by hand, or torn, is not. */
export function isGenuineScale(scale: Scale, sha256: Sha256): boolean {
  const json = scaleToJson(scale);
  if (json.kind === 'log') return json.id === logScale.id;
  const { id, ...content } = json;
  return id === scaleId(content, sha256);
}

function scaleId(content: unknown, sha256: Sha256): string {
  return `sc_${sha256(canonicalJson(content)).slice(0, 16)}`;
}

/** A scale as plain JSON; doubles come back as they were. */
export type ScaleJson =
  | { readonly kind: 'numeric'; readonly id: string; readonly edges: number[]; readonly group: number[] }
  | { readonly kind: 'levels'; readonly id: string; readonly levels: string[] }
  | { readonly kind: 'log'; readonly id: string };

export function scaleToJson(scale: Scale): ScaleJson {
  switch (scale.kind) {
    case 'numeric':
      return {
        kind: 'numeric',
        id: scale.id,
        edges: Array.from(scale.edges),
        group: Array.from(scale.group),
      };
    case 'levels':
      return { kind: 'levels', id: scale.id, levels: levelNames(scale) };
    case 'log':
      return { kind: 'log', id: scale.id };
  }
}

/** The named levels in the order of their cells. */
export function levelNames(scale: LevelsScale): string[] {
  return [...scale.cells].sort(([, a], [, b]) => a - b).map(([level]) => level);
}

/** The reverse of `scaleToJson`. Throws an Error for what it did not write. */
export function scaleFromJson(json: unknown): Scale {
  const scale = json as Partial<Record<string, unknown>> | null;
  const id = scale?.['id'];
  if (typeof id !== 'string') throw damagedScale();
  switch (scale?.['kind']) {
    case 'numeric':
      return numericFromJson(id, scale['edges'], scale['group']);
    case 'levels':
      return levelsFromJson(id, scale['levels']);
    case 'log':
      if (id !== logScale.id) throw damagedScale();
      return logScale;
    default:
      throw damagedScale();
  }
}

function numericFromJson(id: string, edges: unknown, group: unknown): NumericScale {
  if (!isArrayOf(edges, 'number') || !isArrayOf(group, 'number')) throw damagedScale();
  const rising = edges.every((edge, i) => i === 0 || edge > (edges[i - 1] as number));
  if (!rising || group.length !== edges.length + 1) throw damagedScale();
  const held = Float64Array.from(edges);
  return { kind: 'numeric', id, edges: held, group: Uint8Array.from(group), starts: cellStarts(held) };
}

function levelsFromJson(id: string, levels: unknown): LevelsScale {
  if (!isArrayOf(levels, 'string') || new Set(levels).size !== levels.length) throw damagedScale();
  return levelsScale(levels, id);
}

function isArrayOf<Kind extends 'number' | 'string'>(
  value: unknown,
  kind: Kind,
): value is (Kind extends 'number' ? number : string)[] {
  return Array.isArray(value) && value.every((one) => typeof one === kind);
}

function damagedScale(): Error {
  return new Error('The stored scale is damaged: freeze the reference anew.');
}
