import { expect, test } from 'vitest';
import type { LevelsScale, NumericScale } from '../../../core/scale.ts';
import { decodeCounters, encodeCounters } from '../../../detectors/counters/codec.ts';
import {
  cellCount,
  cellOfLevel,
  cellOfNumber,
  countLevel,
  countNumber,
  effectiveSize,
  mergeCounters,
  newCounters,
} from '../../../detectors/counters/counters.ts';
import {
  logCellCount,
  logCellOf,
  logCellStart,
  logLowerBound,
  logQuantile,
  logScale,
} from '../../../detectors/sketches/log-histogram.ts';
import { countNumbers, normalsFrom } from '../../support/detector-data.ts';

const numeric: NumericScale = {
  kind: 'numeric',
  id: 'sc_n',
  edges: Float64Array.from([0, 1, 5]),
  group: Uint8Array.from([0, 5, 12, 19]),
};
const levels: LevelsScale = { kind: 'levels', id: 'sc_l', cells: new Map([['error', 0]]) };

test.each([
  [-1, 0],
  [0, 0],
  [1e-300, 1],
  [1, 1],
  [1.5, 2],
  [5, 2],
  [5.0001, 3],
])('%d is in cell %d of the edges 0, 1, 5', (value, cell) => {
  expect(cellOfNumber(numeric, value)).toBe(cell);
});

test('cells: one more than edges, one more than levels', () => {
  expect([cellCount(numeric), cellCount(levels), cellCount(logScale)]).toEqual([4, 2, logCellCount]);
  expect([cellOfLevel(levels, 'error'), cellOfLevel(levels, 'ok')]).toEqual([0, 1]);
});

test('a value of the wrong kind is malformed, not thrown', () => {
  const numbers = newCounters(numeric);
  countLevel(numbers, numeric, 'error', 2);
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) countNumber(numbers, numeric, value, 1);
  expect(numbers).toMatchObject({ malformed: 4, rows: 0, weight: 0, mean: 0 });
  const named = newCounters(levels);
  countNumber(named, levels, 1, 3);
  countLevel(named, levels, 'error', 1);
  expect(named).toMatchObject({
    malformed: 3,
    rows: 1,
    weight: 1,
    mean: 0,
    m2: 0,
    min: Number.POSITIVE_INFINITY,
  });
});

test('effective rows: Kish by hand', () => {
  expect(effectiveSize(newCounters(numeric))).toBe(0);
  expect(effectiveSize(countNumbers(numeric, new Array(200).fill(1)))).toBe(200);
  expect(effectiveSize(countNumbers(numeric, new Array(200).fill(1), 10))).toBe(200);
  const mixed = newCounters(numeric);
  countNumber(mixed, numeric, 1, 1);
  countNumber(mixed, numeric, 2, 3);
  // 4² / (1 + 9)
  expect(effectiveSize(mixed)).toBe(1.6);
});

test('moments by hand: 2 once, 4 three times', () => {
  const counters = newCounters(numeric);
  countNumber(counters, numeric, 2, 1);
  countNumber(counters, numeric, 4, 3);
  expect(counters).toMatchObject({ mean: 3.5, m2: 3, min: 2, max: 4, rows: 2, weight: 4, weightSquared: 10 });
});

test('moments hold their digits far from zero', () => {
  const counters = countNumbers(numeric, [1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16]);
  expect([counters.mean, counters.m2]).toEqual([1e9 + 10, 90]);
});

test('merging an empty list is empty', () => {
  expect(mergeCounters(numeric, [])).toEqual(newCounters(numeric));
});

test.each([
  ['zero', 0, 0],
  ['a negative number', -5, 0],
  ['just below the range', 2 ** -30 * (1 - Number.EPSILON), 0],
  ['the smallest of the range', 2 ** -30, 1],
  ['one', 1, 1 + 30 * 32],
  ['just below one', 1 - Number.EPSILON / 2, 30 * 32],
  ['one and a half', 1.5, 1 + 30 * 32 + 16],
  ['just below the top', 2 ** 30 * (1 - Number.EPSILON), logCellCount - 2],
  ['the top', 2 ** 30, logCellCount - 1],
  ['the largest double', Number.MAX_VALUE, logCellCount - 1],
])('log cell of %s', (_, value, cell) => {
  expect(logCellOf(value)).toBe(cell);
});

test('log cells start where the last one ends', () => {
  expect(logCellStart(0)).toBe(Number.NEGATIVE_INFINITY);
  expect(logCellStart(1)).toBe(2 ** -30);
  expect(logCellStart(logCellCount - 1)).toBe(2 ** 30);
  for (let cell = 1; cell < logCellCount; cell++) {
    expect(logCellOf(logCellStart(cell))).toBe(cell);
    expect(logCellStart(cell)).toBeGreaterThan(logCellStart(cell - 1));
  }
});

test('log quantiles: 100 is read as 101, clamped to what was seen', () => {
  const spread = countNumbers(logScale, [99, 100, 102.5]);
  expect(logQuantile(spread, 0.5)).toBe(101);
  expect(logLowerBound(spread, 0.5)).toBe(100);
  expect(logQuantile(countNumbers(logScale, [100, 100]), 0.5)).toBe(100);
  expect(logQuantile(countNumbers(logScale, [0, 0, 5]), 0.5)).toBe(0);
  expect(logQuantile(countNumbers(logScale, [2e9, 3e9]), 0.9)).toBe(3e9);
  expect(logQuantile(newCounters(logScale), 0.5)).toBeUndefined();
  expect(logLowerBound(newCounters(logScale), 0.5)).toBeUndefined();
});

test('stored counters are short: whole counts as one or two bytes, empty cells as nothing', () => {
  const latencies = countNumbers(
    logScale,
    normalsFrom(3, 1000).map((z) => 200 * Math.exp(z / 2)),
  );
  expect(latencies.counts.byteLength).toBeGreaterThan(15_000);
  expect(encodeCounters(latencies).length).toBeLessThan(500);
  const weighted = countNumbers(numeric, [0.5, 2], 1 / 3);
  expect(decodeCounters(encodeCounters(weighted))).toEqual(weighted);
});

test('bytes of another version are refused with the reason', () => {
  expect(() => decodeCounters(new Uint8Array())).toThrow(
    'The stored counters are damaged: its checksum does not match.',
  );
});
