import { expect, test } from 'vitest';
import { memoryMeter } from '../../../agent/adapters/memory-meter.ts';
import { createVirtualClock } from '../../../agent/adapters/virtual-clock.ts';
import { ContentLimit } from '../../../agent/pipeline/content-limit.ts';
import { FakeReader } from '../../support/fake-item.ts';

const reader = new FakeReader();
const row = (trace: number) => reader.item({ traceId: trace.toString(16).padStart(32, '0') });

function limited(max: number) {
  const clock = createVirtualClock(1_000_000);
  const meter = memoryMeter();
  return { clock, meter, limit: new ContentLimit(max, clock, meter) };
}

/** As many rows as one second brings, each a trace of its own. */
function second(limit: ContentLimit, rows: number, from = 0): readonly number[] {
  return Array.from({ length: rows }, (_, i) => limit.weightOf(row(from + i)));
}

const sum = (weights: readonly number[]) => weights.reduce((all, one) => all + one, 0);
const read = (weights: readonly number[]) => weights.filter((weight) => weight > 0).length;

test('at the limit every row is read, and stands for itself', async () => {
  const { clock, limit, meter } = limited(1_000);
  for (let at = 0; at < 5; at++) {
    expect(new Set(second(limit, 1_000, at * 1_000))).toEqual(new Set([1]));
    await clock.advanceTo(clock.nowMs() + 1_000);
  }
  expect(meter.value('content_rows', { result: 'read' })).toBe(5_000);
  expect(meter.value('content_rows', { result: 'left_out' })).toBe(0);
});

test('above it the rows that are read stand for all, and are no more than allowed from the second second on', async () => {
  const { clock, limit, meter } = limited(1_000);
  let all = 0;
  for (let at = 0; at < 12; at++) {
    const weights = second(limit, 8_000, at * 8_000);
    all += sum(weights);
    // One second may overshoot by chance: 8,000 rows at 1/8 are 1,000 ± 30.
    expect(read(weights)).toBeLessThanOrEqual(at === 0 ? 2_010 : 1_100);
    expect(read(weights)).toBeGreaterThan(400);
    await clock.advanceTo(clock.nowMs() + 1_000);
  }
  // About 12,000 rows of weight 8: a standard error of 8·√12,000 = 900 in 96,000.
  expect(Math.abs(all / 96_000 - 1)).toBeLessThan(0.04);
  expect(meter.value('content_rows')).toBe(96_000);
});

test('a trace is read or left as a whole, by every agent, and chosen again when less is left out', async () => {
  const one = limited(100);
  const two = limited(100);
  second(one.limit, 10_000, 1_000_000);
  second(two.limit, 10_000, 2_000_000);
  await one.clock.advanceTo(one.clock.nowMs() + 1_000);
  await two.clock.advanceTo(two.clock.nowMs() + 1_000);
  const chosen = (limit: ContentLimit) =>
    new Set(second(limit, 5_000).flatMap((weight, i) => (weight > 0 ? [i] : [])));
  const first = chosen(one.limit);
  expect(first.size).toBeGreaterThan(20);
  expect(chosen(two.limit)).toEqual(first);
  await one.clock.advanceTo(one.clock.nowMs() + 1_000);
  const trace = [...first][0] as number;
  expect(Array.from({ length: 5 }, () => one.limit.weightOf(row(trace))).every((weight) => weight > 0)).toBe(
    true,
  );
});

test('after a quiet second everything is read again; rows without any id are chosen too', async () => {
  const { clock, limit } = limited(100);
  second(limit, 10_000);
  await clock.advanceTo(clock.nowMs() + 3_000);
  expect(limit.weightOf(row(1))).toBe(1);
  const nameless = reader.item({});
  await clock.advanceTo(clock.nowMs() + 3_000);
  const weights = Array.from({ length: 10_000 }, () => limit.weightOf(nameless));
  expect(read(weights)).toBeGreaterThan(100);
  expect(read(weights)).toBeLessThan(210);
});
