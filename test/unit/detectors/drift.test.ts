import { expect, test } from 'vitest';
import { nodeDigest } from '../../../agent/adapters/node-digest.ts';
import { countLevel, countNumber, newCounters } from '../../../detectors/counters/counters.ts';
import { freezeLevels, freezeNumeric } from '../../../detectors/counters/freeze.ts';
import { drift } from '../../../detectors/drift.ts';
import { binLabel, binningOf } from '../../../detectors/ladder/binning.ts';

const sha256 = (text: string) => nodeDigest().sha256(text);
const ramp = (count: number, shift = 0) => Array.from({ length: count }, (_, i) => (i % 1_000) / 10 + shift);

function counted(scale: ReturnType<typeof freezeNumeric>, values: readonly number[]) {
  const counters = newCounters(scale);
  for (const value of values) countNumber(counters, scale, value, 1);
  return counters;
}

test('a shift is found, with its direction, size and the bin that moved', () => {
  const scale = freezeNumeric(Float64Array.from(ramp(5_000)), sha256);
  const input = {
    scale,
    reference: counted(scale, ramp(5_000)),
    alpha: 1e-6,
    signal: 'input.x',
    options: drift.options.parse({}),
  };
  const quiet = drift.judge({ ...input, current: counted(scale, ramp(1_000)) });
  expect(quiet).toMatchObject({ status: 'ok' });
  const moved = drift.judge({ ...input, current: counted(scale, ramp(1_000, 20)) });
  expect(moved).toMatchObject({ status: 'breach', direction: 'high' });
  expect(moved.effect).toBeGreaterThan(0.1);
  expect(moved.evidence[0]?.label).toMatch(/^over 9\d/);
  expect(moved.reason).toContain('higher');
});

test('numbers of few values and levels are judged as levels; the rest has no name', () => {
  const few = freezeNumeric(Float64Array.from(Array.from({ length: 1_000 }, (_, i) => i % 4)), sha256);
  expect(binningOf(few, counted(few, ramp(10)))?.kind).toBe('levels');
  const counts = new Map([
    ['car', 600],
    ['home', 400],
  ]);
  const levels = freezeLevels(counts, sha256);
  const reference = newCounters(levels);
  for (let i = 0; i < 1_000; i++) countLevel(reference, levels, i < 600 ? 'car' : 'home', 1);
  const binning = binningOf(levels, reference);
  if (binning === undefined) throw new Error('levels have bins');
  expect([0, 1, binning.rest].map((bin) => binLabel(levels, binning, bin))).toEqual([
    'car',
    'home',
    'other levels',
  ]);
});
