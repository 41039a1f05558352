/**
 * Raw values, as the command line and golden files have them: two samples with their weights, merged in rising order.
 *
 * Values that are not finite are left out, and so are rows of weight 0 (they were never seen). Moments are taken of values
 * divided by the largest, so that squares of ±1e308 do not overflow.
 */
import { sortNumbers } from './sort-numbers.ts';

export interface Sample {
  readonly values: readonly number[];
  /** One per value; 1 each if left out. */
  readonly weights?: readonly number[];
}

export interface WeightedValue {
  readonly value: number;
  readonly weight: number;
}

export function rowsOf({ values, weights }: Sample): WeightedValue[] {
  return values
    .map((value, i) => ({ value, weight: weights?.[i] ?? 1 }))
    .filter((row) => Number.isFinite(row.value) && row.weight > 0 && Number.isFinite(row.weight));
}

/** At a value that occurs: the shares of both samples at or below it. */
export interface Step {
  readonly value: number;
  /** Rows of this value, by weight. */
  readonly x: number;
  readonly y: number;
  /** Cumulated shares up to and with it, 0..1. */
  readonly shareX: number;
  readonly shareY: number;
}

/** Both distribution functions at every value that occurs, rising; empty where either sample is. */
export function stepsOf(x: Sample, y: Sample): Step[] {
  const rowsX = rowsOf(x);
  const rowsY = rowsOf(y);
  if (rowsX.length === 0 || rowsY.length === 0) return [];
  const byValue = new Map<number, { x: number; y: number }>();
  const add = (rows: readonly WeightedValue[], side: 'x' | 'y') => {
    for (const { value, weight } of rows) {
      const at = byValue.get(value) ?? { x: 0, y: 0 };
      at[side] += weight;
      byValue.set(value, at);
    }
  };
  add(rowsX, 'x');
  add(rowsY, 'y');
  const totalX = totalWeight(rowsX);
  const totalY = totalWeight(rowsY);
  let upToX = 0;
  let upToY = 0;
  return [...byValue]
    .sort(([a], [b]) => a - b)
    .map(([value, at]) => {
      upToX += at.x;
      upToY += at.y;
      return {
        value,
        ...at,
        shareX: Math.min(1, upToX / totalX),
        shareY: Math.min(1, upToY / totalY),
      };
    });
}

/**
 * `stepsOf` one at a time, with nothing kept: hands each value that occurs, rising, with the shares of both samples at or
 * below it, to `visit`. Without weights 100,000 values a side take the time of sorting them.
 */
export function eachStep(
  x: Sample,
  y: Sample,
  visit: (value: number, shareX: number, shareY: number) => void,
): void {
  if (x.weights !== undefined || y.weights !== undefined) {
    for (const { value, shareX, shareY } of stepsOf(x, y)) visit(value, shareX, shareY);
    return;
  }
  eachSorted(sortedValues(x.values), sortedValues(y.values), visit);
}

function eachSorted(
  sortedX: Float64Array,
  sortedY: Float64Array,
  visit: (value: number, shareX: number, shareY: number) => void,
): void {
  const n = sortedX.length;
  const m = sortedY.length;
  if (n === 0 || m === 0) return;
  let i = 0;
  let j = 0;
  while (i < n && j < m) {
    const nextX = sortedX[i] as number;
    const nextY = sortedY[j] as number;
    const value = nextX < nextY ? nextX : nextY;
    if (nextX === value) i = endOfTies(sortedX, i);
    if (nextY === value) j = endOfTies(sortedY, j);
    visit(value, i / n, j / m);
  }
  for (; i < n; visit(sortedX[i - 1] as number, i / n, 1)) i = endOfTies(sortedX, i);
  for (; j < m; visit(sortedY[j - 1] as number, 1, j / m)) j = endOfTies(sortedY, j);
}

/** The place of the first value that is another one. */
function endOfTies(sorted: Float64Array, first: number): number {
  const value = sorted[first] as number;
  let end = first + 1;
  while (end < sorted.length && sorted[end] === value) end++;
  return end;
}

/** The finite ones, rising. */
function sortedValues(values: readonly number[]): Float64Array {
  const kept = new Float64Array(values);
  let size = 0;
  for (let i = 0; i < kept.length; i++) {
    const value = kept[i] as number;
    // Infinity less itself is NaN, and so is NaN.
    if (value - value === 0) kept[size++] = value;
  }
  return sortNumbers(kept.subarray(0, size));
}

/** Rows, by weight. */
export function rowCount({ values, weights }: Sample): number {
  if (weights !== undefined) return totalWeight(rowsOf({ values, weights }));
  let rows = 0;
  for (const value of values) if (Number.isFinite(value)) rows++;
  return rows;
}

export function totalWeight(rows: readonly WeightedValue[]): number {
  return rows.reduce((sum, row) => sum + row.weight, 0);
}

/** Kish's effective size, (Σ w)² / Σ w²; 0 for no rows. */
export function kishSize(sample: Sample): number {
  const rows = rowsOf(sample);
  const squares = rows.reduce((sum, row) => sum + row.weight * row.weight, 0);
  return squares > 0 ? totalWeight(rows) ** 2 / squares : 0;
}

/** The standard deviation with n (the sum of weights), not n − 1, in the divisor; 0 for no rows. */
export function populationDeviation(sample: Sample): number {
  const rows = rowsOf(sample);
  const scale = rows.reduce((largest, row) => Math.max(largest, Math.abs(row.value)), 0);
  const total = totalWeight(rows);
  if (scale === 0 || total === 0) return 0;
  const mean = rows.reduce((sum, row) => sum + (row.value / scale) * (row.weight / total), 0);
  const variance = rows.reduce((sum, row) => sum + (row.value / scale - mean) ** 2 * (row.weight / total), 0);
  // Rounding of the mean must not give a constant a spread.
  const isConstant = rows.every((row) => row.value === rows[0]?.value);
  return isConstant ? 0 : Math.sqrt(variance) * scale;
}
