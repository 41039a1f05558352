import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  SegmentTally,
  sliceFieldsMax,
  slicePairsMax,
  sliceValuesMax,
} from '../../agent/pipeline/segment-tally.ts';
import { Fields } from '../../core/fields.ts';
import { plainFit } from '../../detectors/ladder/variance.ts';
import { SpaceSaving, seenOf } from '../../detectors/segments/space-saving.ts';
import { addBlock, addToBlock, sumsAt } from '../../detectors/segments/sums.ts';
import { findWorstSlices } from '../../detectors/segments/worst-slices.ts';
import { callOf } from '../support/calls.ts';

const keys = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 400 });

test('Space-Saving: counts sum to the offers, are never too small, off by no more than their error', () => {
  fc.assert(
    fc.property(keys, fc.integer({ min: 1, max: 12 }), (offers, capacity) => {
      const sketch = new SpaceSaving<number, undefined>(capacity);
      const truth = new Map<number, number>();
      for (const key of offers) {
        truth.set(key, (truth.get(key) ?? 0) + 1);
        if (sketch.hit(key) === undefined) sketch.admit(key, () => undefined);
      }
      const places = [...sketch.places()];
      expect(places.length).toBeLessThanOrEqual(capacity);
      expect(places.reduce((sum, place) => sum + place.count, 0)).toBe(offers.length);
      for (const place of places) {
        const seen = truth.get(place.key) ?? 0;
        expect(place.count).toBeGreaterThanOrEqual(seen);
        expect(seenOf(place)).toBeLessThanOrEqual(seen);
      }
      for (const [key, count] of truth) {
        if (count > offers.length / capacity) expect(sketch.get(key)).toBeDefined();
      }
    }),
  );
});

const row = fc.record({ y: fc.integer({ min: -50, max: 50 }), weight: fc.integer({ min: 1, max: 9 }) });

test('sums add up in any order and split', () => {
  fc.assert(
    fc.property(
      fc.array(row, { maxLength: 60 }),
      fc.array(fc.boolean(), { minLength: 60 }),
      (rows, sides) => {
        const whole = new Float64Array(4);
        const parts = [new Float64Array(4), new Float64Array(4)] as const;
        for (const one of rows) addToBlock(whole, 0, one.y, one.weight);
        rows.toReversed().forEach((one, i) => {
          addToBlock(parts[sides[i] === true ? 1 : 0], 0, one.y, one.weight);
        });
        addBlock(parts[1], parts[0]);
        expect(sumsAt(parts[1], 0)).toEqual(sumsAt(whole, 0));
      },
    ),
  );
});

const share = fc.tuple(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 200, max: 2_000 }));
const slices = fc.array(fc.tuple(share, share), { minLength: 1, maxLength: 12 });
const sums = ([k, n]: readonly [number, number]) => ({ weight: n, weightSquared: n, sum: k, squares: k });

test('renamed and reordered values: the same slices; never a NaN', () => {
  fc.assert(
    fc.property(slices, fc.integer(), (all, shift) => {
      const total = {
        current: sums([all.reduce((t, [now]) => t + now[0], 0), all.reduce((t, [now]) => t + now[1], 0)]),
        reference: sums([
          all.reduce((t, [, was]) => t + was[0], 0),
          all.reduce((t, [, was]) => t + was[1], 0),
        ]),
      };
      const single = (at: number) => {
        const [now, was] = all[at] as (typeof all)[number];
        return { term: { field: 'f', value: `v${at}` }, current: sums(now), reference: sums(was) };
      };
      const order = all.map((_, i) => (((i + shift) % all.length) + all.length) % all.length);
      const ask = { kind: 'share', fit: plainFit, total, pairs: [] } as const;
      const one = findWorstSlices({ ...ask, singles: all.map((_, i) => single(i)) });
      const two = findWorstSlices({ ...ask, singles: order.map(single) });
      expect(two.familyP).toBeCloseTo(one.familyP, 9);
      expect(two.worst.length).toBe(one.worst.length);
      const named = (found: typeof one) => found.worst.map(({ effect }) => effect.toFixed(9));
      expect(named(two)).toEqual(named(one));
      for (const slice of one.worst) {
        for (const number of [
          slice.effect,
          slice.shrunk,
          slice.low,
          slice.high,
          slice.pValue,
          slice.adjusted,
        ])
          expect(Number.isFinite(number)).toBe(true);
      }
    }),
  );
});

test('any values in any number of fields: the tally stays within its bounds and its budget', () => {
  const value = fc.oneof(fc.string({ maxLength: 3 }), fc.integer({ min: 0, max: 2_000 }).map(String));
  fc.assert(
    fc.property(
      fc.array(fc.array(value, { maxLength: 20 }), { minLength: 1, maxLength: 80 }),
      fc.integer({ min: 0, max: 4_000 }),
      (rows, max) => {
        const budget = { used: 0, max };
        const tally = new SegmentTally(0, budget);
        const plain = { signal: 'error_share', centre: 0, low: 0, high: 0, level: '' };
        tally.outcomes.push({ ...plain, kind: 'share' });
        const inputs = new Fields();
        for (let i = 0; i < 40 * rows.length; i++) {
          inputs.clear();
          (rows[i % rows.length] as string[]).forEach((level, field) => {
            inputs.addLevel(`f${field}`, level);
          });
          tally.add({ ...callOf(), inputs }, i % 3);
        }
        expect(tally.pairs.size).toBeLessThanOrEqual(slicePairsMax);
        const live = [...tally.fields.values()].filter(({ distinct }) => distinct !== undefined);
        expect(live.length).toBeLessThanOrEqual(sliceFieldsMax);
        let kept = tally.pairs.size;
        for (const { places } of live) {
          expect(places.size).toBeLessThanOrEqual(sliceValuesMax);
          kept += places.size;
        }
        expect(budget.used).toBe(3 * kept);
        expect(budget.used).toBeLessThanOrEqual(max);
      },
    ),
    { numRuns: 30 },
  );
});
