import { quantileSorted } from 'simple-statistics';
import { expect, test } from 'vitest';
import { cellOfNumber } from '../../../detectors/counters/counters.ts';
import {
  freezeLevels,
  freezeNumeric,
  levelsMax,
  scaleFromJson,
  scaleToJson,
} from '../../../detectors/counters/freeze.ts';
import { logScale } from '../../../detectors/sketches/log-histogram.ts';
import { countNumbers, normalReference, normalsFrom, sha256 } from '../../support/detector-data.ts';

const groupOf = (scale: ReturnType<typeof freezeNumeric>, value: number) =>
  scale.group[cellOfNumber(scale, value)];

test('continuous data get 61 edges, 62 cells and twenty ventiles of a twentieth each', () => {
  const { scale, counters } = normalReference(20_000);
  expect(scale.edges.length).toBe(61);
  const rows = new Array<number>(20).fill(0);
  scale.group.forEach((ventile, cell) => {
    rows[ventile] = (rows[ventile] as number) + (counters.counts[cell] as number);
  });
  for (const one of rows) expect(Math.abs(one - 1000)).toBeLessThanOrEqual(1);
  expect(scale.group[0]).toBe(0);
  expect(scale.group.at(-1)).toBe(19);
});

test('the decile of every cell is that of type 7 quantiles', () => {
  const sample = normalsFrom(3, 6007);
  const scale = freezeNumeric(sample, sha256);
  const sorted = Array.from(sample).sort((a, b) => a - b);
  const deciles = Array.from({ length: 9 }, (_, i) => quantileSorted(sorted, (i + 1) / 10));
  for (const value of sorted) {
    const decile = deciles.filter((edge) => edge < value).length;
    expect((groupOf(scale, value) as number) >> 1).toBe(decile);
  }
});

test('edges are the quantiles, with the double below the minimum and the maximum itself', () => {
  const scale = freezeNumeric(
    Float64Array.from({ length: 61 }, (_, i) => i + 1),
    sha256,
  );
  expect(scale.edges.length).toBe(61);
  expect(scale.edges[0]).toBeLessThan(1);
  expect(scale.edges[0]).toBeGreaterThan(0.999999999999999);
  expect(Array.from(scale.edges.slice(1))).toEqual(Array.from({ length: 60 }, (_, i) => i + 2));
});

test('a value that holds many quantiles has a cell of its own', () => {
  // 30 % at 5, the rest spread over 0..10.
  const sample = Float64Array.from({ length: 10_000 }, (_, i) =>
    i % 10 < 3 ? 5 : ((i * 37) % 10_000) / 1000,
  );
  const scale = freezeNumeric(sample, sha256);
  const counters = countNumbers(scale, sample);
  const spike = cellOfNumber(scale, 5);
  expect(counters.counts[spike]).toBe(sample.filter((value) => value === 5).length);
  expect(cellOfNumber(scale, 4.99)).toBe(spike - 1);
});

test('zero inflation: what lies below a fat minimum is in another decile than the minimum', () => {
  const sample = Float64Array.from({ length: 1000 }, (_, i) => (i < 500 ? 0 : i / 100));
  const scale = freezeNumeric(sample, sha256);
  expect(groupOf(scale, -999)).toBe(0);
  expect(groupOf(scale, 0)).toBe(5);
  expect(groupOf(scale, 5.001)).toBe(10);
  expect(groupOf(scale, 1e9)).toBe(19);
  expect(scale.edges[0]).toBe(-Number.MIN_VALUE);
});

test('up to 60 distinct values have a cell each, however rare', () => {
  const counts = Float64Array.from({ length: 10_000 }, (_, i) => (i < 3 ? 59 : i % 59));
  const scale = freezeNumeric(counts, sha256);
  expect(Array.from(scale.edges.slice(1))).toEqual(Array.from({ length: 60 }, (_, i) => i));
  expect(countNumbers(scale, counts).counts[cellOfNumber(scale, 59)]).toBe(3);
});

test('empty, constant and unfit samples make a scale, too', () => {
  const empty = freezeNumeric(new Float64Array(0), sha256);
  expect([empty.edges.length, Array.from(empty.group)]).toEqual([0, [0]]);
  const constant = freezeNumeric(Float64Array.from([4, 4, 4]), sha256);
  expect(constant.edges.length).toBe(2);
  expect([3.99, 4, 4.01].map((value) => cellOfNumber(constant, value))).toEqual([0, 1, 2]);
  expect(freezeNumeric(Float64Array.from([4, Number.NaN, Number.POSITIVE_INFINITY]), sha256)).toEqual(
    constant,
  );
  const widest = freezeNumeric(Float64Array.from([-Number.MAX_VALUE, Number.MAX_VALUE]), sha256);
  expect(widest.edges.every(Number.isFinite)).toBe(true);
});

test('freezing leaves the sample as it was', () => {
  const sample = Float64Array.from([3, 1, 2]);
  freezeNumeric(sample, sha256);
  expect(Array.from(sample)).toEqual([3, 1, 2]);
});

test('the id tells scales apart and is the digest of the content', () => {
  const one = freezeNumeric(Float64Array.from([1, 2, 3]), sha256);
  expect(one.id).toMatch(/^sc_[0-9a-f]{16}$/);
  expect(freezeNumeric(Float64Array.from([1, 2, 3]), sha256).id).toBe(one.id);
  expect(freezeNumeric(Float64Array.from([1, 2, 4]), sha256).id).not.toBe(one.id);
  const levels = freezeLevels(new Map([['a', 20]]), sha256);
  expect(freezeLevels(new Map([['a', 90]]), sha256).id).toBe(levels.id);
  expect(freezeLevels(new Map([['b', 20]]), sha256).id).not.toBe(levels.id);
});

test('levels: rare ones fall into the rest, declared ones do not, 127 at most', () => {
  const counts = new Map([
    ['rare', 19],
    ['b', 20],
    ['a', 500],
  ]);
  expect([...freezeLevels(counts, sha256).cells]).toEqual([
    ['a', 0],
    ['b', 1],
  ]);
  expect(freezeLevels(counts, sha256, { minRows: 1 }).cells.size).toBe(3);
  const many = new Map(Array.from({ length: 300 }, (_, i) => [`level ${i}`, i + 20]));
  const scale = freezeLevels(many, sha256);
  expect(scale.cells.size).toBe(levelsMax);
  expect(scale.cells.has('level 299')).toBe(true);
  expect(scale.cells.has('level 100')).toBe(false);
});

test.each([
  ['nothing', null],
  ['no id', { kind: 'log' }],
  ['another log scale', { kind: 'log', id: 'sc_other' }],
  ['an unknown kind', { kind: 'round', id: 'sc_1' }],
  ['falling edges', { kind: 'numeric', id: 'sc_1', edges: [2, 1], group: [0, 0, 0] }],
  ['a group too few', { kind: 'numeric', id: 'sc_1', edges: [1, 2], group: [0, 0] }],
  ['null for NaN', { kind: 'numeric', id: 'sc_1', edges: [null], group: [0, 0] }],
  ['a level twice', { kind: 'levels', id: 'sc_1', levels: ['a', 'a'] }],
  ['a level that is no text', { kind: 'levels', id: 'sc_1', levels: [1] }],
])('a stored scale with %s is refused', (_, json) => {
  expect(() => scaleFromJson(json)).toThrow('The stored scale is damaged');
});

test('the log scale comes back as itself', () => {
  expect(scaleFromJson(scaleToJson(logScale))).toBe(logScale);
});
