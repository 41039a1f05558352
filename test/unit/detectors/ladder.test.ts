import { expect, test } from 'vitest';
import { dueWindows, ladderAlpha, ladderTicks, strideOf } from '../../../detectors/ladder/alpha-ladder.ts';
import { orthonormalBasis } from '../../../detectors/ladder/basis.ts';
import { CriticalValues, criticalValue } from '../../../detectors/ladder/critical-values.ts';
import { judgeLevels } from '../../../detectors/ladder/judge-levels.ts';
import { judgeWindow } from '../../../detectors/ladder/judge-window.ts';
import { lambdaNeeded, minDetectableShift } from '../../../detectors/ladder/min-detectable-shift.ts';
import { judgeRate } from '../../../detectors/ladder/rate.ts';
import { BinFits, unlearnedVariance } from '../../../detectors/ladder/variance.ts';
import { normalLower, normalQuantile } from '../../../detectors/math/normal.ts';

const bins = 20;
const even = new Float64Array(bins).fill(1 / bins);
const inner = Array.from({ length: bins - 1 }, (_, i) => normalQuantile((i + 1) / bins));

/** Expected counts of n rows of a normal after a shift and a change of spread. */
function normalCounts(n: number, shift: number, sd = 1): Float64Array {
  const upTo = (bin: number) => (bin >= bins ? 1 : normalLower(((inner[bin - 1] as number) - shift) / sd));
  return Float64Array.from({ length: bins }, (_, j) => n * (upTo(j + 1) - (j === 0 ? 0 : upTo(j))));
}

const plain = { expected: even, inverseM: 1e-4, alpha: 1e-6, minEffect: 0.01, minRows: 200 };

test('each window is looked at twelve times in its length, at most each tick', () => {
  expect(ladderTicks.map(strideOf)).toEqual([1, 1, 1, 4, 12, 24, 72, 168]);
  expect(dueWindows(24)).toEqual([1, 3, 12, 48, 144, 288]);
  expect(dueWindows(25)).toEqual([1, 3, 12]);
  const looks = ladderTicks.map((ticks) => 8640 / strideOf(ticks));
  const spent = ladderTicks.reduce(
    (sum, ticks, i) => sum + 200 * (looks[i] as number) * ladderAlpha(ticks, 0.5, 200),
    0,
  );
  expect(spent).toBeCloseTo(0.5, 12);
});

/** statistics.md 1.8: T of chi-square, s of chi-square, T of F with 27, 100 and 500 degrees of freedom, all without g. */
test.each([
  [12, [41.83, 37.52, 94.18, 51.34, 43.54]],
  [48, [38.92, 34.82, 82.12, 47.03, 40.39]],
  [288, [35.14, 31.34, 68.24, 41.63, 36.33]],
  [2016, [31.02, 27.56, 55.1, 35.96, 31.93]],
])('critical values at %i ticks', (ticks, [t, s, ...byNu]) => {
  const alpha = ladderAlpha(ticks, 0.5, 200);
  const independent = criticalValue(alpha, bins);
  expect(independent.t).toBeCloseTo(t as number, 1.9);
  expect(independent.s).toBeCloseTo(s as number, 1.9);
  [27, 100, 500].forEach((nu, i) => {
    const learned = criticalValue(alpha, bins, { nu, guard: 1 });
    expect(Math.abs(learned.t - (byNu[i] as number))).toBeLessThan(0.011);
    expect(criticalValue(alpha, bins, { nu, guard: 1.3 }).t).toBeCloseTo(1.3 * learned.t, 9);
  });
});

test('remembered critical values are never above the exact ones, and less than 1 % below', () => {
  const memory = new CriticalValues();
  for (const nu of [8, 27, 63.7, 299, 5_000]) {
    const exact = criticalValue(1e-7, bins, { nu, guard: 1.3 });
    for (let twice = 0; twice < 2; twice++) {
      const found = memory.at(1e-7, bins, { nu, guard: 1.3 });
      expect(found.t).toBeLessThanOrEqual(exact.t);
      expect(found.t / exact.t).toBeGreaterThan(0.98);
    }
  }
});

/** statistics.md 1.9. */
test.each([
  [41.84, 56.8],
  [35.14, 48.7],
  [31.01, 43.6],
])('lambda found in 9 of 10 windows at a critical T of %f', (t, lambda) => {
  expect(Math.abs(lambdaNeeded(t) - lambda)).toBeLessThan(0.06);
  expect((Math.sqrt(t) + 1.2816) ** 2 - 3).toBeGreaterThan(0.99 * lambda);
});

/** statistics.md 1.9: an ideal normal signal. Within its bins a normal is not even, so the table is met to 0.04. */
test.each([
  [200, 12, 10_000, 0.55],
  [1_000, 12, 10_000, 0.26],
  [5_000, 12, 10_000, 0.13],
  [1_000, 12, 100_000, 0.25],
  [5_000, 12, 100_000, 0.11],
  [200, 288, 10_000, 0.51],
  [1_000, 288, 10_000, 0.24],
  [5_000, 288, 10_000, 0.12],
])('the smallest shift found with %i rows at %i ticks', (n, ticks, m, want) => {
  const alpha = ladderAlpha(ticks, 0.5, 200);
  const found = minDetectableShift({
    expected: even,
    basis: orthonormalBasis(even),
    edges: [-3.85, ...inner, 3.85],
    sd: 1,
    x: 1 / n + 1 / m,
    criticalT: criticalValue(alpha, bins).t,
    minEffect: 0.01,
  });
  expect(Math.abs((found as number) - want)).toBeLessThan(0.04);
});

test('the floor of the effect bounds the smallest shift, however many rows', () => {
  const found = minDetectableShift({
    expected: even,
    basis: orthonormalBasis(even),
    edges: [-3.85, ...inner, 3.85],
    sd: 2,
    x: 1e-9,
    criticalT: 41.8,
    minEffect: 0.01,
  });
  // In units of a spread twice as large, it is half as much.
  expect(found).toBeGreaterThan(0.04);
  expect(found).toBeLessThan(0.06);
});

test('what changed is said: higher, lower, wider, narrower, a spike', () => {
  const judge = (counts: Float64Array) => judgeWindow({ ...plain, bins: counts, n: 5_000 });
  expect(judge(normalCounts(5_000, 0.3)).words[0]).toBe('higher');
  expect(judge(normalCounts(5_000, -0.3)).words[0]).toBe('lower');
  expect(judge(normalCounts(5_000, 0, 1.3)).words[0]).toBe('wider');
  expect(judge(normalCounts(5_000, 0, 0.75)).words[0]).toBe('narrower');
  const spiked = even.map((share, j) => 5_000 * (0.95 * share + (j === 13 ? 0.05 : 0)));
  const spike = judge(spiked);
  expect(spike).toMatchObject({ status: 'breach', moved: { bin: 13 } });
  expect(spike.words[0]).toBe('spike');
});

test('a change that is sure but small is no breach, one that is large but not sure neither', () => {
  const small = judgeWindow({ ...plain, inverseM: 1e-7, bins: normalCounts(1e6, 0.05), n: 1e6 });
  expect(small).toMatchObject({ status: 'ok' });
  expect(small.p).toBeLessThan(1e-100);
  const unsure = judgeWindow({ ...plain, bins: normalCounts(210, 0.25), n: 210, wantP: true });
  expect(unsure.status).toBe('ok');
  expect(unsure.p).toBeGreaterThan(1e-6);
});

test('too few rows are told by number, more of them where rows are clustered', () => {
  const few = judgeWindow({ ...plain, bins: normalCounts(150, 1), n: 150 });
  expect(few).toMatchObject({ status: 'inconclusive', cause: 'too_few', rowsMissing: 50 });
  const variance = { ...unlearnedVariance(bins), clustering: 4 };
  const clustered = judgeWindow({ ...plain, bins: normalCounts(500, 1), n: 500, variance });
  expect(clustered).toMatchObject({ status: 'inconclusive', rowsMissing: 300 });
});

test('learned variance makes the same deviation less sure', () => {
  const fit = { phi: 1, tau2: 0.01, phiOnly: 1, tau2Only: 0.01 };
  const variance = { ...unlearnedVariance(bins), smooth: [fit, fit, fit, fit], nu: 400, guard: 1 };
  const input = { ...plain, bins: normalCounts(5_000, 0.2), n: 5_000, wantP: true };
  expect(judgeWindow(input).status).toBe('breach');
  expect(
    judgeWindow({
      ...input,
      variance: { ...variance, bins: new BinFits(Array.from({ length: variance.bins.length }, () => fit)) },
    }).status,
  ).toBe('ok');
});

const levels = {
  expected: Float64Array.of(0.5, 0.3, 0.15, 0.04, 0.01),
  inverseM: 1e-4,
  alpha: 1e-6,
  minEffect: 0.01,
  minRows: 200,
};

test('levels: the one that moved is named, and unseen levels count by themselves', () => {
  const calm = judgeLevels({ ...levels, bins: Float64Array.of(500, 300, 150, 40, 10), n: 1_000 });
  expect(calm).toMatchObject({ status: 'ok' });
  const moved = judgeLevels({ ...levels, bins: Float64Array.of(500, 300, 50, 140, 10), n: 1_000 });
  expect(moved).toMatchObject({ status: 'breach', moved: { bin: 3 } });
  const some = { ...levels, bins: Float64Array.of(500, 300, 150, 40, 10), n: 1_000 };
  expect(judgeLevels({ ...some, unseen: { rows: 30, singletons: 2 } }).status).toBe('breach');
  // Where one row in ten of the reference was of a level seen once, thirty are to be expected.
  expect(judgeLevels({ ...some, unseen: { rows: 30, singletons: 400 } }).status).toBe('ok');
});

test('levels: any order, the same verdict', () => {
  const order = [3, 1, 4, 0, 2];
  const counts = [480, 330, 120, 55, 15];
  const straight = judgeLevels({ ...levels, bins: Float64Array.from(counts), n: 1_000 });
  const turned = judgeLevels({
    ...levels,
    expected: Float64Array.from(order, (i) => levels.expected[i] as number),
    bins: Float64Array.from(order, (i) => counts[i] as number),
    n: 1_000,
  });
  expect(turned.p).toBeCloseTo(straight.p as number, 12);
  expect(order[turned.moved?.bin as number]).toBe(straight.moved?.bin);
});

test('rates: a jump of missing values breaches, the same rate does not, too few events say so', () => {
  const rate = { n: 2_000, m: 10_000, referenceEvents: 100, alpha: 1e-7 };
  expect(judgeRate({ ...rate, events: 64 })).toMatchObject({ status: 'breach' });
  expect(judgeRate({ ...rate, events: 22 })).toMatchObject({ status: 'ok' });
  expect(judgeRate({ ...rate, events: 2, referenceEvents: 1 })).toMatchObject({ status: 'inconclusive' });
  // Half a point of a share of 40 % is sure with a million rows, but neither large nor a large ratio.
  const large = { n: 1e6, m: 1e7, alpha: 1e-7 };
  expect(judgeRate({ ...large, events: 403_000, referenceEvents: 4e6 }).status).toBe('ok');
  expect(judgeRate({ ...rate, events: 64, inflation: 20 }).status).toBe('ok');
});
