import fc from 'fast-check';
import { expect, test } from 'vitest';
import { orthonormalBasis } from '../../detectors/ladder/basis.ts';
import { judgeLevels } from '../../detectors/ladder/judge-levels.ts';
import { judgeWindow } from '../../detectors/ladder/judge-window.ts';
import { fitVariance, inflation } from '../../detectors/ladder/variance.ts';

const shares = fc.integer({ min: 5, max: 20 }).chain((size) =>
  fc.array(fc.integer({ min: 20, max: 5_000 }), { minLength: size, maxLength: size }).map((counts) => {
    const total = counts.reduce((sum, one) => sum + one, 0);
    return Float64Array.from(counts, (count) => count / total);
  }),
);

test('the basis is orthonormal under any shares, and z₁ > 0 means higher', () => {
  fc.assert(
    fc.property(shares, (expected) => {
      // Bins of next to no share are tamed on purpose.
      fc.pre(Math.min(...expected) >= 0.002);
      const size = expected.length;
      const basis = orthonormalBasis(expected);
      const product = (k: number, l: number) => {
        let sum = 0;
        for (let j = 0; j < size; j++) {
          const right = l < 0 ? 1 : (basis[l * size + j] as number);
          sum += (expected[j] as number) * (basis[k * size + j] as number) * right;
        }
        return sum;
      };
      for (let k = 0; k < 4; k++) {
        expect(Math.abs(product(k, -1))).toBeLessThan(1e-9);
        for (let l = 0; l < 4; l++) expect(Math.abs(product(k, l) - (k === l ? 1 : 0))).toBeLessThan(1e-8);
        expect(basis[(k + 1) * size - 1]).toBeGreaterThan(0);
      }
    }),
  );
});

const anyWindow = fc.integer({ min: 5, max: 20 }).chain((size) => {
  const side = fc.array(fc.oneof(fc.constantFrom(0, 0, 1, 1e9), fc.integer({ min: 0, max: 3_000 })), {
    minLength: size,
    maxLength: size,
  });
  return fc.record({ before: side, now: side });
});

test('whatever the counts, a finding without NaN: empty bins, one bin, a billion rows', () => {
  fc.assert(
    fc.property(anyWindow, ({ before, now }) => {
      const m = before.reduce((sum, one) => sum + one, 0);
      const n = now.reduce((sum, one) => sum + one, 0);
      const expected = Float64Array.from(before, (count) => (m > 0 ? count / m : 1 / before.length));
      const bins = Float64Array.from(now);
      const input = { bins, n, expected, inverseM: 1 / m, alpha: 1e-6, minEffect: 0.01, minRows: 200 };
      for (const found of [judgeWindow({ ...input, wantP: true }), judgeLevels(input)]) {
        if (n < 200 || m === 0) {
          expect(found.status).toBe('inconclusive');
          continue;
        }
        const numbers = [found.p ?? 0, found.t, found.excess, found.psi, found.threshold, ...found.z];
        expect(numbers.filter((one) => !Number.isFinite(one))).toEqual([]);
        expect(found.p).toBeGreaterThanOrEqual(0);
        expect(found.p).toBeLessThanOrEqual(1);
      }
    }),
    { numRuns: 300 },
  );
});

test('quick rejection never changes a verdict', () => {
  fc.assert(
    fc.property(anyWindow, fc.constantFrom(1e-2, 1e-5, 1e-9), ({ before, now }, alpha) => {
      const m = before.reduce((sum, one) => sum + one, 0);
      const n = now.reduce((sum, one) => sum + one, 0);
      fc.pre(m > 0 && n >= 200);
      const expected = Float64Array.from(before, (count) => count / m);
      const input = { expected, inverseM: 1 / m, alpha, minEffect: 0.01, minRows: 200 };
      const quick = judgeWindow({ ...input, bins: Float64Array.from(now), n });
      const slow = judgeWindow({ ...input, bins: Float64Array.from(now), n, wantP: true });
      expect(quick.status).toBe(slow.status);
      if (quick.p === undefined) expect(slow.p).toBeGreaterThan(alpha);
    }),
    { numRuns: 200 },
  );
});

test('inflation is never below 1, and rises as windows grow', () => {
  const series = fc.array(
    fc.record({
      y: fc.double({ min: 0, max: 1, noNaN: true }),
      x: fc.double({ min: 1e-5, max: 0.01, noNaN: true }),
    }),
    { minLength: 1, maxLength: 60 },
  );
  fc.assert(
    fc.property(series, (list) => {
      const fit = fitVariance(
        list.map(({ y }) => y),
        list.map(({ x }) => x),
      );
      expect(inflation(fit, 0.01)).toBeGreaterThanOrEqual(1);
      expect(inflation(fit, 0.0001)).toBeGreaterThanOrEqual(inflation(fit, 0.01));
    }),
  );
});
