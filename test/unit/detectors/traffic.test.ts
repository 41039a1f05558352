/** Calls by the hour: tails against sums of the probability function, and months of simulated traffic. */
import { expect, test } from 'vitest';
import {
  buildTrafficModel,
  expectedCalls,
  judgeVolume,
  negativeBinomialLower,
  negativeBinomialUpper,
  silenceP,
  silenceTicks,
} from '../../../detectors/ladder/traffic.ts';
import { seededChance } from '../../support/seeded-chance.ts';

/** By the recursion p(k+1) = p(k) (k + size) / (k + 1) · q. */
function termsOf(mean: number, variance: number, upTo: number): number[] {
  const size = (mean * mean) / (variance - mean);
  const q = 1 - mean / variance;
  const terms = [(mean / variance) ** size];
  for (let k = 0; k < upTo; k++) terms.push(((terms[k] as number) * (k + size) * q) / (k + 1));
  return terms;
}

test('negative binomial tails are the sums of their terms', () => {
  const terms = termsOf(12, 40, 400);
  const sum = (from: number, to: number) => terms.slice(from, to).reduce((a, b) => a + b, 0);
  for (const k of [0, 3, 12, 40]) {
    expect(negativeBinomialLower(k, 12, 40) / sum(0, k + 1)).toBeCloseTo(1, 10);
    expect(negativeBinomialUpper(k, 12, 40) / sum(k, 400)).toBeCloseTo(1, 8);
  }
  expect(negativeBinomialLower(2, 4, 4)).toBeCloseTo(Math.exp(-4) * (1 + 4 + 8), 12);
});

/** Four weeks by the hour, with a day's season, a wander of a tenth and chance. */
function weeks(count: number, seed: number): number[] {
  const chance = seededChance(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance());
  return Array.from({ length: count * 168 }, (_, hour) => {
    const mean = 500 * (1 + 0.6 * Math.sin((2 * Math.PI * hour) / 24)) * (1 + 0.1 * normal());
    return Math.max(0, Math.round(mean + Math.sqrt(Math.max(1, mean)) * normal()));
  });
}

test('the season is learned, the spread too; usual hours pass, a third of the calls does not', () => {
  const model = buildTrafficModel(weeks(4, 1), 0);
  expect(model.expected[6]).toBeGreaterThan(650);
  expect(model.expected[18]).toBeLessThan(270);
  const spread = Math.sqrt(model.fit.tau2);
  expect(spread).toBeGreaterThan(0.07);
  expect(spread).toBeLessThan(0.15);
  const asked = { alpha: 1e-6, minRatio: 1.5 };
  const later = weeks(40, 2);
  const alarms = later.filter((calls, hour) => {
    return (
      judgeVolume(model, calls, expectedCalls(model, hour * 12, hour * 12 + 12), asked).status === 'breach'
    );
  });
  expect(alarms).toEqual([]);
  const mean = expectedCalls(model, 6 * 12, 7 * 12);
  expect(judgeVolume(model, Math.round(mean / 3), mean, asked)).toMatchObject({ status: 'breach' });
  expect(judgeVolume(model, 2, 3, asked).status).toBe('inconclusive');
});

test('a silence is judged by what was expected in it, and by the longest gap', () => {
  const model = buildTrafficModel(weeks(2, 3), 0);
  expect(silenceP(model, expectedCalls(model, 72, 75))).toBeLessThan(1e-12);
  expect(silenceP(model, 0)).toBe(1);
  expect(silenceTicks(0)).toBe(3);
  expect(silenceTicks(288)).toBe(432);
});
