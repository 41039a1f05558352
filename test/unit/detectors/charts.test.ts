import { expect, test } from 'vitest';
import type { Counters } from '../../../core/pane.ts';
import type { Finding } from '../../../core/verdict.ts';
import { adwin } from '../../../detectors/adwin.ts';
import { freezeLevels } from '../../../detectors/counters/freeze.ts';
import { cusum } from '../../../detectors/cusum.ts';
import type { Detector, DetectorInput } from '../../../detectors/detector.ts';
import { ewma } from '../../../detectors/ewma.ts';
import { pageHinkley } from '../../../detectors/page-hinkley.ts';
import {
  countLevels,
  countNumbers,
  normalReference,
  normalsFrom,
  sha256,
  uniformFrom,
} from '../../support/detector-data.ts';

const charts: readonly (readonly [string, Detector])[] = [
  ['cusum', cusum],
  ['ewma', ewma],
  ['page_hinkley', pageHinkley],
  ['adwin', adwin],
];
const { scale, counters: reference } = normalReference(20_000);
/** One false alarm in 1,000 looks. */
const alpha = 1e-3;

/** Looks of `rows` normal numbers, `shift` sd off from look `from` on. */
function looksOf(seed: number, count: number, rows: number, shift = 0, from = 0): Counters[] {
  return Array.from({ length: count }, (_, look) => {
    const values = normalsFrom(seed * 1_000 + look, rows);
    return countNumbers(
      scale,
      values.map((value) => value + (look >= from ? shift : 0)),
    );
  });
}

function follow(
  detector: Detector,
  looks: readonly Counters[],
  options: unknown = {},
  changes: Partial<DetectorInput<unknown>> = {},
): Finding[] {
  let state: unknown;
  return looks.map((current) => {
    const finding = detector.judge({
      scale,
      current,
      reference,
      options: detector.options.parse(options),
      alpha,
      signal: 'input.amount',
      state,
      ...changes,
    });
    state = finding.state === undefined ? state : JSON.parse(JSON.stringify(finding.state));
    return finding;
  });
}

const firstBreach = (findings: readonly Finding[]) => findings.findIndex((one) => one.status === 'breach');

test('a shift of 0.2 sd at look 40: when each finds it, with 200 rows a look', () => {
  const looks = looksOf(1, 120, 200, 0.2, 40);
  const found = charts.map(([name, detector]) => [name, firstBreach(follow(detector, looks))]);
  expect(Object.fromEntries(found)).toMatchInlineSnapshot(`
    {
      "adwin": 51,
      "cusum": 40,
      "ewma": 41,
      "page_hinkley": 42,
    }
  `);
});

test.each(charts)('%s: a restart in the middle changes no finding', (_, detector) => {
  const looks = looksOf(2, 80, 200, 0.3, 40);
  const whole = follow(detector, looks);
  const first = follow(detector, looks.slice(0, 42));
  let state: unknown = JSON.parse(JSON.stringify(first.at(-1)?.state));
  for (const [i, current] of looks.slice(42).entries()) {
    const options = detector.options.parse({});
    const finding = detector.judge({
      scale,
      current,
      reference,
      options,
      alpha,
      signal: 'input.amount',
      state,
    });
    expect(finding).toEqual(whole[42 + i]);
    ({ state } = finding);
  }
});

test.each(charts)('%s: says up or down, how much, and stays quiet on the other side', (_, detector) => {
  for (const [shift, direction] of [
    [0.5, 'high'],
    [-0.5, 'low'],
  ] as const) {
    const findings = follow(detector, looksOf(3, 60, 300, shift, 30));
    expect(firstBreach(findings)).toBeGreaterThanOrEqual(30);
    const breach = findings[firstBreach(findings)];
    expect(breach?.direction).toBe(direction);
    expect(breach?.effect).toBeGreaterThan(0.1);
    expect(breach?.effect).toBeLessThan(0.9);
    expect(breach?.reason).toContain(direction === 'high' ? 'sd up' : 'sd down');
  }
});

test.each(charts)(
  '%s: a shift below the least effect is no breach, unless the threshold is the user’s',
  (_, one) => {
    const looks = looksOf(4, 60, 40_000, 0.04, 30);
    const big = normalsFrom(9, 400_000);
    const changes = { reference: countNumbers(scale, big) };
    expect(firstBreach(follow(one, looks, {}, changes))).toBe(-1);
    const raw = { [one.shorthand as string]: one.type === 'adwin' ? 0.01 : 5 };
    expect(firstBreach(follow(one, looks, raw, changes))).toBeGreaterThanOrEqual(30);
  },
);

test.each(charts)('%s: few false alarms over 40 streams of 100 quiet looks', (_, detector) => {
  let alarms = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const looks = Array.from({ length: 100 }, (_, look) =>
      countNumbers(scale, normalsFrom(seed * 131 + look * 7_919, 60)),
    );
    if (firstBreach(follow(detector, looks, { min_effect: 0 })) >= 0) alarms++;
  }
  // At one in 1,000 looks 4 of 40 streams have one on average; 11 or more would come once in 300.
  expect(alarms).toBeLessThan(11);
});

test.each(charts)('%s: looks of very different size under no change are no change', (_, detector) => {
  // The level is off the reference for good: what only looks at its own past must not mind.
  const isOwnPast = detector === pageHinkley || detector === adwin;
  const looks = Array.from({ length: 200 }, (_, look) => {
    const values = normalsFrom(500 + look, look % 24 < 8 ? 40 : 600);
    return countNumbers(
      scale,
      values.map((value) => value + (isOwnPast ? 0.3 : 0)),
    );
  });
  expect(firstBreach(follow(detector, looks))).toBe(-1);
});

test.each(charts)('%s: too few rows or an empty look keep what is remembered', (_, detector) => {
  const quiet = looksOf(6, 30, 200);
  const few = countNumbers(scale, normalsFrom(1, 5));
  const apart = follow(detector, quiet);
  const between = follow(detector, [...quiet.slice(0, 20), few, few, ...quiet.slice(20)]);
  expect(between[20]).toMatchObject({ status: 'inconclusive', cause: 'too_few' });
  expect(between.at(-1)).toEqual(apart.at(-1));
});

test.each([
  ['page_hinkley', pageHinkley],
  ['adwin', adwin],
] as const)('%s: an alarm is said for as many looks as asked', (_, detector) => {
  const looks = looksOf(7, 90, 500, 1, 60);
  for (const hold of [1, 4]) {
    const findings = follow(detector, looks, { hold });
    const first = firstBreach(findings);
    const said = findings.slice(first, first + hold);
    expect(said.every((one) => one.status === 'breach')).toBe(true);
    if (hold > 1) expect(said[1]?.reason).toMatch(/was shortly before|ADWIN/);
    if (detector === pageHinkley) expect(findings[first + hold]?.status).toBe('ok');
  }
});

test('the breach of cusum and ewma lasts as long as the shift, and ends after it', () => {
  for (const detector of [cusum, ewma]) {
    const looks = [...looksOf(8, 20, 200), ...looksOf(9, 30, 200, 0.5), ...looksOf(10, 40, 200)];
    const statuses = follow(detector, looks).map((one) => one.status);
    expect(statuses.slice(28, 50).every((status) => status === 'breach')).toBe(true);
    expect(statuses.slice(75).every((status) => status === 'ok')).toBe(true);
  }
});

test('a share is followed by its level, the most frequent where none is named', () => {
  const names = ['ok', 'late', 'void'];
  const levels = freezeLevels(new Map(names.map((name) => [name, 20])), sha256);
  const draw = (seed: number, rows: number, late: number) => {
    const uniform = uniformFrom(seed);
    return countLevels(
      levels,
      Array.from({ length: rows }, () => (uniform() < late ? 'late' : 'ok')),
    );
  };
  const looks = Array.from({ length: 60 }, (_, look) => draw(look + 5, 500, look < 30 ? 0.05 : 0.1));
  const changes = { scale: levels, reference: draw(1, 20_000, 0.05), signal: 'input.state' };
  const named = follow(cusum, looks, { level: 'late' }, changes);
  const unnamed = follow(cusum, looks, {}, changes);
  expect(firstBreach(named)).toBeGreaterThanOrEqual(30);
  expect(firstBreach(named)).toBeLessThan(34);
  expect(named.at(-1)).toMatchObject({ status: 'breach', direction: 'high' });
  expect(unnamed.at(-1)).toMatchObject({ status: 'breach', direction: 'low' });
  expect(named.at(-1)?.reason).toContain("the share of 'late' in input.state");
  const unknown = follow(cusum, looks.slice(0, 1), { level: 'lost' }, changes)[0];
  expect(unknown).toMatchObject({ status: 'inconclusive', cause: 'not_applicable' });
});
