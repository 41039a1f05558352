import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ladderTicks, strideOf } from '../../detectors/ladder/alpha-ladder.ts';
import { newWindowScratch, type RingPane, WindowRing } from '../../detectors/ladder/window-ring.ts';

const bins = 5;

interface Made {
  readonly panes: readonly RingPane[];
  readonly endTick: number;
}

/** Panes at rising ticks with gaps, some longer than a whole ring; weights that are no whole numbers. */
const made: fc.Arbitrary<Made> = fc
  .record({
    start: fc.integer({ min: 0, max: 10_000 }),
    steps: fc.array(
      fc.record({
        gap: fc.oneof(
          { weight: 20, arbitrary: fc.constantFrom(1, 1, 1, 2, 5) },
          { weight: 1, arbitrary: fc.constantFrom(13, 100, 700, 5_000) },
        ),
        counts: fc.array(fc.integer({ min: 0, max: 50 }), { minLength: bins, maxLength: bins }),
        weight: fc.constantFrom(1, 1, 2.5, 10),
        missing: fc.integer({ min: 0, max: 3 }),
      }),
      { minLength: 1, maxLength: 400, size: 'max' },
    ),
    after: fc.integer({ min: 0, max: 200 }),
  })
  .map(({ start, steps, after }) => {
    let tick = start;
    const panes = steps.map(({ gap, counts, weight, missing }) => {
      tick += gap;
      const rows = counts.reduce((sum, count) => sum + count, 0);
      return {
        tick,
        hour: Math.floor(tick / 12) % 168,
        bins: counts.map((count) => count * weight),
        weight: rows * weight,
        weightSquared: rows * weight * weight,
        missing,
        malformed: 0,
      };
    });
    return { panes, endTick: tick + 1 + after };
  });

function ringOf(panes: readonly RingPane[]): WindowRing {
  const ring = new WindowRing(bins);
  for (const pane of panes) ring.add(pane);
  return ring;
}

/** The window by adding up every pane. */
function slowly(panes: readonly RingPane[], windowTicks: number, endTick: number) {
  const end = endTick - (endTick % strideOf(windowTicks));
  const inside = panes.filter(({ tick }) => tick >= end - windowTicks && tick < end);
  const sum = (of: (pane: RingPane) => number) => inside.reduce((total, pane) => total + of(pane), 0);
  const weight = sum((pane) => pane.weight);
  const n = weight > 0 ? weight ** 2 / sum((pane) => pane.weightSquared) : 0;
  const factor = weight > 0 ? n / weight : 0;
  const hours = new Float64Array(168);
  for (const pane of inside) hours[pane.hour] = (hours[pane.hour] as number) + pane.weight * factor;
  const counts = Array.from({ length: bins }, (_, j) => sum((pane) => pane.bins[j] as number) * factor);
  return { end, n, counts, hours, ticks: inside.length, missing: sum((pane) => pane.missing) };
}

function expectClose(got: ArrayLike<number>, want: ArrayLike<number>): void {
  for (let i = 0; i < want.length; i++)
    expect(Math.abs((got[i] as number) - (want[i] as number))).toBeLessThan(1e-9 * (1 + (want[i] as number)));
}

function expectSame(ring: WindowRing, panes: readonly RingPane[], endTick: number): void {
  const scratch = newWindowScratch(bins);
  for (const windowTicks of ladderTicks) {
    const want = slowly(panes, windowTicks, endTick);
    // A pane of the block that has begun since the last end may have taken the place of the window's first block.
    const isGone = panes.some(({ tick }) => tick >= want.end);
    const got = ring.windowAt(windowTicks, endTick, scratch);
    if (got === undefined) {
      expect(isGone).toBe(true);
      continue;
    }
    expect([got.endTick, got.ticks, got.missing]).toEqual([want.end, want.ticks, want.missing]);
    expectClose([got.n], [want.n]);
    expectClose(got.bins, want.counts);
    expectClose(got.hours, want.hours);
  }
}

test('a window equals the sum of all its panes, through gaps of any length', () => {
  fc.assert(
    fc.property(made, ({ panes, endTick }) => expectSame(ringOf(panes), panes, endTick)),
    { numRuns: 150 },
  );
});

test('asked after each pane, as the judge does, no window is ever gone', () => {
  fc.assert(
    fc.property(made, ({ panes }) => {
      const ring = new WindowRing(bins);
      panes.forEach((pane, i) => {
        ring.add(pane);
        const endTick = pane.tick + 1;
        for (const windowTicks of ladderTicks) {
          if (endTick % strideOf(windowTicks) !== 0) continue;
          const want = slowly(panes.slice(0, i + 1), windowTicks, endTick);
          expectClose([ring.windowAt(windowTicks, endTick)?.n ?? -1], [want.n]);
        }
      });
    }),
    { numRuns: 20 },
  );
});

test('from its bytes a ring goes on as if nothing had happened', () => {
  fc.assert(
    fc.property(made, fc.double({ min: 0, max: 1, noNaN: true }), ({ panes, endTick }, part) => {
      const cut = Math.floor(panes.length * part);
      // As a file is read: in the middle of other bytes.
      const stored = Buffer.concat([new Uint8Array(3), ringOf(panes.slice(0, cut)).toBytes()]);
      const restarted = WindowRing.fromBytes(stored.subarray(3));
      for (const pane of panes.slice(cut)) restarted.add(pane);
      expectSame(restarted, panes, endTick);
      expect(restarted.toBytes()).toEqual(ringOf(panes).toBytes());
    }),
    { numRuns: 60 },
  );
});

test('bytes that are cut short or are something else are refused', () => {
  const ring = new WindowRing(bins);
  const pane = { hour: 3, bins: [1, 2, 3, 4, 5], weight: 15, weightSquared: 15, missing: 0, malformed: 0 };
  for (let tick = 0; tick < 50; tick++) ring.add({ ...pane, tick });
  const bytes = ring.toBytes();
  for (const size of [0, 3, 11, 13, 40, bytes.length - 1])
    expect(() => WindowRing.fromBytes(bytes.subarray(0, size))).toThrow('no windows');
  expect(() => WindowRing.fromBytes(new Uint8Array(64))).toThrow('no windows');
});

test('a series of 20 bins is held in 6 KB while its sums are whole numbers, and in no more than 18 KB ever', () => {
  const ring = new WindowRing(5);
  const bytes = [new WindowRing(20).byteSize];
  const pane = { hour: 3, weightSquared: 15, missing: 0, malformed: 0 };
  ring.add({ ...pane, tick: 0, bins: [1, 2, 3, 4, 70_000], weight: 70_010 });
  expect(ring.windowAt(1, 1)?.weight).toBe(70_010);
  ring.add({ ...pane, tick: 1, bins: [0.5, 0, 0, 0, 0], weight: 0.5 });
  expect(ring.windowAt(3, 2)?.weight).toBe(70_010.5);
  const wide = new WindowRing(20);
  wide.add({ ...pane, tick: 0, bins: new Float64Array(20).fill(0.5), weight: 10 });
  bytes.push(wide.byteSize);
  expect(bytes[0]).toBeLessThan(6_000);
  expect(bytes[1]).toBeLessThan(18_500);
});

test('bytes whose blocks lie in places that are not theirs are refused', () => {
  const ring = new WindowRing(bins);
  ring.add({
    tick: 7,
    hour: 3,
    bins: [1, 2, 3, 4, 5],
    weight: 15,
    weightSquared: 15,
    missing: 0,
    malformed: 0,
  });
  const bytes = ring.toBytes();
  new DataView(bytes.buffer).setInt32(12, 5, true);
  expect(() => WindowRing.fromBytes(bytes)).toThrow('no windows');
});
