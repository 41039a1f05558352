import { expect, test } from 'vitest';
import { nodeDigest } from '../../../agent/adapters/node-digest.ts';
import { modelOfHours } from '../../../agent/pipeline/past.ts';
import { modelOfTimes } from '../../../agent/pipeline/reference-times.ts';
import type { Counters } from '../../../core/pane.ts';
import type { Reference } from '../../../core/reference.ts';
import { countNumber, newCounters } from '../../../detectors/counters/counters.ts';
import { freezeNumeric } from '../../../detectors/counters/freeze.ts';
import { type Binning, binningOf } from '../../../detectors/ladder/binning.ts';
import { referenceModelFromJson } from '../../../detectors/ladder/reference-model.ts';

const hourMs = 3_600_000;
/** Saturdays from 10:00 UTC: 5 × 24 + 10 hours after Monday 00:00. */
const saturday = 130;
const starts = [0, 7, 14].map((days) => Date.UTC(2026, 7, 8, 10) + days * 24 * hourMs);
const values = Array.from({ length: 600 }, (_, row) => (row * 37) % 101);
const sha256 = (text: string) => nodeDigest().sha256(text);
const scale = freezeNumeric(Float64Array.from(values), sha256);

function counted(): Counters {
  const counters = newCounters(scale);
  for (const value of values) countNumber(counters, scale, value, 1);
  return counters;
}

function busyHours(totals: Float64Array): number[] {
  return [...totals.keys()].filter((hour) => (totals[hour] as number) > 0);
}

test('rows with times lie in the hours of the week that windows of the same times have', () => {
  const times = values.map((_, row) => (starts[row % 3] as number) + (row % 12) * 300_000);
  const reference: Reference = {
    id: 'ref_000000000000',
    kind: 'file',
    series: { model: 'm', environment: '', version: '', signal: 'input.x' },
    scale,
    counters: counted(),
    fromMs: 0,
    toMs: 0,
    frozenAtMs: 0,
  };
  const stored = modelOfTimes(reference, values, times);
  const { hours } = referenceModelFromJson(stored?.model as NonNullable<typeof stored>['model']);
  expect(busyHours(hours?.totals as Float64Array)).toEqual([saturday]);
});

test('hours of the past lie in the hours of the week that windows of the same times have', () => {
  const past = starts.map((startMs) => ({ index: startMs / hourMs, counters: counted() }));
  const binning = binningOf(scale, counted()) as Binning;
  const model = modelOfHours(past, hourMs, binning, 'hour_of_week', undefined);
  expect(busyHours(model?.hours?.totals as Float64Array)).toEqual([saturday]);
});
