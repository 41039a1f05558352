import { expect, test } from 'vitest';
import { burnPairs, burnRate, judgeBurn } from '../../../detectors/budget/burn-rate.ts';
import { forecastRunRate } from '../../../detectors/budget/forecast.ts';
import { meanInterval, ratioOfMeans, welchTest } from '../../../detectors/budget/means.ts';
import { pairedNonInferiority } from '../../../detectors/budget/non-inferiority.ts';
import { sampleOf, skewnessOf } from '../../../detectors/budget/sample.ts';
import { rowsForNonInferiority, rowsForTwoShares } from '../../../detectors/budget/sample-size.ts';
import { normalsFrom } from '../../support/detector-data.ts';

test('too little to say anything of is undefined, never NaN', () => {
  const [none, one, flat] = [sampleOf([]), sampleOf([3]), sampleOf([5, 5, 5])];
  expect(none).toEqual({ n: 0, mean: 0, sd: 0 });
  expect(meanInterval(one, 0.95)).toBeUndefined();
  expect(welchTest(one, flat, 0.95)).toBeUndefined();
  expect(welchTest(flat, flat, 0.95)).toBeUndefined();
  expect(ratioOfMeans(sampleOf([-1, -2]), flat, 0.95)).toBeUndefined();
  expect(forecastRunRate([4], 10, 0.8)).toBeUndefined();
  expect(pairedNonInferiority(pairs(0, 0, 0), 0.02, 0.025)).toBeUndefined();
  expect(rowsForTwoShares(0.1, 0.1, { alpha: 0.05, power: 0.8 })).toBeUndefined();
  expect(rowsForNonInferiority(0.9, 0, { alpha: 0.025, power: 0.8 })).toBeUndefined();
  expect([skewnessOf([]), skewnessOf([2, 2])]).toEqual([0, 0]);
});

function pairs(both: number, worse: number, better: number) {
  return { bothCorrect: both, onlyIncumbentCorrect: worse, onlyCandidateCorrect: better, bothWrong: 0 };
}

test('pairs that never differ are no worse', () => {
  const same = pairedNonInferiority(pairs(500, 0, 0), 0.02, 0.025);
  expect(pairedNonInferiority(pairs(500, 0, 0), 0, 0.025)).toMatchObject({ z: 0, isNonInferior: false });
  expect(same).toMatchObject({
    difference: 0,
    standardError: 0,
    z: Number.POSITIVE_INFINITY,
    p: 0,
    isNonInferior: true,
  });
});

test('intervals of the mean cover it about as often as they say', () => {
  let covered = 0;
  for (let seed = 1; seed <= 400; seed++) {
    const interval = meanInterval(sampleOf([...normalsFrom(seed, 12)]), 0.9);
    if (interval !== undefined && interval.low <= 0 && interval.high >= 0) covered++;
  }
  expect(covered / 400).toBeGreaterThan(0.85);
  expect(covered / 400).toBeLessThan(0.95);
});

test('Welch turned round is the same test; a ratio turned round is one over it', () => {
  const x = sampleOf([...normalsFrom(1, 30)].map((value) => value + 10));
  const y = sampleOf([...normalsFrom(2, 50)].map((value) => 2 * value + 11));
  const [there, back] = [welchTest(x, y, 0.95), welchTest(y, x, 0.95)];
  expect(back?.t).toBeCloseTo(-(there?.t ?? 0), 12);
  expect(back?.pTwoSided).toBeCloseTo(there?.pTwoSided ?? 0, 12);
  expect((there?.pGreater ?? 0) + (back?.pGreater ?? 0)).toBeCloseTo(1, 12);
  const [up, down] = [ratioOfMeans(x, y, 0.95), ratioOfMeans(y, x, 0.95)];
  expect((up?.ratio ?? 0) * (down?.ratio ?? 0)).toBeCloseTo(1, 12);
  expect((up?.low ?? 0) * (down?.high ?? 0)).toBeCloseTo(1, 12);
});

test('a pair of windows fires only with enough bad events, in both windows', () => {
  const objective = { slo: 0.999, factor: 14.4 };
  expect(judgeBurn({ bad: 9, total: 100 }, { bad: 9, total: 50 }, objective).fires).toBe(false);
  expect(judgeBurn({ bad: 10, total: 100 }, { bad: 9, total: 50 }, objective).fires).toBe(true);
  expect(judgeBurn({ bad: 10, total: 100 }, { bad: 0, total: 50 }, objective).fires).toBe(false);
  expect(burnRate({ bad: 0, total: 0 }, 0.999)).toBe(0);
});

test('the pairs of a longer period spend the same share of its budget', () => {
  for (const [i, pair] of burnPairs(90).entries())
    expect(pair.factor).toBeCloseTo(3 * (burnPairs(30)[i]?.factor ?? 0), 12);
});

test('the rows asked for have the power asked for', () => {
  const rows = rowsForTwoShares(0.2, 0.3, { alpha: 0.05, power: 0.8 }) as number;
  expect(rowsForTwoShares(0.3, 0.2, { alpha: 0.05, power: 0.8 })).toBe(rows);
  expect(rowsForTwoShares(0.2, 0.25, { alpha: 0.05, power: 0.8 })).toBeGreaterThan(3 * rows);
});

test('a forecast of no days left is what was spent', () => {
  expect(forecastRunRate([3, 5, 4], 0, 0.8)).toMatchObject({
    total: 12,
    standardError: 0,
    low: 12,
    high: 12,
  });
  expect(forecastRunRate([3, 5, 4], -2, 0.8)?.total).toBe(12);
});
