import { expect, test } from 'vitest';
import { type AdwinState, adwinStep } from '../../../detectors/streaming/adwin.ts';
import { type CusumState, cusumStep } from '../../../detectors/streaming/cusum.ts';
import { type EwmaState, ewmaStep } from '../../../detectors/streaming/ewma.ts';
import { type PageHinkleyState, pageHinkleyStep } from '../../../detectors/streaming/page-hinkley.ts';
import { cusumThreshold, ewmaWidth } from '../../../detectors/streaming/thresholds.ts';
import { normalsFrom } from '../../support/detector-data.ts';

/** One value through a chart; what is remembered in between is JSON text, as a restart would have it. */
type Chart = (
  remembered: string | undefined,
  value: number,
) => { readonly json: string; readonly alarm: boolean };

const charts: Readonly<Record<string, Chart>> = {
  page_hinkley: through<PageHinkleyState>((state, value) =>
    pageHinkleyStep(state, value, { delta: 0.25, lambda: 15, alpha: 1, min: 30, direction: 'increase' }),
  ),
  page_hinkley_fading: through<PageHinkleyState>((state, value) =>
    pageHinkleyStep(state, value, { delta: 0.25, lambda: 15, alpha: 0.99, min: 30, direction: 'increase' }),
  ),
  cusum: through<CusumState>((state, value) => cusumStep(state, value, { mu0: 0, sigma0: 1, k: 0.25, h: 9 })),
  ewma: through<EwmaState>((state, value) =>
    ewmaStep(state, value, { mu0: 0, sigma0: 1, lambda: 0.1, width: 4 }),
  ),
  adwin: through<AdwinState>((state, value) => adwinStep(state, value, { delta: 0.002, clock: 1 })),
};

function through<State>(
  step: (
    state: State | undefined,
    value: number,
  ) => { readonly state: State | undefined; readonly alarm: boolean },
): Chart {
  return (json, value) => {
    const state = json === undefined || json === '' ? undefined : (JSON.parse(json) as State);
    const { state: next, alarm } = step(state, value);
    expect(
      next === undefined || JSON.stringify(JSON.parse(JSON.stringify(next))) === JSON.stringify(next),
    ).toBe(true);
    return { json: next === undefined ? '' : JSON.stringify(next), alarm };
  };
}

/** 400 normal numbers, the mean one sd higher from the 200th on. */
const stream = normalsFrom(11, 400).map((value, i) => (i < 200 ? value : value + 1));

function alarmsOf(
  chart: Chart,
  values: Iterable<number>,
  start?: string,
): { alarms: number[]; json: string } {
  const alarms: number[] = [];
  let json = start ?? '';
  let i = 0;
  for (const value of values) {
    const step = chart(json, value);
    if (step.alarm) alarms.push(i);
    ({ json } = step);
    i++;
  }
  return { alarms, json };
}

test('alarm indices on a seeded stream that moves at 200', () => {
  const firstTwo = Object.entries(charts).map(([name, chart]) => [
    name,
    alarmsOf(chart, stream).alarms.slice(0, 2),
  ]);
  expect(Object.fromEntries(firstTwo)).toMatchInlineSnapshot(`
    {
      "adwin": [
        230,
        231,
      ],
      "cusum": [
        213,
        225,
      ],
      "ewma": [
        224,
        225,
      ],
      "page_hinkley": [
        221,
      ],
      "page_hinkley_fading": [
        214,
      ],
    }
  `);
});

test.each(Object.entries(charts))('%s: a restart at any place changes no alarm', (_, chart) => {
  const whole = alarmsOf(chart, stream).alarms;
  for (const at of [1, 57, 199, 205, 333]) {
    const first = alarmsOf(chart, stream.slice(0, at));
    const second = alarmsOf(chart, stream.slice(at), first.json);
    expect([...first.alarms, ...second.alarms.map((i) => i + at)]).toEqual(whole);
  }
});

test.each(Object.entries(charts))('%s: no value makes a number that JSON does not know', (_, chart) => {
  const odd = [
    1e308,
    -1e308,
    Number.MAX_VALUE,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    5e-324,
    0,
  ];
  let json = '';
  for (let i = 0; i < 300; i++) {
    ({ json } = chart(json, odd[i % odd.length] as number));
    expect(json).not.toContain('null');
    expect(json).not.toContain('NaN');
  }
});

test.each(Object.entries(charts))('%s: a value that is no number changes nothing', (_, chart) => {
  const { json } = alarmsOf(chart, stream.slice(0, 50));
  expect(chart(json, Number.NaN)).toEqual({ json, alarm: false });
});

test('a weight of rows is that of as many equal values to the mean, and one look to the count', () => {
  const options = { delta: 0.1, lambda: 1e9, alpha: 1, min: 1, direction: 'increase' } as const;
  const { sums } = pageHinkleyStep({ n: 4, weight: 100, mean: 2, sum: 0, lowest: 0 }, 5, options, 50);
  expect(sums.mean).toBeCloseTo(3, 12);
  expect(sums).toMatchObject({ n: 5, weight: 150 });
  expect(sums.sum).toBeCloseTo(Math.sqrt(50) * (5 - 3) - 0.1, 10);
});

test('a capped CUSUM goes on while the shift does, and comes back after it', () => {
  const options = { mu0: 0, sigma0: 1, k: 0.5, h: 5, cap: 10 };
  let state: CusumState | undefined;
  const alarms = [...new Array(30).fill(3), ...new Array(40).fill(0)].map((value: number) => {
    const step = cusumStep(state, value, options);
    ({ state } = step);
    return step.alarm;
  });
  expect(alarms.indexOf(true)).toBe(2);
  // 10 falls by 0.5 a look: not over 5 from the tenth on.
  expect(alarms.lastIndexOf(true)).toBe(38);
});

test('ADWIN keeps few buckets of long streams, and the mean of them all', () => {
  let state: AdwinState | undefined;
  let mean = 0;
  const values = normalsFrom(3, 20_000);
  for (const value of values) ({ state, mean } = adwinStep(state, value, { delta: 1e-9, clock: 32 }));
  const buckets = state?.rows.flat().length ?? 0;
  expect(buckets).toBeLessThanOrEqual(5 * 14);
  expect(JSON.stringify(state).length).toBeLessThan(4_000);
  expect(mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 9);
});

test('thresholds grow with the patience asked for, and never past those of a single look', () => {
  const alphas = [0.05, 0.01, 1e-3, 1e-4, 1e-6, 1e-8, 1e-12];
  const rising = (values: readonly number[]) => expect(values).toEqual(values.toSorted((a, b) => a - b));
  for (const k of [0.05, 0.25, 0.5, 1, 3]) rising(alphas.map((alpha) => cusumThreshold(k, alpha)));
  for (const lambda of [0.01, 0.05, 0.15, 0.2, 0.5, 1])
    rising(alphas.map((alpha) => ewmaWidth(lambda, alpha)));
  expect(ewmaWidth(1, 0.0027)).toBeCloseTo(2.99998, 4);
  // Montgomery's tables: two-sided CUSUM k ½, h 4.77 has an average run length of 370; EWMA 0.1 with L 2.814 of 500.
  expect(cusumThreshold(0.5, 1 / 370)).toBeCloseTo(4.77, 1);
  expect(ewmaWidth(0.1, 1 / 500)).toBeGreaterThan(2.814);
  expect(ewmaWidth(0.1, 1 / 500)).toBeLessThan(2.87);
});

/** Looks per false alarm over many quiet looks; each alarm begins anew. */
function meanRunLength(alarm: (value: number, isFresh: boolean) => boolean, looks: number): number {
  let alarms = 0;
  let isFresh = true;
  for (const value of normalsFrom(77, looks)) {
    isFresh = alarm(value, isFresh);
    if (isFresh) alarms++;
  }
  return looks / Math.max(1, alarms);
}

const alpha = 1 / 500;
const looks = 300_000;

test.each([0.25, 0.5, 1])('CUSUM k %s keeps 1 alarm in 500 quiet looks', (k) => {
  const h = cusumThreshold(k, alpha);
  let state: CusumState | undefined;
  const length = meanRunLength((value, isFresh) => {
    const step = cusumStep(isFresh ? undefined : state, value, { mu0: 0, sigma0: 1, k, h });
    ({ state } = step);
    return step.alarm;
  }, looks);
  expect(length).toBeGreaterThan(430);
  expect(length).toBeLessThan(600);
});

test.each([0.05, 0.1, 0.2, 0.5])('EWMA lambda %s keeps 1 alarm in 500 quiet looks', (lambda) => {
  const width = ewmaWidth(lambda, alpha);
  const start = { z: 0, decay: 0 };
  let state: EwmaState = start;
  const length = meanRunLength((value, isFresh) => {
    const step = ewmaStep(isFresh ? start : state, value, { mu0: 0, sigma0: 1, lambda, width });
    ({ state } = step);
    return step.alarm;
  }, looks);
  expect(length).toBeGreaterThan(430);
  expect(length).toBeLessThan(600);
});

test.each([0.25, 0.5])('Page–Hinkley delta %s, the mean learned on the way, keeps 1 in 500', (delta) => {
  const lambda = cusumThreshold(delta, alpha);
  const options = { delta, lambda, alpha: 1, min: 20 };
  let up: PageHinkleyState | undefined;
  let down: PageHinkleyState | undefined;
  const length = meanRunLength((value, isFresh) => {
    const rise = pageHinkleyStep(isFresh ? undefined : up, value, { ...options, direction: 'increase' });
    const fall = pageHinkleyStep(isFresh ? undefined : down, value, { ...options, direction: 'decrease' });
    [up, down] = [rise.state, fall.state];
    return rise.alarm || fall.alarm;
  }, looks);
  expect(length).toBeGreaterThan(430);
});

test('ADWIN has far fewer false cuts than delta a look', () => {
  let state: AdwinState | undefined;
  let alarms = 0;
  for (const value of normalsFrom(5, 20_000)) {
    const step = adwinStep(state, value, { delta: 0.01, clock: 1 });
    ({ state } = step);
    if (step.alarm) alarms++;
  }
  expect(alarms).toBeLessThan(20);
});
