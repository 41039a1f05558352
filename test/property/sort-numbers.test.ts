import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sortNumbers } from '../../detectors/exact/sort-numbers.ts';

const anyDouble = fc.double({ noNaN: true });
const few = fc.constantFrom(0, -0, 1, -1, Number.MIN_VALUE, -Number.MIN_VALUE, 1e308, -1e308, 0.1);

test('as the engine sorts: any doubles, ties, both zeros, infinities, from few to thousands', () => {
  const list = fc.array(fc.oneof(anyDouble, few), { minLength: 0, maxLength: 40 });
  fc.assert(
    fc.property(list, fc.integer({ min: 1, max: 80 }), (values, times) => {
      // A part of a larger array, as callers hand it in.
      const room = new Float64Array(values.length * times + 1);
      const given = room.subarray(1);
      for (let i = 0; i < given.length; i++) given[i] = (values[i % values.length] as number) * (1 + (i % 7));
      const want = Float64Array.from(given).sort();
      const got = sortNumbers(given);
      expect(got).toBe(given);
      expect(room[0]).toBe(0);
      expect(got.every((value, i) => Object.is(value, want[i]))).toBe(true);
    }),
    { numRuns: 200 },
  );
});
