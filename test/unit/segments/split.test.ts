import { expect, test } from 'vitest';
import { memoryLog } from '../../../agent/adapters/memory-log.ts';
import { memoryMeter } from '../../../agent/adapters/memory-meter.ts';
import { nodeDigest } from '../../../agent/adapters/node-digest.ts';
import { Aggregator } from '../../../agent/pipeline/aggregate.ts';
import { encodeCheckpoint, restoreCheckpoint } from '../../../agent/pipeline/checkpoint.ts';
import type { ModelState } from '../../../agent/pipeline/model-state.ts';
import { segmentRowsMin, segmentText } from '../../../agent/pipeline/segment-split.ts';
import { closePanes } from '../../../agent/pipeline/window.ts';
import type { SegmentConfig } from '../../../config/config.ts';
import { segmentLabels, seriesKey } from '../../../core/series.ts';
import { callOf } from '../../support/calls.ts';
import { hourMs, minuteMs, testConfig } from '../../support/test-config.ts';

const startMs = 1_000 * hourMs;
const city: SegmentConfig = { name: 'city', from: ['input.city'], model: '*', environment: '*', max: 2 };

function rig(segments: readonly SegmentConfig[], panesMax = 1_000) {
  const meter = memoryMeter();
  const config = testConfig({
    segments,
    limits: { modelsMax: 3, versionsMax: 2, signalsMax: 8, panesMax },
  });
  const make = () =>
    new Aggregator({
      config,
      digest: nodeDigest(),
      meter,
      log: memoryLog(),
      nowMs: startMs,
      references: [],
      keepMs: () => hourMs,
    });
  const aggregator = make();
  const send = (value: string | number | null, count = 1, more: Readonly<Record<string, string>> = {}) => {
    for (let i = 0; i < count; i++)
      aggregator.add(callOf({ timeMs: startMs, inputs: { city: value, ...more }, latencyMs: 5 }), startMs);
  };
  const state = (of = aggregator) => of.models.get('prod')?.get('m') as ModelState;
  const rowsOf = (text: string, of = aggregator) =>
    state(of).segments?.get(text)?.versions.get('1')?.builtin.get('latency_ms')?.track?.pane(startMs)?.rows ??
    0;
  const names = () => [...(state().segments?.keys() ?? [])].sort();
  return { aggregator, meter, config, make, send, state, rowsOf, names };
}

test('a value gets a segment with its 50th row, up to the cap; all others are other, and counted', () => {
  const { send, names, rowsOf, meter } = rig([city]);
  for (let i = 0; i < 30; i++) send(`rare${i}`);
  send('Seattle', segmentRowsMin + 10);
  send('Bath', segmentRowsMin);
  send('Oslo', 200);
  expect(names()).toEqual(['city=Bath', 'city=Seattle', 'city=other']);
  expect(rowsOf('city=Seattle')).toBe(11);
  expect(rowsOf('city=other')).toBe(30 + 2 * (segmentRowsMin - 1) + 200);
  expect(meter.value('segments_dropped', { reason: 'segment_other' })).toBe(rowsOf('city=other'));
  expect(meter.value('segments_dropped', { reason: 'segments_max' })).toBeGreaterThan(0);
});

test('listed values get theirs at once; a row without the field is in no segment', () => {
  const { send, names, rowsOf } = rig([{ ...city, values: ['Seattle', '7'] }]);
  send('Seattle');
  send(7, 2);
  send(null);
  send('Oslo', 100);
  expect(names()).toEqual(['city=7', 'city=Seattle', 'city=other']);
  expect([rowsOf('city=Seattle'), rowsOf('city=7'), rowsOf('city=other')]).toEqual([1, 2, 100]);
});

test('two fields together are one segment, and no value can imitate the separator', () => {
  const both = { ...city, name: 'city_plan', from: ['input.city', 'input.plan'], max: 9 };
  const { send, names } = rig([both]);
  send('a|b', segmentRowsMin, { plan: 'c' });
  send('a', segmentRowsMin, { plan: 'b|c' });
  expect(names()).toEqual([String.raw`city_plan=a\|b|c`, String.raw`city_plan=a|b\|c`, 'city_plan=other']);
  expect(segmentText('x', ['a\\', 'b'])).toBe(String.raw`x=a\\|b`);
});

test('100,000 distinct values leave 64 waiting, one segment, and every row counted', () => {
  const { send, names, rowsOf } = rig([city], 100);
  for (let i = 0; i < 100_000; i++) send(`user${i}`);
  expect(names()).toEqual(['city=other']);
  expect(rowsOf('city=other')).toBe(100_000);
});

test('segments close with their model, learn apart from it, and outlive a restart', () => {
  const { aggregator, config, make, state, rowsOf } = rig([{ ...city, values: ['Seattle'] }]);
  const send = (timeMs: number, value: number) =>
    aggregator.add(callOf({ timeMs, inputs: { city: 'Seattle', x: value }, latencyMs: 5 }), startMs + hourMs);
  for (let i = 0; i < 1_200; i++) send(startMs + Math.floor(i / 600) * 5 * minuteMs, i % 50);
  const segment = state().segments?.get('city=Seattle') as ModelState;
  expect(segment.signals.get('input.x')?.learner).not.toBe(state().signals.get('input.x')?.learner);
  const bytes = encodeCheckpoint(aggregator, config.windows.paneMs, startMs);
  const fresh = make();
  restoreCheckpoint(fresh, bytes, config.windows.paneMs);
  expect(rowsOf('city=Seattle', fresh)).toBe(600);
  expect(state(fresh).segments?.get('city=Seattle')?.signals.get('input.x')?.learner?.rows).toBe(
    segment.signals.get('input.x')?.learner?.rows,
  );
  const later = startMs + 8 * minuteMs;
  const closed = (of: ModelState) => [...closePanes(of, later, config)].map(({ endMs }) => endMs);
  expect(closed(segment)).toEqual(closed(state()));
  // The value keeps its segment after the restart.
  fresh.add(callOf({ timeMs: later, inputs: { city: 'Seattle', x: 1 }, latencyMs: 5 }), later);
  expect([...(state(fresh).segments?.keys() ?? [])]).toEqual(['city=Seattle']);
});

test('a series of a whole model has the key it always had', () => {
  const series = { model: 'm', environment: 'prod', version: '', signal: 'input.x' };
  expect(seriesKey(series)).toBe('["prod","m","","input.x"]');
  expect(seriesKey({ ...series, segment: 'city=Oslo' })).toBe('["prod","m","","input.x","city=Oslo"]');
  expect(segmentLabels('city=a=b')).toEqual({ city: 'a=b' });
  expect(segmentLabels(undefined)).toEqual({});
});
