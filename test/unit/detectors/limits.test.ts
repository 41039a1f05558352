import { expect, test } from 'vitest';
import type { Counters } from '../../../core/pane.ts';
import type { Scale } from '../../../core/scale.ts';
import { countNumber, newCounters } from '../../../detectors/counters/counters.ts';
import { freezeLevels } from '../../../detectors/counters/freeze.ts';
import type { Detector } from '../../../detectors/detector.ts';
import { meanLimit } from '../../../detectors/mean-limit.ts';
import { quantileLimit } from '../../../detectors/quantile-limit.ts';
import { shareLimit, wilsonLower } from '../../../detectors/share-limit.ts';
import { logScale } from '../../../detectors/sketches/log-histogram.ts';
import { totalLimit } from '../../../detectors/total-limit.ts';
import { countLevels, countNumbers, normalsFrom, sha256, uniformFrom } from '../../support/detector-data.ts';

interface Case {
  readonly options: unknown;
  readonly signal: string;
  readonly scale?: Scale;
}

function judge(detector: Detector, { options, signal, scale = logScale }: Case, current: Counters) {
  return detector.judge({
    scale,
    current,
    reference: undefined,
    options: detector.options.parse(options),
    alpha: 1e-6,
    signal,
  });
}

/** Latencies 1, 2, … n ms: p95 is 0.95 n. */
const upTo = (n: number) =>
  countNumbers(
    logScale,
    Float64Array.from({ length: n }, (_, i) => i + 1),
  );
const p95 = (max: number, more: object = {}) => ({ options: { max, ...more }, signal: 'latency_ms' });

test('p95 well over the limit', () => {
  const finding = judge(quantileLimit, p95(800), upTo(1000));
  expect(finding).toMatchObject({ status: 'breach', direction: 'high', threshold: 800 });
  expect(finding.statistic).toBeCloseTo(952, 9);
  expect(finding.effect).toBeCloseTo(1.19, 9);
  expect(finding.reason).toMatchInlineSnapshot(
    `"p95 of latency_ms is 952 ms, at least 928 ms with 97.5 % confidence, over 800 ms, with 1000 rows."`,
  );
});

test('p95 over the limit but not surely', () => {
  // Rank 936 of 1,000 is the lower bound; it lies in the cell that starts at 928.
  const finding = judge(quantileLimit, p95(930), upTo(1000));
  expect(finding.status).toBe('ok');
  expect(finding.reason).toMatchInlineSnapshot(
    `"p95 of latency_ms is 952 ms, not surely over 930 ms (it may be 928 ms), with 1000 rows."`,
  );
  expect(judge(quantileLimit, p95(928), upTo(1000)).status).toBe('ok');
  expect(judge(quantileLimit, p95(927.9), upTo(1000)).status).toBe('breach');
});

test('p95 within the limit', () => {
  expect(judge(quantileLimit, p95(2000), upTo(1000)).reason).toMatchInlineSnapshot(
    `"p95 of latency_ms is 952 ms, within 2000 ms, with 1000 rows."`,
  );
});

test('a quantile needs rows: 59 for p95, 299 for p99, or as many as asked for', () => {
  expect(judge(quantileLimit, p95(1), upTo(58))).toMatchObject({ status: 'inconclusive', cause: 'too_few' });
  expect(judge(quantileLimit, p95(1), upTo(59)).status).toBe('breach');
  expect(judge(quantileLimit, p95(1, { quantile: 0.99 }), upTo(298)).reason).toContain('298 rows');
  expect(judge(quantileLimit, p95(1, { quantile: 0.99 }), upTo(299)).status).toBe('breach');
  expect(judge(quantileLimit, p95(1, { min_rows: 100 }), upTo(99)).cause).toBe('too_few');
  const low = judge(quantileLimit, p95(1, { quantile: 0.01, min_rows: 1 }), upTo(20));
  expect(low).toMatchObject({ status: 'inconclusive', cause: 'too_few' });
});

test('a p95 that truly stands at the limit breaches in about 2.5 % of windows', () => {
  let breaches = 0;
  for (let seed = 1; seed <= 400; seed++) {
    const uniform = uniformFrom(seed);
    // Uniform on 0..1000, whose p95 is 950; the cell of 950 starts at 944, so its start is the limit it can know.
    const current = countNumbers(
      logScale,
      Float64Array.from({ length: 500 }, () => 1000 * uniform()),
    );
    if (judge(quantileLimit, p95(944), current).status === 'breach') breaches++;
  }
  // Between 2.5 % at 950 and what a true p95 of 950 over a limit of 944 adds.
  expect(breaches).toBeLessThan(400 * 0.12);
});

const perCall = (max: number) => ({ options: { max }, signal: 'cost_usd' });
const costs = (rows: number, weight = 1) =>
  countNumbers(
    logScale,
    normalsFrom(4, rows).map((z) => 0.02 + 0.005 * z),
    weight,
  );

test('mean cost: over, not surely over, within', () => {
  expect(judge(meanLimit, perCall(0.01), costs(1000)).reason).toMatchInlineSnapshot(
    `"Mean cost_usd is 0.0201 USD, at least 0.0198 USD with 97.5 % confidence, over 0.01 USD, with 1000 rows."`,
  );
  expect(judge(meanLimit, perCall(0.0199), costs(1000)).reason).toMatchInlineSnapshot(
    `"Mean cost_usd is 0.0201 USD, not surely over 0.0199 USD (it may be 0.0198 USD), with 1000 rows."`,
  );
  expect(judge(meanLimit, perCall(0.03), costs(1000)).reason).toMatchInlineSnapshot(
    `"Mean cost_usd is 0.0201 USD, within 0.03 USD, with 1000 rows."`,
  );
});

test('the bound of the mean is mean − 1.96 sd / √n', () => {
  const counters = newCounters(logScale);
  for (let i = 0; i < 100; i++) countNumber(counters, logScale, i % 2 === 0 ? 1 : 3, 1);
  // sd 1.00504 with n − 1, error 0.100504, bound 2 − 0.196984.
  expect(judge(meanLimit, perCall(1.80301), counters).status).toBe('breach');
  expect(judge(meanLimit, perCall(1.80302), counters).status).toBe('ok');
});

test('the mean of few or of rows that stand for many is judged by effective rows', () => {
  expect(judge(meanLimit, perCall(0.01), costs(99))).toMatchObject({
    status: 'inconclusive',
    cause: 'too_few',
  });
  const limit = perCall(0.0196);
  expect(judge(meanLimit, limit, costs(150, 100)).status).toBe(judge(meanLimit, limit, costs(150)).status);
});

test('total: over, at, within; by weight, and with no rows unknown', () => {
  const spend = countNumbers(logScale, [3, 4, 5]);
  const day = (max: number) => ({ options: { max }, signal: 'cost_usd' });
  expect(judge(totalLimit, day(10), spend).reason).toBe(
    'Total cost_usd of this window is 12 USD, over 10 USD, from 3 rows.',
  );
  expect(judge(totalLimit, day(12), spend).status).toBe('ok');
  expect(judge(totalLimit, day(11.9), spend)).toMatchObject({
    status: 'breach',
    statistic: 12,
    direction: 'high',
  });
  const sampled = judge(totalLimit, day(100), countNumbers(logScale, [3, 4, 5], 10));
  expect(sampled.reason).toBe(
    'Total cost_usd of this window is 120 USD, over 100 USD, from 3 rows, which stand for 30.',
  );
  expect(judge(totalLimit, day(10), newCounters(logScale)).status).toBe('inconclusive');
});

const results = freezeLevels(
  new Map([
    ['ok', 1],
    ['error', 1],
  ]),
  sha256,
  { minRows: 0 },
);
const errors = (bad: number, rows: number) =>
  countLevels(
    results,
    Array.from({ length: rows }, (_, i) => (i < bad ? 'error' : 'ok')),
  );
const atMost = (max: number, more: object = {}) => ({
  options: { max, ...more },
  signal: 'error_share',
  scale: results,
});

test('share of errors: the worked example, 6 in 200', () => {
  expect(wilsonLower(0.03, 200, 0.025)).toBeCloseTo(0.01382, 4);
  const over = judge(shareLimit, atMost(0.01), errors(6, 200));
  expect(over).toMatchObject({ status: 'breach', statistic: 0.03, threshold: 0.01 });
  expect(over.reason).toMatchInlineSnapshot(
    `"Share of 'error' in error_share is 3 %, at least 1.38 % with 97.5 % confidence, over 1 %, with 200 rows."`,
  );
  expect(judge(shareLimit, atMost(0.02), errors(6, 200)).reason).toMatchInlineSnapshot(
    `"Share of 'error' in error_share is 3 %, not surely over 2 % (it may be 1.38 %), with 200 rows."`,
  );
  expect(judge(shareLimit, atMost(0.05), errors(6, 200)).reason).toMatchInlineSnapshot(
    `"Share of 'error' in error_share is 3 %, within 5 %, with 200 rows."`,
  );
});

test('shares of nothing and of all', () => {
  expect(wilsonLower(0, 1000, 0.025)).toBeCloseTo(0, 15);
  expect(judge(shareLimit, atMost(0.01), errors(0, 200)).status).toBe('ok');
  expect(judge(shareLimit, atMost(0.9), errors(200, 200)).status).toBe('breach');
  expect(judge(shareLimit, atMost(0.01), errors(49, 49)).cause).toBe('too_few');
});

test('a level that the scale does not know cannot be judged', () => {
  const finding = judge(shareLimit, atMost(0.01, { level: 'refusal' }), errors(6, 200));
  expect(finding).toMatchObject({ status: 'inconclusive', cause: 'not_applicable' });
  expect(finding.reason).toBe("error_share has no level 'refusal' of its own among its 2 levels.");
});
