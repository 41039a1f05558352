/** The rates of the ladder asked about one window: the worked examples of their files. */
import { expect, test } from 'vitest';
import type { Counters } from '../../../core/pane.ts';
import type { LevelsScale } from '../../../core/scale.ts';
import { newCounters } from '../../../detectors/counters/counters.ts';
import type { Detector } from '../../../detectors/detector.ts';
import { errorRate } from '../../../detectors/error-rate.ts';
import { RateHours, rateColumns } from '../../../detectors/ladder/rate-hours.ts';
import { buildRateModel, varianceAt } from '../../../detectors/ladder/rate-model.ts';
import { malformedRate } from '../../../detectors/malformed-rate.ts';
import { missingRate } from '../../../detectors/missing-rate.ts';
import { silence } from '../../../detectors/silence.ts';
import { unseenRate } from '../../../detectors/unseen-rate.ts';
import { volume } from '../../../detectors/volume.ts';
import { seededChance } from '../../support/seeded-chance.ts';

const scale: LevelsScale = {
  kind: 'levels',
  id: 'sc_status',
  cells: new Map([
    ['ok', 0],
    ['error', 1],
  ]),
};

function counters(ok: number, over: Partial<Counters> & { error?: number; rest?: number } = {}): Counters {
  const { error = 0, rest = 0, ...others } = over;
  const rows = ok + error + rest;
  const counts = Float64Array.of(ok, error, rest);
  return { ...newCounters(scale), counts, rows, weight: rows, weightSquared: rows, ...others };
}

/** p of missing by mpmath; the others are 2·(3/103)⁶, (1/21)¹⁰ and the doubled sum of binomial terms. */
test.each<[string, Detector, Counters, Counters, number]>([
  [
    'missing',
    missingRate,
    counters(2_279, { missing: 71 }),
    counters(9_900, { missing: 100 }),
    2.163750453043422e-11,
  ],
  ['malformed', malformedRate, counters(294, { malformed: 6 }), counters(10_000), 2 * (3 / 103) ** 6],
  ['unseen', unseenRate, counters(490, { rest: 10 }), counters(10_000), (1 / 21) ** 10],
  [
    'error',
    errorRate,
    counters(975, { error: 25 }),
    counters(9_950, { error: 50 }),
    2 * binomialSum(75, 25, 1 / 11),
  ],
])('%s', (_, detector, current, reference, p) => {
  const options = detector.options.parse({});
  const input = { scale, current, reference, options, alpha: 1e-6, signal: 'input.status' };
  const finding = detector.judge(input);
  expect(finding).toMatchObject({ status: 'breach', direction: 'high' });
  expect((finding.pValue ?? 0) / p).toBeCloseTo(1, 6);
});

function binomialSum(n: number, from: number, p: number): number {
  let term = (1 - p) ** n;
  let sum = 0;
  for (let k = 0; k <= n; k++) {
    if (k >= from) sum += term;
    term *= ((n - k) / (k + 1)) * (p / (1 - p));
  }
  return sum;
}

test('rules on calls judge no counters', () => {
  for (const detector of [volume, silence]) {
    const options = detector.options.parse({});
    const input = {
      scale,
      current: counters(5),
      reference: undefined,
      options,
      alpha: 0.01,
      signal: 'calls',
    };
    expect(detector.judge(input)).toMatchObject({ status: 'inconclusive', cause: 'not_applicable' });
  }
});

/** Four weeks of hours with 500 rows, of which `shareAt` are missing. */
function hoursOf(shareAt: (hour: number) => number, seed: number) {
  const chance = seededChance(seed);
  const hours = new RateHours();
  for (let hour = 0; hour < 672; hour++) {
    let missing = 0;
    for (let row = 0; row < 500; row++) if (chance() < shareAt(hour)) missing++;
    const bins = [500 - missing, 0, 0, 0];
    bins[rateColumns.missing] = missing;
    hours.add({ tick: 7_000_000 * 12 + hour * 12, bins, weightSquared: 500 });
  }
  return RateHours.fromBytes(hours.toBytes()).all();
}

test('independent rows are judged by the exact tail alone; a share that wanders has its variance learned', () => {
  const calm = varianceAt(
    buildRateModel(
      hoursOf(() => 0.02, 1),
      'missing',
    ),
    12,
  );
  expect(calm.certainty).toBeNull();
  expect(calm.fit.phiOnly).toBeLessThan(1.2);
  const days = (hour: number) => 0.02 + 0.015 * Math.sin(Math.floor(hour / 6));
  const wandering = varianceAt(buildRateModel(hoursOf(days, 2), 'missing'), 48);
  // Of windows of four hours: sd 0.0106, against 0.0031 by chance.
  expect(wandering.fit.phiOnly).toBeGreaterThan(5);
  expect(wandering.certainty?.nu).toBeGreaterThan(8);
});
