import fc from 'fast-check';
import { expect, test } from 'vitest';
import { historyDaysMax, PaneHistory } from '../../../detectors/ladder/reference-panes.ts';

/* The panes of a reference over a checkpoint. */

const bins = 5;
const pane = fc.record({
  tick: fc.integer({ min: 5_000_000, max: 5_000_000 + 288 * 6 }),
  hour: fc.integer({ min: 0, max: 167 }),
  bins: fc.array(fc.oneof(fc.nat(1_000), fc.float({ min: 0, max: 50, noNaN: true })), {
    minLength: bins,
    maxLength: bins,
  }),
});
const weighted = (one: { tick: number; hour: number; bins: number[] }) => {
  const weight = one.bins.reduce((sum, count) => sum + count, 0) + 1;
  return { ...one, weight, weightSquared: weight * 1.5 };
};

test('from its bytes it has the same panes, and goes on as if nothing had happened', () => {
  fc.assert(
    fc.property(fc.array(pane, { maxLength: 60 }), fc.array(pane, { maxLength: 20 }), (before, after) => {
      const whole = new PaneHistory(bins);
      for (const one of before) whole.add(weighted(one));
      const restored = PaneHistory.fromBytes(whole.toBytes());
      expect(restored.panes()).toEqual(whole.panes());
      for (const one of after) for (const history of [whole, restored]) history.add(weighted(one));
      expect(restored.panes()).toEqual(whole.panes());
      expect(restored.toBytes()).toEqual(whole.toBytes());
    }),
    { numRuns: 60 },
  );
});

test('every changed byte is found', () => {
  const history = new PaneHistory(bins);
  for (let tick = 0; tick < 900; tick += 7)
    history.add(weighted({ tick, hour: tick % 168, bins: [1, 0, 3, 250, 9] }));
  const bytes = history.toBytes();
  for (let at = 0; at < bytes.length; at += 13) {
    const changed = bytes.slice();
    changed[at] = (changed[at] as number) ^ 0x5a;
    expect(() => PaneHistory.fromBytes(changed)).toThrow();
  }
  expect(() => PaneHistory.fromBytes(bytes.subarray(0, -1))).toThrow();
  expect(() => PaneHistory.fromBytes(new Uint8Array())).toThrow();
});

test('beyond the days kept the oldest leaves; a day that is over takes few bytes', () => {
  const history = new PaneHistory(20);
  const full = Array.from({ length: 20 }, (_, bin) => 5 + bin);
  for (let tick = 0; tick < (historyDaysMax + 2) * 288; tick++)
    history.add({ tick, hour: 0, bins: full, weight: 290, weightSquared: 290 });
  const panes = history.panes();
  expect(panes.ticks[0]).toBe(2 * 288);
  expect(panes.ticks).toHaveLength(historyDaysMax * 288);
  // Counts below 128 take a byte each: 20 bins, two weights of two bytes, distance, hour and form.
  expect(history.toBytes().length / historyDaysMax).toBeLessThan(288 * 28);
});
