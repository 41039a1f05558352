import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { nodeDigest } from '../../../agent/adapters/node-digest.ts';
import { buildReferences, createCollector } from '../../../agent/pipeline/reference-file.ts';
import { Fields } from '../../../core/fields.ts';
import { callOf } from '../../support/calls.ts';
import { World } from '../../support/world.ts';

/*
 * Daily weather of Seattle and New York, 2012 to 2015, with the city as a declared segment: one agent, one model. Each
 * city is judged by its own reference, month by month.
 */

const dayMs = 86_400_000;
const path = new URL('../../../node_modules/vega-datasets/data/weather.csv', import.meta.url);
const days = readFileSync(path, 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [city = '', date = '', , max, min] = line.split(',');
    return {
      city,
      date,
      month: date.slice(5, 7),
      year: date.slice(0, 4),
      max: Number(max),
      min: Number(min),
    };
  });
type Day = (typeof days)[number];

const cities = ['Seattle', 'New York'];
const segments = [{ name: 'city', from: ['input.city'], model: '*', environment: '*', max: 20 }];
const startMs = 20_000 * dayMs;

const yaml = `
data_dir: none
windows: { pane: 1d, tick: 1m }
segments: [{ name: city, from: input.city }]
rules:
  - { name: shape, match: { signal: "input.temp_*" }, ks: { d: 0.65, min_rows: 25 }, window: 1d, for: 1 window, keep_firing_for: 1 window }
`;

/*
 * D of KS, and a limit of one's own: single months of 2015 were out of the ordinary (December in New York was the warmest
 * on record, D 0.60 by an independent computation), as no test of 31 independent days would have it; July is another season (D 1.0).
 */

/** All days of a month as one window of a day, against the rows of the reference. Verdicts by segment and signal. */
async function judge(reference: readonly Day[], current: readonly Day[]): Promise<Map<string, string>> {
  const file = { name: 'weather', model: 'weather', environment: 'prod', path: '', rowsMax: 1e6 };
  const collector = createCollector(file, segments);
  for (const { city, max, min } of reference) {
    collector.add(
      new Map<string, string | number>([
        ['city', city],
        ['temp_max', max],
        ['temp_min', min],
      ]),
    );
  }
  const built = buildReferences(file, collector, startMs, (text) => nodeDigest().sha256(text));
  const references = built.map(({ reference }) => ({ reference, isDefault: true }));
  const weather = { refused: 0, lostBefore: 0, lostAfter: 0 };
  const world = new World({ seed: 1, startMs, yaml, weather, ticksByHand: true, references });
  await world.start();
  await world.clock.advanceTo(startMs + dayMs);
  const inputs = new Fields();
  current.forEach(({ city, max, min }, i) => {
    inputs.clear();
    inputs.addLevel('city', city);
    inputs.addNumber('temp_max', max);
    inputs.addNumber('temp_min', min);
    world.agent.observe({
      ...callOf({ model: 'weather', environment: 'prod' }),
      timeMs: startMs + i,
      inputs,
    });
  });
  await world.clock.advanceTo(startMs + 2 * dayMs + 120_000);
  await world.agent.tick();
  const { verdicts } = world.agent.status();
  return new Map(
    verdicts
      .filter(({ size }) => size.current > 0)
      .map(({ series, status }) => [`${series.segment ?? ''} ${series.signal}`, status]),
  );
}

const of = (month: string, isYear: (year: string) => boolean) =>
  days.filter((day) => day.month === month && isYear(day.year));
const temperatures = ['input.temp_max', 'input.temp_min'];

test('July against a fixed January is loud in each city, and names it', async () => {
  const found = await judge(
    of('01', () => true),
    of('07', (year) => year === '2015'),
  );
  for (const city of cities) {
    for (const signal of temperatures) expect(found.get(`city=${city} ${signal}`)).toBe('breach');
  }
  for (const signal of temperatures) expect(found.get(` ${signal}`)).toBe('breach');
  expect([...found.keys()].filter((key) => key.includes('other'))).toEqual([]);
});

test('each month of 2015 against the same month of the years before: quiet, city by city', async () => {
  const loud: string[] = [];
  for (let month = 1; month <= 12; month++) {
    const text = String(month).padStart(2, '0');
    const found = await judge(
      of(text, (year) => year < '2015'),
      of(text, (year) => year === '2015'),
    );
    expect(found.size).toBe(3 * temperatures.length);
    for (const [key, status] of found) if (status === 'breach') loud.push(`${text} ${key}`);
  }
  expect(loud).toEqual([]);
});

test('the cities are kept apart: one in the weather of the other is loud, and only that one', async () => {
  const june = of('06', () => true);
  const swapped = june
    .filter(({ year }) => year === '2014')
    .flatMap((day) => (day.city === 'New York' ? [day, { ...day, city: 'Seattle' }] : []));
  const found = await judge(
    june.filter(({ year }) => year < '2014'),
    swapped,
  );
  expect(found.get('city=Seattle input.temp_min')).toBe('breach');
  expect(found.get('city=New York input.temp_min')).toBe('ok');
});
