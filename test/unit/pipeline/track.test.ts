import { expect, test } from 'vitest';
import { Track } from '../../../agent/pipeline/track.ts';
import type { Counters } from '../../../core/pane.ts';
import { countNumber, newCounters } from '../../../detectors/counters/counters.ts';
import { freezeLevels, freezeNumeric } from '../../../detectors/counters/freeze.ts';
import { logScale } from '../../../detectors/sketches/log-histogram.ts';

const sha256 = (text: string): string => `${text.length}`;
const scale = freezeNumeric(
  Float64Array.from({ length: 500 }, (_, i) => (i * 7919) % 500),
  sha256,
);
const budget = () => ({ used: 0, max: 100 });

/** A row per number: its pane, its value, its weight. */
type Row = readonly [startMs: number, value: number, weight: number];

/** What counting each row at once gives for one pane. */
function oneByOne(rows: readonly Row[], startMs: number, on = scale as Parameters<typeof newCounters>[0]) {
  const counters = newCounters(on);
  for (const [start, value, weight] of rows) if (start === startMs) countNumber(counters, on, value, weight);
  return counters;
}

function expectEqual(found: Counters | undefined, expected: Counters): void {
  const { mean, m2, ...rest } = expected;
  expect(found).toMatchObject(rest);
  expect(Math.abs((found?.mean ?? Number.NaN) - mean)).toBeLessThanOrEqual(1e-9 * Math.abs(mean) + 1e-12);
  expect(Math.abs((found?.m2 ?? Number.NaN) - m2)).toBeLessThanOrEqual(1e-9 * m2);
}

test('numbers that wait to be counted are in every answer, whatever pane and weight come between', () => {
  const rows: Row[] = Array.from({ length: 1_000 }, (_, i) => [
    i % 97 === 0 ? 0 : 60_000,
    ((i * 31) % 700) - 100,
    i % 211 === 0 ? 4 : 1,
  ]);
  const track = new Track(scale, budget());
  for (const [i, [startMs, value, weight]] of rows.entries()) {
    expect(track.addNumber(startMs, value, weight)).toBe(true);
    if (i % 333 !== 0) continue;
    const sofar = rows.slice(0, i + 1);
    expectEqual(track.pane(0), oneByOne(sofar, 0));
  }
  expectEqual(track.pane(0), oneByOne(rows, 0));
  expectEqual(track.window(60_000, 120_000), oneByOne(rows, 60_000));
  expect(track.held().map(({ counters }) => counters.rows)).toEqual([11, 989]);
});

test('equal numbers have exactly themselves as mean, and no spread', () => {
  const track = new Track(scale, budget());
  for (let i = 0; i < 100; i++) track.addNumber(0, 0.1, 1);
  expect(track.pane(0)).toMatchObject({ rows: 100, mean: 0.1, m2: 0, min: 0.1, max: 0.1 });
});

test('numbers at the ends of what a double holds make no Infinity and no NaN', () => {
  const values = [1.7e308, -1.7e308, 1e154, 0, 5e-324];
  const track = new Track(logScale, budget());
  const rows = values.map((value): Row => [0, value, 1]);
  for (const [startMs, value, weight] of rows) track.addNumber(startMs, value, weight);
  const { counts, ...found } = track.pane(0) ?? newCounters(logScale);
  const { counts: expected, ...rest } = oneByOne(rows, 0, logScale);
  expect(counts).toEqual(expected);
  expect(found).toEqual(rest);
  expect(Number.isFinite(found.mean) && Number.isFinite(found.m2)).toBe(true);
});

test('a number on a scale of levels is malformed, and a spent budget is told', () => {
  const levels = new Track(freezeLevels(new Map([['a', 50]]), sha256), budget());
  expect(levels.addNumber(0, 1, 2)).toBe(true);
  expect(levels.pane(0)).toMatchObject({ malformed: 2, rows: 0 });
  const none = new Track(scale, { used: 0, max: 0 });
  expect(none.addNumber(0, 1, 1)).toBe(false);
  expect(none.pane(0)).toBeUndefined();
});
