import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cellOfNumber, searchCell } from '../../detectors/counters/counters.ts';
import { freezeNumeric } from '../../detectors/counters/freeze.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const sample = fc.oneof(
  fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 1, maxLength: 400 }),
  fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 400 }),
  fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 200 }),
  fc.array(fc.constantFrom(0, -0, 1e-300, 1e308, -1e308, 5), { minLength: 1, maxLength: 50 }),
);

test('the table leads to the cell that a search without it finds, at every edge and between', () => {
  fc.assert(
    fc.property(sample, fc.array(fc.double({ noNaN: true, noDefaultInfinity: true })), (values, others) => {
      const scale = freezeNumeric(Float64Array.from(values), sha256);
      for (const value of [...scale.edges, ...values, ...others])
        expect(cellOfNumber(scale, value)).toBe(searchCell(scale.edges, value));
    }),
    { numRuns: 500 },
  );
});

test('a shape that an even grid cannot tell apart has no table', () => {
  const uniform = Float64Array.from({ length: 2_000 }, (_, i) => i / 7);
  expect(freezeNumeric(uniform, sha256).starts).toBeDefined();
  const heavy = Float64Array.from({ length: 2_000 }, (_, i) => Math.exp(i / 50));
  expect(freezeNumeric(heavy, sha256).starts).toBeUndefined();
});
