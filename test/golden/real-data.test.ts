/** Exact tests on real data that npm packages ship; the figures are by numpy and scipy, printed with 8 digits. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { testTable } from '../../detectors/exact/chi-square-table.ts';
import {
  jensenShannonDistance,
  largestDifference,
  sharesOf,
  totalVariation,
} from '../../detectors/exact/divergences.ts';
import { ksTwoSample } from '../../detectors/exact/ks-two-sample.ts';
import { psiOfCounts } from '../../detectors/exact/psi.ts';
import { quantileOf } from '../../detectors/exact/quantiles.ts';
import { populationDeviation } from '../../detectors/exact/sample.ts';
import { wasserstein, wassersteinNormed } from '../../detectors/exact/wasserstein.ts';
import { expectAllNamed, expectGolden, readGolden } from './golden.ts';

const data = (name: string) =>
  readFileSync(new URL(`../../node_modules/vega-datasets/data/${name}`, import.meta.url), 'utf8');

/** Rows of a CSV without quotes. */
function table(name: string): Record<string, string>[] {
  const [head = '', ...lines] = data(name).trim().split(/\r?\n/);
  const keys = head.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, i) => [keys[i] ?? '', cell])));
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** As numpy: a value that equals an edge goes into the upper bin, the last edge excepted. */
function histogram(values: readonly number[], inner: readonly number[]): number[] {
  const counts = new Array<number>(inner.length + 1).fill(0);
  for (const value of values) {
    const bin = inner.filter((edge) => edge <= value).length;
    counts[bin] = (counts[bin] as number) + 1;
  }
  return counts;
}

/** Inner edges of numpy's `sturges` bins over both samples. */
function sturgesEdges(values: readonly number[]): number[] {
  const low = values.reduce((least, value) => Math.min(least, value));
  const high = values.reduce((most, value) => Math.max(most, value));
  const bins = Math.ceil(Math.log2(values.length) + 1);
  return Array.from({ length: bins - 1 }, (_, i) => low + ((high - low) * (i + 1)) / bins);
}

function figuresOf(reference: readonly number[], current: readonly number[]): Record<string, number> {
  const [x, y] = [{ values: reference }, { values: current }];
  const sorted = reference.toSorted((a, b) => a - b);
  const deciles = new Set(Array.from({ length: 9 }, (_, i) => quantileOf(sorted, (i + 1) / 10) as number));
  const edges = [...deciles];
  const even = sturgesEdges([...reference, ...current]);
  return {
    n_ref: reference.length,
    n_cur: current.length,
    ks_D: ksTwoSample(x, y).d,
    wasserstein: wasserstein(x, y),
    wasserstein_over_ref_std: wassersteinNormed(x, y),
    psi_q10_add_half: psiOfCounts(histogram(reference, edges), histogram(current, edges)),
    psi_bins: edges.length + 1,
    js_sturges_natural: jensenShannonDistance(
      sharesOf(histogram(reference, even)),
      sharesOf(histogram(current, even)),
    ),
    ref_mean: mean(reference),
    cur_mean: mean(current),
    ref_std_pop: populationDeviation(x),
  };
}

function levelFigures(reference: readonly string[], current: readonly string[]): Record<string, number> {
  const levels = [...new Set([...reference, ...current])];
  const count = (rows: readonly string[]) =>
    levels.map((level) => rows.filter((row) => row === level).length);
  const [before, now] = [count(reference), count(current)];
  const [p, q] = [sharesOf(before), sharesOf(now)];
  const found = testTable([before, now], { statistic: 'pearson', correction: 'none' });
  return {
    n_ref: reference.length,
    n_cur: current.length,
    levels: levels.length,
    js_base2: jensenShannonDistance(p, q, 2),
    js_natural: jensenShannonDistance(p, q),
    linf: largestDifference(p, q),
    psi_add_half: psiOfCounts(before, now),
    chi2: found.statistic,
    chi2_p: found.pValue,
    tvd: totalVariation(p, q),
  };
}

function expectFigures(got: Readonly<Record<string, number>>, want: Readonly<Record<string, unknown>>): void {
  // scipy's p is kstwo.sf of a rounded size, not the limit that we judge by: informative.
  expectAllNamed(
    Object.keys(want),
    Object.keys(got),
    ['ks_p_asymp', 'new_levels'].filter((key) => key in want),
  );
  for (const [key, value] of Object.entries(got)) {
    expectGolden(key, value, want[key] as number, key === 'chi2' ? { abs: 1e-6 } : { abs: 1e-7 });
  }
}

type Figures = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;

const flights = JSON.parse(data('flights-20k.json')) as readonly { date: string; delay: number }[];
const delaysOf = (month: string) =>
  flights.filter(({ date }) => date.startsWith(month)).map(({ delay }) => delay);

test.each(['2001/02', '2001/03'])('delays of flights in %s against January', (month) => {
  const want = readGolden<Figures>('real/flights.json')[month] as Readonly<Record<string, unknown>>;
  expectFigures(figuresOf(delaysOf('2001/01'), delaysOf(month)), want);
});

const closes = table('sp500-2000.csv').map((row) => ({
  date: row['date'] as string,
  close: Number(row['close']),
}));
const returns = closes.slice(1).map(({ date, close }, i) => ({
  date,
  value: Math.log(close / (closes[i] as { close: number }).close),
}));
const returnsIn = (from: string, to: string) =>
  returns.filter(({ date }) => date >= from && date < to).map(({ value }) => value);

test.each([
  ['2005', '2005', '2006'],
  ['2006', '2006', '2007'],
  ['2008-09..2008-12', '2008-09', '2009'],
  ['2017', '2017', '2018'],
  ['2020-02-20..2020-04', '2020-02-20', '2020-05'],
])('daily returns of the S&P 500, %s against 2004', (key, from, to) => {
  const want = readGolden<Figures>('real/sp500.json')[key] as Readonly<Record<string, unknown>>;
  expectFigures(figuresOf(returnsIn('2004', '2005'), returnsIn(from, to)), want);
});

const days = table('weather.csv');
const inMonth = (location: string, month: string, isReference: (year: string) => boolean) =>
  days.filter(
    ({ location: place, date = '' }) =>
      place === location && date.slice(5, 7) === month && isReference(date.slice(0, 4)),
  );
const earlier = (year: string) => year < '2015';
const latest = (year: string) => year === '2015';

test.each([
  ['Seattle', 'jan2015_vs_jan2012-14', '01'],
  ['Seattle', 'jul2015_vs_jan2012-14', '07'],
  ['New York', 'jan2015_vs_jan2012-14', '01'],
  ['New York', 'jul2015_vs_jan2012-14', '07'],
])('highest temperatures of %s, %s', (city, key, month) => {
  const want = readGolden<Figures>('real/weather.json')[city]?.[key] as Readonly<Record<string, unknown>>;
  const highest = (rows: readonly Record<string, string>[]) => rows.map((row) => Number(row['temp_max']));
  expectFigures(
    figuresOf(highest(inMonth(city, '01', earlier)), highest(inMonth(city, month, latest))),
    want,
  );
});

test.each(['Seattle', 'New York'])('kinds of weather in %s, January', (city) => {
  const want = readGolden<Figures>('real/weather.json')[city]?.['weather_jan'] as Readonly<
    Record<string, unknown>
  >;
  const kinds = (rows: readonly Record<string, string>[]) => rows.map((row) => row['weather'] as string);
  expectFigures(levelFigures(kinds(inMonth(city, '01', earlier)), kinds(inMonth(city, '01', latest))), want);
  expect(want['new_levels']).toEqual([]);
});
