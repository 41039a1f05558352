/**
 * Counting values into the cells of a frozen scale, and adding counters up.
 *
 * Laws (test/property/counters.test.ts):
 * 1. merge(count(a), count(b)) = count(a ∪ b) in any order and split: counts and weights exactly for whole weights, else
 *    and for the moments to a relative 1e-9.
 * 2. Σ counts + missing + malformed + late = Σ weights handed in; Σ counts = weight.
 * 3. Nothing handed in makes a NaN or an Infinity in the moments: an overflowing sum of squares stays at the largest
 *    double.
 *
 * Weights are 1 / sampling probability: finite, > 0, and the caller has checked. Whole weights add exactly up to 2^53.
 *
 * Mean and squared deviations: the weighted update of West (1979), merged by Chan, Golub and LeVeque (1979, eq. 2.1).
 */
import { assert } from '../../core/assert.ts';
import type { Counters } from '../../core/pane.ts';
import type { LevelsScale, LogScale, NumericScale, Scale } from '../../core/scale.ts';
import { logCellCount, logCellOf } from '../sketches/log-histogram.ts';
import { startOf } from './cell-starts.ts';

/** Deviations below this square without overflow, whatever their weight. */
const plainDeviationMax = 1e100;
/** Sums of squares below this are far from overflow. */
const plainSquaresMax = 1e200;

export function cellCount(scale: Scale): number {
  switch (scale.kind) {
    case 'numeric':
      return scale.edges.length + 1;
    case 'levels':
      return scale.cells.size + 1;
    case 'log':
      return logCellCount;
  }
}

export function newCounters(scale: Scale): Counters {
  return emptyCounters(scale.id, cellCount(scale));
}

/** Empty, on the scale of others. */
export function emptyCountersLike(others: Counters): Counters {
  return emptyCounters(others.scaleId, others.counts.length);
}

function emptyCounters(scaleId: string, cells: number): Counters {
  return {
    scaleId,
    counts: new Float64Array(cells),
    rows: 0,
    weight: 0,
    weightSquared: 0,
    missing: 0,
    malformed: 0,
    late: 0,
    mean: 0,
    m2: 0,
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
  };
}

/** The cell of a finite number: edges[cell - 1] < value ≤ edges[cell]. */
export function cellOfNumber(scale: NumericScale | LogScale, value: number): number {
  if (scale.kind === 'log') return logCellOf(value);
  const { edges, starts } = scale;
  return starts === undefined ? searchCell(edges, value) : stepToCell(edges, startOf(starts, value), value);
}

function stepToCell(edges: Float64Array, start: number, value: number): number {
  let cell = start;
  while (cell < edges.length && (edges[cell] as number) < value) cell++;
  return cell;
}

/** The cell of a finite number without a table: what `cellOfNumber` finds by one as well. */
export function searchCell(edges: Float64Array, value: number): number {
  let cell = 0;
  let left = edges.length;
  // A halving search without branches: real values would make every second guess of the processor wrong (2–3 times slower).
  while (left > 1) {
    const half = left >>> 1;
    cell += half * Number((edges[cell + half - 1] as number) < value);
    left -= half;
  }
  return cell + left * Number((edges[cell] as number) < value);
}

/** The cell of a level: the rest, which is the last cell, if it has none of its own. */
export function cellOfLevel(scale: LevelsScale, level: string): number {
  return scale.cells.get(level) ?? scale.cells.size;
}

/** On a levels scale, and where the number is not finite, the row is malformed. */
export function countNumber(counters: Counters, scale: Scale, value: number, weight: number): void {
  if (scale.kind === 'levels' || !Number.isFinite(value)) {
    counters.malformed += weight;
    return;
  }
  addToCell(counters, cellOfNumber(scale, value), weight);
  if (value < counters.min) counters.min = value;
  if (value > counters.max) counters.max = value;
  const deviation = value - counters.mean;
  if (!(Math.abs(deviation) < plainDeviationMax)) {
    addFarMoments(counters, { value, m2: 0, weight });
    return;
  }
  // Written so that no rounding can make a mean of one value other than it, or a sum of squares negative.
  const share = weight / counters.weight;
  counters.mean += deviation * share;
  const square = deviation * deviation * (counters.weight - weight) * share;
  counters.m2 = Math.min(Number.MAX_VALUE, counters.m2 + square);
}

/** Finite numbers of one weight: the first `size` of `values`. */
export interface NumberBatch {
  readonly values: Float64Array;
  readonly size: number;
  readonly weight: number;
}

/**
 * The same as counting them one by one, but for the last digits of the moments, at a third of the cost: the edges stay in
 * the nearest cache and the moments in registers.
 */
export function countNumbers(counters: Counters, scale: NumericScale | LogScale, batch: NumberBatch): void {
  const { values, size, weight } = batch;
  const edges = scale.kind === 'log' ? undefined : scale.edges;
  const starts = scale.kind === 'log' ? undefined : scale.starts;
  const { counts } = counters;
  let { min, max } = counters;
  // Deviations from one of the values: where all are equal, every sum is exactly 0.
  const origin = values[0] as number;
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < size; i++) {
    const value = values[i] as number;
    const cell =
      edges === undefined || starts === undefined
        ? cellOfNumber(scale, value)
        : stepToCell(edges, startOf(starts, value), value);
    counts[cell] = (counts[cell] as number) + weight;
    if (value < min) min = value;
    if (value > max) max = value;
    const deviation = value - origin;
    sum += deviation;
    squares += deviation * deviation;
  }
  counters.min = min;
  counters.max = max;
  counters.rows += size;
  counters.weight += size * weight;
  counters.weightSquared += size * weight * weight;
  if (squares < plainSquaresMax) {
    const m2 = Math.max(0, squares - (sum * sum) / size) * weight;
    mergeMoments(counters, { mean: origin + sum / size, m2, weight: size * weight });
  } else addFarBatch(counters, batch);
}

/** Cells of a levels scale, of one weight: the first `size` of `values`. */
export function countCells(counters: Counters, { values, size, weight }: NumberBatch): void {
  const { counts } = counters;
  for (let i = 0; i < size; i++) {
    const cell = values[i] as number;
    counts[cell] = (counts[cell] as number) + weight;
  }
  counters.rows += size;
  counters.weight += size * weight;
  counters.weightSquared += size * weight * weight;
}

/** `counters.weight` already holds the batch. */
function addFarBatch(counters: Counters, { values, size, weight }: NumberBatch): void {
  counters.weight -= size * weight;
  for (let i = 0; i < size; i++) {
    counters.weight += weight;
    addFarMoments(counters, { value: values[i] as number, m2: 0, weight });
  }
}

/** On a scale of numbers the row is malformed. */
export function countLevel(counters: Counters, scale: Scale, level: string, weight: number): void {
  if (scale.kind === 'levels') addToCell(counters, cellOfLevel(scale, level), weight);
  else counters.malformed += weight;
}

export function countMissing(counters: Counters, weight: number): void {
  counters.missing += weight;
}

export function countMalformed(counters: Counters, weight: number): void {
  counters.malformed += weight;
}

export function countLate(counters: Counters, weight: number): void {
  counters.late += weight;
}

function addToCell(counters: Counters, cell: number, weight: number): void {
  counters.counts[cell] = (counters.counts[cell] as number) + weight;
  counters.rows += 1;
  counters.weight += weight;
  counters.weightSquared += weight * weight;
}

/** Adds the source to the target, which must be of the same scale (asserted); the source is left as it is. */
export function mergeInto(target: Counters, source: Counters): void {
  assert(target.scaleId === source.scaleId, 'Counters of two scales are never added.');
  assert(target.counts.length === source.counts.length, 'Counters of one scale have equally many cells.');
  for (let cell = 0; cell < source.counts.length; cell++) {
    target.counts[cell] = (target.counts[cell] as number) + (source.counts[cell] as number);
  }
  target.rows += source.rows;
  target.weight += source.weight;
  target.weightSquared += source.weightSquared;
  target.missing += source.missing;
  target.malformed += source.malformed;
  target.late += source.late;
  target.min = Math.min(target.min, source.min);
  target.max = Math.max(target.max, source.max);
  if (source.weight > 0) mergeMoments(target, source);
}

/** `target.weight` already holds both weights. */
function mergeMoments(target: Counters, source: Pick<Counters, 'mean' | 'm2' | 'weight'>): void {
  const deviation = source.mean - target.mean;
  if (!(Math.abs(deviation) < plainDeviationMax)) {
    addFarMoments(target, { value: source.mean, m2: source.m2, weight: source.weight });
    return;
  }
  const share = source.weight / target.weight;
  const before = target.weight - source.weight;
  target.mean = before > 0 ? target.mean + deviation * share : source.mean;
  const between = deviation * deviation * before * share;
  target.m2 = Math.min(Number.MAX_VALUE, target.m2 + source.m2 + between);
}

/** The same update where a difference or its square may pass the largest double: nothing is subtracted before scaling. */
function addFarMoments(counters: Counters, added: { value: number; m2: number; weight: number }): void {
  const share = added.weight / counters.weight;
  const before = counters.weight - added.weight;
  const half = added.value / 2 - counters.mean / 2;
  counters.mean = before > 0 ? counters.mean * (1 - share) + added.value * share : added.value;
  const between = before > 0 ? Math.min(Number.MAX_VALUE, half * half * 4) * before * share : 0;
  counters.m2 = Math.min(Number.MAX_VALUE, counters.m2 + added.m2 + between);
}

/** A new sum of them all; empty counters for an empty list. */
export function mergeCounters(scale: Scale, list: readonly Counters[]): Counters {
  const sum = newCounters(scale);
  for (const one of list) mergeInto(sum, one);
  return sum;
}

/** Rows of weight 1 that carry as much information (Kish 1965): weight² / Σ weight²; 0 when empty. */
export function effectiveSize(counters: Counters): number {
  if (!(counters.weightSquared > 0)) return 0;
  const size = (counters.weight * counters.weight) / counters.weightSquared;
  return Number.isFinite(size) ? size : 0;
}
