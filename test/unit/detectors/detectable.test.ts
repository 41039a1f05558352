/** The smallest change that is said to be found is found in 8 to 9.7 of 10 windows. */
import { expect, test } from 'vitest';
import { drawBinomial, drawCounts, uniformDraws } from '../../../detectors/implied/draws.ts';
import { judgeLevels } from '../../../detectors/ladder/judge-levels.ts';
import { minDetectableMove } from '../../../detectors/ladder/min-detectable-move.ts';
import { judgeRate } from '../../../detectors/ladder/rate.ts';
import { leastBreach, minDetectableRate } from '../../../detectors/ladder/rate-limits.ts';

const windows = 600;

function shareOf(isFound: () => boolean): number {
  let found = 0;
  for (let window = 0; window < windows; window++) if (isFound()) found++;
  return found / windows;
}

test.each([
  [500, 10_000, 100],
  [2_347, 10_000, 100],
  [464, 10_000, 0],
  [20_000, 100_000, 30],
])('rate: %d rows against %d with %d events', (n, m, referenceEvents) => {
  const look = { n, m, referenceEvents, alpha: 1e-7 };
  const share = minDetectableRate(look) ?? Number.NaN;
  const uniform = uniformDraws(n);
  const found = shareOf(
    () => judgeRate({ ...look, events: drawBinomial(uniform, n, share) }).status === 'breach',
  );
  expect(found).toBeGreaterThan(0.8);
  expect(found).toBeLessThan(0.97);
  const least = leastBreach({ ...look, events: 0 }, 'high') * n;
  expect(judgeRate({ ...look, events: Math.round(least) }).status).toBe('breach');
  expect(judgeRate({ ...look, events: Math.round(least) - 1 }).status).not.toBe('breach');
});

/** Simulated for the design of the rule: 1 → 3 % takes 2,347 rows at m = 10,000 and alpha 1e-7, an unseen level 0 → 2 % 464. */
test('rates known by simulation', () => {
  expect(minDetectableRate({ n: 2_347, m: 10_000, referenceEvents: 100, alpha: 1e-7 })).toBeCloseTo(0.03, 3);
  expect(
    minDetectableRate({ n: 464, m: 10_000, referenceEvents: 0, alpha: 1e-7, side: 'higher' }),
  ).toBeCloseTo(0.02, 2);
});

test.each([500, 2_000, 10_000])('levels: %d rows', (n) => {
  const expected = Float64Array.of(0.5, 0.25, 0.15, 0.1);
  const m = 10_000;
  const look = { expected, alpha: 1e-6, minEffect: 0.01 };
  const move = minDetectableMove({ ...look, x: 1 / n + 1 / m }) ?? Number.NaN;
  const moved = Float64Array.of(0.5 - move, 0.25 + move, 0.15, 0.1);
  const uniform = uniformDraws(n);
  const found = shareOf(() => {
    const before = drawCounts(uniform, m, expected).map((count) => count / m);
    const bins = drawCounts(uniform, n, moved);
    return (
      judgeLevels({ ...look, expected: before, bins, n, inverseM: 1 / m, minRows: 200 }).status === 'breach'
    );
  });
  // With many rows the floor of the effect decides, not chance: half of the windows are then under it.
  expect(found).toBeGreaterThan(n < 10_000 ? 0.8 : 0.4);
  expect(found).toBeLessThan(n < 10_000 ? 0.99 : 0.99);
});
