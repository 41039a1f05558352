import { expect, test } from 'vitest';
import { drawReference } from '../../../bench/judgement/default-rule.ts';
import { makeTables, type Process, Stream } from '../../../bench/judgement/stream.ts';
import { judgeSeries, ModelReader } from '../../../detectors/ladder/judge-series.ts';
import {
  buildReferenceModel,
  modelOfCounts,
  referenceModelFromJson,
  referenceModelToJson,
} from '../../../detectors/ladder/reference-model.ts';
import { PaneHistory } from '../../../detectors/ladder/reference-panes.ts';
import { hourOfWeek } from '../../../detectors/ladder/seasonal.ts';
import { WindowRing } from '../../../detectors/ladder/window-ring.ts';

const ticksPerDay = 288;
const startTick = 2016 * 1400 + 4 * ticksPerDay;
const tables = makeTables();

function panesOf(process: Process, days: number) {
  const stream = new Stream(
    { process, seed: [5, days], rowsPerTick: 200, startTick, lattice: false },
    tables,
  );
  return drawReference(stream, days * ticksPerDay);
}

test('hour 0 of the week begins on Monday', () => {
  expect(hourOfWeek(Date.UTC(2026, 7, 3, 0, 59))).toBe(0);
  expect(hourOfWeek(Date.UTC(2026, 7, 9, 23))).toBe(167);
  // In New York it is still Sunday evening.
  expect(hourOfWeek(Date.UTC(2026, 7, 3), -4 * 3_600_000)).toBe(164);
  // The hour before 1970 was the last of a Wednesday.
  expect(hourOfWeek(-1)).toBe(71);
});

test('the season is taken where there is one, and by the age of the reference', () => {
  expect(buildReferenceModel(panesOf('iid', 28)).profile.stage).toBe('one');
  expect(buildReferenceModel(panesOf('daily', 28)).profile.stage).toBe('hour_of_week');
  expect(buildReferenceModel(panesOf('daily', 4)).profile.stage).toBe('hour_of_day');
  const short = buildReferenceModel(halfDay());
  expect(short.profile.stage).toBe('one');
  expect(short.alphaFactor).toBe(0.1);
});

function halfDay() {
  const stream = new Stream(
    { process: 'iid', seed: [6], rowsPerTick: 200, startTick, lattice: false },
    tables,
  );
  return drawReference(stream, ticksPerDay / 2);
}

test('independent rows learn no variance; wander and users do', () => {
  const calm = buildReferenceModel(panesOf('iid', 28)).health;
  expect(calm?.phi).toBeLessThan(1.2);
  expect(calm?.tau).toBeLessThan(0.01);
  expect(calm?.warnings).toEqual([]);
  expect(calm?.parts.map((part) => part.differs)).toEqual([false, false, false, false]);
  const wander = buildReferenceModel(panesOf('wander10', 28)).health;
  // An sd of 0.1 moves z₁ by 0.098 of its unit (smooth test, ventiles).
  expect(wander?.tau).toBeGreaterThan(0.06);
  expect(wander?.tau).toBeLessThan(0.14);
  const users = buildReferenceModel(panesOf('users', 28));
  expect(users.health?.phi).toBeGreaterThan(6);
  // Users alone do not wander: the variance shrinks with n.
  expect(users.variance[5]?.smooth[0]?.tau2Only).toBeLessThan(0.002);
});

test('windows too few for their length take the variance of the next shorter one', () => {
  const { variance } = buildReferenceModel(panesOf('wander05', 28));
  expect(variance[5]?.windows).toBe(28);
  expect(variance[6]).toEqual(variance[5]);
  expect(variance[7]).toEqual(variance[5]);
  expect(variance[0]?.windows).toBeGreaterThan(2_000);
});

test('a part of the reference that moved is warned about', () => {
  const stream = new Stream(
    { process: 'iid', seed: [8], rowsPerTick: 200, startTick, lattice: false },
    tables,
  );
  const panes = drawReference(stream, 14 * ticksPerDay);
  stream.startDrift({ shift: 0.5 });
  const late = drawReference(stream, 14 * ticksPerDay);
  const history = new PaneHistory(20);
  for (const part of [panes, late]) {
    part.ticks.forEach((tick, i) => {
      history.add({
        tick,
        hour: part.hours[i] as number,
        bins: part.counts.subarray(i * 20, (i + 1) * 20),
        weight: part.weights[i] as number,
        weightSquared: part.weightsSquared[i] as number,
      });
    });
  }
  const health = buildReferenceModel(history.panes()).health;
  expect(health?.warnings).toContain('halves_differ');
  expect(health?.secondHalf.excess).toBeGreaterThan(0.1);
});

test('a history gives back what it was fed', () => {
  const panes = panesOf('all', 3);
  const history = new PaneHistory(20);
  panes.ticks.forEach((tick, i) => {
    history.add({
      tick,
      hour: panes.hours[i] as number,
      bins: panes.counts.subarray(i * 20, (i + 1) * 20),
      weight: panes.weights[i] as number,
      weightSquared: panes.weightsSquared[i] as number,
    });
  });
  const back = history.panes();
  const isFull = [...panes.weights].every((weight) => weight > 0);
  if (isFull) expect(back).toEqual(panes);
  expect(back.weights.reduce((a, b) => a + b)).toBe(panes.weights.reduce((a, b) => a + b));
});

test('a model as JSON judges as before', () => {
  const model = buildReferenceModel(panesOf('all', 28));
  const back = referenceModelFromJson(JSON.parse(JSON.stringify(referenceModelToJson(model))));
  expect(back.health).toEqual(model.health);
  const stream = new Stream(
    { process: 'all', seed: [9], rowsPerTick: 200, startTick, lattice: false },
    tables,
  );
  const ring = new WindowRing(20);
  for (let tick = 0; tick < 60; tick++) {
    stream.next();
    const { rows: weight, ventiles } = stream;
    const hour = hourOfWeek(stream.tick * 300_000);
    ring.add({
      tick: stream.tick,
      hour,
      bins: ventiles,
      weight,
      weightSquared: weight,
      missing: 0,
      malformed: 0,
    });
  }
  const window = ring.windowAt(48, stream.tick + 1);
  if (window === undefined) throw new Error('there is a window');
  const look = { windowTicks: 48, alpha: 1e-6, minEffect: 0.01, minRows: 200, wantP: true } as const;
  const before = judgeSeries(new ModelReader(model), window, look);
  expect(before?.p).toBeGreaterThan(0);
  expect(judgeSeries(new ModelReader(back), window, look)).toEqual(before);
  for (const damage of [null, {}, { ...referenceModelToJson(model), stage: 'moon' }])
    expect(() => referenceModelFromJson(damage)).toThrow('damaged');
});

test('counts without times judge with independent rows at a tenth of alpha', () => {
  const model = modelOfCounts([500, 500, 500, 500, 500], 2_500, 2_500);
  expect([model.alphaFactor, model.variance[2], model.profile.rows]).toEqual([0.1, undefined, 2_500]);
  expect(new ModelReader(model).expectationOf(new Float64Array(168).fill(1))?.inverseM).toBe(1 / 2_500);
});

test('an empty reference breaks nothing', () => {
  const model = buildReferenceModel(new PaneHistory(20).panes());
  expect(new ModelReader(model).expectationOf(new Float64Array(168).fill(1))).toBeUndefined();
});
