import { readFileSync } from 'node:fs';
import type { RealRow } from './replay.ts';

/** Real data of the package vega-datasets. */
export function vega(name: string): string {
  return readFileSync(new URL(`../../node_modules/vega-datasets/data/${name}`, import.meta.url), 'utf8');
}

/** Rows of a CSV without quotes. */
export function vegaTable(name: string): Record<string, string>[] {
  const [head = '', ...lines] = vega(name).trim().split(/\r?\n/);
  const keys = head.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, i) => [keys[i] ?? '', cell])));
}

/** 20,000 flights of the first three months of 2001, in the order of their times. */
export function flights(): (RealRow & {
  readonly inputs: { readonly delay: number; readonly distance: number };
})[] {
  const rows = JSON.parse(vega('flights-20k.json')) as { date: string; delay: number; distance: number }[];
  return rows
    .map(({ date, delay, distance }) => ({
      timeMs: Date.parse(`${date.replaceAll('/', '-').replace(' ', 'T')}:00Z`),
      inputs: { delay, distance },
    }))
    .sort((a, b) => a.timeMs - b.timeMs);
}

/** A value a day comes at its end. */
export function endOfDay(date: string): number {
  return Date.parse(`${date}T23:59:00Z`);
}

/** Daily log returns of the S&P 500. */
export function returns(): { readonly date: string; readonly value: number }[] {
  const closes = vegaTable('sp500-2000.csv').map((row) => ({
    date: row['date'] ?? '',
    close: Number(row['close']),
  }));
  return closes
    .slice(1)
    .map(({ date, close }, i) => ({ date, value: Math.log(close / (closes[i]?.close ?? close)) }));
}

/** Days of Seattle and New York, 2012 to 2015. */
export function weather(): {
  readonly city: string;
  readonly date: string;
  readonly inputs: RealRow['inputs'];
}[] {
  return vegaTable('weather.csv').map((row) => ({
    city: row['location'] ?? '',
    date: row['date'] ?? '',
    inputs: {
      temp_max: Number(row['temp_max']),
      temp_min: Number(row['temp_min']),
      wind: Number(row['wind']),
    },
  }));
}
