import { expect, test } from 'vitest';
import { falseNotices, falsePasses } from '../../../bench/judgement/sequential.ts';
import { judgeSmall } from '../../../detectors/ladder/judge-small.ts';
import { modelOfCounts } from '../../../detectors/ladder/reference-model.ts';
import { PaneHistory } from '../../../detectors/ladder/reference-panes.ts';
import { RecentPanes } from '../../../detectors/ladder/serial.ts';
import {
  isTrafficDue,
  isTrafficLearned,
  withTrafficVariance,
} from '../../../detectors/ladder/traffic-variance.ts';
import { normalsFrom, uniformFrom } from '../../support/detector-data.ts';

const bins = 20;
const file = modelOfCounts(new Float64Array(bins).fill(500), 10_000, 10_000);

/** Panes of 240 rows, in clusters of so many equal ones. */
function historyOf(ticks: number, cluster: number): PaneHistory {
  const uniform = uniformFrom(9);
  const history = new PaneHistory(bins);
  for (let tick = 0; tick < ticks; tick++) {
    const counts = new Float64Array(bins);
    for (let row = 0; row < 240; row += cluster) {
      const bin = Math.floor(uniform() * bins);
      counts[bin] = (counts[bin] as number) + cluster;
    }
    history.add({ tick, hour: Math.floor(tick / 12) % 168, bins: counts, weight: 240, weightSquared: 240 });
  }
  return history;
}

test('with a file, in the first day of traffic only large effects count, and rows are taken for clusters', () => {
  const young = withTrafficVariance(file, historyOf(287, 1).panes());
  expect(young.effectFloor).toBe(0.25);
  expect(young.variance.map((one) => one?.phiMax)).toEqual(new Array(8).fill(10));
  expect(young.alphaFactor).toBe(0.1);
});

test('after a day the variance is that of the traffic: clusters of ten make ten', () => {
  const plain = withTrafficVariance(file, historyOf(3 * 288, 1).panes());
  const clustered = withTrafficVariance(file, historyOf(3 * 288, 10).panes());
  expect(plain.effectFloor).toBeUndefined();
  expect(plain.alphaFactor).toBe(1);
  expect(plain.variance[0]?.clustering).toBeLessThan(1.3);
  // Ten equal rows have ten times the variance of a share; the largest of five estimates of that is taken.
  expect(clustered.variance[0]?.clustering).toBeGreaterThan(8);
  expect(clustered.variance[0]?.clustering).toBeLessThan(15);
});

test('too thin to learn from: strange for a week, then independent rows with little certainty', () => {
  const thin = (days: number) => {
    const history = new PaneHistory(bins);
    for (let tick = 0; tick < days * 288; tick += 12) {
      const counts = new Float64Array(bins);
      counts[tick % bins] = 9;
      history.add({ tick, hour: Math.floor(tick / 12) % 168, bins: counts, weight: 9, weightSquared: 9 });
    }
    return withTrafficVariance(file, history.panes());
  };
  expect(thin(6).effectFloor).toBe(0.25);
  const week = thin(8);
  expect(week.effectFloor).toBeUndefined();
  expect(week.alphaFactor).toBe(0.1);
  expect(week.variance.map((one) => one?.windows)).toEqual(new Array(8).fill(0));
});

test('traffic is learned from after a day, then whenever it is a third older, for four weeks', () => {
  const day = 288;
  expect(isTrafficDue(day - 1, 1)).toBe(false);
  expect(isTrafficDue(day, 1)).toBe(true);
  expect(isTrafficDue(day + 86, day)).toBe(false);
  expect(isTrafficDue(day + 87, day)).toBe(true);
  expect(isTrafficDue(28 * day, 27 * day)).toBe(true);
  expect(isTrafficLearned(28 * day - 1)).toBe(false);
  expect(isTrafficLearned(28 * day)).toBe(true);
});

const input = (counts: readonly number[], m: number) => ({
  bins: Float64Array.from(counts),
  n: counts.reduce((sum, one) => sum + one, 0),
  expected: new Float64Array(counts.length).fill(1 / counts.length),
  inverseM: 1 / m,
  alpha: 1e-3,
  minEffect: 0.01,
  minRows: 200,
});

test('31 rows beyond all 90 of the reference: two orders of all, and twice for the two tests', () => {
  const beyond = input([0, 0, 0, 0, 0, 0, 0, 0, 0, 31], 90);
  const expected = Float64Array.from({ length: 10 }, (_, bin) => (bin < 9 ? 1 / 9 : 0));
  const found = judgeSmall({ ...beyond, expected }, 'ordered', 1);
  let orders = 1;
  for (let k = 1; k <= 31; k++) orders *= (90 + k) / k;
  expect(found.status).toBe('breach');
  expect((found.p ?? 1) / (4 / orders)).toBeCloseTo(1, 6);
  expect(judgeSmall(input([3, 3, 3, 3, 3, 3, 3, 3, 3, 4], 90), 'ordered', 1).status).toBe('ok');
});

test('fewer than 20 rows on either side say nothing, and how many are missing', () => {
  const few = judgeSmall(input([0, 0, 0, 0, 0, 0, 0, 0, 0, 12], 90), 'ordered', 1);
  expect(few).toMatchObject({ status: 'inconclusive', cause: 'too_few', rowsMissing: 8 });
  expect(judgeSmall(input(new Array(10).fill(9), 19), 'ordered', 1).status).toBe('inconclusive');
});

test('rows that resemble their neighbours are worth fewer', () => {
  const counts = [0, 0, 0, 0, 1, 1, 3, 5, 8, 13];
  const [alone, together] = [1, 9].map((clustering) => judgeSmall(input(counts, 90), 'ordered', clustering));
  expect(alone?.status).toBe('breach');
  expect(together?.status).toBe('ok');
  expect(together?.p).toBeGreaterThan(alone?.p ?? 1);
});

test('neighbours: independent rows are worth about one, an autoregression of 0.8 many, equal ones one', () => {
  const noise = normalsFrom(4, 200);
  const clustering = (rho: number) => {
    const recent = new RecentPanes();
    let value = 0;
    noise.forEach((one, tick) => {
      value = rho * value + one;
      recent.add(tick, value);
    });
    return recent.clusteringIn(0, 200, 'ordered');
  };
  expect(clustering(0)).toBeLessThan(1.4);
  // (1 + 0.8) / (1 − 0.8) = 9, and its standard error on top.
  expect(clustering(0.8)).toBeGreaterThan(6);
  const equal = new RecentPanes();
  for (let tick = 0; tick < 30; tick++) equal.add(tick, 1);
  expect(equal.clusteringIn(0, 30, 'ordered')).toBe(1);
  expect(equal.clusteringIn(25, 30, 'ordered')).toBe(3);
});

test('what may be looked at without end keeps its word', () => {
  const passes = falsePasses(200, 5);
  // 5 of 200 are promised; 12 or more would come once in 300.
  expect(passes.events).toBeLessThan(12);
  const notices = falseNotices(200, 5);
  expect(notices.events).toBeLessThan(18);
});
