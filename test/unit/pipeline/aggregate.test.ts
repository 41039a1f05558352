import { expect, test } from 'vitest';
import { memoryLog } from '../../../agent/adapters/memory-log.ts';
import { memoryMeter } from '../../../agent/adapters/memory-meter.ts';
import { nodeDigest } from '../../../agent/adapters/node-digest.ts';
import { Aggregator } from '../../../agent/pipeline/aggregate.ts';
import { encodeCheckpoint, restoreCheckpoint } from '../../../agent/pipeline/checkpoint.ts';
import type { ModelState } from '../../../agent/pipeline/model-state.ts';
import { closePanes, forgetOldPanes } from '../../../agent/pipeline/window.ts';
import { callOf, fieldsOf } from '../../support/calls.ts';
import { hourMs, minuteMs, testConfig } from '../../support/test-config.ts';

const startMs = 1_000 * hourMs;

function world(over = {}, keepMs = hourMs) {
  const meter = memoryMeter();
  const config = testConfig(over);
  const make = () =>
    new Aggregator({
      config,
      digest: nodeDigest(),
      meter,
      log: memoryLog(),
      nowMs: startMs,
      references: [],
      keepMs: () => keepMs,
    });
  const aggregator = make();
  const dropped = (reason: string) => meter.value('dropped', { reason });
  const state = (model = 'm', environment = 'prod') =>
    aggregator.models.get(environment)?.get(model) as ModelState;
  const close = (nowMs: number) => [...closePanes(state(), nowMs, config)];
  return { aggregator, meter, config, dropped, state, close, make };
}

test('a row is counted in the pane of its event time, once per id', () => {
  const { aggregator, state, dropped } = world();
  expect(aggregator.add(callOf({ timeMs: startMs, latencyMs: 12, id: 5 }), startMs)).toBe(true);
  expect(aggregator.add(callOf({ timeMs: startMs, latencyMs: 12, id: 5 }), startMs)).toBe(false);
  expect(dropped('duplicate')).toBe(1);
  const latency = state().versions.get('1')?.builtin.get('latency_ms')?.track?.pane(startMs);
  expect(latency).toMatchObject({ rows: 1, mean: 12 });
});

test('rows too far ahead and rows of closed panes are dropped with a reason', () => {
  const { aggregator, dropped, close } = world();
  expect(aggregator.add(callOf({ timeMs: startMs + 600_001 }), startMs)).toBe(false);
  expect(dropped('future')).toBe(1);
  aggregator.add(callOf({ timeMs: startMs }), startMs);
  close(startMs + 7 * minuteMs);
  expect(aggregator.add(callOf({ timeMs: startMs + 1 }), startMs + 7 * minuteMs)).toBe(false);
  expect(dropped('late')).toBe(1);
});

test('models, versions and signals are bounded; what is over the bound is counted', () => {
  const { aggregator, dropped } = world();
  for (let i = 0; i < 5; i++) aggregator.add(callOf({ model: `m${i}`, timeMs: startMs }), startMs);
  expect(dropped('models_max')).toBe(2);
  for (let i = 0; i < 4; i++)
    aggregator.add(callOf({ model: 'm0', version: `v${i}`, timeMs: startMs }), startMs);
  expect(dropped('versions_max')).toBe(3);
  const inputs = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`f${i}`, i]));
  aggregator.add(callOf({ model: 'm1', timeMs: startMs, inputs }), startMs);
  expect(dropped('signals_max')).toBe(20 - 7);
});

test('a version silent for an hour makes room for a new one', () => {
  const { aggregator, state } = world();
  aggregator.add(callOf({ version: 'a', timeMs: startMs }), startMs);
  aggregator.add(callOf({ version: 'b', timeMs: startMs + hourMs }), startMs + hourMs);
  aggregator.add(callOf({ version: 'c', timeMs: startMs + hourMs }), startMs + hourMs);
  expect([...state().versions.keys()]).toEqual(['b', 'c']);
});

test('names that could deceive a reader are refused', () => {
  const { aggregator, dropped } = world();
  for (const model of ['', 'a\u0000b', 'x'.repeat(129), 'evil\u202egnp']) {
    expect(aggregator.add(callOf({ model, timeMs: startMs }), startMs)).toBe(false);
  }
  expect(dropped('invalid_name')).toBe(4);
});

test('panes close in order with the newest row, and with the clock when rows stop', () => {
  const { aggregator, close } = world();
  aggregator.add(callOf({ timeMs: startMs }), startMs);
  aggregator.add(callOf({ timeMs: startMs + 13 * minuteMs }), startMs + 13 * minuteMs);
  expect(close(startMs + 13 * minuteMs).map((pane) => (pane.endMs - startMs) / minuteMs)).toEqual([0, 5, 10]);
  expect(close(startMs + 15 * minuteMs)).toEqual([]);
  expect(close(startMs + 16 * minuteMs).map((pane) => (pane.endMs - startMs) / minuteMs)).toEqual([15]);
});

test('old data moves the watermark at its own pace, not to now', () => {
  const { aggregator, close } = world();
  const nowMs = startMs + 500_000 * hourMs;
  for (let i = 0; i <= 4; i++) aggregator.add(callOf({ timeMs: startMs + i * hourMs }), nowMs);
  const ends = close(nowMs).map((pane) => (pane.endMs - startMs) / minuteMs);
  expect(ends.at(-1)).toBe(4 * 60 - 5);
});

test('a jump of years is not walked pane by pane, and no pane with data is skipped', () => {
  const { aggregator, close } = world();
  const laterMs = startMs + 200_000 * hourMs;
  aggregator.add(callOf({ timeMs: startMs }), startMs);
  aggregator.add(callOf({ timeMs: laterMs }), laterMs);
  aggregator.add(callOf({ timeMs: laterMs + hourMs }), laterMs + hourMs);
  const ends = close(laterMs + hourMs).map((pane) => pane.endMs);
  expect(ends.length).toBeLessThan(2_100);
  expect(ends).toContain(startMs + 5 * minuteMs);
  expect(ends).toContain(laterMs + 5 * minuteMs);
});

test('an error counts its inputs and not its outputs', () => {
  const { aggregator, state } = world();
  for (let i = 0; i < 3; i++) {
    aggregator.add(
      callOf({ timeMs: startMs, result: 'error', inputs: { x: 1 }, outputs: { score: 1 } }),
      startMs,
    );
  }
  expect(state().signals.get('input.x')?.learner?.rows).toBe(3);
  expect(state().signals.has('output.score')).toBe(false);
  expect([
    ...(state().versions.get('1')?.builtin.get('error_share')?.track?.pane(startMs)?.counts ?? []),
  ]).toEqual([0, 3, 0]);
});

test('panes behind every window are forgotten and given back to the budget', () => {
  const { aggregator, state, close } = world();
  for (let i = 0; i < 30; i++)
    aggregator.add(callOf({ timeMs: startMs + i * 5 * minuteMs, latencyMs: 1 }), startMs + i * 5 * minuteMs);
  close(startMs + 30 * 5 * minuteMs);
  const before = aggregator.budget.used;
  forgetOldPanes(state());
  expect(aggregator.budget.used).toBeLessThan(before / 2);
  expect(state().versions.get('1')?.builtin.get('latency_ms')?.track?.held()).toHaveLength(13);
});

test('a spent pane budget drops values, not the process', () => {
  const { aggregator, dropped } = world({
    limits: { modelsMax: 3, versionsMax: 2, signalsMax: 8, panesMax: 40 },
  });
  for (let i = 0; i < 10; i++)
    aggregator.add(callOf({ timeMs: startMs + i * 5 * minuteMs, latencyMs: 1 }), startMs + hourMs);
  expect(dropped('panes_max')).toBeGreaterThan(0);
});

test('a checkpoint puts panes, versions and learning back exactly', () => {
  const { aggregator, make, config, state, close } = world();
  for (let i = 1; i <= 700; i++) {
    const timeMs = startMs + i * 5_000;
    aggregator.add(
      callOf({
        timeMs,
        id: i,
        latencyMs: i % 9,
        inputs: { x: i % 37, colour: i % 3 === 0 ? 'red' : 'blue' },
      }),
      timeMs,
    );
  }
  close(startMs + 700 * 5_000);
  const bytes = encodeCheckpoint(aggregator, config.windows.paneMs, 77);
  const twin = make();
  expect(restoreCheckpoint(twin, bytes, config.windows.paneMs)).toMatchObject({
    atMs: 77,
    paneLengthChanged: false,
  });
  expect(twin.budget.used).toBe(aggregator.budget.used);
  expect(encodeCheckpoint(twin, config.windows.paneMs, 77)).toEqual(bytes);
  expect(twin.models.get('prod')?.get('m')?.closedMs).toBe(state().closedMs);
  expect(twin.models.get('prod')?.get('m')?.signals.get('input.x')?.learner?.rows).toBe(
    state().signals.get('input.x')?.learner?.rows,
  );
});

test('a checkpoint of another pane length keeps what is learned and leaves the panes', () => {
  const { aggregator, make } = world();
  for (let i = 1; i <= 600; i++) aggregator.add(callOf({ timeMs: startMs, inputs: { x: i } }), startMs);
  const twin = make();
  expect(
    restoreCheckpoint(twin, encodeCheckpoint(aggregator, minuteMs, 0), 5 * minuteMs).paneLengthChanged,
  ).toBe(true);
  expect(twin.models.get('prod')?.get('m')?.signals.get('input.x')?.learner?.state).toBe('learning');
  expect(twin.budget.used).toBe(0);
});

test('bytes that are no checkpoint are refused', () => {
  const { make } = world();
  expect(() => restoreCheckpoint(make(), new Uint8Array([1, 2, 3]), minuteMs)).toThrow('no checkpoint');
  expect(() => restoreCheckpoint(make(), new Uint8Array(64), minuteMs)).toThrow('no checkpoint');
});

test('what was read of some rows counts for the rows they stand for; answers of failed calls do not count', () => {
  const { aggregator, state, close, dropped } = world({
    limits: { modelsMax: 3, versionsMax: 2, signalsMax: 8, panesMax: 1_000 },
  });
  const read = (words: number) => ({
    inputs: fieldsOf({ 'prompt.words': words }),
    outputs: fieldsOf({ 'answer.refusal': 'false' }),
    vectors: [],
    words: [],
    weight: 4,
  });
  for (let i = 0; i < 500; i++) {
    const contents = i % 4 === 0 ? read(i) : undefined;
    aggregator.add(
      callOf({ timeMs: startMs, weight: 2, contents, result: i < 100 ? 'error' : 'ok' }),
      startMs,
    );
  }
  const learned = (name: string) => state().signals.get(name)?.learner;
  expect(learned('input.prompt.words')?.rows).toBe(125);
  expect(learned('output.answer.refusal')?.rows).toBe(100);
  close(startMs + 3 * hourMs);
  expect(learned('input.prompt.words')?.scale).toBeDefined();
  const counters =
    learned('input.prompt.words')?.snapshot()?.counters ?? learned('input.prompt.words')?.reference?.counters;
  expect(counters).toMatchObject({ rows: 125, weight: 125 * 8 });
  expect(dropped('signals_max')).toBe(0);
});
