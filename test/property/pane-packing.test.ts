import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PaneHistory } from '../../detectors/ladder/reference-panes.ts';

const bins = 7;

const counts = fc.oneof(
  fc.array(fc.integer({ min: 0, max: 12 }), { minLength: bins, maxLength: bins }),
  fc.array(fc.constantFrom(0, 1, 255, 65_536, 2 ** 24 - 1, 2 ** 24, 2 ** 32, 2 ** 40), {
    minLength: bins,
    maxLength: bins,
  }),
  fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: bins, maxLength: bins }),
);

const panes = fc.array(
  fc.record({
    tick: fc.integer({ min: 5_700, max: 6_400 }),
    hour: fc.integer({ min: 0, max: 167 }),
    counts,
    weighting: fc.constantFrom('plain', 'plain', 'weighted', 'other'),
  }),
  { maxLength: 120 },
);

test('unpacked, panes are as if each had been added to flat arrays in single precision', () => {
  fc.assert(
    fc.property(panes, fc.boolean(), fc.nat(120), (list, inOrder, checkpointAt) => {
      let history = new PaneHistory(bins);
      const plain = new Map<number, { hour: number; weight: number; squared: number; row: Float32Array }>();
      const given = inOrder ? [...list].sort((a, b) => a.tick - b.tick) : list;
      for (const [i, { tick, hour, counts: row, weighting }] of given.entries()) {
        if (i === checkpointAt) history = PaneHistory.fromBytes(history.toBytes());
        const sum = row.reduce((total, one) => total + one, 0);
        const weight = weighting === 'other' ? sum + 0.25 : sum;
        const weightSquared = weighting === 'weighted' ? weight * 3 : weight;
        history.add({ tick, hour, bins: row, weight, weightSquared });
        const at = plain.get(tick) ?? { hour, weight: 0, squared: 0, row: new Float32Array(bins) };
        plain.set(tick, at);
        at.hour = hour;
        at.weight += weight;
        at.squared += weightSquared;
        row.forEach((count, j) => {
          at.row[j] = (at.row[j] as number) + Math.fround(count);
        });
      }
      const want = [...plain].filter(([, { weight }]) => weight > 0).sort(([a], [b]) => a - b);
      const got = history.panes();
      expect([...got.ticks]).toEqual(want.map(([tick]) => tick));
      expect([...got.hours]).toEqual(want.map(([, { hour }]) => hour));
      expect([...got.weights]).toEqual(want.map(([, { weight }]) => weight));
      expect([...got.weightsSquared]).toEqual(want.map(([, { squared }]) => squared));
      expect([...got.counts]).toEqual(want.flatMap(([, { row }]) => [...row]));
    }),
  );
});

test('a week of 20 rows a pane is held in 22 KB', () => {
  const history = new PaneHistory(20);
  const row = [0, 1, 2, 3, 0, 1, 1, 0, 2, 1, 1, 0, 0, 3, 1, 1, 2, 1, 0, 0];
  for (let tick = 0; tick < 2_016; tick++)
    history.add({ tick, hour: Math.floor(tick / 12) % 168, bins: row, weight: 20, weightSquared: 20 });
  expect(history.byteSize).toBeLessThan(22_000);
  expect(history.panes().ticks.length).toBe(2_016);
});

test('damaged bytes are refused, or are panes all the same: never a throw later', () => {
  const history = new PaneHistory(bins);
  for (let tick = 0; tick < 700; tick += 3)
    history.add({ tick, hour: 5, bins: [1, 0, 2, tick, 0, 1, 3.5], weight: 20, weightSquared: 21 });
  const whole = history.toBytes();
  let refused = 0;
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, by, isCut) => {
      const bytes = isCut ? whole.slice(0, at) : whole.map((byte, i) => (i === at ? byte ^ by : byte));
      let read: PaneHistory | undefined;
      try {
        read = PaneHistory.fromBytes(bytes);
      } catch {
        refused++;
      }
      expect(() => read?.panes()).not.toThrow();
    }),
    { numRuns: 500 },
  );
  expect(refused).toBeGreaterThan(100);
});
