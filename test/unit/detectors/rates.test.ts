/** Detectors on one share against the reference's; p by mpmath. */
import { expect, test } from 'vitest';
import type { Counters } from '../../../core/pane.ts';
import type { LevelsScale } from '../../../core/scale.ts';
import { newCounters } from '../../../detectors/counters/counters.ts';
import type { Detector } from '../../../detectors/detector.ts';
import { fisher } from '../../../detectors/fisher.ts';
import { missingShare } from '../../../detectors/missing-share.ts';
import { twoProportion } from '../../../detectors/two-proportion.ts';
import { unseenShare } from '../../../detectors/unseen-share.ts';

const scale: LevelsScale = {
  kind: 'levels',
  id: 'sc_status',
  cells: new Map([
    ['ok', 0],
    ['error', 1],
  ]),
};

/** Rows of `ok`, `error` and levels without a cell, and those without a value. */
function counters(ok: number, error: number, rest = 0, missing = 0): Counters {
  const rows = ok + error + rest;
  const counts = Float64Array.of(ok, error, rest);
  return { ...newCounters(scale), counts, rows, weight: rows, weightSquared: rows, missing };
}

function judge(
  detector: Detector,
  current: Counters,
  reference: Counters,
  options: unknown = {},
  alpha = 1e-6,
) {
  const parsed = detector.options.parse(options);
  return detector.judge({ scale, current, reference, options: parsed, alpha, signal: 'output.status' });
}

test.each<[string, Detector, Counters, Counters, number]>([
  ['two_proportion', twoProportion, counters(920, 80), counters(19_000, 1_000), 2.768818250236e-5],
  ['fisher', fisher, counters(197, 3), counters(19_990, 10), 2.541573976975925e-4],
  [
    'missing_share',
    missingShare,
    counters(2_279, 0, 0, 71),
    counters(9_900, 0, 0, 100),
    2.163750453043422e-11,
  ],
  ['unseen_share', unseenShare, counters(988, 0, 12), counters(19_990, 0, 10), 5.611297193339736e-11],
])('%s: p of its worked example', (_, detector, current, reference, p) => {
  const { pValue } = judge(detector, current, reference);
  expect(Math.abs((pValue as number) / p - 1)).toBeLessThan(1e-9);
});

test('the sentence has shares, points, an interval, the threshold and the rows', () => {
  const finding = judge(twoProportion, counters(900, 100), counters(19_000, 1_000));
  expect(finding).toMatchObject({ status: 'breach', direction: 'high' });
  expect(finding.statistic).toBeCloseTo(0.05, 12);
  expect(finding.reason).toBe(
    "Share of 'error' in output.status is 10 %, 5 points higher than the reference's 5 % (95 % interval 3.26 to 7.04), " +
      'over 3.6 points (p = 4.3e-12), with 1000 rows against 20000 rows in the reference.',
  );
});

test.each([twoProportion, fisher, missingShare, unseenShare])(
  '$type: the threshold shown is the least distance that breaches',
  (detector) => {
    const window = (events: number) => {
      if (detector === missingShare) return counters(1000 - events, 0, 0, events);
      return detector === unseenShare ? counters(1000 - events, 0, events) : counters(1000 - events, events);
    };
    const before =
      detector === missingShare
        ? counters(19_000, 0, 0, 1000)
        : counters(19_000, ...((detector === unseenShare ? [0, 1000] : [1000, 0]) as [number, number]));
    for (let events = 0; events <= 150; events++) {
      const { status, statistic = 0, threshold = 0, direction } = judge(detector, window(events), before);
      const isWatched = detector !== unseenShare || events > 50;
      const isOver = statistic >= threshold - 1e-12 && isWatched;
      expect(status, `${events} events`).toBe(isOver ? 'breach' : 'ok');
      if (status === 'breach') expect(direction).toBe(events > 50 ? 'high' : 'low');
    }
  },
);

test('a move by less than half a point and half as much again is no breach, however certain', () => {
  const before = counters(1_980_000, 20_000);
  const slight = judge(fisher, counters(1_976_000, 24_000), before);
  expect(slight).toMatchObject({ status: 'ok' });
  expect(slight.pValue).toBeLessThan(1e-80);
  expect(judge(fisher, counters(1_976_000, 24_000), before, { min_points: 0.001 }).status).toBe('breach');
  expect(judge(fisher, counters(1_976_000, 24_000), before, { min_ratio: 1.1 }).status).toBe('breach');
});

test('fewer than five events in both together are not judged', () => {
  expect(judge(fisher, counters(60, 4), counters(100_000, 0), {}, 0.01).status).toBe('ok');
  expect(judge(fisher, counters(60, 5), counters(100_000, 0), {}, 0.01).status).toBe('breach');
});

test('a raw threshold is a distance of shares', () => {
  expect(judge(twoProportion, counters(880, 120), counters(19_000, 1_000), { threshold: 0.05 }).status).toBe(
    'breach',
  );
  expect(judge(twoProportion, counters(910, 90), counters(19_000, 1_000), { threshold: 0.05 }).status).toBe(
    'ok',
  );
});

test('a level without a cell is not judged', () => {
  const finding = judge(fisher, counters(900, 100), counters(900, 100), { level: 'timeout' });
  expect(finding).toMatchObject({ status: 'inconclusive', cause: 'not_applicable' });
  expect(finding.reason).toContain("no level 'timeout'");
});

test('a window of missing rows only, and sampled rows, are judged by the weight of the others', () => {
  const all = judge(missingShare, counters(0, 0, 0, 300), counters(20_000, 0, 0, 10));
  expect(all).toMatchObject({ status: 'breach', direction: 'high', size: { current: 300 } });
  const sampled = { ...counters(3_000, 0, 0, 1_000), rows: 300, weight: 3_000, weightSquared: 30_000 };
  expect(judge(missingShare, sampled, counters(20_000, 0)).size.current).toBeCloseTo(400, 9);
});

test('unseen levels: those of the reference that nearly had no cell are expected, too', () => {
  const many: LevelsScale = {
    kind: 'levels',
    id: 'sc_many',
    cells: new Map(Array.from({ length: 50 }, (_, i) => [`level ${i}`, i])),
  };
  const reference = { ...newCounters(many), counts: Float64Array.from([...new Array(50).fill(20), 100]) };
  const sized = { ...reference, rows: 1_100, weight: 1_100, weightSquared: 1_100 };
  const current = {
    ...sized,
    counts: Float64Array.from([...new Array(50).fill(2), 100]),
    rows: 200,
    weight: 200,
    weightSquared: 200,
  };
  const options = unseenShare.options.parse({});
  const finding = unseenShare.judge({
    scale: many,
    current,
    reference: sized,
    options,
    alpha: 1e-6,
    signal: 's',
  });
  // All 50 levels were seen 20 times: Good and Turing let every row be of a rare level.
  expect(finding).toMatchObject({ status: 'ok' });
});
